"""The database role of a server that owns nothing, on a real PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import time_machine
from structlog.testing import capture_logs

from app.core import clock
from app.core.actor import SYSTEM
from app.core.database import Database
from app.core.errors import Conflict, Unavailable
from app.core.migrations import Migrator
from app.core.module import Job
from app.core.privileges import INSERT_ONLY, grants, lacking, surplus
from app.core.schema_objects import AUDIT_TABLES
from app.features.audit.schemas import Pruned, VerifyQuery
from app.features.audit.seal_service import SealService
from app.scheduling import run
from app.seed import seed
from app.settings import Settings
from app.testing.factories import PASSWORD, UserFactory
from app.testing.fixtures import settings_for
from app.testing.platform import Platform, open_platform
from tests.fixtures.database_roles import DatabaseRoles

pytestmark = pytest.mark.postgres

KEEP = {"keep_security_days": 30, "keep_changes_days": 30, "keep_reads_days": 30}


@pytest.fixture
def settings(database_roles: DatabaseRoles, tmp_path: Path) -> Settings:
    """Settings of a server that connects with the limited role, with an anchor file."""
    return _settings(database_roles.url(database_roles.limited), tmp_path)


def _settings(url: str, folder: Path, **audit: object) -> Settings:
    settings = settings_for(url, folder)
    changed = settings.audit.model_copy(update={"anchor_file": folder / "anchor.jsonl", **audit})
    return settings.model_copy(update={"audit": changed})


@pytest.fixture
async def seeded(platform: Platform) -> Platform:
    """A platform that a server with the limited role has started and seeded."""
    await (await platform.container.get(Migrator)).upgrade()
    await seed(platform.container, platform.settings)
    return platform


@pytest.fixture
async def migrator(database_roles: DatabaseRoles) -> AsyncIterator[Migrator]:
    """Migrates with the limited role, or tries to."""
    database = Database(database_roles.url(database_roles.limited))
    yield Migrator(database)
    await database.close()


async def verify(platform: Platform) -> list[str]:
    """What a verification of the whole trail finds."""
    call, cursor, found = platform.caller(SYSTEM), None, []
    while True:
        part = await call(SealService.verify, VerifyQuery(cursor=cursor))
        found += [finding.message for finding in part.findings]
        if (cursor := part.next_cursor) is None:
            return found


def job(platform: Platform, name: str) -> Job:
    """A job by its name."""
    return next(job for job in platform.registry.jobs if job.id == name)


class TestServer:
    """A platform that connects with the role that owns nothing."""

    async def test_works(self, seeded: Platform, make_user: UserFactory) -> None:
        """People sign in and change things; it is recorded, sealed, anchored and verified."""
        user = await make_user(roles=["admin"])
        signed_in = await seeded.sign_in(user, PASSWORD)
        async with seeded.client(signed_in.tokens.access_token) as client:
            made = await client.post(
                "/api/v1/users",
                json={"email": "ada@example.com", "display_name": "Ada", "password": PASSWORD},
            )
            found = await client.get("/api/v1/audit", params={"text": "ada"})
            deleted = await client.delete(f"/api/v1/users/{made.json()['id']}")
        await run(job(seeded, "audit.seal"), seeded.container)
        async with seeded.client(signed_in.tokens.access_token) as client:
            searched = await client.get("/api/v1/audit", params={"text": "ada"})
            ready = await client.get("/ready")

        assert (made.status_code, found.status_code, deleted.status_code) == (201, 200, 204)
        assert len(searched.json()["items"]) == 2
        assert (ready.status_code, ready.json()["state"]) == (200, "up")
        assert await verify(seeded) == []
        assert await (await seeded.container.get(Migrator)).differences() == []
        anchor = seeded.settings.audit.anchor_file
        assert anchor is not None
        assert anchor.read_bytes().count(b"\n") >= 1

    async def test_pruning_is_the_owners(
        self,
        database_roles: DatabaseRoles,
        seeded: Platform,
        make_user: UserFactory,
        tmp_path: Path,
    ) -> None:
        """The server says so in a sentence and a line of the log; the owner prunes; it verifies."""
        await run(job(seeded, "audit.seal"), seeded.container)
        # Signed notes are always kept.
        entries = len(await seeded.audit()) - len(await seeded.audit(action="audit.accept_anchor"))
        limited, owner = (
            _settings(database_roles.url(r), tmp_path, **KEEP)
            for r in (database_roles.limited, database_roles.owner)
        )
        with time_machine.travel(clock.now() + timedelta(days=60), tick=True):
            async with open_platform(limited) as server:
                with pytest.raises(Conflict, match="platformctl audit prune"):
                    await server.caller(SYSTEM)(SealService.prune)
                tried = len(await server.audit(action="audit.prune"))
                with capture_logs() as lines:
                    await run(job(server, "audit.prune"), server.container)
                assert server.reports == []
                assert len(await server.audit(action="audit.prune")) == tried
            assert [line["event"] for line in lines] == ["audit.prune_needs_owner"]
            async with open_platform(owner) as other:
                pruned = await other.caller(SYSTEM)(SealService.prune)

            assert pruned == Pruned(entries=entries, ranges=1, kept=0)
            assert await verify(seeded) == []

    async def test_anchor_is_accepted_by_the_owner(self, seeded: Platform) -> None:
        """What the database knows of the anchor file cannot be forgotten by the server."""
        await run(job(seeded, "audit.seal"), seeded.container)

        with pytest.raises(Unavailable) as refused:
            await seeded.caller(SYSTEM)(SealService.accept_anchor, "a new disk")

        assert refused.value.code == "database.forbidden"
        assert "core_audit_anchor" in refused.value.reason


FORBIDDEN = {
    "alter": "ALTER TABLE {table} ADD COLUMN more integer",
    "comment": "COMMENT ON TABLE {table} IS ''",
    "take over": "ALTER TABLE {table} OWNER TO CURRENT_USER",
    "disable triggers": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "drop": "DROP TABLE {table}",
    "index": "CREATE INDEX ON {table} ({column})",
    "policy": "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    "rename": "ALTER TABLE {table} RENAME TO other",
    "rule": "CREATE RULE no_more AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "trigger": "CREATE TRIGGER other BEFORE INSERT ON {table} FOR EACH ROW "
    "EXECUTE FUNCTION core_audit_entries_queue()",
    "truncate": "TRUNCATE {table}",
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
}
ALLOWED = {("core_audit_anchor", "update"), ("core_audit_unsealed", "delete")}
"""What a server cannot do without; see `INSERT_ONLY` for the reasons."""

COLUMNS = {
    "core_audit_anchor": "last_seq",
    "core_audit_checkpoints": "last_seq",
    "core_audit_entries": "id",
    "core_audit_seals": "entry_hash",
    "core_audit_subjects": "label",
    "core_audit_unsealed": "entry_id",
}

ELSEWHERE = {
    "become the owner": "SET ROLE {owner}",
    "turn triggers off": "SET session_replication_role = replica",
    "replace the trigger's function": "CREATE OR REPLACE FUNCTION core_audit_entries_queue() "
    "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "drop the trigger": "DROP TRIGGER core_audit_entries_queue ON core_audit_entries",
    "drop the function": "DROP FUNCTION core_audit_entries_queue() CASCADE",
    "make a table": "CREATE TABLE core_audit_more (id integer)",
    "make a view": "CREATE VIEW core_audit_more AS SELECT 1 AS id",
    "make a schema": "CREATE SCHEMA {limited}",
    "pretend another version": "UPDATE alembic_version SET version_num = 'core_0001'",
    "count subjects anew": "SELECT setval('core_audit_subjects_number_seq', 1)",
    "lock entries": "BEGIN; LOCK TABLE core_audit_entries IN ACCESS EXCLUSIVE MODE",
    "empty users": "TRUNCATE core_users CASCADE",
    "drop what the owner has": "DROP OWNED BY {owner}",
}


class TestForbidden:
    """What the database refuses, whoever gets hold of the server's connection."""

    def test_every_table(self) -> None:
        """Each table of the trail has its privileges written down, and is tried below."""
        assert set(AUDIT_TABLES) == set(COLUMNS) == set(INSERT_ONLY) - {"alembic_version"}

    @pytest.mark.parametrize("table", AUDIT_TABLES)
    @pytest.mark.parametrize("what", FORBIDDEN)
    async def test_on_the_trail(
        self, unchanged_roles: DatabaseRoles, table: str, what: str
    ) -> None:
        """Everything but adding and reading, on each table."""
        statement = FORBIDDEN[what].format(table=table, column=COLUMNS[table])
        if (table, what) in ALLOWED:
            await unchanged_roles.execute(unchanged_roles.limited, statement)
            return

        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await unchanged_roles.execute(unchanged_roles.limited, statement)

    @pytest.mark.parametrize("what", ELSEWHERE)
    async def test_around_it(self, unchanged_roles: DatabaseRoles, what: str) -> None:
        """And the ways around."""
        statement = ELSEWHERE[what].format(
            owner=unchanged_roles.owner, limited=unchanged_roles.limited
        )

        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await unchanged_roles.execute(unchanged_roles.limited, statement)

    async def test_grants_itself_nothing(self, unchanged_roles: DatabaseRoles) -> None:
        """It cannot give itself more."""
        statement = f"GRANT DELETE ON core_audit_entries TO {unchanged_roles.limited}"

        await unchanged_roles.execute(unchanged_roles.limited, statement)

        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await unchanged_roles.execute(unchanged_roles.limited, "DELETE FROM core_audit_entries")


class TestGrants:
    """The statements that make it so."""

    async def test_can_be_repeated(self, database_roles: DatabaseRoles, migrator: Migrator) -> None:
        """Whatever was granted or taken meanwhile, after running them again all is right."""
        database_roles.run(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {database_roles.limited}")
        database_roles.run(f"REVOKE SELECT ON core_users FROM {database_roles.limited}")

        await database_roles.prepare()

        assert await migrator.differences() == []

    async def test_of_the_owner(self, database_roles: DatabaseRoles) -> None:
        """From whoever owns the tables, or acts as the owner, nothing can be kept."""
        database_roles.run(f"GRANT {database_roles.owner} TO {database_roles.limited}")
        database = Database(database_roles.url(database_roles.owner))
        async with database.engine.connect() as connection:
            for role in (database_roles.owner, database_roles.limited):
                with pytest.raises(Conflict, match="owns the tables"):
                    await grants(connection, role)
        await database.close()

    async def test_names_are_quoted(self, database_roles: DatabaseRoles) -> None:
        """A role may be called anything."""
        database = Database(database_roles.url(database_roles.owner))
        async with database.engine.connect() as connection:
            statements = await grants(connection, 'x"; DROP TABLE core_users; --')
        await database.close()

        given = [line for line in statements if line.startswith("GRANT")]
        assert all(line.endswith(' TO "x""; DROP TABLE core_users; --";') for line in given)

    async def test_of_an_old_schema(
        self, database_roles: DatabaseRoles, migrator: Migrator
    ) -> None:
        """First the schema, then the privileges."""
        database_roles.run("UPDATE alembic_version SET version_num = 'core_0006'")

        with pytest.raises(Conflict, match="not current"):
            await migrator.grants("anybody")


class TestChecks:
    """What is said when privileges are not as they should be."""

    async def test_lacking(self, database_roles: DatabaseRoles, migrator: Migrator) -> None:
        """A server does not start, and says what to run; `db check` names every table."""
        database_roles.run(
            f"REVOKE INSERT, UPDATE ON core_users, core_roles FROM {database_roles.limited}"
        )

        with pytest.raises(Unavailable) as refused:
            await migrator.upgrade()

        assert refused.value.code == "database.role.lacking"
        assert f"`platformctl db grants {database_roles.limited}`" in refused.value.message
        assert await migrator.differences() == [
            f"The role {database_roles.limited} lacks INSERT, UPDATE on core_roles.",
            f"The role {database_roles.limited} lacks INSERT, UPDATE on core_users.",
        ]

    @pytest.mark.parametrize(
        ("grant", "said"),
        [
            ("GRANT DELETE, TRIGGER ON core_audit_entries TO {}", "DELETE, TRIGGER"),
            ("GRANT UPDATE (outcome) ON core_audit_entries TO {}", "UPDATE"),
            ("GRANT UPDATE ON core_audit_entries TO PUBLIC", "UPDATE"),
            ("GRANT pg_write_all_data TO {}", "UPDATE, DELETE"),
        ],
    )
    async def test_surplus(
        self, database_roles: DatabaseRoles, migrator: Migrator, grant: str, said: str
    ) -> None:
        """A role that could alter the trail is told of, however it came to that."""
        database_roles.run(grant.format(database_roles.limited))

        found = await migrator.differences()

        assert f"The role {database_roles.limited} may {said} core_audit_entries." in found

    async def test_may_create(self, database_roles: DatabaseRoles, migrator: Migrator) -> None:
        """So is one that could put something in the place of a table."""
        database_roles.run("GRANT CREATE ON SCHEMA public TO PUBLIC")

        [found] = await migrator.differences()

        assert "may create" in found

    async def test_may_not_migrate(self, database_roles: DatabaseRoles, migrator: Migrator) -> None:
        """Migrating is the owner's, up and down, and refused before anything is done."""
        database_roles.run("UPDATE alembic_version SET version_num = 'core_0006'")

        for refused in (migrator.upgrade(), migrator.downgrade("base", destroys_proof=True)):
            with pytest.raises(Conflict) as error:
                await refused
            assert error.value.code == "database.role.not_owner"

    async def test_without_any(self, database_roles: DatabaseRoles, migrator: Migrator) -> None:
        """A role to which nothing was granted gets a sentence as well."""
        database_roles.run(
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {database_roles.limited}"
        )

        with pytest.raises(Unavailable) as refused:
            await migrator.upgrade()

        assert refused.value.code == "database.forbidden"

    async def test_of_an_empty_database(
        self, database_roles: DatabaseRoles, postgres_url: str
    ) -> None:
        """Where there are no tables yet, it depends on whether the role could make them."""
        url = postgres_url.replace("postgres@", f"{database_roles.limited}@")
        database = Database(url)
        with pytest.raises(Conflict, match="may not migrate"):
            await Migrator(database).upgrade()
        await database.close()

    async def test_owner(self, database_roles: DatabaseRoles) -> None:
        """Of a role that owns the tables nothing is said: that is how an installation begins."""
        database = Database(database_roles.url(database_roles.owner))
        async with database.engine.connect() as connection:
            assert await lacking(connection) == await surplus(connection) == []
        await database.close()
