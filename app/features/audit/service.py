"""Operations on the audit trail: reading it, and taking back what an entry tells."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from dishka import AsyncContainer
from sqlalchemy import ColumnElement, and_

from app.core.errors import AlreadyDone, Conflict, NotFound, PermissionDenied
from app.core.ids import parse_id
from app.core.module import RecordedChange, RecordedWhole
from app.core.operations import Service, operation, query
from app.core.registry import Registry
from app.core.rows import rows_of
from app.core.unit_of_work import UnitOfWork
from app.features.audit.filters import Sight
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import COUNT_LIMIT, AuditRepository
from app.features.audit.rules import can_undo, changed_by, conflict, moved
from app.features.audit.schemas import (
    AuditEntryList,
    AuditEntryRead,
    AuditFilter,
    AuditListQuery,
    EntryCount,
)
from app.features.audit.sight import Masks, sight_of


class AuditService(Service):
    """The audit trail within one unit of work."""

    def __init__(
        self,
        uow: UnitOfWork,
        entries: AuditRepository,
        registry: Registry,
        unit: AsyncContainer,
    ) -> None:
        super().__init__(uow)
        self._entries = entries
        self._registry = registry
        self._unit = unit

    @query(AuditPermission.READ)
    async def page(self, request: AuditListQuery) -> AuditEntryList:
        """A page of entries, newest first."""
        masks = Masks(self._registry, self.uow.actor)
        sight = sight_of(self._registry, self.uow.actor, AuditPermission.READ, masks)
        page = await self._entries.page(request, sight)
        if not masks.show_all:
            entries = (dict(zip(page.names, row, strict=True)) for row in page.rows)
            page.rows = [list((each | _hidden(each, masks)).values()) for each in entries]
        return page

    @query(AuditPermission.READ)
    async def count(self, request: AuditFilter) -> EntryCount:
        """How many entries match; beyond `COUNT_LIMIT` only that there are more."""
        count = await self._entries.count(request, self._sight)
        return EntryCount(count=min(count, COUNT_LIMIT), is_exact=count <= COUNT_LIMIT)

    @query(AuditPermission.READ)
    async def get(self, entry_id: UUID) -> AuditEntryRead:
        """One entry.

        Raises:
            NotFound: No such entry.
        """
        entry, shown = await self._seen(entry_id, self._sight.within)
        return shown.model_copy(update={"undone_by": await self._entries.undone_by(entry)})

    @operation(AuditPermission.UNDO)
    async def undo(self, entry_id: UUID) -> None:
        """Take back what an entry tells: the very facts there were, unless they changed since.

        The operations that put the former values back decide once more, and record themselves.

        Raises:
            NotFound: No such entry that they may read and take back, or what it is about is gone.
            AlreadyDone: It was taken back, or all is as it was before.
            Conflict: It cannot be taken back; it has been changed since, and by whom; or something
                else stands in the way, such as an end that is past.
            PermissionDenied: The actor may not make the opposite change, or not see all of it.
        """
        reached = rows_of(self._registry, self.uow.actor, AuditPermission.UNDO).condition
        entry, shown = await self._seen(entry_id, and_(self._sight.within, reached))
        self.uow.audit.about(entry.target_type, entry.target_id, entry.target_label)
        undo, target_id = self._registry.undo(entry.target_type), parse_id(entry.target_id)
        if undo is None or target_id is None or not can_undo(entry, undo):
            message = "What this entry tells cannot be taken back."
            raise Conflict("audit.undo.impossible", message)
        whole = undo.whole_of(entry.action)
        if whole is not None:
            await self._refuse_undone(entry)
            recorded = RecordedWhole(entry.id, target_id, entry.request_id, entry.detail)
            await whole(self._unit, recorded)
            self._tell_undone(entry)
            return
        if len(shown.changes) < len(entry.changes):
            message = "You may not see all that was changed, so you cannot take it back."
            permission = f"{entry.target_type}.read"
            raise PermissionDenied(permission, message, code="audit.undo.hidden")
        before = {change.field: change.before for change in entry.changes}
        after = {change.field: change.after for change in entry.changes}
        change = RecordedChange(entry.id, target_id, before, after)
        current = await undo.current(self._unit, change)
        await self._refuse_changed(entry, before, after, current)
        await undo.put_back(self._unit, change)
        self._tell_undone(entry)

    def _tell_undone(self, entry: AuditEntryRead) -> None:
        detail: dict[str, Any] = {"undone_entry": str(entry.id)}
        if "rows" in entry.detail:
            detail["rows"] = entry.detail["rows"]
        self.uow.audit.about(entry.target_type, entry.target_id, entry.target_label, detail=detail)

    async def _refuse_undone(self, entry: AuditEntryRead) -> None:
        """Keep somebody from taking back what was taken back.

        Raises:
            AlreadyDone: It was.
        """
        if await self._entries.undone_by(entry) is not None:
            raise AlreadyDone("audit.undo.done", "This was taken back already.")

    async def _seen(
        self, entry_id: UUID, within: ColumnElement[bool]
    ) -> tuple[AuditEntryRead, AuditEntryRead]:
        """An entry as it is, and as the actor may see it."""
        entry = await self._entries.seen(entry_id, within)
        if entry is None:
            raise NotFound("audit.not_found", "There is no such audit entry.")
        read = AuditEntryRead.model_validate(entry)
        [shown] = self._masked(read)
        return read, shown

    async def _refuse_changed(
        self,
        entry: AuditEntryRead,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        current: Mapping[str, Any],
    ) -> None:
        """Keep somebody from taking back what was taken back, or changed since.

        Raises:
            AlreadyDone: It was taken back, or all is as it was before.
            Conflict: Somebody changed it since.
        """
        await self._refuse_undone(entry)
        fields = moved(after, current)
        if fields and not moved(before, current):
            message = "All is as it was before this change already."
            raise AlreadyDone("audit.undo.done", message)
        later = [
            each
            async for each in self._entries.changes_since(entry)
            if changed_by(entry, AuditEntryRead.model_validate(each))
        ]
        known = [AuditEntryRead.model_validate(each) for each in later]
        fields += [name for each in known for name in changed_by(entry, each) if name not in fields]
        if fields:
            masks = Masks(self._registry, self.uow.actor)
            within = await self._entries.within([each.id for each in later], self._sight.within)
            seen = self._masked(*(each for each in known if each.id in within))
            now = {name: masks.scrubbed(value) for name, value in current.items()}
            titles = self._registry.resource(entry.target_type).fields
            raise conflict(list(dict.fromkeys(fields)), seen, now, titles)

    @property
    def _sight(self) -> Sight:
        return sight_of(self._registry, self.uow.actor, AuditPermission.READ)

    def _masked(self, *entries: AuditEntryRead) -> list[AuditEntryRead]:
        """The entries without what the actor may not see."""
        masks = Masks(self._registry, self.uow.actor)
        return [entry.model_copy(update=_hidden(vars(entry), masks)) for entry in entries]


def _hidden(entry: Mapping[str, Any], masks: Masks) -> dict[str, Any]:
    """What stands in an entry instead of what is there, and how many changes are left out."""
    found = masks.of(entry)
    left_out = len(entry["changes"]) - len(found.get("changes", entry["changes"]))
    return {**found, "hidden_changes": left_out}
