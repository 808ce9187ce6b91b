"""Permissions of the roles feature."""

from app.core.permissions import PermissionName


class RolePermission(PermissionName):
    """What can be done with roles."""

    CREATE = "role.create", "Create roles"
    DELETE = "role.delete", "Delete roles"
    GRANT = "role.grant", "Grant what one does not hold oneself"
    READ = "role.read", "See roles, what they grant and who has them"
    UPDATE = "role.update", "Change roles and what they grant"
