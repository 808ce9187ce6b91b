"""SQLite without a thread, behind SQLAlchemy's async engine; and what its errors mean."""

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Self
from uuid import UUID, SafeUUID

from sqlalchemy import URL, Dialect, Uuid
from sqlalchemy.dialects import registry as dialects
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet

from app.core.outages import Outage

_NEEDED_BYTES = 256 * 1024

_MEANINGS = {
    sqlite3.SQLITE_BUSY: Outage.BUSY,
    sqlite3.SQLITE_LOCKED: Outage.BUSY,
    sqlite3.SQLITE_FULL: Outage.FULL,
    sqlite3.SQLITE_READONLY: Outage.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Outage.GONE,
    sqlite3.SQLITE_CORRUPT: Outage.GONE,
    sqlite3.SQLITE_IOERR: Outage.GONE,
    sqlite3.SQLITE_NOTADB: Outage.GONE,
}


def meaning(error: BaseException) -> Outage | None:
    """What an error of the driver says about the database; None when it is the statement's."""
    if not isinstance(error, sqlite3.Error):
        return None
    # An extended code says more in its higher bits.
    return _MEANINGS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)


def check_writable(database: Path) -> None:
    """Make sure that there is space beside the database for its next changes.

    Raises:
        Unavailable: There is none, or the folder takes no files.
    """
    try:
        with TemporaryFile(dir=database.parent) as file:
            file.write(bytes(_NEEDED_BYTES))
            file.flush()
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (Outage.FULL if is_full else Outage.READ_ONLY).error() from error


class _SQLiteCompiler(SQLiteCompiler):
    """Writes hints, which name the index that a query goes by."""

    def get_from_hint_text(self, _table: Any, text: str | None) -> str | None:
        """The hint as it stands behind the table's name."""
        return text


class _Uuid(Uuid[UUID]):
    """Reads ids in one step: every row of a list has one or more."""

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], UUID | None] | None:
        """Make an id of the digits that SQLite keeps of it."""
        return _id_of if self.as_uuid else super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]  # SQLAlchemy does not say


_NEW, _SAFE = UUID.__new__, SafeUUID.unknown
_set_number, _set_safety = UUID.__dict__["int"].__set__, UUID.__dict__["is_safe"].__set__


def _id_of(digits: str | None) -> UUID | None:
    """What `UUID(digits)` gives, which takes three times as long to ask how it is written."""
    if digits is None:
        return None
    made = _NEW(UUID)
    _set_number(made, int(digits, 16))
    _set_safety(made, _SAFE)
    return made


class InlineSQLite(SQLiteDialect_pysqlite):
    """The standard sqlite3 driver behind SQLAlchemy's async engine, without a thread."""

    colspecs = {  # noqa: RUF012 - SQLAlchemy declares it as an instance's
        **SQLiteDialect_pysqlite.colspecs,
        Uuid: _Uuid,
    }
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
