"""Permissions of the audit feature."""

from app.core.permissions import PermissionName


class AuditPermission(PermissionName):
    """What can be done with the audit trail."""

    ACKNOWLEDGE = "audit.acknowledge", "Explain irregularities of time that verification found"
    EXPORT = "audit.export", "Export the audit trail"
    PRUNE = "audit.prune", "Delete audit entries that the retention policy no longer keeps"
    READ = "audit.read", "See who did what"
    SEAL = "audit.seal", "Seal new audit entries"
    UNDO = "audit.undo", "Take back what an audit entry tells"
    VERIFY = "audit.verify", "Verify that the audit trail is as it was written"
