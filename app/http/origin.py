"""Where a browser's request comes from."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from app.settings import ServerSettings


def is_same_origin(scope: MutableMapping[str, Any], settings: ServerSettings) -> bool:
    """Whether the request comes from our own pages, a configured origin, or no browser at all.

    A browser sends `Origin` with every websocket handshake and every POST; a
    program sends none and carries no cookie it did not choose to carry.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if origin in settings.allowed_origins:
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == headers.get("host", "")


_LONGEST_PATH = 2000


def local_path(text: str) -> str:
    r"""The text if it is a path on this site, else `/`: never a way to somewhere else.

    A browser reads `\` as `/` and drops tabs and newlines, so these are refused as well; and what
    is longer than any path of ours.
    """
    safe = (
        text.startswith("/")
        and len(text) <= _LONGEST_PATH
        and not text.startswith("//")
        and "\\" not in text
        and text.isprintable()
    )
    return text if safe else "/"
