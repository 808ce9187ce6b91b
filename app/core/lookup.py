"""Lookups: the few SELECTs that every request makes, taken straight to the driver.

SQLAlchemy compiles the statement once and says how values become columns and back. What it does
around each execution costs ten times what the database takes, so that is left out.
"""

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from sqlalchemy import Select

from app.core.database import Database

_Convert = Callable[[Any], Any]


class Lookup:
    """A SELECT that sees what is committed, outside of any unit of work.

    Args:
        database: Where it is run.
        statement: The SELECT; its `bindparam`s are filled at each call.
    """

    def __init__(self, database: Database, statement: Select[Any]) -> None:
        self._database = database
        dialect = database.engine.dialect
        compiled = statement.compile(dialect=dialect)
        self._sql = compiled.string
        self._defaults: dict[str, Any] = {}
        self._parameters: list[tuple[str, _Convert | None]] = []
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            self._defaults[bind.key] = bind.value
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            self._parameters.append((bind.key, convert))
        columns = list(statement.selected_columns)
        self._row: Any = _row_type([str(column.key) for column in columns])
        self._converts: list[tuple[int, _Convert]] = [
            (index, convert)
            for index, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None))
        ]

    async def rows(self, **values: Any) -> list[Any]:
        """All rows, with their columns as attributes.

        Raises:
            Unavailable: The database does not answer.
        """
        values = self._defaults | values
        arguments = [
            values[name] if convert is None else convert(values[name])
            for name, convert in self._parameters
        ]
        return [self._made(row) for row in await self._database.fetch(self._sql, arguments)]

    async def row(self, **values: Any) -> Any:
        """The only row, or None when there is none; see `rows`."""
        rows = await self.rows(**values)
        return rows[0] if rows else None

    def _made(self, row: Any) -> Any:
        columns = list(row)
        for index, convert in self._converts:
            columns[index] = convert(columns[index])
        return self._row._make(columns)


def _row_type(names: list[str]) -> type[tuple[Any, ...]]:
    return namedtuple("Row", names)  # noqa: PYI024 - made of a statement
