"""PostgreSQL through asyncpg: its addresses, its time limits, and what its errors mean."""

from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import URL

from app.core.outages import Outage

# libpq's own, which asyncpg would send to the server as settings that it does not know.
_FOR_LIBPQ_ONLY = ("connect_timeout", "gssencmode", "keepalives", "pgbouncer")
_IDLE_IN_TRANSACTION_SECONDS = 300

# The first that fits counts.
_MEANINGS: tuple[tuple[type[BaseException], Outage | None], ...] = (
    # A value that fits no column: the statement's fault, though asyncpg calls it the connection's.
    (asyncpg.exceptions.DataError, None),
    (asyncpg.exceptions._base.DataError, None),  # noqa: SLF001 - its other one of that name
    (asyncpg.QueryCanceledError, Outage.SLOW),
    (asyncpg.LockNotAvailableError, Outage.BUSY),
    (asyncpg.DeadlockDetectedError, Outage.BUSY),
    (asyncpg.SerializationError, Outage.BUSY),
    (asyncpg.DiskFullError, Outage.FULL),
    (asyncpg.ReadOnlySQLTransactionError, Outage.READ_ONLY),
    (asyncpg.InsufficientPrivilegeError, Outage.FORBIDDEN),
    (asyncpg.InsufficientResourcesError, Outage.GONE),
    (asyncpg.OperatorInterventionError, Outage.GONE),
    (asyncpg.PostgresConnectionError, Outage.GONE),
    (asyncpg.IdleInTransactionSessionTimeoutError, Outage.GONE),
    (asyncpg.InterfaceError, Outage.GONE),
    # "Cannot switch to state": it was used when it broke.
    (asyncpg.InternalClientError, Outage.GONE),
    # Nobody listens, the name is unknown, or no answer in time.
    (OSError, Outage.GONE),
)
_REFUSED_AT_CONNECT = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.PostgresError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long PostgreSQL may take, in seconds; None is without end.

    Attributes:
        connect: To accept a connection, and to show that one is still alive.
        statement: For one statement.
        lock: Of that, to wait for what others have locked.
    """

    connect: float = 3
    statement: float | None = 15
    lock: float | None = 10


DEFAULT_LIMITS = TimeLimits()

# Takes some pages of the disk, for the length of a transaction.
PROBE = (
    "CREATE TEMPORARY TABLE atrium_probe ON COMMIT DROP AS "
    "SELECT repeat(md5(n::text), 100) FROM generate_series(1, 20) AS n"
)


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection that does not wait for a server that no longer answers."""

    is_lost = False

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's
        """Take leave of the server, or hang up when it would not hear it."""
        if self.is_lost:
            self.terminate()
        else:
            await super().close(timeout=timeout)


def meaning(error: BaseException) -> Outage | None:
    """What an error of the driver says about the database; None when it is the statement's."""
    return next((outage for kind, outage in _MEANINGS if isinstance(error, kind)), None)


async def connect(url: URL, limits: TimeLimits) -> Any:
    """Open a connection.

    Args:
        url: The address, with what may follow the question mark as libpq reads it (`sslmode=…`).
        limits: How long it may take, and each statement later.

    Raises:
        Unavailable: Nobody answers there in time, or lets us in.
    """
    address = url.set(drivername="postgresql").difference_update_query(_FOR_LIBPQ_ONLY)
    settings = {
        "statement_timeout": _milliseconds(limits.statement),
        "lock_timeout": _milliseconds(limits.lock),
        # Of a worker that was stopped in the middle, say.
        "idle_in_transaction_session_timeout": _milliseconds(_IDLE_IN_TRANSACTION_SECONDS),
    }
    # The server keeps the limit as long as it is alive; a moment later we no longer wait for it.
    patience = None if limits.statement is None else limits.statement + 1
    try:
        return await asyncpg.connect(
            dsn=address.render_as_string(hide_password=False),
            timeout=limits.connect,
            command_timeout=patience,
            server_settings=settings,
            connection_class=Connection,
        )
    except (OSError, asyncpg.InterfaceError, *_REFUSED_AT_CONNECT) as error:
        raise (meaning(error) or Outage.GONE).error() from error


async def is_alive(connection: Connection, limits: TimeLimits) -> bool:
    """Whether the server still answers on this connection."""
    try:
        await connection.execute("SELECT 1", timeout=limits.connect)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        connection.is_lost = True
        return False
    return True


def _milliseconds(seconds: float | None) -> str:
    # To PostgreSQL 0 is without end.
    return str(round((seconds or 0) * 1000))
