"""Permissions of the users feature."""

from app.core.permissions import PermissionName


class UserPermission(PermissionName):
    """What can be done with users."""

    ASSIGN_ROLES = "user.assign_roles", "Give roles to users and take them away"
    CREATE = "user.create", "Create users"
    DELETE = "user.delete", "Delete users"
    READ = "user.read", "See users"
    RESET_CREDENTIALS = (
        "user.reset_credentials",
        "Start password resets and change e-mail addresses, of people who may do less",
    )
    SUSPEND = "user.suspend", "Suspend and reactivate users"
    UPDATE = "user.update", "Change users' details"
