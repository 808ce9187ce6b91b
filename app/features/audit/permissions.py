"""Permissions of the audit feature."""

from app.core.permissions import PermissionName


class AuditPermission(PermissionName):
    """What can be done with the audit trail."""

    READ = "audit.read", "See who did what"
