"""Triggers, rules and policies of the database, compared with those that the migrations make.

A trigger can keep an audit entry from being written, or write another one, and leaves no trace in
the rows. So what the database does by itself is part of what proves the audit trail.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

AUDIT_TABLES = (
    "core_audit_anchor",
    "core_audit_checkpoints",
    "core_audit_entries",
    "core_audit_seals",
    "core_audit_subjects",
    "core_audit_unsealed",
)
_AUDIT = "core_audit"
_OURS = "core_"


class Trigger(NamedTuple):
    """A trigger as the database writes it; the function is PostgreSQL's."""

    table: str
    sql: str
    function: str = ""


_NUMBER = "INSERT INTO core_user_search_docs (user_id) VALUES (new.id); "
_DROP = "DELETE FROM core_user_search_docs WHERE user_id = old.id; "
_FORGET = (
    "INSERT INTO core_user_search (core_user_search, rowid, search_text) "
    "SELECT 'delete', doc, old.search_text FROM core_user_search_docs WHERE user_id = old.id; "
)
_LEARN = (
    "INSERT INTO core_user_search (rowid, search_text) "
    "SELECT doc, new.search_text FROM core_user_search_docs WHERE user_id = new.id; "
)

TRIGGERS_OF_SQLITE = {
    "core_audit_entries_queue": Trigger(
        "core_audit_entries",
        "CREATE TRIGGER core_audit_entries_queue AFTER INSERT ON core_audit_entries "
        "BEGIN INSERT INTO core_audit_unsealed VALUES (new.id); END",
    ),
    "core_audit_subjects_insert": Trigger(
        "core_audit_subjects",
        "CREATE TRIGGER core_audit_subjects_insert AFTER INSERT ON core_audit_subjects BEGIN "
        "INSERT INTO core_audit_subject_search (rowid, search_text) "
        "VALUES (new.number, new.search_text); END",
    ),
    "core_audit_subjects_delete": Trigger(
        "core_audit_subjects",
        "CREATE TRIGGER core_audit_subjects_delete AFTER DELETE ON core_audit_subjects BEGIN "
        "INSERT INTO core_audit_subject_search (core_audit_subject_search, rowid, search_text) "
        "VALUES ('delete', old.number, old.search_text); END",
    ),
    "core_users_search_insert": Trigger(
        "core_users",
        "CREATE TRIGGER core_users_search_insert AFTER INSERT ON core_users BEGIN "
        f"{_NUMBER}{_LEARN}END",
    ),
    "core_users_search_update": Trigger(
        "core_users",
        "CREATE TRIGGER core_users_search_update AFTER UPDATE OF search_text ON core_users "
        f"WHEN old.search_text <> new.search_text BEGIN {_FORGET}{_LEARN}END",
    ),
    "core_users_search_delete": Trigger(
        "core_users",
        "CREATE TRIGGER core_users_search_delete AFTER DELETE ON core_users BEGIN "
        f"{_FORGET}{_DROP}END",
    ),
}
"""All of the core's tables; a migration that makes another one adds it here."""

TRIGGERS_OF_POSTGRES = {
    "core_audit_entries_queue": Trigger(
        "core_audit_entries",
        "CREATE TRIGGER core_audit_entries_queue AFTER INSERT ON core_audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION core_audit_entries_queue()",
        "BEGIN INSERT INTO core_audit_unsealed VALUES (NEW.id); RETURN NULL; END",
    ),
}

_SQLITE_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
_CHANGES_ROWS = re.compile(r"\b(check|collate|conflict|generated|ignore|references|replace)\b")
"""Words by which a table of SQLite alters or drops rows; ours has none of them."""

_POSTGRES_TRIGGERS = text(
    "SELECT t.tgname, c.relname, t.tgenabled::text, pg_get_triggerdef(t.oid), f.prosrc, "
    "l.lanname, f.proconfig IS NOT NULL "
    "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc f ON f.oid = t.tgfoid "
    "JOIN pg_language l ON l.oid = f.prolang "
    "WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid) ORDER BY t.tgname"
)
_POSTGRES_TABLES = text(
    "SELECT c.relname, c.relkind::text, c.relrowsecurity, "
    "ARRAY(SELECT rulename::text FROM pg_rewrite WHERE ev_class = c.oid), "
    "ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = c.oid), "
    "ARRAY(SELECT conname::text FROM pg_constraint "
    "WHERE conrelid = c.oid AND contype IN ('c', 'x', 'f', 't')), "
    "ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attgenerated <> ''), "
    "EXISTS(SELECT FROM pg_inherits WHERE inhrelid = c.oid OR inhparent = c.oid) "
    "FROM pg_class c WHERE c.relname LIKE 'core\\_audit%' "
    "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid) ORDER BY c.relname"
)
_SCHEMA_NAME = re.compile(r"\b\w+\.(?=core_)")


async def missing_audit_tables(connection: AsyncConnection) -> list[str]:
    """The tables of the audit trail that are not there, or are something else."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if connection.dialect.name != "sqlite":
        names = (
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'core\\_audit%' "
            "AND pg_table_is_visible(oid)"
        )
    there = set((await connection.execute(text(names))).scalars())
    return [name for name in AUDIT_TABLES if name not in there]


async def unexpected_objects(connection: AsyncConnection) -> list[str]:
    """What the migrations did not make, or made otherwise, one sentence each."""
    missing = await missing_audit_tables(connection)
    found = [f"The table {name} of the audit trail is missing." for name in missing]
    is_sqlite = connection.dialect.name == "sqlite"
    look = _in_sqlite if is_sqlite else _in_postgres
    return [*found, *await look(connection)]


async def _in_sqlite(connection: AsyncConnection) -> list[str]:
    rows = (await connection.execute(text(_SQLITE_OBJECTS))).all()
    triggers = [
        (row.name, Trigger(row.tbl_name, _squeezed(row.sql)))
        for row in rows
        if row.type == "trigger"
    ]
    found = list(_compare(triggers, TRIGGERS_OF_SQLITE))
    for row in rows:
        if row.type == "view" and (row.name.startswith(_AUDIT) or _AUDIT in row.sql.lower()):
            found.append(f"There is an unexpected view {row.name} on the audit trail.")
        elif row.type == "table" and row.name in AUDIT_TABLES:
            words = sorted(set(_CHANGES_ROWS.findall(row.sql.lower())))
            if words:
                found.append(f"The table {row.name} was altered ({', '.join(words)}).")
    return found


async def _in_postgres(connection: AsyncConnection) -> list[str]:
    rows = (await connection.execute(_POSTGRES_TRIGGERS)).all()
    triggers, found = [], []
    for name, table, enabled, sql, function, language, is_configured in rows:
        short = _squeezed(_SCHEMA_NAME.sub("", sql))
        triggers.append((name, Trigger(table, short, _squeezed(function))))
        if name in TRIGGERS_OF_POSTGRES and enabled not in ("O", "A"):
            found.append(f"The trigger {name} on {table} is disabled.")
        if name in TRIGGERS_OF_POSTGRES and (language != "plpgsql" or is_configured):
            found.append(f"The function of the trigger {name} on {table} was altered.")
    found += _compare(triggers, TRIGGERS_OF_POSTGRES)
    for table, kind, has_security, *lists, inherits in await connection.execute(_POSTGRES_TABLES):
        if kind != "r":
            found.append(f"{table} is no table, but something that stands in its place.")
            continue
        kinds = ("rule", "row security policy", "constraint", "generated column")
        for what, names in zip(kinds, lists, strict=True):
            found += [f"There is an unexpected {what} {name} on {table}." for name in names]
        if has_security:
            found.append(f"Row security is enabled on {table}.")
        if inherits:
            found.append(f"The table {table} shares its rows with another one.")
    role = text("SELECT current_setting('session_replication_role')")
    if (await connection.execute(role)).scalar_one() != "origin":
        found.append("Triggers do not fire: session_replication_role is not 'origin'.")
    return found


def _compare(there: list[tuple[str, Trigger]], expected: Mapping[str, Trigger]) -> Iterator[str]:
    # On PostgreSQL two tables can have triggers of the same name.
    tables = {(name, trigger.table): trigger for name, trigger in there}
    for name, trigger in expected.items():
        present = tables.pop((name, trigger.table), None)
        if present is None:
            yield f"The trigger {name} on {trigger.table} is missing."
        elif present != trigger:
            yield f"The trigger {name} on {trigger.table} was altered."
    for (name, table), trigger in tables.items():
        says_audit = _AUDIT in f"{trigger.sql} {trigger.function}".lower()
        if table.startswith(_OURS) or says_audit:
            yield f"There is an unexpected trigger {name} on {table}."


def _squeezed(sql: Any) -> str:
    return re.sub(r"\s+", " ", sql).strip()
