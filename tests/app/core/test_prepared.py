"""Prepared statements: what SQLAlchemy would read and write, almost by the driver alone."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import Select, bindparam, event, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import Database
from app.core.errors import Unavailable
from app.core.prepared import Lookup, Prepared, among
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
NAME = select(col(User.display_name)).where(col(User.id) == bindparam("user_id"))
RENAME = (
    update(User).where(col(User.id) == bindparam("user_id")).values(display_name=bindparam("name"))
)


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


class TestRun:
    """A statement within a session's transaction."""

    async def test_rolled_back(self, database: Database) -> None:
        """What is written is gone when the transaction is not committed."""
        async with AsyncSession(database.writing) as session:
            await Prepared(RENAME).run(session, user_id=ID, name="Grace")
            during = await Prepared(NAME).run(session, user_id=ID)
        async with AsyncSession(database.reading) as session:
            after = await Prepared(NAME).run(session, user_id=ID)

        assert [during[0].display_name, after[0].display_name] == ["Grace", "Ada"]

    async def test_broken_constraint(self, database: Database) -> None:
        """The error is SQLAlchemy's, and the session can be rolled back."""
        again = {"id": UUID(int=1), "name": "user", "description": "", "name_key": None}
        roles = Prepared(insert(Role).values(again | {"created_at": NEVER, "updated_at": NEVER}))
        async with AsyncSession(database.writing) as session:
            with pytest.raises(IntegrityError):
                await roles.run(session, version=1, name_order="", search_text="", **again)
            await session.rollback()

            assert len(await Prepared(NAME).run(session, user_id=ID)) == 1

    async def test_is_told_of(self, database: Database) -> None:
        """Whoever listens to the engine, as metrics do, hears of the statement."""
        heard: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            heard.append(statement)

        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        event.listen(database.engine.sync_engine, "after_cursor_execute", note)
        async with AsyncSession(database.reading) as session:
            await Prepared(NAME).run(session, user_id=ID)

        assert len(heard) == 2
        assert "core_users" in heard[0]

    @pytest.mark.postgres
    async def test_lost_connection(self, migrated_postgres_url: str) -> None:
        """The platform is not available, and the next session gets another connection."""
        database = Database(migrated_postgres_url)
        async with AsyncSession(database.writing) as session:
            await Prepared(NAME).run(session, user_id=ID)
            async with database.engine.connect() as connection:
                await connection.execute(text(HANG_UP))
            with pytest.raises(Unavailable):
                await Prepared(NAME).run(session, user_id=ID)
        async with AsyncSession(database.writing) as session:
            assert await Prepared(NAME).run(session, user_id=ID) == []
        await database.close()

    @pytest.mark.postgres
    async def test_cancelled(self, migrated_postgres_url: str) -> None:
        """A connection on which somebody stopped waiting is used for nothing else."""
        database = Database(migrated_postgres_url)
        sleeping = Prepared(select(func.pg_sleep(30).label("slept")))
        async with AsyncSession(database.writing) as session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await sleeping.run(session)
        async with AsyncSession(database.writing) as session:
            assert await Prepared(NAME).run(session, user_id=ID) == []
        await database.close()


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


class TestAmong:
    """Lists of ids as one parameter."""

    @pytest.mark.parametrize(
        ("ids", "found"), [([], []), ([ID], [ID]), ([UUID(int=7), ID], [ID]), ([UUID(int=7)], [])]
    )
    async def test_rows_of_some_ids(
        self, database: Database, ids: list[UUID], found: list[UUID]
    ) -> None:
        """Those rows are found whose id is listed, in however long a list."""
        statement = Prepared(select(col(User.id)).where(among(col(User.id), "ids")))

        async with AsyncSession(database.reading) as session:
            rows = await statement.run(session, ids=ids)

        assert [row.id for row in rows] == found
