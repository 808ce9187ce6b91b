"""Schema migrations, run at start under a lock: any number of processes may start at once."""

import fcntl
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection, MetaData, text
from sqlmodel import SQLModel

from app.core.database import Database
from app.core.errors import Conflict, Unavailable
from app.core.files import private_file
from app.core.module import Module
from app.core.privileges import grants, is_limited, lacking, role_of, surplus
from app.core.resources.table import metadata_of
from app.core.schema_objects import unexpected_objects

_FOLDER = Path(__file__).resolve().parents[2] / "migrations"
_LOCK_KEY = 0x417472  # any number that nobody else uses for an advisory lock

_SEARCH = (
    "core_audit_subject_search",
    "core_user_search",
    "ix_core_audit_subjects_search",
    "ix_core_users_search",
)


class _Line:
    """The migrations of the platform, or of one module; a table of their own says how far they are.

    Args:
        metadata: The tables that they make.
        module: The module; empty for the platform.
        folder: Where its migrations are.
    """

    def __init__(self, metadata: MetaData, module: str = "", folder: Path | None = None) -> None:
        self.module = module
        self.metadata = metadata
        self.version_table = f"{module}_migrations" if module else "alembic_version"
        self.config = Config()
        self.config.set_main_option("script_location", str(_FOLDER))
        if folder is not None:
            self.config.set_main_option("version_locations", str(folder))
            self.config.set_main_option("path_separator", "os")
        self.config.attributes |= {"metadata": metadata, "version_table": self.version_table}
        self.scripts = ScriptDirectory.from_config(self.config)

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions when nothing is left to migrate."""
        return tuple(sorted(self.scripts.get_heads()))

    def current(self, connection: Connection) -> tuple[str, ...]:
        """The revisions that the database is at."""
        context = MigrationContext.configure(connection, opts={"version_table": self.version_table})
        return tuple(sorted(context.get_current_heads()))

    def differences(self, connection: Connection, others: frozenset[str]) -> list[str]:
        """What the database has otherwise than the tables say, but for those of others."""
        from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - slow, rarely used

        def is_ours(name: str | None, kind: str, _parents: object) -> bool:
            # No model declares the search index: tables of FTS5 on SQLite, an index on PostgreSQL.
            if (name or "").startswith(_SEARCH):
                return False
            return (
                kind != "table"
                or name in self.metadata.tables
                or not (self.module or name in others)
            )

        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": is_ours,
                "version_table": self.version_table,
            },
        )
        return [str(difference) for difference in compare_metadata(context, self.metadata)]


class Migrator:
    """Brings the schema of one database up and down: the platform's tables, then the modules'.

    Args:
        database: The database.
        modules: What is installed; those with migrations of their own count.
    """

    def __init__(self, database: Database, modules: Sequence[Module] = ()) -> None:
        self._database = database
        self._core = _Line(SQLModel.metadata)
        self._modules = [
            _Line(metadata_of(module.id), module.id, module.migrations)
            for module in modules
            if module.migrations is not None
        ]

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions of a current schema, of the platform and of each module."""
        return tuple(head for line in self._lines for head in line.heads)

    async def current(self) -> tuple[str, ...]:
        """The revisions that the database is at."""
        async with self._database.engine.connect() as connection:
            return await connection.run_sync(
                lambda sync: tuple(each for line in self._lines for each in line.current(sync))
            )

    @property
    def _lines(self) -> tuple[_Line, ...]:
        return self._core, *self._modules

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
            await self._run(lambda line: command.upgrade(line.config, revision), self._core)
            if revision == "heads":
                for line in self._modules:
                    await self._run(lambda line: command.upgrade(line.config, "heads"), line)

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
            if revision == "base":
                # Their tables may refer to those of the platform.
                for line in reversed(self._modules):
                    await self._run(lambda line: command.downgrade(line.config, "base"), line)
            await self._run(lambda line: command.downgrade(line.config, revision), self._core)

    async def would_destroy_proof(self, revision: str) -> bool:
        """Whether migrating down to a revision deletes entries or seals of the audit trail."""
        async with self._database.engine.connect() as connection:
            current = await connection.run_sync(self._core.current)
        try:
            steps = list(
                self._core.scripts.iterate_revisions(current, revision, select_for_downgrade=True)
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
        others = frozenset(
            name for line in self._modules for name in (line.version_table, *line.metadata.tables)
        )

        def compare(connection: Connection) -> list[str]:
            return [
                difference
                for line in self._lines
                for difference in line.differences(connection, others)
            ]

        async with self._database.engine.connect() as connection:
            return [
                *await connection.run_sync(compare),
                *await unexpected_objects(connection),
                *await lacking(connection),
                *await surplus(connection),
            ]

    async def _run(self, work: Callable[[_Line], None], line: _Line) -> None:
        def migrate(connection: Connection) -> None:
            line.config.attributes["connection"] = connection
            try:
                work(line)
            finally:
                del line.config.attributes["connection"]

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
