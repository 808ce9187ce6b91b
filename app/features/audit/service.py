"""Operations on the audit trail; it is only ever read."""

from uuid import UUID

from app.core.errors import NotFound
from app.core.operations import Service, query
from app.core.paging import Page
from app.core.unit_of_work import UnitOfWork
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import AuditRepository
from app.features.audit.schemas import AuditEntryRead, AuditListQuery


class AuditService(Service):
    """The audit trail within one unit of work."""

    def __init__(self, uow: UnitOfWork, entries: AuditRepository) -> None:
        super().__init__(uow)
        self._entries = entries

    @query(AuditPermission.READ)
    async def page(self, request: AuditListQuery) -> Page[AuditEntryRead]:
        """A page of entries, newest first."""
        return await self._entries.page(request)

    @query(AuditPermission.READ)
    async def get(self, entry_id: UUID) -> AuditEntryRead:
        """One entry.

        Raises:
            NotFound: No such entry.
        """
        entry = await self._entries.get(entry_id)
        if entry is None:
            code = "audit.not_found"
            raise NotFound(code, "There is no such audit entry.")
        return AuditEntryRead.model_validate(entry)
