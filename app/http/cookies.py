"""The console's session cookie: opaque, HttpOnly, SameSite=Lax; Secure and `__Host-` over https."""

from collections.abc import MutableMapping
from typing import Any

from starlette.requests import cookie_parser
from starlette.responses import Response

from app.admission.hosts import Site

_NAME = "atrium_session"
_LONGEST_ZONE = 100


def cookie_name(site: Site) -> str:
    """Its name; `__Host-` keeps other hosts of the same domain from setting one."""
    return f"__Host-{_NAME}" if site.is_https else _NAME


def session_cookie(scope: MutableMapping[str, Any]) -> str | None:
    """The session cookie of a request or websocket handshake, or None."""
    return _cookie(scope, cookie_name(scope["atrium.site"]))


def zone_cookie(scope: MutableMapping[str, Any]) -> str:
    """The browser's time zone, as its script says; empty when it says none."""
    site: Site = scope["atrium.site"]
    name = "__Host-atrium_zone" if site.is_https else "atrium_zone"
    return (_cookie(scope, name) or "")[:_LONGEST_ZONE]


def _cookie(scope: MutableMapping[str, Any], name: str) -> str | None:
    for header, value in scope["headers"]:
        if header == b"cookie":
            found: str | None = cookie_parser(value.decode("latin-1")).get(name)
            if found:
                return found
    return None


def set_session_cookie(
    response: Response, scope: MutableMapping[str, Any], value: str, *, lifetime_seconds: int
) -> None:
    """Give the browser its session."""
    site: Site = scope["atrium.site"]
    response.set_cookie(
        cookie_name(site),
        value,
        max_age=lifetime_seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=site.is_https,
    )


def clear_session_cookie(response: Response, scope: MutableMapping[str, Any]) -> None:
    """Take the session from the browser."""
    site: Site = scope["atrium.site"]
    response.delete_cookie(
        cookie_name(site), path="/", httponly=True, samesite="lax", secure=site.is_https
    )
