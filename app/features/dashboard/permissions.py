"""Permissions of the dashboard feature."""

from app.core.permissions import PermissionName


class DashboardPermission(PermissionName):
    """What the overview shows beyond other features' numbers."""

    HEALTH = "system.health.check", "See whether each component of the platform is well"
