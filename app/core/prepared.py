"""Prepared statements: what every request reads and every change writes, past the ORM.

SQLAlchemy compiles the statement once and says how values become columns and back. What it does
around each execution costs ten times what the database takes, so that is left out.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from json import dumps
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    Text,
    TypeDecorator,
    Uuid,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import SelectBase, UpdateBase
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import Database

_Convert = Callable[[Any], Any]
_Statement = SelectBase | UpdateBase
_REQUIRED = object()


class Prepared:
    """A statement that is compiled once for each kind of database.

    Args:
        statement: Its `bindparam`s are filled at each call, as are all columns of an INSERT. Lists
            of values (`IN`) are not possible, except by `among`.
    """

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    async def run(self, session: AsyncSession, **values: Any) -> list[Any]:
        """The rows, with their columns as attributes, as the session's transaction sees them.

        Raises:
            IntegrityError: A constraint is broken.
        """
        rows: list[Any] = await session.run_sync(self._run, values)
        return rows

    def _run(self, session: Session, values: dict[str, Any]) -> list[Any]:
        if session.new or session.dirty or session.deleted:
            session.flush()
        connection = session.connection()
        compiled = self.on(connection.dialect)
        return compiled.made(_execute(connection, compiled.sql, compiled.arguments(values)))

    def on(self, dialect: Dialect) -> "_Compiled":
        """The statement as this kind of database takes it."""
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = _Compiled(self._statement, dialect)
        return known


class Lookup:
    """A SELECT that sees what is committed, outside of any unit of work.

    Args:
        database: Where it is run.
        statement: The SELECT; its `bindparam`s are filled at each call.
    """

    def __init__(self, database: Database, statement: SelectBase) -> None:
        self._database = database
        self._compiled = Prepared(statement).on(database.engine.dialect)

    async def rows(self, **values: Any) -> list[Any]:
        """All rows, with their columns as attributes.

        Raises:
            Unavailable: The database does not answer.
        """
        compiled = self._compiled
        return compiled.made(await self._database.fetch(compiled.sql, compiled.arguments(values)))

    async def row(self, **values: Any) -> Any:
        """The only row, or None when there is none; see `rows`."""
        rows = await self.rows(**values)
        return rows[0] if rows else None


class _Compiled:
    """Text, and the way values take into and out of it, for one dialect."""

    def __init__(self, statement: _Statement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql: str = compiled.string
        self._parameters: list[tuple[str, Any, _Convert | None]] = []
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            self._parameters.append((bind.key, _REQUIRED if bind.required else bind.value, convert))
        columns = list(getattr(statement, "selected_columns", ()))
        self._row = _row_type([str(column.key) for column in columns])._make
        self._converts: list[tuple[int, _Convert]] = [
            (index, convert)
            for index, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None))
        ]

    def arguments(self, values: dict[str, Any]) -> tuple[Any, ...]:
        """The driver's arguments, in order."""
        arguments = []
        for name, default, convert in self._parameters:
            value = values[name] if default is _REQUIRED else default
            arguments.append(value if convert is None else convert(value))
        return tuple(arguments)

    def made(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The driver's rows as ours."""
        made = []
        for row in rows:
            columns = list(row)
            for index, convert in self._converts:
                columns[index] = convert(columns[index])
            made.append(self._row(columns))
        return made


class _Ids(TypeDecorator[Any]):
    """A list of ids as one parameter."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """An array; SQLite has none, and reads JSON instead."""
        kind = Text() if dialect.name == "sqlite" else ARRAY(Uuid())
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Write ids as SQLite keeps them."""
        return dumps([each.hex for each in value]) if dialect.name == "sqlite" else list(value)


class _Among(ColumnElement[bool]):
    """See `among`."""

    inherit_cache = False

    def __init__(self, column: Any, name: str) -> None:
        self.column = column
        self.ids = bindparam(name, type_=_Ids())


@compiles(_Among)
def _compile_among(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    if compiler.dialect.name == "sqlite":
        listed = func.json_each(element.ids).table_valued("value")
        return compiler.process(element.column.in_(select(listed.c.value)), **options)
    return compiler.process(element.column == any_(element.ids), **options)


def among(column: ColumnElement[Any] | Mapped[Any], name: str) -> ColumnElement[bool]:
    """Whether a column holds one of some ids, however many there are.

    Args:
        column: The column.
        name: Of the parameter with the ids.
    """
    return _Among(column, name)


def _execute(connection: Connection, sql: str, arguments: tuple[Any, ...]) -> Sequence[Any]:
    """The rows of a statement; what `exec_driver_sql` does, without an object for its result."""
    events = connection.dispatch
    cursor = connection.connection.cursor()
    context, is_for_many = None, False
    try:
        events.before_cursor_execute(connection, cursor, sql, arguments, context, is_for_many)
        cursor.execute(sql, arguments)
        rows = cursor.fetchall() if cursor.description else ()
        events.after_cursor_execute(connection, cursor, sql, arguments, context, is_for_many)
    except BaseException as error:  # noqa: BLE001 - it raises what SQLAlchemy would have raised
        connection._handle_dbapi_exception(error, sql, arguments, cursor, context)  # noqa: SLF001 - there is no public one
    cursor.close()
    return rows


def _row_type(names: list[str]) -> Any:
    return namedtuple("Row", names)  # noqa: PYI024 - made of a statement
