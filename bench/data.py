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
from typing import Any
from uuid import UUID

import asyncpg

from bench import servers
from scripts.build_frontend import ROOT

HOME = ROOT / "var" / "bench"
SMALL = 10_000
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=365)
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
ACTIONS = ("user.update", "auth.sign_in", "auth.token.refresh", "user.create", "role.update")
ACTORS = 200

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
    "search_text",
]
_ENTRIES = [
    "id",
    "at",
    "action",
    "outcome",
    "actor_kind",
    "actor_id",
    "actor_name",
    "actor_email",
    "target_type",
    "target_id",
    "target_label",
    "changes",
    "detail",
    "error_code",
    "request_id",
    "channel",
    "address",
    "user_agent",
    "duration_ms",
]
_GIVE_ROLE = (
    "INSERT INTO core_user_roles (user_id, role_id) SELECT u.id, r.id FROM core_users u "
    "JOIN core_roles r ON r.name = 'user' WHERE u.password_hash = ''"
)


# Lists are not to be measured while a million entries are being sealed.
_LEAVE_UNSEALED = "DELETE FROM core_audit_unsealed"


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


def first_name(number: int) -> str:
    """The first name of a user; 140 are in use."""
    return FIRST_NAMES[_scattered(number) % len(FIRST_NAMES)]


def last_name(number: int) -> str:
    """The last name of a user; 1,960 are in use."""
    return LAST_NAMES[(_scattered(number) >> 16) % len(LAST_NAMES)]


@contextlib.contextmanager
def sqlite(rows: int) -> Iterator[tuple[str, str]]:
    """The addresses of a small and of a large database, in SQLite."""
    home = _home("sqlite", rows)
    urls = [f"sqlite:///{home / f'{size}.db'}" for size in (SMALL, rows)]
    if not (home / "complete").exists():
        for url, size in zip(urls, (SMALL, rows), strict=True):
            with servers.platform(url):
                pass
            _fill_sqlite(Path(url.removeprefix("sqlite:///")), size)
        (home / "complete").touch()
    yield urls[0], urls[1]


@contextlib.contextmanager
def postgres(rows: int) -> Iterator[tuple[str, str]]:
    """The addresses of a small and of a large database, in PostgreSQL."""
    home = _home("postgres", rows)
    with servers.postgres(home) as server:
        urls = [server.url(f"rows_{size}") for size in (SMALL, rows)]
        if not (home / "complete").exists():
            for url, size in zip(urls, (SMALL, rows), strict=True):
                server.run(f"CREATE DATABASE rows_{size}")
                with servers.platform(url):
                    pass
                asyncio.run(_fill_postgres(url, size))
                server.run("VACUUM ANALYZE", f"rows_{size}")
            (home / "complete").touch()
        yield urls[0], urls[1]


def _home(kind: str, rows: int) -> Path:
    """A folder for this kind, size, schema and content; those of other contents are removed."""
    made_of = [Path(__file__), *sorted((ROOT / "migrations" / "versions").glob("*.py"))]
    content = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:12]
    home = HOME / f"{kind}-{rows}-{content}"
    for other in HOME.glob(f"{kind}-{rows}-*"):
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
        search = f"{first} {last} {first} {last}{number} example com".lower()
        status = "suspended" if number % 50 == 0 else "active"
        seen = at + timedelta(hours=number % 1000)
        name = f"{first} {last}"
        row = (table.id(number), email, name, "", status, True, False, at, at, seen)
        yield *row, _NEVER, 1, search


def _entries(rows: int) -> Iterator[tuple[Any, ...]]:
    table = Table(rows)
    changes = '[{"field": "display_name", "before": "Ada Byron", "after": "Ada Lovelace"}]'
    for number in range(rows):
        scattered = _scattered(number)
        actor, target = scattered % ACTORS, scattered % rows
        outcome = "denied" if number % 100 == 0 else "succeeded"
        name = f"{first_name(actor)} {last_name(actor)}"
        did = (table.id(number), table.at(number), ACTIONS[scattered % len(ACTIONS)], outcome)
        who = ("user", table.id(actor), name, f"actor{actor}@example.com")
        what = ("user", str(table.id(target)), f"user{target}@example.com", changes, "{}", "")
        yield *did, *who, *what, f"{scattered:032x}", "api", "127.0.0.1", "python", 3


def _fill_sqlite(path: Path, rows: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-512000")
    for name, columns, made in (
        ("core_users", _USERS, _users(rows)),
        ("core_audit_entries", _ENTRIES, _entries(rows)),
    ):
        signs = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({signs})"  # noqa: S608 - names are above
        connection.executemany(statement, (tuple(map(_for_sqlite, row)) for row in made))
    connection.execute(_GIVE_ROLE)
    connection.execute(_LEAVE_UNSEALED)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value


async def _fill_postgres(url: str, rows: int) -> None:
    connection = await asyncpg.connect(url)
    for name, columns, made in (
        ("core_users", _USERS, _users(rows)),
        ("core_audit_entries", _ENTRIES, _entries(rows)),
    ):
        await connection.copy_records_to_table(name, records=made, columns=columns)
    await connection.execute(_GIVE_ROLE)
    await connection.execute(_LEAVE_UNSEALED)
    await connection.close()
