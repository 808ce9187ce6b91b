"""Imports taken back: what they made is deleted, and what they changed is as it was."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core.audit import AuditEntry, Change, Description
from app.core.errors import Conflict, PermissionDenied
from app.core.module import RecordedWhole
from app.core.resources.batches import BatchRepository, Found
from app.core.resources.changes import changes_of
from app.core.resources.dependents import needed
from app.core.resources.import_lines import ID, Line
from app.core.resources.import_run import IMPORT
from app.core.resources.importing import Batches, in_batches, overrides
from app.core.resources.resource import Meta, label_of
from app.core.rows import Rows, rows_of

_NAMED = 3
_FACTS = ("action", "target_id", "changes", "detail")


@dataclass(frozen=True, slots=True)
class _Imported:
    """What an import did to one record."""

    record_id: UUID
    is_new: bool
    version: int
    changes: Sequence[Change]


async def take_back(service: Any, whole: RecordedWhole) -> None:
    """Take back an import, all of it or nothing.

    Args:
        service: The service of the resource, within an operation.
        whole: The import, as its audit entry tells.

    Raises:
        Conflict: Something was changed since, is referred to, or is no longer in the trail.
        PermissionDenied: The actor may not delete or change all of it, or not see it.
    """
    imported = await _imported(service, whole)
    told = whole.detail.get("created", 0) + whole.detail.get("updated", 0)
    if len(imported) != told:
        message = "The audit trail no longer has all that was imported, so it cannot be taken back."
        raise Conflict("audit.undo.impossible", message)
    undoing = _Undoing(service, whole)
    records = await undoing.check(imported)
    await undoing.delete([each for each in imported if each.is_new], records)
    await undoing.put_back([each for each in imported if not each.is_new])


async def _imported(service: Any, whole: RecordedWhole) -> list[_Imported]:
    """What the import did, in its order."""
    statement = (
        select(*(col(getattr(AuditEntry, name)) for name in _FACTS))
        .where(
            col(AuditEntry.request_id) == whole.request_id,
            col(AuditEntry.target_type) == service.meta.name,
            col(AuditEntry.outcome) == "succeeded",
        )
        .order_by(col(AuditEntry.id))
    )
    creating = service.meta.permission("create")
    return [
        _Imported(UUID(target_id), action == creating, detail["version"], changes)
        for action, target_id, changes, detail in await service.uow.session.execute(statement)
        if detail.get(IMPORT) == str(whole.target_id)
    ]


class _Undoing:
    def __init__(self, service: Any, whole: RecordedWhole) -> None:
        self._service = service
        self._uow = service.uow
        self._meta: Meta = service.meta
        self._facts = {"undone_import": str(whole.entry_id)}
        self._records: BatchRepository[Any] = BatchRepository(service.resource, self._uow)
        self._reading = self._rows("read")

    async def check(self, imported: Sequence[_Imported]) -> dict[UUID, Found[Any]]:
        """Lock the records, and refuse unless all are as the import left them.

        Raises:
            Conflict: They are not.
            PermissionDenied: The actor may not see what was changed, or do the opposite with all.
        """
        acting = {True: self._acting("delete"), False: self._acting("update")}
        found: dict[UUID, Found[Any]] = {}
        for some in in_batches(imported):
            ids = [each.record_id for each in some]
            found |= await self._records.written(ids, self._reading, *acting.values())
            # Others have their turn.
            await asyncio.sleep(0)
        names = {change["field"] for each in imported if not each.is_new for change in each.changes}
        if not self._reading.shows_everywhere(names & self._meta.fields.keys()):
            message = "You may not see all that was changed, so you cannot take it back."
            code, permission = "audit.undo.hidden", self._meta.permission("read")
            raise PermissionDenied(permission, message, code=code)
        for each in imported:
            verb = "delete" if each.is_new else "update"
            permission = self._meta.permission(verb)
            if verb not in self._service.operations:
                message = f"There is no way to {verb} {self._meta.plural}."
                raise Conflict("audit.undo.impossible", message)
            if not self._uow.actor.may(permission):
                raise PermissionDenied(permission)
            row = found[each.record_id][1] if each.record_id in found else None
            if row is not None and not acting[each.is_new].reaches(row):
                message = f"You have {permission}, but not for all of these {self._meta.plural}."
                raise PermissionDenied(permission, message, code="permission.row")
        self._refuse_changed(imported, found)
        return found

    def _acting(self, verb: str) -> Rows:
        return self._rows(verb)

    def _rows(self, verb: str) -> Rows:
        return rows_of(self._uow.registry, self._uow.actor, self._meta.permission(verb))

    def _refuse_changed(
        self, imported: Sequence[_Imported], found: Mapping[UUID, Found[Any]]
    ) -> None:
        gone = sum(each.record_id not in found for each in imported)
        changed = [
            found[each.record_id]
            for each in imported
            if each.record_id in found and found[each.record_id][0].version != each.version
        ]
        if not gone and not changed:
            return
        label = self._meta.label
        names = [
            label_of(record) or str(record.id)
            for record, row in changed
            if self._reading.reaches(row) and self._reading.shows(label, row)
        ][:_NAMED]
        more = len(changed) - len(names)
        if changed and not names:
            names, more = [f"{len(changed):,} of the {self._meta.plural}"], 0
        said = ", ".join(names) + (f" and {more:,} more" if more else "")
        sentences = [
            f"Somebody changed this since: {said}." if changed else "",
            f"{gone:,} of the {self._meta.plural} were deleted since." if gone > 1 else "",
            f"One of the {self._meta.plural} was deleted since." if gone == 1 else "",
            "So the import cannot be taken back as one.",
        ]
        raise Conflict("audit.undo.conflict", " ".join(filter(None, sentences)))

    async def delete(
        self, imported: Sequence[_Imported], records: Mapping[UUID, Found[Any]]
    ) -> None:
        """Delete what the import made; into the trash, where there is one.

        Raises:
            Conflict: Something refers to it.
        """
        for some in in_batches(imported):
            found = [records[each.record_id][0] for each in some]
            await self._refuse_needed([each.id for each in found])
            try:
                changes = await self._deleted(found)
            except IntegrityError as error:
                raise needed(self._meta) from error
            await asyncio.sleep(0)
            action = self._meta.permission("delete")
            await self._uow.audit.record_many(
                [
                    (action, Description(
                        self._meta.name, str(each.id), label_of(each), changes[each.id], self._facts
                    ))
                    for each in found
                ]
            )  # fmt: skip

    async def _deleted(self, found: Sequence[Any]) -> dict[UUID, list[Change]]:
        meta = self._meta
        if overrides(self._service, "_delete", "_remove"):
            return {each.id: await self._delete_alone(each) for each in found}
        if not meta.trash:
            # The last first: one may refer to an earlier one.
            await self._records.delete_many([each.id for each in reversed(found)])
            return {each.id: changes_of(meta, each, None) for each in found}
        moment = meta.fields["deleted_at"].to_json(await self._records.trash_many(found))
        change: Change = {"field": "deleted_at", "before": None, "after": moment}
        return {each.id: [change] for each in found}

    async def _delete_alone(self, record: Any) -> list[Change]:
        said = self._uow.audit.begin()
        try:
            await self._service._delete(record.id)  # noqa: SLF001 - this is a part of the service
        finally:
            self._uow.audit.end()
        changes: list[Change] = said.changes
        return changes

    async def _refuse_needed(self, ids: Sequence[UUID]) -> None:
        resource = self._service.resource
        for other, field in self._uow.registry.references_to(resource):
            if await BatchRepository(other, self._uow).is_referred_to(resource, field, ids):
                message = f"There are {other.meta.plural} with these {self._meta.plural}; "
                raise Conflict(f"{self._meta.name}.needed", f"{message}change these first.")

    async def put_back(self, imported: Sequence[_Imported]) -> None:
        """Give what the import changed its former values.

        Raises:
            Conflict: They are no longer accepted.
        """
        # The last first: an earlier one may have made room for a later one.
        lines = [
            Line(number, self._before(each.changes), key=each.record_id)
            for number, each in enumerate(reversed(imported), 1)
        ]
        await Batches(self._service, self._facts).save(lines, ID)
        for line in lines:
            for name, message in line.problems.items():
                title = self._meta.fields[name].title if name in self._meta.fields else ""
                sentence = f"{title}: {message}" if title else message
                raise Conflict("audit.undo.impossible", f"It cannot be as it was. {sentence}")

    def _before(self, changes: Sequence[Change]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for change in changes:
            name, value = change["field"], change["before"]
            field = self._meta.fields.get(name)
            if field is None:
                message = f"There is no field {name} any more, so it cannot be as it was."
                raise Conflict("audit.undo.impossible", message)
            try:
                adapter = TypeAdapter(field.annotation)
                values[name] = None if value is None else adapter.validate_python(value)
            except ValidationError as error:
                message = f"{field.title} no longer accepts what was there before."
                raise Conflict("audit.undo.impossible", message) from error
        return values
