"""What people and roles are sorted by, and an index of parts of words in place of their beginnings.

All rows are folded once more, in Python: some minutes for a million users.
"""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.core.folding import order_key
from app.core.models import ORDER_KEY
from app.core.search import search_text

revision = "core_0008"
down_revision = "core_0007"
branch_labels = None
depends_on = None

_STEP = 5_000
_SEARCHED = {
    "core_users": "ix_core_users_search",
    "core_audit_subjects": "ix_core_audit_subjects_search",
}
_ORDERED = (("core_users", "name"), ("core_users", "email"), ("core_roles", "name"))

_RUNS = """
CREATE FUNCTION core_search_runs(stored text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT COST 200 AS '
DECLARE
    letters text[] := string_to_array(stored, NULL);
    found text[];
BEGIN
    FOR i IN 1 .. cardinality(letters) - 2 LOOP
        found[i] := letters[i] || letters[i + 1] || letters[i + 2];
    END LOOP;
    RETURN found;
END'
"""

_FORGET_USER = (
    "INSERT INTO core_user_search (core_user_search, rowid, search_text) "
    "SELECT 'delete', doc, old.search_text FROM core_user_search_docs WHERE user_id = old.id; "
)
_LEARN_USER = (
    "INSERT INTO core_user_search (rowid, search_text) "
    "SELECT doc, new.search_text FROM core_user_search_docs WHERE user_id = new.id; "
)
_TRIGGERS = {
    "core_users_search_insert": "AFTER INSERT ON core_users BEGIN "
    f"INSERT INTO core_user_search_docs (user_id) VALUES (new.id); {_LEARN_USER}END",
    "core_users_search_update": "AFTER UPDATE OF search_text ON core_users "
    f"WHEN old.search_text <> new.search_text BEGIN {_FORGET_USER}{_LEARN_USER}END",
    "core_users_search_delete": f"AFTER DELETE ON core_users BEGIN {_FORGET_USER}"
    "DELETE FROM core_user_search_docs WHERE user_id = old.id; END",
    "core_audit_subjects_insert": "AFTER INSERT ON core_audit_subjects BEGIN "
    "INSERT INTO core_audit_subject_search (rowid, search_text) "
    "VALUES (new.number, new.search_text); END",
    "core_audit_subjects_delete": "AFTER DELETE ON core_audit_subjects BEGIN "
    "INSERT INTO core_audit_subject_search (core_audit_subject_search, rowid, search_text) "
    "VALUES ('delete', old.number, old.search_text); END",
}
"""As they were made before; dropped while all rows change."""

_FILL = (
    """
    INSERT INTO core_user_search (rowid, search_text)
    SELECT doc, search_text
    FROM core_user_search_docs JOIN core_users ON core_users.id = user_id ORDER BY doc
    """,
    """
    INSERT INTO core_audit_subject_search (rowid, search_text)
    SELECT number, search_text FROM core_audit_subjects ORDER BY number
    """,
)


def upgrade() -> None:
    """Add the columns, fill them, and index runs of three characters."""
    for table, name in _ORDERED:
        column = sa.Column(f"{name}_order", ORDER_KEY, nullable=False, server_default="")
        op.add_column(table, column)
    found_by = sa.Column("search_text", sa.String(1000), nullable=False, server_default="")
    op.add_column("core_roles", found_by)
    _drop_search()
    _change(
        "core_users",
        "id",
        ("display_name", "email"),
        lambda row: {
            "name_order": order_key(row.display_name),
            "email_order": order_key(row.email),
            "search_text": search_text(row.display_name, row.email),
        },
    )
    _change(
        "core_roles",
        "id",
        ("name",),
        lambda row: {"name_order": order_key(row.name), "search_text": search_text(row.name)},
    )
    _change(
        "core_audit_subjects",
        "number",
        ("label",),
        lambda row: {"search_text": search_text(row.label)},
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_RUNS)
    _create_search("trigram case_sensitive 1", "core_search_runs(search_text)")
    op.drop_index("ix_core_users_display_name", "core_users")
    for table, name in _ORDERED:
        op.create_index(f"ix_{table}_{name}_order", table, [f"{name}_order", "id"])


def downgrade() -> None:
    """Find words by their beginnings again."""
    for table, name in _ORDERED:
        op.drop_index(f"ix_{table}_{name}_order", table)
        op.drop_column(table, f"{name}_order")
    op.drop_column("core_roles", "search_text")
    _drop_search()
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION core_search_runs(text)")
    _change(
        "core_users",
        "id",
        ("display_name", "email"),
        lambda row: {"search_text": _words(f"{row.display_name} {row.email}")},
    )
    _change(
        "core_audit_subjects", "number", ("label",), lambda row: {"search_text": _words(row.label)}
    )
    _create_search("unicode61', prefix='2 3", "to_tsvector('simple', search_text)")
    op.create_index("ix_core_users_display_name", "core_users", ["display_name", "id"])


def _drop_search() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, index in _SEARCHED.items():
            op.drop_index(index, table)
        return
    for trigger in _TRIGGERS:
        op.execute(f"DROP TRIGGER {trigger}")
    op.drop_table("core_user_search")
    op.drop_table("core_audit_subject_search")


def _create_search(tokenizer: str, expression: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, index in _SEARCHED.items():
            op.execute(f"CREATE INDEX {index} ON {table} USING gin ({expression})")
        return
    for table in ("core_user_search", "core_audit_subject_search"):
        op.execute(
            f"CREATE VIRTUAL TABLE {table} USING fts5("
            f"search_text, content='', tokenize='{tokenizer}')"
        )
    for statement in _FILL:
        op.execute(statement)
    for name, trigger in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {trigger}")


def _change(
    name: str,
    key: str,
    read: tuple[str, ...],
    values: Callable[[Any], Mapping[str, str]],
) -> None:
    """Give every row of a table new values, some thousand at a time, in order of its key."""
    kind: Any = sa.Uuid() if key == "id" else sa.BigInteger()
    texts = ("display_name", "email", "label", "name", "name_order", "email_order", "search_text")
    table: Any = sa.table(name, sa.column(key, kind), *map(sa.column, texts))
    bind, column = op.get_bind(), table.c[key]
    rows = sa.select(column.label("key"), *(table.c[each] for each in read)).order_by(column)
    some = bind.execute(rows.limit(_STEP)).all()
    while some:
        changes = [{"row_key": row.key, **values(row)} for row in some]
        names = [each for each in changes[0] if each != "row_key"]
        set_to: Any = {each: sa.bindparam(each) for each in names}
        mine = column == sa.bindparam("row_key", type_=kind)
        bind.execute(table.update().where(mine).values(set_to), changes)
        some = bind.execute(rows.where(column > some[-1].key).limit(_STEP)).all()


def _words(typed: str) -> str:
    """The words of a text as they were stored before."""
    plain = unicodedata.normalize("NFKD", typed.casefold())
    kept = (
        character if character.isalnum() else " "
        for character in plain
        if not unicodedata.combining(character)
    )
    return " ".join("".join(kept).split())[:1000]
