"""Operations on the audit trail; it is only ever read."""

from uuid import UUID

from app.core.errors import NotFound
from app.core.operations import Service, query
from app.core.paging import Page
from app.core.unit_of_work import UnitOfWork
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import COUNT_LIMIT, AuditRepository
from app.features.audit.schemas import AuditEntryRead, AuditFilter, AuditListQuery, EntryCount


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
    async def count(self, request: AuditFilter) -> EntryCount:
        """How many entries match; beyond `COUNT_LIMIT` only that there are more."""
        count = await self._entries.count(request)
        return EntryCount(count=min(count, COUNT_LIMIT), is_exact=count <= COUNT_LIMIT)

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
