"""Permissions of the modules feature."""

from app.core.permissions import PermissionName


class ModulePermission(PermissionName):
    """What may be done with modules."""

    READ = "module.read", "See which modules are installed and what they contribute"
