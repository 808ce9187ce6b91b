"""Migrations: up, down and up again, no drift, and any number of processes at once."""

import asyncio
import multiprocessing
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from app.core.actor import SYSTEM
from app.core.database import Database
from app.core.migrations import Migrator
from app.features.audit.schemas import AuditListQuery
from app.features.audit.seal_service import SealService
from app.features.audit.service import AuditService
from app.features.users.schemas import UserListQuery
from app.features.users.service import UserService
from app.seed import seed
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.fixtures import settings_for
from app.testing.platform import Platform, open_platform

pytestmark = pytest.mark.slow

VERSIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"


@pytest.fixture
async def database(empty_database_url: str) -> AsyncIterator[Database]:
    """An empty database."""
    database = Database(empty_database_url)
    yield database
    await database.close()


@pytest.fixture
def migrator(database: Database) -> Migrator:
    """Migrates it."""
    return Migrator(database)


async def schema(database: Database) -> dict[str, Any]:
    """Tables with columns, indexes and constraints, triggers and functions: all that is there."""
    catalogue = (
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
        if database.is_sqlite
        else "SELECT tablename, indexname, indexdef FROM pg_indexes "
        "WHERE schemaname = 'public' ORDER BY 1, 2"
    )

    def read(connection: Any) -> dict[str, Any]:
        found = inspect(connection)
        return {
            table: (
                sorted(
                    (c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)
                ),
                sorted(str(key) for key in found.get_foreign_keys(table)),
                sorted(str(key) for key in found.get_unique_constraints(table)),
                str(found.get_pk_constraint(table)),
            )
            for table in found.get_table_names()
            if table != "alembic_version"
        }

    async with database.reading.connect() as connection:
        rows = (await connection.execute(text(catalogue))).all()
        tables = await connection.run_sync(read)
    return {"tables": tables, "rest": [tuple(row) for row in rows if "alembic" not in str(row)]}


class TestUpgrade:
    """From nothing to the newest schema."""

    async def test_from_empty(self, database: Database, migrator: Migrator) -> None:
        """An empty database becomes current, with a table for every model."""
        assert not await migrator.is_current()

        await migrator.upgrade()

        assert await migrator.is_current()
        assert await migrator.current() == migrator.heads
        assert SQLModel.metadata.tables.keys() <= (await schema(database))["tables"].keys()

    async def test_twice(self, database: Database, migrator: Migrator) -> None:
        """Where nothing is left to do, nothing is done."""
        await migrator.upgrade()
        before = await schema(database)

        await migrator.upgrade()

        assert await schema(database) == before

    async def test_no_drift(self, migrator: Migrator) -> None:
        """What the models declare is what the migrations make."""
        await migrator.upgrade()

        assert await migrator.differences() == []

    async def test_drift_is_seen(self, database: Database, migrator: Migrator) -> None:
        """A column that is missing, and one too many, are noticed."""
        await migrator.upgrade()
        async with database.writing.begin() as connection:
            await connection.execute(text("ALTER TABLE core_roles DROP COLUMN description"))
            await connection.execute(text("ALTER TABLE core_roles ADD COLUMN surplus INTEGER"))

        differences = " ".join(await migrator.differences())

        assert "description" in differences
        assert "surplus" in differences

    async def test_is_all_or_nothing(self, database: Database, migrator: Migrator) -> None:
        """A migration that fails in the middle leaves the schema as it was."""
        async with database.writing.begin() as connection:
            await connection.execute(text("CREATE TABLE core_sessions (x INTEGER)"))
        before = await schema(database)

        with pytest.raises(Exception, match="core_sessions"):
            await migrator.upgrade()

        assert await schema(database) == before
        assert await migrator.current() == ()


class TestDowngrade:
    """Back again."""

    async def test_to_nothing(self, database: Database, migrator: Migrator) -> None:
        """Everything that went up comes down: no table, index or trigger is left."""
        before = await schema(database)
        await migrator.upgrade()

        await migrator.downgrade("base", destroys_proof=True)

        assert await schema(database) == before
        assert await migrator.current() == ()

    async def test_and_up_again(self, database: Database, migrator: Migrator) -> None:
        """The second time leads to the same schema as the first."""
        await migrator.upgrade()
        first = await schema(database)

        await migrator.downgrade("base", destroys_proof=True)
        await migrator.upgrade()

        assert await schema(database) == first
        assert await migrator.differences() == []

    async def test_step_by_step(self, database: Database, migrator: Migrator) -> None:
        """Each single step can be undone and done again."""
        await migrator.upgrade()
        steps = [await schema(database)]
        while await migrator.current():
            await migrator.downgrade("-1", destroys_proof=True)
            steps.append(await schema(database))

        for expected in reversed(steps[:-1]):
            await migrator.upgrade("+1")
            assert await schema(database) == expected

        assert await migrator.is_current()

    async def test_with_content(self, platform: Platform, make_user: UserFactory) -> None:
        """A database in use can be taken down as well."""
        user = await make_user()
        await platform.sign_in(user, PASSWORD)
        await platform.can_sign_in(user.email, "wrong")

        await (await platform.container.get(Migrator)).downgrade("base", destroys_proof=True)

        assert (await schema(await platform.database()))["tables"] == {}


class TestFolding:
    """What is in the columns by which people and roles are found and sorted."""

    async def test_is_filled_for_what_is_there(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """Down and up again, everything is as if it had been made by the newest version."""
        for number, name in enumerate(("Łukasz Żak", "王小明", "O'Brien")):
            await make_user(email=f"u{number}@folding.example", display_name=name)
            await make_role(name=name)
        call = platform.caller(SYSTEM)
        await call(SealService.seal, limit=100)
        before = await platform.contents()
        migrator = await platform.container.get(Migrator)

        await migrator.downgrade("core_0007")
        async with (await platform.database()).reading.connect() as connection:
            old = (await connection.execute(text("SELECT search_text FROM core_users"))).scalars()
            words = " ".join(old).split()
        await migrator.upgrade()

        assert {"o", "brien", "łukasz", "folding"} <= {*words}
        assert await platform.contents() == before
        for typed in ("lukasz", "kasz", "小明", "obrien", "folding"):
            users = await call(UserService.page, UserListQuery(q=typed))
            entries = await call(AuditService.page, AuditListQuery(text=typed))
            assert users.items
            assert entries.items


class TestRevisions:
    """The files themselves."""

    @pytest.mark.parametrize("path", sorted(VERSIONS.glob("*.py")), ids=lambda path: path.stem)
    def test_are_named_like_their_revision(self, path: Path) -> None:
        """The file of a revision is found by its name."""
        revision = re.search(r'^revision = "([\w]+)"$', path.read_text(), re.MULTILINE)

        assert revision is not None
        assert path.stem.startswith(f"{revision[1]}_")


class TestConstraints:
    """What the database itself refuses, whoever writes."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE core_users SET email = NULL",
            "UPDATE core_users SET email = 'same@example.com'",
            "UPDATE core_user_roles SET role_id = user_id",
            "UPDATE core_sessions SET user_id = id",
        ],
    )
    async def test_is_refused(
        self, platform: Platform, make_user: UserFactory, statement: str
    ) -> None:
        """No address, the same address twice, and references to nothing."""
        for _ in range(2):
            await platform.sign_in(await make_user(), PASSWORD)
        before = await platform.contents()

        with pytest.raises(Exception, match=r"(?i)constraint|violates"):
            async with (await platform.database()).writing.begin() as connection:
                await connection.execute(text(statement))

        assert await platform.contents() == before

    async def test_deleted_user_takes_along_what_is_theirs(
        self, platform: Platform, make_user: UserFactory
    ) -> None:
        """Roles, sessions and tokens of a deleted user go with them; entries stay."""
        await platform.sign_in(await make_user(), PASSWORD)
        async with (await platform.database()).writing.begin() as connection:
            await connection.execute(text("DELETE FROM core_users"))

        contents = await platform.contents()
        assert contents["core_user_roles"] == []
        assert contents["core_sessions"] == []
        assert contents["core_refresh_tokens"] == []
        assert contents["core_audit_entries"] != []


def migrate(url: str, directory: str, start: Any, found: Any) -> None:
    """Migrate and seed a database as a starting server does; report what went wrong."""

    async def work() -> None:
        async with open_platform(settings_for(url, Path(directory))) as platform:
            start.wait()
            await (await platform.container.get(Migrator)).upgrade()
            await seed(platform.container, platform.settings)

    try:
        asyncio.run(work())
    except Exception as error:  # noqa: BLE001 - the test shall say what it was
        found.put(repr(error))
    else:
        found.put("")


@pytest.mark.slow
class TestAtOnce:
    """Servers that start at the same moment."""

    async def test_several_processes(
        self, database: Database, migrator: Migrator, empty_database_url: str, tmp_path: Path
    ) -> None:
        """Two that migrate and seed one empty database at once succeed, and it is done once."""
        context = multiprocessing.get_context("spawn")
        start, found = context.Barrier(2), context.Queue()
        processes = [
            context.Process(target=migrate, args=(empty_database_url, str(tmp_path), start, found))
            for _ in range(2)
        ]
        for process in processes:
            process.start()
        errors = [await asyncio.to_thread(found.get, timeout=100) for _ in processes]
        for process in processes:
            process.join()
        found.close()
        found.join_thread()

        assert errors == ["", ""]
        assert await migrator.is_current()
        assert await migrator.differences() == []
        async with database.reading.connect() as connection:
            roles = (await connection.execute(text("SELECT name FROM core_roles"))).scalars().all()
            users = (await connection.execute(text("SELECT email FROM core_users"))).scalars().all()
        assert sorted(roles) == ["admin", "guest", "user"]
        assert users == ["admin@example.com"]
