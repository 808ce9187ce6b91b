"""Large tables, filled as fast as the databases take rows, and kept for the next run.

A row is made of its number alone, so whoever measures knows it without asking.
"""

import asyncio
import contextlib
import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import asyncpg

from app.core.folding import order_key
from app.core.search import search_text
from bench import servers
from scripts.build_frontend import ROOT

HOME = ROOT / "var" / "bench"
SMALL = 10_000
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=365)
_BEGIN_MS = int(_BEGIN.timestamp() * 1000)
_SPAN_MS = int(_SPAN.total_seconds() * 1000)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

_SYLLABLES = ["an", "be", "co", "da", "el", "fi", "ga", "ho", "is", "jo", "ka", "li", "mo", "ni"]
_ENDINGS = ["ra", "ton", "ve", "lin", "sa", "rick", "mar", "dor", "na", "bert"]
FIRST_NAMES = [f"{start}{end}".capitalize() for start in _SYLLABLES for end in _ENDINGS]
LAST_NAMES = [
    f"{start}{middle}{end}".capitalize()
    for start in _SYLLABLES
    for middle in _SYLLABLES
    for end in _ENDINGS
]

# Frequent first; each is less frequent than the one before.
_NOUNS = ("user", "auth", "role", "session", "view", "order", "invoice", "parcel", "stock", "page")
_VERBS = ("update", "create", "read", "delete")
ACTIONS = tuple(f"{noun}.{verb}" for verb in _VERBS for noun in _NOUNS)
RARE_ACTION = "user.set_grants"
ACTORS = 200
RARE_ACTOR = ACTORS
FREQUENT_TARGET = "the most frequent one"
RARE_TYPE = "report"
RARE = 60
"""So often there is what is rare, however large the table: a page of it is always full."""

_USERS = [
    "id",
    "email",
    "display_name",
    "password_hash",
    "status",
    "verified",
    "must_change_password",
    "created_at",
    "updated_at",
    "last_sign_in_at",
    "sessions_valid_from",
    "version",
    "name_order",
    "email_order",
    "search_text",
]
_GIVE_ROLE = (
    "INSERT INTO core_user_roles (user_id, role_id) SELECT u.id, r.id FROM core_users u "
    "JOIN core_roles r ON r.name = 'user' WHERE u.password_hash = ''"
)

_NUMBER = """
INSERT INTO core_user_search_docs (user_id)
SELECT id FROM core_users WHERE id NOT IN (SELECT user_id FROM core_user_search_docs) ORDER BY id
"""
_INDEX = """
INSERT INTO core_user_search (rowid, search_text) SELECT doc, search_text
FROM core_user_search_docs JOIN core_users ON core_users.id = user_id
WHERE password_hash = '' ORDER BY doc
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table's size, and its rows by number."""

    rows: int

    def at(self, number: int) -> datetime:
        """When the row was made: evenly over a year."""
        return _BEGIN + _SPAN * (number / self.rows)

    def id(self, number: int) -> UUID:
        """A UUIDv7 of that time."""
        milliseconds = int(self.at(number).timestamp() * 1000)
        return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | _scattered(number))


class Trail(Table):
    """The same of the audit trail, of which SQL makes the rows."""

    def id(self, number: int) -> UUID:
        """As in `_entries`."""
        return UUID(int=self.milliseconds(number) << 80 | 0x7 << 76 | 0b10 << 62 | number)

    def at(self, number: int) -> datetime:
        """To the millisecond."""
        return datetime.fromtimestamp(self.milliseconds(number) / 1000, UTC)

    def milliseconds(self, number: int) -> int:
        """When the row was made, since 1970."""
        return _BEGIN_MS + _SPAN_MS * number // self.rows

    @property
    def targets(self) -> int:
        """How many users something was done to, about `RARE` times to each."""
        return self.rows // RARE


def actor_id(actor: int) -> UUID:
    """The id of one who acted; the first ones do so most often."""
    return UUID(int=actor + 1)


def target_id(target: int) -> UUID:
    """The id of a user something was done to."""
    return UUID(int=(1 << 64) + target)


def first_name(number: int) -> str:
    """The first name of a user; 140 are in use."""
    return FIRST_NAMES[_scattered(number) % len(FIRST_NAMES)]


def last_name(number: int) -> str:
    """The last name of a user; 1,960 are in use."""
    return LAST_NAMES[(_scattered(number) >> 16) % len(LAST_NAMES)]


Content = Literal["users", "trail"]
Sizes = tuple[int, int]
"""The rows of a small and of a large table."""


@contextlib.contextmanager
def sqlite(content: Content, sizes: Sizes) -> Iterator[tuple[str, str]]:
    """The addresses of a small and of a large database, in SQLite."""
    home = _home("sqlite", content, sizes)
    urls = [f"sqlite:///{home / f'{size}.db'}" for size in sizes]
    if not (home / "complete").exists():
        for url, size in zip(urls, sizes, strict=True):
            with servers.platform(url):
                pass
            asyncio.run(fill(url, content, size))
        (home / "complete").touch()
    yield urls[0], urls[1]


@contextlib.contextmanager
def postgres(content: Content, sizes: Sizes) -> Iterator[tuple[str, str]]:
    """The addresses of a small and of a large database, in PostgreSQL."""
    home = _home("postgres", content, sizes)
    with servers.postgres(home) as server:
        urls = [server.url(f"rows_{size}") for size in sizes]
        if not (home / "complete").exists():
            for url, size in zip(urls, sizes, strict=True):
                server.run(f"CREATE DATABASE rows_{size}")
                with servers.platform(url):
                    pass
                asyncio.run(fill(url, content, size))
                server.run("VACUUM ANALYZE", f"rows_{size}")
            (home / "complete").touch()
        yield urls[0], urls[1]


async def fill(url: str, content: Content, rows: int) -> None:
    """Fill a migrated database."""
    if url.startswith("sqlite"):
        _fill_sqlite(Path(url.removeprefix("sqlite:///")), content, rows)
    else:
        await _fill_postgres(url.replace("+asyncpg", ""), content, rows)


def _home(kind: str, of: Content, sizes: Sizes) -> Path:
    """A folder for this kind, size, schema and content; those of other schemas are removed."""
    made_of = [Path(__file__), *sorted((ROOT / "migrations" / "versions").glob("*.py"))]
    content = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:12]
    name = f"{kind}-{of}-{sizes[1]}"
    home = HOME / f"{name}-{content}"
    for other in HOME.glob(f"{name}-*"):
        if other != home or not (home / "complete").exists():
            shutil.rmtree(other)
    home.mkdir(parents=True, exist_ok=True)
    return home


def _scattered(number: int) -> int:
    return number * 0x9E3779B97F4A7C15 + 0x1D8E4E27C47D124F & (1 << 62) - 1


def _users(rows: int) -> Iterator[tuple[Any, ...]]:
    table = Table(rows)
    for number in range(rows):
        at = table.at(number)
        first, last = first_name(number), last_name(number)
        email = f"{first}.{last}{number}@example.com".lower()
        status = "suspended" if number % 50 == 0 else "active"
        seen = at + timedelta(hours=number % 1000)
        name = f"{first} {last}"
        row = (table.id(number), email, name, "", status, True, False, at, at, seen)
        yield *row, _NEVER, 1, order_key(name), order_key(email), search_text(name, email)


def _fill_sqlite(path: Path, content: Content, rows: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-512000")
    if content == "users":
        signs = ", ".join("?" * len(_USERS))
        statement = f"INSERT INTO core_users ({', '.join(_USERS)}) VALUES ({signs})"  # noqa: S608 - names are above
        # Row by row, the index of the search would be written out after each.
        trigger = "FROM sqlite_schema WHERE name = 'core_users_search_insert'"
        [create] = connection.execute(f"SELECT sql {trigger}").fetchone()
        connection.execute("DROP TRIGGER core_users_search_insert")
        connection.executemany(statement, (tuple(map(_for_sqlite, row)) for row in _users(rows)))
        connection.execute(_NUMBER)
        connection.execute(_INDEX)
        connection.execute(create)
        connection.execute(_GIVE_ROLE)
    else:
        of_entries = "FROM sqlite_schema WHERE tbl_name = 'core_audit_entries' AND sql IS NOT NULL"
        found = connection.execute(
            f"SELECT type, name, sql {of_entries} AND type IN ('index', 'trigger')"
        ).fetchall()
        for kind, name, _ in found:
            connection.execute(f"DROP {kind} {name}")
        for statement in _entries(rows, _SQLITE):
            connection.execute(statement)
        for _, _, statement in found:
            connection.execute(statement)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value


async def _fill_postgres(url: str, content: Content, rows: int) -> None:
    connection = await asyncpg.connect(url)
    if content == "users":
        search = "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_core_users_search'"
        create = await connection.fetchval(search)
        await connection.execute("DROP INDEX ix_core_users_search")
        await connection.copy_records_to_table("core_users", records=_users(rows), columns=_USERS)
        await connection.execute(create)
        await connection.execute(_GIVE_ROLE)
    else:
        found = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'core_audit_entries' "
            "AND indexname LIKE 'ix%'"
        )
        for name, _ in found:
            await connection.execute(f"DROP INDEX {name}")
        # Lists are not to be measured while millions of entries are being sealed.
        await connection.execute("ALTER TABLE core_audit_entries DISABLE TRIGGER USER")
        for statement in _entries(rows, _POSTGRESQL):
            await connection.execute(statement)
        await connection.execute("ALTER TABLE core_audit_entries ENABLE TRIGGER USER")
        for _, statement in found:
            await connection.execute(statement)
    await connection.close()


@dataclass(frozen=True, slots=True)
class _Sql:
    """What each kind of database writes in its own way; `{}` stands for an expression."""

    numbers: str
    hex12: str
    at: str
    uuid: str
    id_of: str


_SQLITE = _Sql(
    numbers="(WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {}) "
    "SELECT n FROM n)",
    hex12="printf('%012x', {})",
    at="datetime({0} / 1000, 'unixepoch') || printf('.%03d000', {0} % 1000)",
    uuid="{}",
    id_of="substr({0}, 1, 8) || '-' || substr({0}, 9, 4) || '-' || substr({0}, 13, 4) || '-' || "
    "substr({0}, 17, 4) || '-' || substr({0}, 21)",
)
_POSTGRESQL = _Sql(
    numbers="(SELECT n FROM generate_series(0::bigint, {} - 1) AS n)",
    hex12="lpad(to_hex({}), 12, '0')",
    at="to_timestamp({} / 1000.0)",
    uuid="({})::uuid",
    id_of="({})::uuid::text",
)


def _entries(rows: int, sql: _Sql) -> Iterator[str]:
    """Statements that make the entries, and what their search knows."""
    trail = Trail(rows)
    texts = "id TEXT, name TEXT, email TEXT"
    yield f"CREATE TEMPORARY TABLE actors (number BIGINT PRIMARY KEY, {texts})"
    yield "CREATE TEMPORARY TABLE actions (number BIGINT PRIMARY KEY, name TEXT)"
    people = [
        f"({n}, '{actor_id(n).hex}', '{first_name(n)} {last_name(n)}', 'actor{n}@example.com')"
        for n in range(ACTORS + 1)
    ]
    yield f"INSERT INTO actors VALUES {', '.join(people)}"  # noqa: S608 - ours
    names = [f"({n}, '{name}')" for n, name in enumerate((*ACTIONS, RARE_ACTION))]
    yield f"INSERT INTO actions VALUES {', '.join(names)}"  # noqa: S608 - ours
    every = rows // RARE
    milliseconds = f"({_BEGIN_MS} + {_SPAN_MS} * n / {rows})"
    head, tail = sql.hex12.format(milliseconds), sql.hex12.format("n")
    entry_id = sql.uuid.format(f"{head} || '70008000' || {tail}")
    target = f"'{target_id(0).hex[:20]}' || {sql.hex12.format('target')}"
    label = "'user' || target || '@example.com'"
    # The square of an even chance: what comes first is frequent. Large primes mix the three.
    made = f"""
        SELECT
            n,
            CASE WHEN n % {every} = 1 THEN {len(ACTIONS)} ELSE
                (n * 48271 % 1000003 % 1000) * (n * 48271 % 1000003 % 1000)
                * {len(ACTIONS)} / 1000000 END AS action,
            CASE WHEN n % {every} = 2 THEN {RARE_ACTOR} ELSE
                (n * 69621 % 1000033 % 1000) * (n * 69621 % 1000033 % 1000)
                * {ACTORS} / 1000000 END AS actor,
            n * 16807 % 2147483647 % {trail.targets} AS target
        FROM {sql.numbers.format(rows)} AS numbers
    """  # noqa: S608 - numbers only
    yield f"""
        INSERT INTO core_audit_entries (
            id, at, action, outcome, actor_kind, actor_id, actor_name, actor_email,
            target_type, target_id, target_label, changes, detail, error_code, request_id,
            channel, address, user_agent, duration_ms, on_behalf_of, trace_id, module, reason
        )
        SELECT
            {entry_id}, {sql.at.format(milliseconds)}, actions.name,
            CASE WHEN made.n % {every} = 3 THEN 'failed' WHEN made.n % 100 = 0 THEN 'denied'
                ELSE 'succeeded' END,
            'user', {sql.uuid.format("actors.id")}, actors.name, actors.email,
            CASE WHEN made.n % {every} = 4 THEN '{RARE_TYPE}' WHEN made.n % 100 = 5 THEN 'role'
                ELSE 'user' END,
            CASE WHEN made.n % 100 = 5 THEN '{FREQUENT_TARGET}'
                ELSE {sql.id_of.format(f"({target})")} END,
            CASE WHEN made.n % 100 = 5 THEN 'Editors' ELSE {label} END,
            '[{{"field": "display_name", "before": "Ada Byron", "after": "Ada Lovelace"}}]',
            '{{}}', '', '{"0" * 20}' || {tail}, 'api', '127.0.0.1', 'python', 3,
            '', '{"0" * 20}' || {tail}, 'users', ''
        FROM ({made}) AS made
        JOIN actors ON actors.number = made.actor
        JOIN actions ON actions.number = made.action
    """  # noqa: S608 - likewise
    columns = "key, type, subject_id, label, search_text"
    key = sql.uuid.format(f"'{'0' * 20}' || {sql.hex12.format('target')}")
    yield f"""
        INSERT INTO core_audit_subjects ({columns})
        SELECT {key}, 'user', {sql.id_of.format(f"({target})")}, {label},
            '  user' || target || 'examplecom  ex  co'
        FROM (SELECT n AS target FROM {sql.numbers.format(trail.targets)} AS numbers) AS made
    """  # noqa: S608 - likewise
    known = sql.uuid.format("'f' || substr(id, 2)")
    yield f"""
        INSERT INTO core_audit_subjects ({columns})
        SELECT {known}, '', {sql.id_of.format("id")}, name || ' ' || email,
            '  ' || replace(lower(name), ' ', '  ') || '  actor' || number || 'examplecom  ex  co'
        FROM actors
    """  # noqa: S608 - likewise
