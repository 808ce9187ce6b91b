"""Permissions of the roles feature."""

from app.core.permissions import PermissionName


class RolePermission(PermissionName):
    """What can be done with roles."""

    CREATE = "role.create", "Create roles"
    READ = "role.read", "See roles and what they grant"
