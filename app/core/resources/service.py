"""The operations of a resource: rows, fields, versions, uniqueness, trail and undo, done once."""

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar, get_args
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.access import refuse_fields
from app.core.audit import Change
from app.core.bulk import BulkPreview
from app.core.csv import CsvQuery
from app.core.errors import Conflict, Invalid, ModuleError, NotFound, PermissionDenied
from app.core.module import Finder, RecordedWhole, Undo
from app.core.operations import operation, query, within_operation
from app.core.permissions import PermissionName
from app.core.record_read import note_shown
from app.core.resources.changes import changes_of, same
from app.core.resources.conditions import Filter, parse_filter
from app.core.resources.dependents import dependents, needed
from app.core.resources.fields import Field, Link, Reference
from app.core.resources.finding import finders_of
from app.core.resources.import_run import import_sheet, preview_sheet
from app.core.resources.import_schemas import ImportQuery, ImportReport, SheetPreview
from app.core.resources.import_undo import take_back
from app.core.resources.operations import (
    BESIDE,
    USUAL,
    Action,
    Allowed,
    dispatch,
    on_record,
    set_operation,
)
from app.core.resources.planning import IN_TRASH, check_action, plan_of
from app.core.resources.records import Records
from app.core.resources.repository import COUNT_LIMIT, ResourceRepository
from app.core.resources.resource import Meta, Resource, label_of
from app.core.resources.schemas import (
    ExportQuery,
    ListQuery,
    RecordInput,
    RecordQuery,
    validated,
)
from app.core.resources.shape import RecordShape, shape_of
from app.core.resources.table import STANDARD_FIELDS
from app.core.resources.undoing import undo_of
from app.core.resources.usual import UsualOperations
from app.core.rows import Rows, rows_of
from app.core.unit_of_work import UnitOfWork

R = TypeVar("R", bound=Resource)


STANDARD = ("page", "get", "export", "create", "update", "delete", "import_csv")
"""The operations of most nouns."""
READ_ONLY = ("page", "get", "export")
"""Those of a noun that only the platform changes."""


class ResourceService(UsualOperations[R], Generic[R]):
    """Base of the services of resources.

    ```python
    class ItemService(ResourceService[Item]):
        operations = STANDARD
    ```

    Attributes:
        operations: Those of the usual ones that there are. Others are methods with `@action`.
    """

    resource: ClassVar[type[Resource]]
    operations: ClassVar[Collection[str]] = ()
    actions: ClassVar[Mapping[str, Action]] = {}
    permissions: ClassVar[type[PermissionName]]

    def __init_subclass__(cls) -> None:
        """Make the operations that the class names.

        Raises:
            ModuleError: It names one that there is not, or does not say what its records are.
        """
        super().__init_subclass__()
        found = [
            argument
            for base in getattr(cls, "__orig_bases__", ())
            for argument in get_args(base)
            if isinstance(argument, type) and issubclass(argument, Resource)
        ]
        if not found:
            message = f"{cls.__qualname__}: say whose service it is: ResourceService[Item]"
            raise ModuleError(message)
        cls.resource = found[0]
        meta = cls.resource.meta
        unknown = sorted(set(cls.operations) - USUAL.keys())
        if unknown:
            message = f"{cls.__qualname__}: there is no operation {', '.join(unknown)}"
            raise ModuleError(message)
        if "import_csv" in cls.operations and "create" not in cls.operations:
            message = f"{cls.__qualname__}: an import creates: name the operation create as well"
            raise ModuleError(message)
        if meta.trash and "delete" in cls.operations:
            cls.operations = (*cls.operations, "restore", "purge")
        sentences: dict[str, str] = {}
        for name in cls.operations:
            gate, verb, sentence = USUAL[name]
            sentences.setdefault(verb, sentence.format(plural=meta.plural))
            set_operation(cls, name, gate(meta), dispatch(cls, name))
            for beside in BESIDE.get(name, ()):
                is_look = query(meta.permission(verb), expensive=name == "import_csv")
                set_operation(cls, beside, is_look, dispatch(cls, beside))
        cls.actions = {
            name: method.__action__
            for name, method in vars(cls).items()
            if inspect.isfunction(method) and hasattr(method, "__action__")
        }
        for name, each in cls.actions.items():
            sentences[each.verb] = each.sentence
            permission = meta.permission(each.verb)
            is_own = operation(permission, recent_sign_in=each.recent_sign_in)
            set_operation(cls, name, is_own, on_record(each))
        members = {
            verb.upper(): (meta.permission(verb), sentence) for verb, sentence in sentences.items()
        }
        cls.permissions = PermissionName(f"{cls.resource.__name__}Permission", members)  # type: ignore[arg-type, assignment]  # the functional form of an enumeration

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self._records: ResourceRepository[R] = ResourceRepository(self.resource, uow)  # type: ignore[arg-type]  # the class says which

    @classmethod
    def undo(cls) -> Undo:
        """How changes of its records are taken back: by changing them once more."""
        return undo_of(cls)

    @classmethod
    def finders(cls) -> tuple[Finder, ...]:
        """What finds its records for the console's search."""
        return finders_of(cls)

    @property
    def meta(self) -> Meta:
        """What is known of the resource."""
        return self.resource.meta

    @within_operation
    async def change(self, record: R, **values: Any) -> R:
        """Give the record of an action other values, and describe the change to the trail.

        Args:
            record: As the action was given it.
            **values: By field; also fields that only operations set.

        Raises:
            Invalid: A reference leads nowhere.
            Conflict: Another record has a value that must be the only one of its kind.
        """
        return await self._save(record, values)

    @within_operation
    async def take_back_import(self, whole: RecordedWhole) -> None:
        """Delete what an import made and put back what it changed; all of it, or nothing.

        Raises:
            Conflict: Something was changed since, or is referred to.
            PermissionDenied: The actor may not do the opposite with all of it.
        """
        await take_back(self, whole)

    # What the operations do, once the gate has let the actor in

    async def _page(self, query: ListQuery) -> Records[R]:
        rows, filters = self._listed(query), self._filters(query)
        shape = shape_of(self.meta, query)
        page = await self._records.page(query, filters, rows, shape)
        for field in shape.included:
            links = page.column(field.name)
            await self._include(field, links)
            page.replace_column(field.name, links)
        if query.with_count:
            count = await self._records.count(query, filters, rows)
            page.total, page.total_is_exact = min(count, COUNT_LIMIT), count <= COUNT_LIMIT
        return page

    async def _get(self, record_id: UUID, shape: RecordShape | None = None) -> R:
        wanted, rows = shape_of(self.meta, shape), self._rows("read")
        found = await self._records.get(record_id, rows)
        if found is None:
            raise self._not_found()
        record, row = found
        for field in wanted.included:
            if rows.shows(field.name, row):
                links = [vars(record)[field.name]]
                await self._include(field, links)
                vars(record)[field.name] = links[0]
        return record if wanted.fields is None else record.showing(wanted.fields)

    async def _include(self, field: Reference, links: list[Any]) -> None:
        """Put beside links what may be seen of the records that they lead to; one statement."""
        ids = {each.id for each in links if isinstance(each, Link)}
        if not ids:
            return
        rows = rows_of(self.uow.registry, self.uow.actor, field.to.meta.permission("read"))
        if not rows.reaches_any:
            return
        found = await ResourceRepository(field.to, self.uow).visible(ids, rows)
        if self.uow.reads.is_used:
            note_shown(self.uow, found)
        written = {each.id: each.as_json() for each in found}
        links[:] = [
            replace(each, record=written.get(each.id)) if isinstance(each, Link) else each
            for each in links
        ]

    async def _export(
        self, query: ExportQuery, write: Callable[[Records[R]], Awaitable[None]]
    ) -> None:
        wanted = query.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude=set(CsvQuery.model_fields)
        )
        count = 0
        self.uow.audit.about("", "", "", detail={**wanted, "rows": count})
        async for records in self._records.walk(query, self._filters(query), self._listed(query)):
            count += len(records)
            self.uow.audit.about("", "", "", detail={**wanted, "rows": count})
            await write(records)

    async def _plan(
        self, verb: str, chosen: RecordQuery | Collection[UUID], fields: Collection[str] = ()
    ) -> BulkPreview:
        check_action(self.meta, verb, (*self.operations, *self.actions))
        query, ids = (chosen, None) if isinstance(chosen, RecordQuery) else (RecordQuery(), chosen)
        query = query.model_copy(update={"trashed": verb in IN_TRASH})
        acting = self._rows(IN_TRASH.get(verb, verb))
        return await plan_of(
            self._records,
            query,
            ids,
            fields,
            filters=self._filters(query),
            rows=self._listed(query),
            acting=acting,
        )

    async def _import_csv(self, content: bytes, query: ImportQuery) -> ImportReport:
        return await import_sheet(self, content, query, is_trial=False)

    async def _plan_import(self, content: bytes, query: ImportQuery) -> ImportReport:
        return await import_sheet(self, content, query, is_trial=True)

    async def _preview_import(self, content: bytes, query: ImportQuery) -> SheetPreview:
        return await preview_sheet(self.meta, content, query)

    def _listed(self, query: RecordQuery) -> Rows:
        """The rows that a list is made of; what was deleted is for those who may delete."""
        rows = self._rows("read")
        return rows.narrowed(self._rows("delete"), ()) if query.trashed else rows

    def _filters(self, query: RecordQuery) -> list[Filter]:
        filters: list[Filter] = list(query.conditions)
        written = getattr(query, "filter", None)
        if written:
            filters.append(parse_filter(self.meta, written))
        return filters

    async def _allowed(self, record_id: UUID) -> Allowed:
        verbs = [verb for verb in ("update", "delete") if verb in self.operations]
        verbs += [each.verb for each in self.actions.values()]
        acting = {verb: self._rows(verb) for verb in verbs}
        found = await self._records.get(record_id, self._rows("read"))
        if found is None:
            raise self._not_found()
        flagged = await self._records.get(record_id, *acting.values()) if acting else None
        if flagged is None:
            return Allowed(frozenset(), frozenset())
        row = flagged[1]
        reached = frozenset(verb for verb, rows in acting.items() if rows.reaches(row))
        writable: Collection[str] = ()
        if "update" in reached:
            fields = acting["update"].writable(row)
            writable = self.meta.writable if fields is None else fields
        return Allowed(reached, frozenset(self.meta.writable) & frozenset(writable))

    async def _create(self, values: Mapping[str, Any] | RecordInput) -> R:
        meta = self.meta
        schema = meta.schemas.create
        parsed = validated(schema, values)
        self.uow.audit.about(meta.name, "", str(parsed.values.get(meta.label) or ""))
        acting = self._rows("create")
        # What is not there yet is no row that a rule could leave out.
        writable = acting.writable_somewhere
        if writable is not None:
            refuse_fields(parsed.values.keys() - writable, meta.permission("create"))
        defaults = {
            name: field.start for name, field in meta.fields.items() if name not in STANDARD_FIELDS
        }
        new = defaults | {name: getattr(parsed, name) for name in meta.writable}
        await self._check(new, None)
        try:
            record_id = await self._records.insert(new)
        except IntegrityError as error:
            raise await self._broken(new, None, error) from error
        await self._refuse_out_of_reach(record_id, acting, "create")
        record = await self._stored(record_id)
        self._describe(record, changes_of(meta, None, record))
        return record

    async def _update(self, record_id: UUID, change: Mapping[str, Any] | RecordInput) -> R:
        meta = self.meta
        parsed = (
            change if isinstance(change, RecordInput) else validated(meta.schemas.update, change)
        )
        values = parsed.values
        record = await self._reach(record_id, "update", values)
        version = getattr(parsed, "version", None)
        if version is not None and version != record.version:
            message = f"Somebody else changed this {meta.singular} in the meantime."
            code = f"{meta.name}.version.conflict"
            raise Conflict(code, message, current_version=record.version)
        changed = await self._save(record, values)
        await self._refuse_out_of_reach(record_id, self._rows("update"), "update")
        return changed

    async def _delete(self, record_id: UUID) -> None:
        record = await self._reach(record_id, "delete")
        if not self.meta.trash:
            await self._remove(record)
            return
        await dependents(self.uow, self.resource, record.id)
        await self._records.move_to_trash(record, clock.now())
        after = await self._stored(record.id, trashed=True)
        self._describe(record, changes_of(self.meta, record, after))

    async def _restore(self, record_id: UUID) -> R:
        record = await self._reach(record_id, "delete", trashed=True)
        taken = await self._taken(vars(record), None)
        if taken:
            raise taken
        try:
            await self._records.move_to_trash(record, None)
        except IntegrityError as error:
            raise await self._broken(vars(record), None, error) from error
        after = await self._stored(record.id)
        self._describe(after, changes_of(self.meta, record, after))
        return after

    async def _purge(self, record_id: UUID) -> None:
        await self._remove(await self._reach(record_id, "delete", trashed=True))

    # What they share

    async def _reach(
        self, record_id: UUID, verb: str, fields: Collection[str] = (), *, trashed: bool = False
    ) -> R:
        """The whole record, locked, if the permission reaches it and these fields may be written.

        Raises:
            NotFound: There is no such record for the actor to see.
            PermissionDenied: It may be seen, but this may not be done with it.
        """
        meta, permission = self.meta, self.meta.permission(verb)
        reading, acting = self._rows("read"), self._rows(verb)
        found = await self._records.get(
            record_id, reading, acting, for_update=True, trashed=trashed
        )
        if found is None:
            raise self._not_found()
        record, row = found
        self.uow.audit.about(meta.name, record.id, label_of(record))
        if not acting.reaches(row):
            message = f"You have {permission}, but not for this {meta.singular}."
            raise PermissionDenied(permission, message, code="permission.row")
        writable = acting.writable(row)
        refuse_fields([] if writable is None else set(fields) - writable, permission)
        self.uow.expect(record.version)
        return record

    async def _save(self, record: R, values: Mapping[str, Any]) -> R:
        known = vars(record)
        changed = {
            name: value for name, value in values.items() if not same(known.get(name), value)
        }
        if not changed:
            self._describe(record, [])
            return record
        await self._check(changed, record)
        try:
            await self._records.update(record, changed)
        except IntegrityError as error:
            raise await self._broken(changed, record, error) from error
        after = await self._stored(record.id)
        self._describe(after, changes_of(self.meta, record, after))
        return after

    async def _stored(self, record_id: UUID, *, trashed: bool = False) -> R:
        found = await self._records.get(record_id, trashed=trashed)
        if found is None:
            raise self._not_found()
        return found[0]

    async def _check(self, values: Mapping[str, Any], record: R | None) -> None:
        """Refuse references that lead nowhere, and values of which there is one already.

        Raises:
            Invalid: A reference leads to no record that the actor may see.
            Conflict: Another record has the value.
        """
        await self._check_references(self.meta.fields, values)
        taken = await self._taken(values, record)
        if taken:
            raise taken

    async def _check_references(
        self, fields: Mapping[str, Field[Any]], values: Mapping[str, Any]
    ) -> None:
        for name, value in values.items():
            field = fields[name]
            if value is None or not isinstance(field, Reference):
                continue
            target = value.id if isinstance(value, Link) else value
            if not await self._records.can_be_referred_to(field.to, target):
                message = f"There is no such {field.to.meta.singular}."
                code = f"{self.meta.name}.{name}.unknown"
                raise Invalid(code, message, fields={name: message})

    async def _taken(self, values: Mapping[str, Any], record: R | None) -> Conflict | None:
        meta = self.meta
        for name, value in values.items():
            field = meta.fields.get(name)
            if field is None or not field.unique or value is None:
                continue
            if await self._records.with_value(name, value, but=record.id if record else None):
                message = f"Another {meta.singular} has this {field.title.lower()} already."
                return Conflict(f"{meta.name}.{name}.taken", message, fields={name: message})
        return None

    async def _broken(
        self, values: Mapping[str, Any], record: R | None, error: IntegrityError
    ) -> Exception:
        """What a broken constraint means: somebody else was faster with the same value."""
        await self.uow.rollback()
        await self.uow.begin_write()
        return await self._taken(values, record) or error

    async def _refuse_out_of_reach(self, record_id: UUID, rows: Rows, verb: str) -> None:
        """Nobody writes a record that their permission would not reach.

        Raises:
            PermissionDenied: It is out of reach now.
        """
        if rows.is_of_all_rows or await self._records.reaches(record_id, rows):
            return
        permission = self.meta.permission(verb)
        message = f"You have {permission}, but not for such {self.meta.plural}."
        raise PermissionDenied(permission, message, code="permission.row")

    async def _remove(self, record: R) -> None:
        """Remove a record for good, and tell the trail what goes along.

        Raises:
            Conflict: Others refer to it, or to what would go along, and do not go themselves.
        """
        along = await dependents(self.uow, self.resource, record.id)
        try:
            await self._records.delete(record.id)
        except IntegrityError as error:
            await self.uow.rollback()
            raise needed(self.meta) from error
        self._describe(record, changes_of(self.meta, record, None), along.detail)

    def _rows(self, verb: str) -> Rows:
        return rows_of(self.uow.registry, self.uow.actor, self.meta.permission(verb))

    def _describe(
        self, record: R, changes: list[Change], detail: Mapping[str, Any] | None = None
    ) -> None:
        self.uow.audit.about(
            self.meta.name, record.id, label_of(record), changes=changes, detail=detail
        )

    def _not_found(self) -> NotFound:
        return NotFound(f"{self.meta.name}.not_found", f"There is no such {self.meta.singular}.")
