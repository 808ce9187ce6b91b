"""What the database role of a server may do on PostgreSQL when it owns none of the tables.

To the audit trail it may only add. A table that is not named here is an ordinary one.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from app.core.errors import Conflict

_ORDINARY = ("SELECT", "INSERT", "UPDATE", "DELETE")
_ADD = ("SELECT", "INSERT")
_VERSION = "alembic_version"

INSERT_ONLY: Mapping[str, tuple[str, ...]] = {
    "core_audit_entries": _ADD,
    "core_audit_seals": _ADD,
    # Signed anew when their entries are deleted, which is the owner's to do.
    "core_audit_checkpoints": _ADD,
    # Says, signed, what the anchor file holds by now.
    "core_audit_anchor": (*_ADD, "UPDATE"),
    "core_audit_subjects": _ADD,
    # The queue: an entry that leaves it without a seal is found by verification.
    "core_audit_unsealed": (*_ADD, "DELETE"),
    _VERSION: ("SELECT",),
}
"""The privileges on each table of the audit trail, and on the schema's version."""

_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

_IS_LIMITED = text(
    "SELECT coalesce(NOT pg_has_role((SELECT relowner FROM pg_class "
    "WHERE oid = to_regclass('core_audit_entries')), 'MEMBER'), "
    "NOT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false))"
)
_HELD = text(
    "SELECT c.relname::text, ARRAY(SELECT p FROM unnest(CAST(:privileges AS text[])) AS p "
    "WHERE has_table_privilege(c.oid, p) "
    "OR p = 'UPDATE' AND has_any_column_privilege(c.oid, p)) "
    "FROM pg_class c WHERE c.relkind = 'r' AND c.relname = ANY(:tables) "
    "AND pg_table_is_visible(c.oid)"
)
_MAY_CREATE = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
_PLACE = text("SELECT current_database()::text, current_schema()::text")
_IS_OWNER = text(
    "SELECT EXISTS(SELECT FROM pg_class c, pg_roles r WHERE r.rolname = :role "
    "AND c.relname = ANY(:tables) AND pg_table_is_visible(c.oid) "
    "AND pg_has_role(r.oid, c.relowner, 'MEMBER'))"
)
_SEQUENCES = text(
    "SELECT s.relname::text FROM pg_depend d JOIN pg_class s ON s.oid = d.objid "
    "JOIN pg_class c ON c.oid = d.refobjid WHERE s.relkind = 'S' AND d.deptype IN ('a', 'i') "
    "AND c.relname = ANY(:tables) AND pg_table_is_visible(c.oid) ORDER BY 1"
)


def privileges_on(table: str) -> tuple[str, ...]:
    """What a server's role may do with a table."""
    return INSERT_ONLY.get(table, _ORDINARY)


def _tables() -> list[str]:
    return sorted({*SQLModel.metadata.tables, _VERSION})


async def role_of(connection: AsyncConnection) -> str:
    """The role that this connection acts as; empty on SQLite, which has none."""
    if connection.dialect.name == "sqlite":
        return ""
    return str((await connection.execute(text("SELECT current_user"))).scalar_one())


async def is_limited(connection: AsyncConnection) -> bool:
    """Whether the role neither owns the tables nor could make them."""
    if connection.dialect.name == "sqlite":
        return False
    return bool((await connection.execute(_IS_LIMITED)).scalar_one())


async def lacking(connection: AsyncConnection) -> list[str]:
    """Which tables a limited role cannot use as a server must, one sentence each."""
    if not await is_limited(connection):
        return []
    role, held = await role_of(connection), await _held(connection)
    return [
        f"The role {role} lacks {', '.join(missing)} on {table}."
        for table in _tables()
        if (missing := [p for p in privileges_on(table) if p not in held.get(table, ())])
    ]


async def surplus(connection: AsyncConnection) -> list[str]:
    """What a limited role may do to the audit trail beyond adding to it, one sentence each."""
    if not await is_limited(connection):
        return []
    role, held = await role_of(connection), await _held(connection)
    found = [
        f"The role {role} may {', '.join(more)} {table}."
        for table, expected in INSERT_ONLY.items()
        if (more := [p for p in held.get(table, ()) if p not in expected])
    ]
    if (await connection.execute(_MAY_CREATE)).scalar_one():
        found.append(f"The role {role} may create tables and functions in the schema.")
    return found


async def _held(connection: AsyncConnection) -> dict[str, Collection[str]]:
    values: dict[str, Any] = {"privileges": list(_ALL), "tables": _tables()}
    return {row[0]: row[1] for row in await connection.execute(_HELD, values)}


async def grants(connection: AsyncConnection, role: str) -> list[str]:
    """The statements that make a role one that owns nothing and only adds to the audit trail.

    They take back what it held before, so they can be run again after each upgrade.

    Raises:
        Conflict: The database is SQLite, or the role owns the tables, itself or by membership.
    """
    if connection.dialect.name == "sqlite":
        message = "SQLite has no roles; this is for PostgreSQL."
        raise Conflict("database.roles.none", message)
    tables = _tables()
    is_owner = await connection.execute(_IS_OWNER, {"role": role, "tables": tables})
    if is_owner.scalar_one():
        message = f"The role {role} owns the tables, so nothing can be kept from it: name another."
        raise Conflict("database.role.owner", message)
    database, schema = (await connection.execute(_PLACE)).one()
    sequences = list((await connection.execute(_SEQUENCES, {"tables": tables})).scalars())
    return list(_statements(role, database, schema, tables, sequences))


def _statements(
    role: str, database: str, schema: str, tables: Collection[str], sequences: Collection[str]
) -> Iterator[str]:
    quoted = postgresql.dialect().identifier_preparer.quote_identifier  # type: ignore[no-untyped-call]  # SQLAlchemy's own

    def within(names: Collection[str]) -> str:
        return ", ".join(f"{quoted(schema)}.{quoted(name)}" for name in names)

    to = quoted(role)
    yield f"GRANT CONNECT, TEMPORARY ON DATABASE {quoted(database)} TO {to};"
    yield f"REVOKE CREATE ON SCHEMA {quoted(schema)} FROM PUBLIC, {to};"
    yield f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {to};"
    yield f"REVOKE ALL ON {within(INSERT_ONLY)} FROM PUBLIC;"
    yield f"REVOKE ALL ON {within(tables)} FROM {to};"
    for privileges in dict.fromkeys(map(privileges_on, tables)):
        alike = [table for table in tables if privileges_on(table) == privileges]
        yield f"GRANT {', '.join(privileges)} ON {within(alike)} TO {to};"
    if sequences:
        yield f"GRANT USAGE ON SEQUENCE {within(sequences)} TO {to};"
