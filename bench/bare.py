"""The least that our requests can cost on our stack: the measure for our own.

No framework, no rules: the same token is verified with the same library, the same rows are read
and written through the raw driver. Served with granian, like the platform, on its database.
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import jwt
import orjson
from uuid_utils.compat import uuid7

SECRET = os.environ.get("BARE_SECRET", "")
DATABASE = os.environ.get("BARE_DATABASE", "")
IS_SQLITE = not DATABASE.startswith("postgres")
CONNECTIONS = 10

PRINCIPAL = """
SELECT s.id, s.kind, s.last_seen_at, s.expires_at, s.created_at, s.roles_at_issue, s.cookie_hash,
    s.rotated_at, u.id, u.email, u.display_name, u.status, u.must_change_password,
    u.sessions_valid_from, (SELECT version FROM core_access_stamp WHERE id = 1)
FROM core_sessions s JOIN core_users u ON u.id = s.user_id
WHERE s.ended_at IS NULL AND s.id = {0}
"""
ROLE = "SELECT id FROM core_roles WHERE name = {0}"
USER = """
INSERT INTO core_users (id, email, email_key, display_name, password_hash, status, verified,
    must_change_password, created_at, updated_at, last_sign_in_at, sessions_valid_from, version,
    name_order, email_order, search_text)
VALUES ({0}, {1}, {1}, {2}, {3}, 'active', false, false, {4}, {4}, {5}, {5}, 1, {2}, {1}, {6})
"""
USER_ROLE = "INSERT INTO core_user_roles (user_id, role_id) VALUES ({0}, {1})"
AUDIT = """
INSERT INTO core_audit_entries (id, at, action, outcome, actor_kind, actor_id, actor_name,
    actor_email, session_id, target_type, target_id, target_label, changes, detail, error_code,
    request_id, channel, address, user_agent, duration_ms, on_behalf_of, trace_id, module, reason)
VALUES ({0}, {1}, 'user.create', 'succeeded', 'user', {2}, {3}, {4}, {5}, 'user', {6}, {7}, {8},
    '{{}}', '', {9}, 'api', '127.0.0.1', '', 0, '', '', 'users', '')
"""
LISTS = {
    "/users": """
SELECT id, email, display_name, status, verified, must_change_password, created_at, updated_at,
    last_sign_in_at, version FROM core_users ORDER BY id DESC LIMIT 51
""",
    "/roles": """
SELECT id, name, description, created_at, updated_at, version
FROM core_roles ORDER BY name_order, id LIMIT 51
""",
    "/audit": """
SELECT id, at, action, outcome, actor_kind, actor_id, actor_name, actor_email, session_id,
    target_type, target_id, target_label, changes, detail, error_code, request_id, channel,
    address, user_agent, duration_ms, on_behalf_of, trace_id, module, reason
FROM core_audit_entries ORDER BY id DESC LIMIT 51
""",
    "/items": """
SELECT i.id, i.name, i.quantity, i.price, i.state, i.insured, p.id, p.name, i.counted_at,
    i.created_at, i.updated_at, i.version
FROM inventory_item i LEFT JOIN inventory_place p ON p.id = i.place_id ORDER BY i.id DESC LIMIT 51
""",
}
"""A page of each list, with the columns of ours."""
PASSWORD_HASH = "$2b$04$" + "x" * 53
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Statement = tuple[str, tuple[Any, ...]]


class SQLite:
    """The standard driver, called in line."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(DATABASE, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")

    async def row(self, sql: str, *values: Any) -> Any:
        """One row."""
        return self._connection.execute(sql, values).fetchone()

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """All rows, by column."""
        cursor = self._connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    async def write(self, statements: list[Statement]) -> None:
        """Run statements in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            self._connection.execute(sql, values)
        self._connection.execute("COMMIT")


class PostgreSQL:
    """asyncpg, with connections that are handed on as they are."""

    def __init__(self) -> None:
        self._idle: asyncio.LifoQueue[asyncpg.Connection] = asyncio.LifoQueue()
        self._opened = 0

    @asynccontextmanager
    async def _connection(self) -> Any:
        if self._idle.empty() and self._opened < CONNECTIONS:
            self._opened += 1
            connection = await asyncpg.connect(DATABASE.replace("+asyncpg", ""))
        else:
            connection = await self._idle.get()
        yield connection
        self._idle.put_nowait(connection)

    async def row(self, sql: str, *values: Any) -> Any:
        """One row."""
        async with self._connection() as connection:
            return await connection.fetchrow(sql, *values)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """All rows, by column."""
        async with self._connection() as connection:
            return [dict(row) for row in await connection.fetch(sql)]

    async def write(self, statements: list[Statement]) -> None:
        """Run statements in one transaction."""
        async with self._connection() as connection, connection.transaction():
            for sql, values in statements:
                await connection.execute(sql, *values)


database = SQLite() if IS_SQLITE else PostgreSQL()


def written(sql: str) -> str:
    """The statement with the driver's parameters in place of `{0}`, `{1}` and so on."""
    sign = "?" if IS_SQLITE else "$"
    return sql.format(*(f"{sign}{number}" for number in range(1, 11)))


def stored(value: Any) -> Any:
    """The value as the platform stores it."""
    if not IS_SQLITE:
        return value
    if isinstance(value, UUID):
        return value.hex
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value


SQL = {name: written(text) for name, text in globals().items() if name in ("PRINCIPAL", "ROLE")}
INSERTS = tuple(map(written, (USER, USER_ROLE, AUDIT)))


async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer `GET /me`, a page of each list, and `POST /users`."""
    if scope["type"] != "http":
        return
    header = dict(scope["headers"])[b"authorization"].decode()
    token = header.removeprefix("Bearer ")
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="atrium.api", issuer="atrium")
    principal = await database.row(SQL["PRINCIPAL"], stored(UUID(claims["sid"])))
    if scope["method"] == "POST":
        answer = await create(principal, (await receive())["body"])
    elif scope["path"] in LISTS:
        answer = {"items": await database.rows(LISTS[scope["path"]])}
    else:
        answer = {"id": str(principal[8]), "email": principal[9], "display_name": principal[10]}
    body = orjson.dumps(answer, str)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def create(principal: Any, body: bytes) -> dict[str, Any]:
    """Add a user with a role and an audit entry in one transaction."""
    new = orjson.loads(body)
    email, name = new["email"], new["display_name"]
    (role_id,) = await database.row(SQL["ROLE"], "user")
    user_id, now = stored(uuid7()), stored(datetime.now(UTC))
    search = f"  {name}\n  {email}".lower()
    never = stored(NEVER)
    changes = orjson.dumps([{"field": key, "before": None, "after": new[key]} for key in new])
    actor = (principal[8], principal[10], principal[9], principal[0])
    entry = (stored(uuid7()), now, *actor, str(user_id), email)
    await database.write(
        [
            (INSERTS[0], (user_id, email, name, PASSWORD_HASH, now, never, search)),
            (INSERTS[1], (user_id, role_id)),
            (INSERTS[2], (*entry, changes.decode(), uuid7().hex)),
        ]
    )
    return {"id": str(user_id), "email": email, "display_name": name}
