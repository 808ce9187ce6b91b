"""How recorded changes of a resource's records are taken back."""

from typing import Any

from dishka import AsyncContainer

from app.core.module import RecordedChange, RecordedWhole, Undo, Values
from app.core.resources.changes import recorded
from app.core.resources.import_run import IMPORT
from app.core.resources.repository import ResourceRepository
from app.core.resources.resource import Meta
from app.core.unit_of_work import UnitOfWork


def undo_of(service: Any) -> Undo:
    """How changes of the records of a service's resource are taken back: by its operations."""
    meta: Meta = service.resource.meta

    async def current(unit: AsyncContainer, change: RecordedChange) -> Values:
        records = await unit.get(service)
        trashed = False
        if meta.trash and "page" in service.operations:
            trashed = bool((await records.plan("restore", [change.target_id])).ids)
        if not trashed:
            # Whether they may see it is decided there.
            await records.get(change.target_id)
        stored = ResourceRepository(service.resource, await unit.get(UnitOfWork))
        found = await stored.get(change.target_id, for_update=True, trashed=trashed)
        values = vars(found[0]) if found else {}
        return {name: recorded(meta.fields[name], values.get(name)) for name in change.after}

    async def put_back(unit: AsyncContainer, change: RecordedChange) -> None:
        records = await unit.get(service)
        if "deleted_at" not in change.before:
            await records.update(change.target_id, dict(change.before))
        elif change.before["deleted_at"] is None:
            await records.restore(change.target_id)
        else:
            await records.delete(change.target_id)

    async def take_back(unit: AsyncContainer, recorded: RecordedWhole) -> None:
        records = await unit.get(service)
        await records.take_back_import(recorded)

    whole = {IMPORT: take_back} if "import_csv" in service.operations else {}
    fields = frozenset(meta.writable)
    if not meta.trash:
        return Undo(meta.name, fields, current, put_back, whole=whole)
    final = frozenset({"create", "purge"})
    return Undo(meta.name, fields | {"deleted_at"}, current, put_back, final, whole)
