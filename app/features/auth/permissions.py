"""Permissions of the auth feature."""

from app.core.permissions import PermissionName


class SessionPermission(PermissionName):
    """What can be done with sessions besides one's own."""

    PURGE = "session.purge", "Forget sessions that ended long ago"
    READ = "session.read", "See where users are signed in"
    REVOKE = "session.revoke", "End users' sessions"
