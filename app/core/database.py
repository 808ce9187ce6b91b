"""The database: SQLite or PostgreSQL, by URL alone.

SQLite is called in line: a query takes tens of microseconds, less than the
hop to a thread would cost. Its writers wait for each other on an asyncio lock
(one writer per process at a time) and then on SQLite's own lock (other
processes), so the event loop never spins on a lock that this process holds.
"""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import asyncpg
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.dialects import registry as dialects
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet

from app.core.errors import Unavailable
from app.core.files import private_file

_WRITE = "atrium_write"

_MOST_DIRECT = 4
"""Connections that `fetch` opens on PostgreSQL: what it runs takes well below a millisecond."""

_GONE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    sqlite3.OperationalError,
)
"""What the drivers raise when the database does not answer."""

_BUSY_MS = 5000
"""How long a statement outside a write transaction waits, e.g. while another process recovers."""


class _SQLiteCompiler(SQLiteCompiler):
    """Writes hints, which name the index that a query goes by."""

    def get_from_hint_text(self, _table: Any, text: str | None) -> str | None:
        """The hint as it stands behind the table's name."""
        return text


class InlineSQLite(SQLiteDialect_pysqlite):
    """The standard sqlite3 driver behind SQLAlchemy's async engine, without a thread."""

    driver = "inline"
    is_async = True
    supports_statement_cache = True
    statement_compiler = _SQLiteCompiler

    @classmethod
    def get_pool_class(cls, url: URL) -> type[AsyncAdaptedQueuePool]:
        """A queue that waits without blocking the event loop."""
        del url
        return AsyncAdaptedQueuePool


class InlineCursor(sqlite3.Cursor):
    """A cursor that meets what SQLAlchemy expects of an asynchronous driver."""

    def execute(self, *args: Any) -> Self:
        """Run one statement, then satisfy SQLAlchemy's check that an await took place."""
        super().execute(*args)
        if in_greenlet():
            await_only(_nothing())
        return self

    def executemany(self, *args: Any) -> Self:
        """Run one statement for many parameter sets; see `execute`."""
        super().executemany(*args)
        if in_greenlet():
            await_only(_nothing())
        return self

    async def _async_soft_close(self) -> None:
        """Rows are read from SQLite as they are asked for; there is nothing to release."""


class InlineConnection(sqlite3.Connection):
    """A connection whose cursors are `InlineCursor`."""

    def cursor(self, factory: type[sqlite3.Cursor] = InlineCursor) -> sqlite3.Cursor:  # type: ignore[override]  # the stub is wider than the use
        """A new cursor."""
        return super().cursor(factory)


async def _nothing() -> None:
    """An await that never suspends."""


dialects.register("sqlite.inline", __name__, "InlineSQLite")


class Database:
    """The engine, and the two ways to use it: reading and writing.

    Lives as long as the process. `reading` runs each statement for itself on
    SQLite; `writing` takes the write lock at its first statement.
    """

    def __init__(self, url: str, *, pool_size: int = 10, busy_timeout_seconds: float = 10) -> None:
        self.url = _with_driver(make_url(url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._busy_timeout_seconds = busy_timeout_seconds
        if self.is_sqlite:
            if self.url.database and self.url.database != ":memory:":
                # SQLite gives its other files the same permissions.
                private_file(Path(self.url.database))
            self.engine = create_async_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=0,
                hide_parameters=True,
                connect_args={
                    "check_same_thread": False,
                    "factory": InlineConnection,
                },
            )
            self._write_lock = asyncio.Lock()
            event.listen(self.engine.sync_engine, "connect", self._prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", self._begin_sqlite)
            event.listen(self.engine.sync_engine, "commit", self._end_sqlite)
            event.listen(self.engine.sync_engine, "rollback", self._end_sqlite)
        else:
            self.engine = create_async_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=pool_size,
                pool_pre_ping=True,
                hide_parameters=True,
            )
        self._direct: list[Any] = []
        self._may_fetch = asyncio.Semaphore(_MOST_DIRECT)
        self.reading: AsyncEngine = self.engine
        self.writing: AsyncEngine = self.engine.execution_options(**{_WRITE: True})

    def __repr__(self) -> str:
        return f"<Database {self.url.render_as_string(hide_password=True)}>"

    async def ping(self) -> None:
        """Ask the database for one row. Raises whatever the driver raises."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        """Rows as the driver gives them, without SQLAlchemy in between; see `Lookup`.

        Raises:
            Unavailable: The database does not answer.
        """
        async with self._may_fetch:
            is_fresh = not self._direct
            try:
                connection = await self._connect() if is_fresh else self._direct.pop()
                try:
                    rows: Sequence[Any] = (
                        connection.execute(sql, arguments).fetchall()
                        if self.is_sqlite
                        else await connection.fetch(sql, *arguments)
                    )
                except BaseException:
                    self._hang_up(connection)
                    raise
            except _GONE as error:
                if is_fresh:
                    code = "database.unavailable"
                    message = "The database does not answer. Try again in a moment."
                    raise Unavailable(code, message) from error
            else:
                self._direct.append(connection)
                return rows
        # The connection was from before a restart, say; none of that age is any better.
        while self._direct:
            self._hang_up(self._direct.pop())
        return await self.fetch(sql, arguments)

    async def _connect(self) -> Any:
        """A connection of the driver's own, which the engine no longer knows."""
        connection = await self.engine.raw_connection()
        driver = connection.driver_connection
        connection.detach()
        return driver

    def _hang_up(self, connection: Any) -> None:
        if self.is_sqlite:
            connection.close()
        else:
            connection.terminate()

    async def close(self) -> None:
        """Close all connections."""
        while self._direct:
            connection = self._direct.pop()
            await connection.close() if not self.is_sqlite else connection.close()
        await self.engine.dispose()

    def _prepare_sqlite(self, connection: DBAPIConnection, _record: object) -> None:
        # Autocommit: transactions are begun by us, never by the driver.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # Outside a write transaction each statement would be committed at once.
        cursor.execute("PRAGMA query_only=ON")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute("PRAGMA cache_size=-32000")
        cursor.close()

    def _begin_sqlite(self, connection: Connection) -> None:
        if not connection.get_execution_options().get(_WRITE):
            return
        await_only(self._write_lock.acquire())
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA query_only=OFF")
        try:
            await_only(self._begin_immediate(connection))
        except BaseException:
            driver.execute("PRAGMA query_only=ON")
            self._write_lock.release()
            raise
        connection.info[_WRITE] = True

    async def _begin_immediate(self, connection: Connection) -> None:
        """Take SQLite's write lock up front: a read that turns into a write could fail half-way.

        Other processes are waited for without blocking the event loop.
        """
        driver: Any = connection.connection.driver_connection
        deadline = time.monotonic() + self._busy_timeout_seconds
        while True:
            try:
                driver.execute("PRAGMA busy_timeout=0")
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() > deadline:
                    code = "database.busy"
                    message = "The database is busy with other writes. Try again in a moment."
                    raise Unavailable(code, message) from error
                await asyncio.sleep(0.002)
            else:
                return
            finally:
                driver.execute(f"PRAGMA busy_timeout={_BUSY_MS}")

    def _end_sqlite(self, connection: Connection) -> None:
        if connection.info.pop(_WRITE, False):
            # A transaction under way can still be committed.
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA query_only=ON")
            # The event comes before the statement, but nothing awaits in between.
            self._write_lock.release()


def _with_driver(url: URL) -> URL:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return url.set(drivername="sqlite+inline")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+asyncpg")
    message = f"database.url: {backend} is not supported; allowed: sqlite, postgresql"
    raise ValueError(message)
