"""Operations on the audit trail; it is only ever read."""

from uuid import UUID

from app.core.errors import NotFound
from app.core.operations import Service, query
from app.core.paging import Page
from app.core.registry import Registry
from app.core.rows import Rows, rows_of
from app.core.unit_of_work import UnitOfWork
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import COUNT_LIMIT, AuditRepository
from app.features.audit.schemas import AuditEntryRead, AuditFilter, AuditListQuery, EntryCount


class AuditService(Service):
    """The audit trail within one unit of work."""

    def __init__(self, uow: UnitOfWork, entries: AuditRepository, registry: Registry) -> None:
        super().__init__(uow)
        self._entries = entries
        self._registry = registry

    @query(AuditPermission.READ)
    async def page(self, request: AuditListQuery) -> Page[AuditEntryRead]:
        """A page of entries, newest first."""
        page = await self._entries.page(request, self._rows.condition)
        page.items = [self._masked(entry) for entry in page.items]
        return page

    @query(AuditPermission.READ)
    async def count(self, request: AuditFilter) -> EntryCount:
        """How many entries match; beyond `COUNT_LIMIT` only that there are more."""
        count = await self._entries.count(request, self._rows.condition)
        return EntryCount(count=min(count, COUNT_LIMIT), is_exact=count <= COUNT_LIMIT)

    @query(AuditPermission.READ)
    async def get(self, entry_id: UUID) -> AuditEntryRead:
        """One entry.

        Raises:
            NotFound: No such entry.
        """
        entry = await self._entries.seen(entry_id, self._rows.condition)
        if entry is None:
            code = "audit.not_found"
            raise NotFound(code, "There is no such audit entry.")
        return self._masked(AuditEntryRead.model_validate(entry))

    @property
    def _rows(self) -> Rows:
        return rows_of(self._registry, self.uow.actor, AuditPermission.READ)

    def _masked(self, entry: AuditEntryRead) -> AuditEntryRead:
        """The entry without the fields of its target that a grant hides from the actor.

        Fields that are open only in some rows count as hidden: the row may be gone. Who may
        not read the target at all reads its trail by the permission for the trail alone.
        """
        resource = self._registry.resource(entry.target_type)
        fields = resource.fields
        actor = self.uow.actor
        if not fields or entry.target_id == str(actor.user_id):
            return entry
        reach = actor.access.reach(f"{entry.target_type}.read")
        readable = reach.readable(())
        if readable is None or not reach.parts:
            return entry
        hidden = fields.keys() - readable
        shown = [change for change in entry.changes if change.field not in hidden]
        label = "" if resource.label in hidden else entry.target_label
        return entry.model_copy(update={"changes": shown, "target_label": label, "detail": {}})
