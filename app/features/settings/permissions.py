"""Permissions of the settings feature."""

from app.core.permissions import PermissionName


class SettingPermission(PermissionName):
    """What may be done with settings."""

    READ = "settings.read", "See how the platform is configured"
