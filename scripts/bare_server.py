"""The least that an authenticated GET can cost on our stack: the measure for our own.

Verifies a token, reads one row by its key in line, and answers; no routing, no rules. Served by
the benchmark with granian, like the platform.
"""

import os
import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import jwt
import orjson

SECRET = os.environ.get("BARE_SECRET", "")
DATABASE = os.environ.get("BARE_DATABASE", "")
CREATE = "CREATE TABLE IF NOT EXISTS person (email TEXT PRIMARY KEY, name TEXT)"
SELECT = "SELECT email, name FROM person WHERE email = ?"
HEADERS = [(b"content-type", b"application/json")]

Message = MutableMapping[str, Any]

connection = sqlite3.connect(DATABASE or ":memory:", check_same_thread=False)
connection.execute(CREATE)
connection.execute("INSERT OR REPLACE INTO person VALUES ('admin@example.com', 'Administrator')")
connection.commit()


async def app(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer one request with the row of the token's subject."""
    del receive
    if scope["type"] != "http":
        return
    header = dict(scope["headers"])[b"authorization"].decode()
    claims = jwt.decode(header.removeprefix("Bearer "), SECRET, algorithms=["HS256"])
    row = connection.execute(SELECT, (claims["sub"],)).fetchone()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": orjson.dumps(row)})
