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
from sqlalchemy import Connection, text

from app.core.database import Database
from app.core.files import private_file

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
        """Migrate up to the revision; does nothing when the schema is there already."""
        async with self.locked():
            if revision == "heads" and await self.is_current():
                return
            await self._run(lambda: command.upgrade(self._config, revision))

    async def downgrade(self, revision: str) -> None:
        """Migrate down to the revision (`base`: to nothing)."""
        async with self.locked():
            await self._run(lambda: command.downgrade(self._config, revision))

    async def differences(self) -> list[str]:
        """What the models declare and the migrated database does not have, in words."""
        from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - slow, rarely used
        from sqlmodel import SQLModel  # noqa: PLC0415 - with it

        def compare(connection: Connection) -> list[str]:
            context = MigrationContext.configure(
                connection,
                opts={"compare_type": True, "include_name": _is_ours},
            )
            return [str(difference) for difference in compare_metadata(context, SQLModel.metadata)]

        async with self._database.engine.connect() as connection:
            return await connection.run_sync(compare)

    async def _run(self, work: Callable[[], None]) -> None:
        def migrate(connection: Connection) -> None:
            self._config.attributes["connection"] = connection
            try:
                work()
            finally:
                del self._config.attributes["connection"]

        async with self._database.writing.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()

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
        async with self._database.engine.connect() as connection:
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
