"""The operation by which the HTTP edge tells the audit trail of requests."""

from collections.abc import Sequence

from app.core.operations import Service, operation
from app.core.permissions import SIGNED_IN
from app.core.ports import AnsweredRequest
from app.core.reads import Look, Lost
from app.core.refusals import RefusedCalls
from app.features.audit.permissions import AuditPermission

_MOST_CODES = 10


class RequestService(Service):
    """What the HTTP edge tells the audit trail of, within one unit of work."""

    @operation(
        SIGNED_IN,
        action="request.write",
        allowed_before_password_change=True,
        allowed_in_preview=True,
    )
    async def write(self, request: AnsweredRequest) -> None:
        """Record a request that could have changed something and that no operation recorded."""
        self.uow.audit.about(*request.target, detail=request.facts)
        self.uow.audit.turned_out(request.outcome, request.error_code, request.duration_ms)

    # The entries are its record.
    @operation(AuditPermission.SEAL, action="audit.write_reads", recorded=False)
    async def looked(self, looks: Sequence[Look]) -> None:
        """Record who looked at what, an entry for each look."""
        await self.uow.audit.record_looks(looks)

    @operation(AuditPermission.SEAL, action="audit.reads_lost")
    async def lost(self, looks: Lost) -> None:
        """Record that looks were not recorded, because too many were waiting."""
        detail = {
            "rows": looks.count,
            "first_at": looks.first_at.isoformat(),
            "last_at": looks.last_at.isoformat(),
        }
        self.uow.audit.about("", "", "", detail=detail)
        self.uow.audit.turned_out("failed", "audit.reads.full", 0)

    @operation(AuditPermission.SEAL, action="request.refused")
    async def refused(self, calls: RefusedCalls) -> None:
        """Record the refused calls from one address that nobody was signed in to."""
        detail = {
            "count": calls.codes.total(),
            "codes": dict(calls.codes.most_common(_MOST_CODES)),
            "called": calls.samples,
            "first_at": calls.first_at.isoformat(),
            "last_at": calls.last_at.isoformat(),
        }
        self.uow.context.address = calls.address
        self.uow.audit.about("address", calls.address, calls.address, detail=detail)
