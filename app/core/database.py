"""The database: SQLite or PostgreSQL, by URL alone.

SQLite is called in line: a query takes tens of microseconds, less than the
hop to a thread would cost. Its writers wait for each other on an asyncio lock
(one writer per process at a time) and then on SQLite's own lock (other
processes), so the event loop never spins on a lock that this process holds.

What keeps a database from answering is an `Unavailable`, whoever asked: a request, an event of the
console, a job or a command.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic_core import from_json
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_only

from app.core import postgres, sqlite
from app.core.errors import Unavailable
from app.core.files import private_file
from app.core.outages import Outage
from app.core.postgres import DEFAULT_LIMITS, TimeLimits

_WRITE = "atrium_write"
_FRESH = "atrium_fresh"

_MOST_DIRECT = 4
"""Connections that `fetch` opens on PostgreSQL: what it runs takes well below a millisecond."""

_BUSY_MS = 5000
"""How long a statement outside a write transaction waits, e.g. while another process recovers."""


class _Pool(AsyncAdaptedQueuePool):
    """A pool in which nobody waits without end for a connection."""

    def _do_get(self) -> ConnectionPoolEntry:
        try:
            return super()._do_get()
        except PoolTimeoutError as error:
            raise Outage.BUSY.error() from error


class Database:
    """The engine, and the two ways to use it: reading and writing.

    Lives as long as the process. `reading` runs each statement for itself on
    SQLite; `writing` takes the write lock at its first statement.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        busy_timeout_seconds: float = 10,
        limits: TimeLimits = DEFAULT_LIMITS,
    ) -> None:
        self.url = _with_driver(make_url(url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.limits = limits
        self._busy_timeout_seconds = busy_timeout_seconds
        self._meaning = sqlite.meaning if self.is_sqlite else postgres.meaning
        self.most_connections = pool_size if self.is_sqlite else 2 * pool_size
        """How many the pool may open."""
        self.is_full = False
        """Whether PostgreSQL said that its disk is full and has saved nothing since."""
        if self.is_sqlite:
            if self.url.database and self.url.database != ":memory:":
                # SQLite gives its other files the same permissions.
                private_file(Path(self.url.database))
            self.engine = create_async_engine(
                self.url,
                poolclass=_Pool,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=busy_timeout_seconds,
                hide_parameters=True,
                json_deserializer=read_json,
                connect_args={
                    "check_same_thread": False,
                    "factory": sqlite.InlineConnection,
                },
            )
            self._write_lock = asyncio.Lock()
            event.listen(self.engine.sync_engine, "connect", self._prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", self._begin_sqlite)
            event.listen(self.engine.sync_engine, "commit", self._end_sqlite)
            event.listen(self.engine.sync_engine, "rollback", self._end_sqlite)
        else:
            self.engine = create_async_engine(
                self.url.difference_update_query(self.url.query),
                async_creator=self._open_postgres,
                poolclass=_Pool,
                pool_size=pool_size,
                max_overflow=pool_size,
                pool_timeout=busy_timeout_seconds,
                hide_parameters=True,
                json_deserializer=read_json,
            )
            event.listen(self.engine.sync_engine, "connect", _mark_fresh)
            event.listen(self.engine.sync_engine, "checkout", self._refuse_lost)
        event.listen(self.engine.sync_engine, "handle_error", self._explain)
        self.on_fetch: Callable[[float], None] | None = None
        """Told how many seconds each `fetch` took."""
        self._direct: list[Any] = []
        self._may_fetch = asyncio.Semaphore(_MOST_DIRECT)
        self.reading: AsyncEngine = self.engine
        self.writing: AsyncEngine = self.engine.execution_options(**{_WRITE: True})

    def without_limits(self) -> Self:
        """The same database for work that may take hours; to be closed after it."""
        limits = TimeLimits(self.limits.connect, None, None)
        return type(self)(
            self.url.render_as_string(hide_password=False),
            busy_timeout_seconds=self._busy_timeout_seconds,
            limits=limits,
        )

    def __repr__(self) -> str:
        return f"<Database {self.url.render_as_string(hide_password=True)}>"

    async def ping(self) -> None:
        """Ask the database for one row.

        Raises:
            Unavailable: It does not answer.
        """
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def check_writable(self) -> None:
        """Make sure that changes can be saved.

        Raises:
            Unavailable: The disk is full, or the database takes no changes.
        """
        if self.is_sqlite:
            sqlite.check_writable(Path(self.url.database or "."))
            return
        async with self.engine.connect() as connection:
            if (await connection.execute(text("SHOW transaction_read_only"))).scalar_one() == "on":
                raise Outage.READ_ONLY.error()
            if self.is_full:
                await connection.execute(text(postgres.PROBE))
        self.is_full = False

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        """Rows as the driver gives them, without SQLAlchemy in between; see `Lookup`.

        Raises:
            Unavailable: The database does not answer.
        """
        if self.on_fetch is None:
            return await self._fetch(sql, arguments)
        started = time.perf_counter()
        try:
            return await self._fetch(sql, arguments)
        finally:
            self.on_fetch(time.perf_counter() - started)

    async def _fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        async with self._may_fetch:
            is_fresh = not self._direct
            connection = await self._connect() if is_fresh else self._direct.pop()
            try:
                rows: Sequence[Any] = (
                    connection.execute(sql, arguments).fetchall()
                    if self.is_sqlite
                    else await connection.fetch(sql, *arguments, timeout=self.limits.connect)
                )
            except Exception as error:
                self._hang_up(connection)
                outage = self._meaning(error)
                if outage is None:
                    raise
                # It may only be from before a restart; but who waited once, waits no second time.
                if is_fresh or isinstance(error, TimeoutError):
                    raise outage.error() from error
            except BaseException:
                self._hang_up(connection)
                raise
            else:
                self._direct.append(connection)
                return rows
        # None of that age is any better.
        while self._direct:
            self._hang_up(self._direct.pop())
        return await self._fetch(sql, arguments)

    async def _connect(self) -> Any:
        """A connection of the driver's own, which the engine has set up and no longer knows."""
        connection = await self.engine.raw_connection()
        driver = connection.driver_connection
        connection.detach()
        return driver

    async def _open_postgres(self) -> Any:
        return await postgres.connect(self.url, self.limits)

    def _refuse_lost(
        self, connection: DBAPIConnection, record: ConnectionPoolEntry, _fairy: object
    ) -> None:
        """Have the pool replace connections on which the server no longer answers."""
        if record.info.pop(_FRESH, False):
            return
        driver: Any = connection.driver_connection
        if not await_only(postgres.is_alive(driver, self.limits)):
            raise InvalidatePoolError

    def _explain(self, context: ExceptionContext) -> Unavailable | None:
        """The outage behind what the driver raised, in the place of SQLAlchemy's error."""
        raised = context.original_exception
        error = raised.__cause__ or raised
        outage = self._meaning(error)
        info = context.connection.info if context.connection else {}
        if outage is None or (
            # Only a defect of ours writes outside of a write transaction.
            outage is Outage.READ_ONLY and self.is_sqlite and not info.get(_WRITE)
        ):
            return None
        if isinstance(error, TimeoutError):
            # What it was asked may still be answered: nobody may use it for something else.
            driver: Any = context.connection and context.connection.connection.driver_connection
            if driver is not None:
                driver.is_lost = True
            context.is_disconnect = True
        self.is_full |= outage is Outage.FULL
        return outage.error()

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
                outage = self._meaning(error)
                if outage is None:
                    raise
                if outage is not Outage.BUSY or time.monotonic() > deadline:
                    raise outage.error() from error
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


def _mark_fresh(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    record.info[_FRESH] = True


def read_json(text: str) -> Any:
    """What a stored text of JSON says; every row of the audit trail has two."""
    try:
        return from_json(text)
    except ValueError:
        # Half a character, which only the standard library takes.
        return json.loads(text)


def _with_driver(url: URL) -> URL:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return url.set(drivername="sqlite+inline")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+asyncpg")
    message = f"database.url: {backend} is not supported; allowed: sqlite, postgresql"
    raise ValueError(message)
