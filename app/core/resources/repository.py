"""Every query of a resource, made of its description; no rule and no permission."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from app.core import bulk, clock
from app.core.errors import Invalid
from app.core.folding import order_key
from app.core.ids import new_id
from app.core.paging import MOST_SORTS, Keyset, SortColumn
from app.core.resources.conditions import Filter, as_sql
from app.core.resources.fields import Reference
from app.core.resources.records import Records
from app.core.resources.resource import Meta, Resource
from app.core.resources.schemas import ListQuery, RecordQuery
from app.core.resources.selection import Selection, selection
from app.core.resources.shape import WHOLE, Shape
from app.core.rows import Rows, rows_of
from app.core.search import search_text, search_words, stands_in
from app.core.unit_of_work import UnitOfWork

R = TypeVar("R", bound=Resource)

COUNT_LIMIT = 10_000
"""Counting stops here: an exact count of a million rows would make the page slow."""

_SORT = "sort_value"
_SORTED_LETTERS = 60
"""Of each text, when a list is sorted by several fields."""
_STEP = 500
"""Records read at a time by who walks through all of them."""


class ResourceRepository(Generic[R]):
    """The records of one resource within one unit of work."""

    def __init__(self, resource: type[R], uow: UnitOfWork) -> None:
        self.resource = resource
        self.meta: Meta = resource.meta
        self._uow = uow

    async def page(
        self, query: ListQuery, filters: Sequence[Filter], rows: Rows, shape: Shape = WHOLE
    ) -> Records[R]:
        """A page of records as they may be seen.

        Args:
            query: Words, order and place.
            filters: All must hold.
            rows: Those that are reached.
            shape: The fields that are wanted.

        Raises:
            Invalid: The sort field is unknown, or hidden in some of the rows; or the cursor is not
                of this order.
        """
        order = query.sort or self._usual_order(rows)
        keyset = self._keyset(order)
        if query.sort:
            self._refuse_hidden_sort(keyset.columns, rows)
        chosen = self._selection(rows, shape)
        statement = chosen.statement.add_columns(*rows.flags)
        statement = statement.add_columns(
            *(each.column for name, each in keyset.columns.items() if name != "created_at")
        )
        statement = self._filtered(statement, query, filters, rows)
        found = (await self._uow.session.execute(keyset.apply(statement, query))).all()
        page = keyset.page(found, query, lambda row: row)
        records = Records(chosen.names, chosen.values(page.items), resource=self.resource)
        return records.placed(page).mask(page.items, rows)

    async def visible(self, ids: Collection[UUID], rows: Rows) -> Records[R]:
        """Those of these records that are reached, as they may be seen, in no order."""
        table, chosen = self.meta.table, self._selection(rows, WHOLE)
        statement = chosen.statement.add_columns(*rows.flags)
        statement = statement.where(table.c.id.in_(ids), rows.condition, self._kept())
        found = (await self._uow.session.execute(statement)).all()
        records = Records(chosen.names, chosen.values(found), resource=self.resource)
        return records.mask(found, rows)

    async def walk(
        self, query: RecordQuery, filters: Sequence[Filter], rows: Rows
    ) -> AsyncIterator[Records[R]]:
        """All records that match, in order, some at a time, however many they are."""
        step = ListQuery(q=query.q, trashed=query.trashed).model_copy(
            update={"limit": _STEP, "sort": query.sort}
        )
        while True:
            page = await self.page(step, filters, rows)
            # The one who takes them may be slow.
            await self._uow.release()
            yield page
            if page.next_cursor is None:
                return
            step = step.model_copy(update={"cursor": page.next_cursor})

    async def count(self, query: RecordQuery, filters: Sequence[Filter], rows: Rows) -> int:
        """How many records match, at most `COUNT_LIMIT` + 1."""
        statement = self._filtered(select(self.meta.table.c.id), query, filters, rows)
        some = statement.limit(COUNT_LIMIT + 1).subquery()
        counted = await self._uow.session.execute(select(func.count()).select_from(some))
        count: int = counted.scalar_one()
        return count

    async def reached(
        self,
        query: RecordQuery,
        filters: Sequence[Filter],
        rows: Rows,
        acting: Rows,
        ids: Collection[UUID] | None = None,
    ) -> Sequence[Row[Any]]:
        """The first records that match: `id` and `label`, with the flags of both kinds of rows.

        Args:
            query: Words.
            filters: All must hold.
            rows: Those of which any is found.
            acting: Those that are to be changed.
            ids: The only ones that are meant; None for all.

        Returns:
            At most `bulk.MOST` + 1, oldest first.
        """
        table = self.meta.table
        flags = {flag.key: flag for each in (rows, acting) for flag in each.flags}
        statement = select(table.c.id, table.c[self.meta.label].label("label"), *flags.values())
        if ids is not None:
            statement = statement.where(table.c.id.in_(ids))
        statement = self._filtered(statement, query, filters, rows)
        statement = statement.order_by(table.c.id).limit(bulk.MOST + 1)
        return (await self._uow.session.execute(statement)).all()

    async def get(
        self, record_id: UUID, *reaching: Rows, for_update: bool = False, trashed: bool = False
    ) -> tuple[R, Row[Any]] | None:
        """A whole record, and the row in which it stands with the flags of these rows.

        Args:
            record_id: Which.
            *reaching: Any of them must reach it; none asks for any.
            for_update: Keep others from changing it until the transaction ends.
            trashed: One in the trash, not one outside of it.
        """
        table = self.meta.table
        chosen = selection(self.meta, list(self.meta.fields.values()), self._reached)
        flags = {flag.key: flag for rows in reaching for flag in rows.flags}
        statement = chosen.statement.add_columns(*flags.values()).where(
            table.c.id == record_id, self._kept(trashed=trashed)
        )
        if reaching:
            statement = statement.where(or_(*(rows.condition for rows in reaching)))
        if for_update:
            statement = statement.with_for_update(of=table)
        row = (await self._uow.session.execute(statement)).one_or_none()
        if row is None:
            return None
        [record] = Records(chosen.names, chosen.values([row]), resource=self.resource)
        return record, row

    async def reaches(self, record_id: UUID, rows: Rows) -> bool:
        """Whether a record is one of these rows now."""
        statement = select(self.meta.table.c.id).where(
            self.meta.table.c.id == record_id, rows.condition
        )
        return (await self._uow.session.execute(statement)).one_or_none() is not None

    async def insert(self, values: Mapping[str, Any]) -> UUID:
        """Add a record with these values; its id.

        Raises:
            IntegrityError: A constraint is broken.
        """
        now, record_id = clock.now(), new_id()
        stored = self._stored(values) | self._search_text(values)
        stored |= {"id": record_id, "version": 1, "created_at": now, "updated_at": now}
        await self._uow.session.execute(insert(self.meta.table).values(stored))
        return record_id

    async def update(self, record: R, values: Mapping[str, Any]) -> None:
        """Give a record, locked before, other values and the next version.

        Raises:
            IntegrityError: A constraint is broken.
        """
        table = self.meta.table
        after = {**vars(record), **values}
        stored = self._stored(values) | self._search_text(after)
        stored |= {"version": record.version + 1, "updated_at": clock.now()}
        await self._uow.session.execute(update(table).where(table.c.id == record.id).values(stored))

    async def move_to_trash(self, record: R, at: datetime | None) -> None:
        """Put a record, locked before, into the trash; None takes it out again."""
        table = self.meta.table
        stored = {"deleted_at": at, "version": record.version + 1, "updated_at": clock.now()}
        await self._uow.session.execute(update(table).where(table.c.id == record.id).values(stored))

    async def delete(self, record_id: UUID) -> None:
        """Remove a record.

        Raises:
            IntegrityError: Another record refers to it.
        """
        table = self.meta.table
        await self._uow.session.execute(delete(table).where(table.c.id == record_id))

    async def with_value(self, field: str, value: Any, *, but: UUID | None = None) -> UUID | None:
        """The record that has a value in a unique field."""
        table, described = self.meta.table, self.meta.fields[field]
        column = described.unique_column()
        key = described.stored(value)[column]
        statement = select(table.c.id).where(table.c[column] == key, self._kept())
        if but is not None:
            statement = statement.where(table.c.id != but)
        found: UUID | None = (await self._uow.session.execute(statement)).scalars().first()
        return found

    async def referring(self, field: Reference, record_id: UUID) -> Sequence[UUID]:
        """The records, also in the trash, that refer to another one by a field."""
        table = self.meta.table
        statement = select(table.c.id).where(table.c[field.column] == record_id)
        return (await self._uow.session.execute(statement)).scalars().all()

    async def can_be_referred_to(self, to: type[Resource], record_id: UUID) -> bool:
        """Whether there is such a record of another resource for the actor to see."""
        table, rows = to.meta.table, self._reached(to.meta.permission("read"))
        if not rows.reaches_any:
            return False
        statement = select(table.c.id).where(table.c.id == record_id, rows.condition)
        if to.meta.trash:
            statement = statement.where(table.c.deleted_at.is_(None))
        return (await self._uow.session.execute(statement)).first() is not None

    def _selection(self, rows: Rows, shape: Shape) -> Selection:
        """What is read of rows of which these are reached."""
        shown = [
            each
            for each in self.meta.fields.values()
            if rows.shows_somewhere(each.name) and shape.has(each.name)
        ]
        return selection(self.meta, shown, self._reached, is_usual=shape.fields is None)

    def _usual_order(self, rows: Rows) -> str:
        """The order when none is asked for: one that tells nothing of a hidden field."""
        order = self.meta.order
        return order if rows.shows_always(order.removeprefix("-")) else "-created_at"

    def _keyset(self, order: str) -> Keyset:
        """How this list is sorted and cut.

        Raises:
            Invalid: By no such field.
        """
        meta = self.meta
        names = [each.removeprefix("-") for each in order.split(",")]
        sortable = {each.name: each for each in meta.fields.values() if each.is_sortable}
        columns = {}
        for place, name in enumerate(names):
            if name not in sortable:
                message = f"Cannot sort by {name!r}; allowed: {', '.join(sortable)}."
                raise Invalid("page.sort.unknown", message, fields={"sort": message})
            if name == "created_at":
                # Ids are in order of creation.
                columns[name] = SortColumn(meta.table.c.id, parse=UUID)  # type: ignore[arg-type]  # a column is one
                continue
            column, parse = sortable[name].sorted_by(meta.table)
            if len(names) > 1 and isinstance(column.type, String):
                # Several long texts would make the cursor longer than an address may be.
                column = func.substr(column, 1, _SORTED_LETTERS, type_=column.type)
            columns[name] = SortColumn(column.label(f"{_SORT}_{place}"), parse)  # type: ignore[arg-type]  # an expression is one
        return Keyset(columns, default=order, key=meta.table.c.id, most=MOST_SORTS)  # type: ignore[arg-type]  # a column is one

    def _refuse_hidden_sort(self, names: Collection[str], rows: Rows) -> None:
        for name in names:
            if name != "created_at" and not rows.shows_always(name):
                title, plural = self.meta.fields[name].title, self.meta.plural
                message = (
                    f"You may not see {title} of all {plural}, so they cannot be sorted by it."
                )
                raise Invalid("page.sort.hidden", message, fields={"sort": message})

    def _kept(self, *, trashed: bool = False) -> ColumnElement[bool]:
        """Whether a record is not in the trash; or whether it is."""
        if not self.meta.trash:
            return true()
        deleted_at = self.meta.table.c.deleted_at
        return deleted_at.is_not(None) if trashed else deleted_at.is_(None)

    def _filtered(
        self,
        statement: Select[Any],
        query: RecordQuery,
        filters: Sequence[Filter],
        rows: Rows,
    ) -> Select[Any]:
        q, trashed = query.q, query.trashed
        statement = statement.where(rows.condition)
        if self.meta.trash:
            statement = statement.where(self._kept(trashed=trashed))
        for each in filters:
            statement = statement.where(as_sql(self.meta, each, rows))
        if q is not None and q.strip():
            statement = statement.where(self._found_by(q, rows))
        return statement

    def _found_by(self, q: str, rows: Rows) -> ColumnElement[bool]:
        """Whether words stand in fields that may be read."""
        table, searched = self.meta.table, self.meta.searched
        words = search_words(q)
        if all(rows.shows_always(field.name) for field in searched) and searched:
            return stands_in(table.c.search_text, words)
        return (
            and_(
                *(
                    or_(
                        *(
                            and_(
                                table.c[f"{field.name}_order"].contains(
                                    order_key(word.text), autoescape=True
                                ),
                                rows.showing([field.name]),
                            )
                            for field in searched
                        )
                    )
                    for word in words
                )
            )
            if words and searched
            else ~true()
        )

    def _stored(self, values: Mapping[str, Any]) -> dict[str, Any]:
        stored: dict[str, Any] = {}
        for name, value in values.items():
            stored.update(self.meta.fields[name].stored(value))
        return stored

    def _search_text(self, values: Mapping[str, Any]) -> dict[str, str]:
        if not self.meta.searched:
            return {}
        texts = [str(values.get(field.name) or "") for field in self.meta.searched]
        return {"search_text": search_text(*texts)}

    def _reached(self, permission: str) -> Rows:
        return rows_of(self._uow.registry, self._uow.actor, permission)
