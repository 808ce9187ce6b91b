"""The built frontend: pages with a strict CSP, hashed assets that browsers keep for good.

Everything is read into memory at the start (a few megabytes): a build swapped
in while the server runs cannot mix with the one it serves.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import Response

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_BUILT_ORIGIN = re.compile(r"`(?:http|ws)s?://[^/`]+(/[^`]*)`")
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_FOR_GOOD = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"
_OFFLINE = "/offline.html"
"""What the service worker shows when the server cannot be reached: no page of the console."""
_CSP_OF = {
    "sw.js": "default-src 'none'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
}
"""What a script may do that runs without a page."""
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file, ready to be sent in each encoding that was made of it."""

    body: bytes
    media_type: str
    etag: str
    cache_control: str
    encoded: dict[str, bytes] = field(default_factory=dict)
    csp: str = ""


class PageSource(Protocol):
    """Where pages and their files come from: a build, or in development the sources."""

    def page(self, route: str, headers: Headers, *, status: int = 200) -> Response:
        """The document of a route."""
        ...

    def not_found(self, headers: Headers) -> Response:
        """The document for addresses that lead nowhere."""
        ...

    def asset(self, path: str, headers: Headers) -> Response | None:
        """The file at a path; None when there is none, or it is a page."""
        ...


class Frontend:
    """The files of one build. Lives as long as the process."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            f"/{path.relative_to(folder).as_posix()}": _read(path)
            for path in sorted(folder.glob("**/*"))
            if path.suffix in _TYPES and path.is_file()
        }

    @property
    def is_built(self) -> bool:
        """Whether there is anything to serve."""
        return "/404.html" in self._files

    def page(self, route: str, headers: Headers, *, status: int = 200) -> Response:
        """The document of a route; one with parameters gets the shell that fits all."""
        name = "/index.html" if route == "/" else f"/{route.strip('/')}.html"
        document = self._files.get(name) or self._files.get("/__spa-fallback.html")
        return _respond(document, headers, status) if document else _not_built()

    def not_found(self, headers: Headers) -> Response:
        """The document for addresses that lead nowhere."""
        document = self._files.get("/404.html")
        return _respond(document, headers, 404) if document else _not_built()

    def asset(self, path: str, headers: Headers) -> Response | None:
        """The file at a path; None when there is none, or it is a page."""
        file = self._files.get(path)
        is_page = path.endswith(".html") and path != _OFFLINE
        return None if file is None or is_page else _respond(file, headers, 200)


def _read(path: Path) -> File:
    body = path.read_bytes()
    encoded = {
        encoding: packed.read_bytes()
        for encoding, suffix in _ENCODINGS
        if (packed := path.with_name(path.name + suffix)).exists()
    }
    if path.name.startswith("reflex-env-"):
        body, encoded = _any_origin(body.decode()).encode(), {}
    return File(
        body=body,
        media_type=_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        cache_control=_FOR_GOOD if path.parent.name == "assets" else _REVALIDATE,
        encoded=encoded,
        csp=content_policy(body) if path.suffix == ".html" else _CSP_OF.get(path.name, ""),
    )


def content_policy(page: bytes, *, sockets: str = "") -> str:
    """What a page may load and run: files of its own origin, and the scripts that stand in it.

    Args:
        page: The document.
        sockets: Another address that its scripts may connect to.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in dict.fromkeys(_INLINE_SCRIPT.findall(page))
    )
    addresses = f"'self' {sockets}".rstrip()
    return (
        f"default-src 'self'; script-src 'self' {hashes}; "
        # Emotion writes style elements at run time.
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; "
        f"connect-src {addresses}; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'"
    )


def _respond(file: File, headers: Headers, status: int) -> Response:
    fixed = {"Cache-Control": file.cache_control, "Vary": "Accept-Encoding", "ETag": file.etag}
    if file.csp:
        fixed["Content-Security-Policy"] = file.csp
    if status == 200 and headers.get("if-none-match") == file.etag:  # noqa: PLR2004 - HTTP
        return Response(status_code=304, headers=fixed)
    body = file.body
    accepted = headers.get("accept-encoding", "")
    for encoding, packed in file.encoded.items():
        if encoding in accepted:
            body, fixed["Content-Encoding"] = packed, encoding
            break
    return Response(body, status, media_type=file.media_type, headers=fixed)


def _not_built() -> Response:
    text = "The console is not built on this machine; `make run` builds it."
    return Response(text, 503, media_type="text/plain")


def _any_origin(script: str) -> str:
    """Make the backend's address, fixed at build time, that of the page itself."""

    def relative(match: re.Match[str]) -> str:
        return f"(globalThis.location?.origin??`http://localhost`)+`{match[1]}`"

    return _BUILT_ORIGIN.sub(relative, script)
