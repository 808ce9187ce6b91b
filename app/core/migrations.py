"""Schema migrations, run at start under a lock: any number of processes may start at once."""

import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection, text

from app.core.database import Database
from app.core.errors import Conflict, Unavailable
from app.core.files import private_file
from app.core.privileges import grants, is_limited, lacking, role_of, surplus
from app.core.schema_objects import unexpected_objects

_FOLDER = Path(__file__).resolve().parents[2] / "migrations"
_LOCK_KEY = 0x417472  # any number that nobody else uses for an advisory lock

_SEARCH = (
    "core_audit_subject_search",
    "core_user_search",
    "ix_core_audit_subjects_search",
    "ix_core_users_search",
)


class Migrator:
    """Brings the schema of one database up and down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._config = Config()
        self._config.set_main_option("script_location", str(_FOLDER))
        self._scripts = ScriptDirectory.from_config(self._config)

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions of a current schema, one per branch."""
        return tuple(sorted(self._scripts.get_heads()))

    async def current(self) -> tuple[str, ...]:
        """The revisions that the database is at."""
        async with self._database.engine.connect() as connection:
            return await connection.run_sync(_revisions)

    async def is_current(self) -> bool:
        """Whether nothing is left to migrate."""
        return await self.current() == self.heads

    async def upgrade(self, revision: str = "heads") -> None:
        """Migrate up to the revision; does nothing when the schema is there already.

        Raises:
            Conflict: The database role may not migrate.
            Unavailable: The schema is there, and the role lacks privileges that a server needs.
        """
        async with self.locked():
            if revision == "heads" and await self.is_current():
                await self._refuse_lacking()
                return
            await self.require_owner()
            await self._run(lambda: command.upgrade(self._config, revision))

    async def downgrade(self, revision: str, *, destroys_proof: bool = False) -> None:
        """Migrate down to the revision (`base`: to nothing).

        Raises:
            Conflict: That destroys what proves the audit trail, and is not said to be wanted; or
                the database role may not migrate.
        """
        await self.require_owner()
        if not destroys_proof and await self.would_destroy_proof(revision):
            code = "database.downgrade.destroys_proof"
            message = (
                "This destroys what proves the audit trail. If that is meant, "
                "add --destroys-proof; it is recorded."
            )
            raise Conflict(code, message)
        async with self.locked():
            await self._run(lambda: command.downgrade(self._config, revision))

    async def would_destroy_proof(self, revision: str) -> bool:
        """Whether migrating down to a revision deletes entries or seals of the audit trail."""
        current = await self.current()
        try:
            steps = list(
                self._scripts.iterate_revisions(current, revision, select_for_downgrade=True)
            )
        except RevisionError:
            # What is no revision is refused by the migration itself.
            return False
        if not any(getattr(step.module, "destroys_proof", False) for step in steps):
            return False
        async with self._database.engine.connect() as connection:
            entries = text("SELECT 1 FROM core_audit_entries LIMIT 1")
            return (await connection.execute(entries)).first() is not None

    async def require_owner(self) -> None:
        """Refuse to migrate as a role that may not.

        Raises:
            Conflict: The role owns no tables.
        """
        async with self._database.engine.connect() as connection:
            if await is_limited(connection):
                message = (
                    f"The database role {await role_of(connection)} may not migrate: run "
                    "`platformctl db upgrade` as the role that owns the tables."
                )
                raise Conflict("database.role.not_owner", message)

    async def grants(self, role: str) -> list[str]:
        """SQL that lets a role serve, and of the audit trail only add to it.

        Raises:
            Conflict: The database is SQLite or not current, or the role owns the tables.
        """
        async with self._database.engine.connect() as connection:
            statements = await grants(connection, role)
        if not await self.is_current():
            message = "The database's schema is not current: run `platformctl db upgrade` first."
            raise Conflict("database.schema.outdated", message)
        return statements

    async def _refuse_lacking(self) -> None:
        async with self._database.engine.connect() as connection:
            found = await lacking(connection)
            if found:
                more = f" And {len(found) - 1} more." if len(found) > 1 else ""
                message = (
                    f"{found[0]}{more} Run what `platformctl db grants "
                    f"{await role_of(connection)}` prints as the role that owns the tables."
                )
                raise Unavailable("database.role.lacking", message)

    async def differences(self) -> list[str]:
        """What the database has otherwise than models and migrations say, in words."""
        from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - slow, rarely used
        from sqlmodel import SQLModel  # noqa: PLC0415 - with it

        def compare(connection: Connection) -> list[str]:
            context = MigrationContext.configure(
                connection,
                opts={"compare_type": True, "include_name": _is_ours},
            )
            return [str(difference) for difference in compare_metadata(context, SQLModel.metadata)]

        async with self._database.engine.connect() as connection:
            return [
                *await connection.run_sync(compare),
                *await unexpected_objects(connection),
                *await lacking(connection),
                *await surplus(connection),
            ]

    async def _run(self, work: Callable[[], None]) -> None:
        def migrate(connection: Connection) -> None:
            self._config.attributes["connection"] = connection
            try:
                work()
            finally:
                del self._config.attributes["connection"]

        async with self._patient() as database, database.writing.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()

    @asynccontextmanager
    async def _patient(self) -> AsyncIterator[Database]:
        """The database without time limits: an index of a large table takes minutes."""
        database = self._database.without_limits()
        try:
            yield database
        finally:
            await database.close()

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Keep other processes from migrating or seeding the same database meanwhile."""
        if self._database.is_sqlite:
            path = private_file(Path(f"{self._database.url.database}.migration-lock"))
            file = os.open(path, os.O_WRONLY)
            try:
                # Waits in line: nothing else can be done before the schema is there.
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
            finally:
                os.close(file)
            return
        async with self._patient() as database, database.engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
            try:
                yield
            finally:
                await connection.execute(
                    text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK_KEY}
                )


def _is_ours(name: str | None, _kind: str, _parents: object) -> bool:
    # No model declares the search index: tables of FTS5 on SQLite, an index on PostgreSQL.
    return not (name or "").startswith(_SEARCH)


def _revisions(connection: Connection) -> tuple[str, ...]:
    return tuple(sorted(MigrationContext.configure(connection).get_current_heads()))
