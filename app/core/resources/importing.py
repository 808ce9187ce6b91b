"""Imports: many records made and changed in one transaction, some hundred at a time."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.audit import Description
from app.core.errors import Conflict, PlatformError
from app.core.ids import new_id
from app.core.resources.batches import BatchRepository, Found, unique_key
from app.core.resources.changes import changes_of, same
from app.core.resources.fields import Link, Reference
from app.core.resources.import_lines import ID, Line, Named
from app.core.resources.resource import Meta, Resource, label_of
from app.core.resources.table import STANDARD_FIELDS
from app.core.rows import rows_of

T = TypeVar("T")

BATCH = 250
"""Records that are read and written at a time."""


@dataclass(slots=True)
class _Change:
    """What one line comes to."""

    line: Line
    record: Any
    """The record before; None for a new one."""
    values: dict[str, Any]
    record_id: UUID


class Batches:
    """Makes and changes records of a service's resource, on the authority of who acts.

    Args:
        service: The service, within one of its operations.
        facts: What the audit entry of each record tells besides; None to write no entries.
    """

    def __init__(self, service: Any, facts: Mapping[str, Any] | None) -> None:
        self._service = service
        self._uow = service.uow
        self._meta: Meta = service.resource.meta
        self._facts = facts
        self._records: BatchRepository[Any] = BatchRepository(service.resource, self._uow)
        self._reading, self._creating, self._updating = (
            rows_of(self._uow.registry, self._uow.actor, self._meta.permission(verb))
            for verb in ("read", "create", "update")
        )
        self._seen: dict[UUID, int] = {}
        """The line that was about a record."""
        self._targets: dict[tuple[str, Any], list[UUID]] = {}
        """Where references lead, by the resource and what the cell says."""

    async def save(self, lines: Sequence[Line], key: str) -> None:
        """Make of each line a record, or change the one that it finds; refused ones say why.

        Args:
            lines: In order.
            key: What their keys are: `id` or a unique field; empty when all are new.

        Raises:
            Conflict: Somebody else saved one of the unique values at the same moment.
        """
        # Before the first is saved: none refers to another one of the same file.
        for some in in_batches([line for line in lines if line.values]):
            await self._link(some)
        for some in in_batches(lines):
            await self._save_some([line for line in some if not line.problems], key)
            # Others have their turn.
            await asyncio.sleep(0)
        for line in lines:
            if line.problems:
                line.outcome, line.record_id = "refused", None

    async def _save_some(self, lines: list[Line], key: str) -> None:
        existing = await self._find(lines, key)
        while True:
            changes = await self._planned(lines, key, existing)
            async with self._uow.session.begin_nested() as savepoint:
                after = await self._write(changes)
                refused = [change.line for change in changes if change.line.problems]
                if not refused:
                    break
                # Others may have been refused only because of these.
                await savepoint.rollback()
                lines = [line for line in lines if line not in refused]
        for change in changes:
            change.line.record_id = change.record_id
            change.line.outcome = "updated" if change.record else "created"
            self._seen[change.record_id] = change.line.number
        await self._record(changes, after)

    # Where references lead, and which records there are

    async def _link(self, lines: Sequence[Line]) -> None:
        """Put ids in the place of labels; refuse what leads nowhere that the actor may see."""
        for field in self._meta.references:
            values = [line.values[field.name] for line in lines if line.values.get(field.name)]
            await self._look_up(field, values)
            for line in lines:
                value = line.values.get(field.name)
                if value is None:
                    continue
                found = self._targets[field.to.meta.name, value]
                if len(found) == 1:
                    line.values[field.name] = found[0]
                    continue
                meta = field.to.meta
                known = f"There is no such {meta.singular}."
                many = f"Several {meta.plural} are called so; write the id of one."
                line.refuse(field.name, many if found else known)

    async def _look_up(self, field: Reference, values: Sequence[Any]) -> None:
        to = field.to
        new = {each for each in values if (to.meta.name, each) not in self._targets}
        ids = {each for each in new if isinstance(each, UUID)}
        labels = {each.label for each in new if isinstance(each, Named)}
        found = await self._records.existing(to, ids) if ids else set()
        for each in ids:
            self._targets[to.meta.name, each] = [each] if each in found else []
        named = await self._records.named(to, labels) if labels else {}
        for label, targets in named.items():
            self._targets[to.meta.name, Named(label)] = targets

    async def _find(self, lines: Sequence[Line], key: str) -> dict[Any, Found[Any]]:
        keys = [line.key for line in lines if line.key is not None]
        if not keys:
            return {}
        acting = self._reading, self._updating
        if key == ID:
            return await self._records.some(keys, *acting)
        return await self._records.some_by(key, keys, *acting)

    # What lines come to

    async def _planned(
        self, lines: Sequence[Line], key: str, existing: dict[Any, Found[Any]]
    ) -> list[_Change]:
        """The changes of those lines that nothing is wrong with."""
        changes = []
        about: dict[UUID, int] = {}
        for line in lines:
            line.problems.clear()
            found = self._found(line, key, existing)
            if found is not None:
                record_id = found[0].id
                earlier = about.get(record_id) or self._seen.get(record_id)
                if earlier:
                    line.refuse(key, f"Line {earlier} is about this {self._meta.singular}, too.")
                about[record_id] = line.number
            elif key == ID and line.key is not None:
                line.refuse(ID, f"There is no such {self._meta.singular}.")
            if line.problems:
                continue
            change = self._changed(line, key, found) if found else self._new(line)
            if not line.problems and change is not None:
                changes.append(change)
        return await self._unique(changes)

    def _found(self, line: Line, key: str, existing: dict[Any, Found[Any]]) -> Found[Any] | None:
        if line.key is None:
            return None
        if key == ID:
            return existing.get(line.key)
        return existing.get(unique_key(self._meta.fields[key], line.values[key]))

    def _new(self, line: Line) -> _Change | None:
        meta = self._meta
        said = {name: value for name, value in line.values.items() if value is not None}
        writable = self._creating.writable_somewhere
        for name in said if writable is not None else ():
            if name not in (writable or ()):
                line.refuse(name, "Your permission to create does not include this field.")
        for name, field in meta.writable.items():
            if name not in said and not field.has_default:
                line.refuse(name, "This is required.")
        starts = {
            name: field.start
            for name, field in meta.fields.items()
            if name not in STANDARD_FIELDS and not (name in line.values and not field.required)
        }
        empty = {name: None for name in line.values if name not in starts}
        return _Change(line, None, starts | empty | said, new_id())

    def _changed(self, line: Line, key: str, found: Found[Any]) -> _Change | None:
        meta, (record, row) = self._meta, found
        # What is hidden from them is written blindly, as if it were another value.
        shown: Any = self._reading.readable(row) if self._reading.reaches(row) else frozenset()
        changed: dict[str, Any] = {}
        for name, value in line.values.items():
            if name == key:
                continue
            is_hidden = shown is not None and name not in shown
            if is_hidden and value is None:
                continue
            if is_hidden or not same(vars(record).get(name), value):
                changed[name] = value
                if value is None and meta.fields[name].required:
                    line.refuse(name, "This cannot be empty.")
        line.record_id = record.id
        line.outcome = "unchanged"
        if not changed:
            return None
        if "update" not in self._service.operations or not self._updating.reaches(row):
            line.refuse("", f"You may not change this {meta.singular}.")
            return None
        writable = self._updating.writable(row)
        for name in changed if writable is not None else ():
            if name not in (writable or ()):
                line.refuse(name, "Your permission to change does not include this field.")
        return _Change(line, record, changed, record.id)

    async def _unique(self, changes: Sequence[_Change]) -> list[_Change]:
        """The changes without those that need a value which another record has by then."""
        meta = self._meta
        owners: dict[str, dict[Any, UUID]] = {}
        for field in meta.writable.values():
            values = [change.values.get(field.name) for change in changes]
            keys = {
                unique_key(field, value) for value in values if field.unique and value is not None
            }
            if keys:
                owners[field.name] = await self._records.owners(field.name, keys)
        of_line = {change.record_id: change.line.number for change in changes}
        kept = []
        for change in changes:
            taken = {
                name: (key, unique_key(meta.fields[name], change.values[name]))
                for name in owners
                if change.values.get(name) is not None
                for key in [_key_before(meta, name, change.record)]
            }
            for name, (_, key) in taken.items():
                owner = owners[name].get(key, change.record_id)
                if owner != change.record_id:
                    change.line.refuse(name, self._taken(name, of_line.get(owner)))
            if change.line.problems:
                continue
            for name, (before, key) in taken.items():
                if owners[name].get(before) == change.record_id:
                    del owners[name][before]
                owners[name][key] = change.record_id
            kept.append(change)
        return kept

    def _taken(self, name: str, line: int | None) -> str:
        title = self._meta.fields[name].title.lower()
        who = f"Line {line}" if line else f"Another {self._meta.singular}"
        return f"{who} has this {title} already."

    # What is written

    async def _write(self, changes: list[_Change]) -> dict[UUID, Found[Any]]:
        """Save the changes; the records afterwards, by id."""
        try:
            if self._is_overridden:
                await self._write_one_by_one(changes)
            else:
                # A new record may take what a changed one gave up, and not the other way round.
                await self._records.update_many([(c.record, c.values) for c in changes if c.record])
                await self._records.insert_many(
                    {c.record_id: c.values for c in changes if not c.record}
                )
        except IntegrityError as error:
            raise self._overtaken() from error
        ids = [change.record_id for change in changes]
        after = await self._records.written(ids, self._creating, self._updating) if ids else {}
        for change in changes:
            rows = self._updating if change.record else self._creating
            if not change.line.problems and not rows.reaches(after[change.record_id][1]):
                verb = "change" if change.record else "add"
                change.line.refuse("", f"You may not {verb} such {self._meta.plural}.")
        return after

    @property
    def _is_overridden(self) -> bool:
        """Whether the service has rules of its own for what is made or changed."""
        return overrides(self._service, "_create", "_update", "_save", "_check")

    async def _write_one_by_one(self, changes: list[_Change]) -> None:
        """Save the changes as the service itself does, each with what it has to say."""
        session, fields = self._uow.session, self._meta.fields
        for change in changes:
            values = {
                name: fields[name].as_input(value)
                for name, value in change.values.items()
                if name in self._meta.writable and not (value is None and fields[name].required)
            }
            self._uow.audit.begin()
            try:
                async with session.begin_nested():
                    if change.record:
                        await self._service._update(change.record_id, values)  # noqa: SLF001 - this is a part of the service
                    else:
                        change.record_id = (await self._service._create(values)).id  # noqa: SLF001 - likewise
            except PlatformError as error:
                if self._uow.session is not session:
                    # A constraint was broken, and all that was saved is taken back.
                    raise self._overtaken() from error
                told: Any = getattr(error, "fields", None) or error.details.get("fields") or {}
                for name, message in dict(told or {"": error.message}).items():
                    change.line.refuse(name, message)
            finally:
                self._uow.audit.end()

    def _overtaken(self) -> Conflict:
        message = "Somebody else saved the same at this moment, so nothing was imported. Try again."
        return Conflict(f"{self._meta.name}.import.overtaken", message)

    async def _record(self, changes: Sequence[_Change], after: dict[UUID, Found[Any]]) -> None:
        """Write the audit entries of the records."""
        if self._facts is None:
            return
        meta, entries = self._meta, []
        for change in changes:
            record: Resource = after[change.record_id][0]
            verb = "update" if change.record else "create"
            entries.append(
                (
                    meta.permission(verb),
                    Description(
                        meta.name,
                        str(record.id),
                        label_of(record),
                        changes_of(meta, change.record, record),
                        {**self._facts, "version": record.version},
                    ),
                )
            )
        await self._uow.audit.record_many(entries)


def overrides(service: Any, *names: str) -> bool:
    """Whether a module's service does one of these otherwise than all services."""
    for kind in type(service).__mro__:
        if kind.__module__ == "app.core.resources.service":
            return False
        if any(name in vars(kind) for name in names):
            return True
    return False


def in_batches(lines: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at a time as are read and written at once."""
    for start in range(0, len(lines), BATCH):
        yield lines[start : start + BATCH]


def _key_before(meta: Meta, name: str, record: Any) -> Any:
    value = None if record is None else vars(record).get(name)
    value = value.id if isinstance(value, Link) else value
    return None if value is None else unique_key(meta.fields[name], value)
