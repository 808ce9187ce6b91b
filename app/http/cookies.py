"""The console's session cookie: opaque, HttpOnly, SameSite=Lax, Secure on https."""

from collections.abc import MutableMapping
from typing import Any

from starlette.requests import cookie_parser
from starlette.responses import Response

NAME = "atrium_session"


def session_cookie(scope: MutableMapping[str, Any]) -> str | None:
    """The session cookie of a request or websocket handshake, or None."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            found: str | None = cookie_parser(value.decode("latin-1")).get(NAME)
            if found:
                return found
    return None


def set_session_cookie(
    response: Response, value: str, *, lifetime_seconds: int, https: bool
) -> None:
    """Give the browser its session."""
    response.set_cookie(
        NAME,
        value,
        max_age=lifetime_seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=https,
    )


def clear_session_cookie(response: Response, *, https: bool) -> None:
    """Take the session from the browser."""
    response.delete_cookie(NAME, path="/", httponly=True, samesite="lax", secure=https)
