"""Prepared statements: what SQLAlchemy would read and write, almost by the driver alone."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import Select, bindparam, insert, select, text
from sqlmodel import col

from app.core.database import Database
from app.core.errors import Unavailable
from app.core.prepared import Lookup
from app.features.roles.models import AccessStamp, Role
from app.features.users.models import NEVER, User
from scripts.servers import free_port

STAMP = select(AccessStamp.version).where(col(AccessStamp.id) == 1).scalar_subquery()
HANG_UP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""
ID = UUID("01981d2c-6f4a-7a3b-9c1d-000000000001")
USERS: Select[tuple[object, ...]] = select(
    col(User.id),
    col(User.email).label("address"),
    col(User.verified),
    col(User.created_at),
    STAMP.label("stamp"),
).where(col(User.id) == bindparam("user_id"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database with one user, on either engine."""
    database = Database(database_url)
    user = User(
        id=ID, email="ada@example.com", display_name="Ada", password_hash="", search_text=""
    )
    user.created_at = NEVER
    async with database.writing.begin() as connection:
        await connection.execute(insert(User).values(user.model_dump()))
    yield database
    await database.close()


class TestRow:
    """One row by its key."""

    async def test_values_are_those_of_the_model(self, database: Database) -> None:
        """Ids, times and truth values come back as what they are, under the columns' names."""
        row = await Lookup(database, USERS).row(user_id=ID)

        assert row == (ID, "ada@example.com", False, NEVER, row.stamp)
        assert row.address == "ada@example.com"
        assert isinstance(row.id, UUID)
        assert row.verified is False

    async def test_missing(self, database: Database) -> None:
        """No row is None."""
        assert await Lookup(database, USERS).row(user_id=UUID(int=0)) is None

    async def test_sees_what_was_committed(self, database: Database) -> None:
        """The next call sees the commit of another connection."""
        lookup = Lookup(database, USERS)
        before = (await lookup.row(user_id=ID)).stamp
        async with database.writing.begin() as connection:
            await connection.execute(text("UPDATE core_access_stamp SET version = version + 1"))

        assert (await lookup.row(user_id=ID)).stamp == before + 1

    async def test_many_at_once(self, database: Database) -> None:
        """More than there are connections wait for each other."""
        lookup = Lookup(database, USERS)

        rows = await asyncio.gather(*(lookup.row(user_id=ID) for _ in range(30)))

        assert {row.id for row in rows} == {ID}

    async def test_cannot_write(self, sqlite_url: str) -> None:
        """On SQLite its connection refuses to change anything."""
        database = Database(sqlite_url)
        with pytest.raises(Unavailable):
            await database.fetch("UPDATE core_access_stamp SET version = 0", [])
        await database.close()


class TestRows:
    """All rows that match."""

    async def test_in_order(self, database: Database) -> None:
        """Every row, in the order of the statement."""
        rows = await Lookup(database, select(col(Role.name)).order_by(col(Role.name))).rows()

        assert [row.name for row in rows] == ["admin", "guest", "user"]


class TestLostConnection:
    """What happens to connections that are held for long."""

    @pytest.mark.postgres
    async def test_is_replaced(self, migrated_postgres_url: str) -> None:
        """Nobody notices that the server closed all of them in between."""
        database = Database(migrated_postgres_url)
        lookup = Lookup(database, select(col(Role.name)))
        await asyncio.gather(*(lookup.rows() for _ in range(30)))
        async with database.engine.connect() as connection:
            await connection.execute(text(HANG_UP))

        assert len(await lookup.rows()) == 3
        await database.close()

    async def test_database_down(self) -> None:
        """Nobody answers: try again later."""
        database = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
        with pytest.raises(Unavailable):
            await Lookup(database, select(col(Role.name))).rows()
        await database.close()
