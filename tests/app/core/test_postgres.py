"""PostgreSQL's own part of the database."""

import asyncpg
import pytest

from app.core import postgres
from app.core.database import Database
from app.core.errors import Unavailable


class TestMeaning:
    """What the driver's errors say about the database."""

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (asyncpg.DiskFullError("x"), "database.full"),
            (asyncpg.CannotConnectNowError("x"), "database.unavailable"),
            (asyncpg.AdminShutdownError("x"), "database.unavailable"),
            (asyncpg.TooManyConnectionsError("x"), "database.unavailable"),
            (asyncpg.InternalClientError("cannot switch to state 12"), "database.unavailable"),
            (asyncpg.DeadlockDetectedError("x"), "database.busy"),
            (asyncpg.InsufficientPrivilegeError("x"), "database.forbidden"),
            (TimeoutError(), "database.unavailable"),
            (ConnectionResetError(), "database.unavailable"),
        ],
    )
    def test_of_postgresql(self, error: Exception, code: str) -> None:
        """What asyncpg raises when the server is in trouble has a meaning."""
        outage = postgres.meaning(error)

        assert outage is not None
        assert outage.error().code == code

    @pytest.mark.parametrize(
        "error",
        [asyncpg.UndefinedTableError("x"), asyncpg.UniqueViolationError("x"), ValueError("x")],
    )
    def test_of_the_statement(self, error: Exception) -> None:
        """What is wrong with a statement is no outage."""
        assert postgres.meaning(error) is None


class TestAddress:
    """Addresses as managed services hand them out."""

    @pytest.mark.postgres
    @pytest.mark.parametrize(
        "options",
        [
            "sslmode=disable",
            "sslmode=prefer&connect_timeout=10",
            "application_name=atrium&gssencmode=disable&pgbouncer=true",
            "target_session_attrs=read-write",
        ],
    )
    async def test_options(self, postgres_url: str, options: str) -> None:
        """What libpq reads behind the question mark is read alike."""
        database = Database(f"{postgres_url}?{options}")

        await database.ping()
        await database.fetch("SELECT 1", [])
        await database.close()

    @pytest.mark.postgres
    async def test_insists_on_tls(self, postgres_url: str) -> None:
        """A server without TLS is not spoken to when the address asks for it."""
        database = Database(f"{postgres_url}?sslmode=require")

        with pytest.raises(Unavailable) as refused:
            await database.ping()

        assert "SSL" in refused.value.reason
        await database.close()
