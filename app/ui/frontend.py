"""The built frontend: pages with a strict CSP, hashed assets that browsers keep for good.

Pages are small and few: they are read once, at the start, together with the
hashes of their inline scripts. Assets come pre-compressed from the disk.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import brotli
from starlette.responses import FileResponse, Response
from starlette.datastructures import Headers

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_BUILT_ORIGIN = re.compile(r"`(?:http|ws)s?://[^/`]+(/[^`]*)`")
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_FOR_GOOD = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"
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
class Document:
    """One HTML page, ready to be sent."""

    body: bytes
    compressed: bytes
    csp: str
    etag: str = field(default="")


class Frontend:
    """The files of one build. Lives as long as the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._documents = {
            path.relative_to(self._folder).as_posix(): _document(path)
            for path in sorted(self._folder.glob("**/*.html"))
        }
        self._files = {
            f"/{path.relative_to(self._folder).as_posix()}": path
            for path in self._folder.glob("**/*")
            if path.suffix in _TYPES and path.suffix != ".html" and path.is_file()
        }
        self._scripts = {
            path: _any_origin(file.read_text()).encode()
            for path, file in self._files.items()
            if path.startswith("/assets/reflex-env-")
        }

    @property
    def is_built(self) -> bool:
        """Whether there is anything to serve."""
        return "404.html" in self._documents

    def page(self, route: str, headers: Headers, *, status: int = 200) -> Response:
        """The document of a route; one with parameters gets the shell that fits all."""
        name = "index.html" if route == "/" else f"{route.strip('/')}.html"
        document = self._documents.get(name) or self._documents["__spa-fallback.html"]
        return _respond(document, headers, status)

    def not_found(self, headers: Headers) -> Response:
        """The document for addresses that lead nowhere."""
        return _respond(self._documents["404.html"], headers, 404)

    def asset(self, path: str, headers: Headers) -> Response | None:
        """The file at a path, compressed as the browser likes; None when there is none."""
        script = self._scripts.get(path)
        if script is not None:
            return Response(
                script, media_type="text/javascript", headers={"Cache-Control": _FOR_GOOD}
            )
        file = self._files.get(path)
        if file is None:
            return None
        fixed = {
            "Cache-Control": _FOR_GOOD if path.startswith("/assets/") else _REVALIDATE,
            "Vary": "Accept-Encoding",
        }
        accepted = headers.get("accept-encoding", "")
        for encoding, suffix in _ENCODINGS:
            packed = file.with_name(file.name + suffix)
            if encoding in accepted and packed.exists():
                file, fixed["Content-Encoding"] = packed, encoding
                break
        media_type = _TYPES[Path(path).suffix]
        response = FileResponse(file, media_type=media_type, headers=fixed)
        etag = f'"{int(file.stat().st_mtime):x}-{file.stat().st_size:x}"'
        if headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=fixed | {"ETag": etag})
        response.headers["ETag"] = etag
        return response


def _document(path: Path) -> Document:
    body = path.read_bytes()
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in dict.fromkeys(_INLINE_SCRIPT.findall(body))
    )
    csp = (
        f"default-src 'self'; script-src 'self' {hashes}; "
        # Emotion writes style elements at run time.
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; "
        "connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'"
    )
    return Document(
        body=body,
        compressed=brotli.compress(body, quality=9),
        csp=csp,
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    )


def _respond(document: Document, headers: Headers, status: int) -> Response:
    fixed = {
        "Content-Security-Policy": document.csp,
        "Cache-Control": _REVALIDATE,
        "Vary": "Accept-Encoding, Cookie",
    }
    if status == 200:  # noqa: PLR2004 - HTTP
        fixed["ETag"] = document.etag
        if headers.get("if-none-match") == document.etag:
            return Response(status_code=304, headers=fixed)
    body = document.body
    if "br" in headers.get("accept-encoding", ""):
        body, fixed["Content-Encoding"] = document.compressed, "br"
    return Response(body, status, media_type="text/html", headers=fixed)


def _any_origin(script: str) -> str:
    """Make the backend's address, fixed at build time, that of the page itself."""

    def relative(match: re.Match[str]) -> str:
        return f"(globalThis.location?.origin??`http://localhost`)+`{match[1]}`"

    return _BUILT_ORIGIN.sub(relative, script)
