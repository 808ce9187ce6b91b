"""Queries that read or write many records of a resource by one statement."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    delete,
    false,
    insert,
    or_,
    select,
    update,
)

from app.core import clock
from app.core.resources.fields import Field, Reference
from app.core.resources.records import Records
from app.core.resources.repository import ResourceRepository
from app.core.resources.resource import Resource
from app.core.resources.selection import selection
from app.core.rows import Rows

R = TypeVar("R", bound=Resource)

Found = tuple[R, Row[Any]]
"""A whole record, and its row with the flags that were asked for."""

_RECORD = "record_id"
"""No column's name: those of fields do not end so, and there is no other of this one."""


class BatchRepository(ResourceRepository[R]):
    """Some hundred records of one resource at a time."""

    async def some(self, ids: Collection[UUID], *reaching: Rows) -> dict[UUID, Found[R]]:
        """Those of these records that any of these rows reach."""
        reached = or_(false(), *(rows.condition for rows in reaching))
        condition = and_(self.meta.table.c.id.in_(ids), reached)
        return {record.id: (record, row) for record, row in await self._read(condition, reaching)}

    async def written(self, ids: Collection[UUID], *flagging: Rows) -> dict[UUID, Found[R]]:
        """These records, whether they are reached or not."""
        condition = self.meta.table.c.id.in_(ids)
        return {record.id: (record, row) for record, row in await self._read(condition, flagging)}

    async def some_by(
        self, field: str, values: Collection[Any], reading: Rows, *others: Rows
    ) -> dict[Any, Found[R]]:
        """The records with these values in a unique field, where it may be read.

        Returns:
            By what the field's unique column holds; see `unique_keys`.
        """
        described = self.meta.fields[field]
        keys = [unique_key(described, value) for value in values]
        column = self.meta.table.c[described.unique_column()]
        condition = and_(column.in_(keys), reading.showing([field]))
        found = await self._read(condition, (reading, *others))
        return {unique_key(described, vars(record)[field]): (record, row) for record, row in found}

    async def owners(self, field: str, keys: Collection[Any]) -> dict[Any, UUID]:
        """The records, also those that the actor may not see, with these keys in a unique field."""
        column = self.meta.table.c[self.meta.fields[field].unique_column()]
        statement = select(column, self.meta.table.c.id).where(column.in_(keys), self._kept())
        rows = (await self._uow.session.execute(statement)).all()
        return {row[0]: row[1] for row in rows}

    async def existing(self, to: type[Resource], ids: Collection[UUID]) -> set[UUID]:
        """Those of these records of another resource that the actor may see."""
        rows = self._reached(to.meta.permission("read"))
        statement = select(to.meta.table.c.id).where(to.meta.table.c.id.in_(ids), rows.condition)
        found = await self._uow.session.execute(statement.where(_outside_trash(to)))
        return set(found.scalars())

    async def named(self, to: type[Resource], labels: Collection[str]) -> dict[str, list[UUID]]:
        """The records of another resource that are called so, where the actor may see that."""
        meta = to.meta
        label = meta.fields[meta.label]
        rows = self._reached(meta.permission("read"))
        keys = {each: label_key(label, each) for each in labels}
        column = meta.table.c[label.unique_column() if label.unique else label.name]
        statement = select(column, meta.table.c.id).where(
            column.in_(set(keys.values())), rows.showing([label.name]), _outside_trash(to)
        )
        by_key: dict[Any, list[UUID]] = {}
        for row in await self._uow.session.execute(statement):
            by_key.setdefault(row[0], []).append(row[1])
        return {each: by_key.get(key, []) for each, key in keys.items()}

    async def is_referred_to(
        self, to: type[Resource], field: Reference, ids: Iterable[UUID]
    ) -> bool:
        """Whether records of this resource refer to any of these, except for these themselves."""
        table, ids = self.meta.table, list(ids)
        statement = select(table.c.id).where(table.c[field.column].in_(ids))
        if to is self.resource:
            statement = statement.where(table.c.id.not_in(ids))
        return (await self._uow.session.execute(statement.limit(1))).first() is not None

    async def insert_many(self, records: Mapping[UUID, Mapping[str, Any]]) -> None:
        """Add records with these values, in order.

        Raises:
            IntegrityError: A constraint is broken.
        """
        now = clock.now()
        standard = {"version": 1, "created_at": now, "updated_at": now}
        rows = [
            self._stored(values) | self._search_text(values) | standard | {"id": record_id}
            for record_id, values in records.items()
        ]
        if rows:
            await self._execute(insert(self.meta.table), rows)

    async def update_many(self, changes: Sequence[tuple[R, Mapping[str, Any]]]) -> None:
        """Give records, locked before, other values and the next version, in order.

        Raises:
            IntegrityError: A constraint is broken.
        """
        names = {name for _, values in changes for name in values}
        now, rows = clock.now(), []
        for record, values in changes:
            after = {**vars(record), **values}
            row = self._stored({name: after[name] for name in names}) | self._search_text(after)
            rows.append(row | self._next(record, now))
        await self._update(rows)

    async def trash_many(self, records: Sequence[R]) -> datetime:
        """Put records, locked before, into the trash; the moment."""
        now = clock.now()
        await self._update([self._next(each, now) | {"deleted_at": now} for each in records])
        return now

    async def delete_many(self, ids: Sequence[UUID]) -> None:
        """Remove records, one after the other.

        Raises:
            IntegrityError: Another record refers to one of them.
        """
        statement = delete(self.meta.table).where(self.meta.table.c.id == bindparam(_RECORD))
        await self._execute(statement, [{_RECORD: each} for each in ids])

    def _next(self, record: R, now: Any) -> dict[str, Any]:
        return {_RECORD: record.id, "version": record.version + 1, "updated_at": now}

    async def _update(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            table = self.meta.table
            await self._execute(update(table).where(table.c.id == bindparam(_RECORD)), rows)

    async def _execute(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        connection = await self._uow.session.connection()
        await connection.execute(statement, rows)

    async def _read(
        self, condition: ColumnElement[bool], reaching: Iterable[Rows]
    ) -> list[Found[R]]:
        meta = self.meta
        chosen = selection(meta, list(meta.fields.values()), self._reached)
        flags = {flag.key: flag for rows in reaching for flag in rows.flags}
        statement = chosen.statement.add_columns(*flags.values()).where(condition, self._kept())
        statement = statement.with_for_update(of=meta.table)
        rows = (await self._uow.session.execute(statement)).all()
        records = Records(chosen.names, chosen.values(rows), resource=self.resource)
        return list(zip(records, rows, strict=True))


def unique_key(field: Field[Any], value: Any) -> Any:
    """What a unique field's column holds, in which no value stands twice."""
    return field.stored(value)[field.unique_column()]


def label_key(label: Field[Any], text: str) -> Any:
    """What is compared with a label: in whatever spelling, where no two look the same."""
    return unique_key(label, text) if label.unique else text


def _outside_trash(to: type[Resource]) -> ColumnElement[bool]:
    deleted_at = to.meta.table.c.get("deleted_at")
    return deleted_at.is_(None) if to.meta.trash and deleted_at is not None else ~false()
