"""The console as Vite serves it, behind our own server: pages that follow their sources.

Used by `scripts.dev`. One port for everything, and the same gates, cookies and sockets as in
production; only the files of the pages come from Vite.
"""

from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import quote

import httpx
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROUTES = "/app/routes/"
"""Where Vite has the pages; asking for one of them tells that it is open."""

_HEADERS = ("content-type", "cache-control", "etag", "location")
_PATIENCE_SECONDS = 60
"""Vite bundles the npm packages before it answers for the first time."""


class ForDevelopmentOnly(Exception):
    """The settings are those of production."""


class LiveFrontend:
    """Pages and files from a Vite on this machine. Lives as long as the worker."""

    def __init__(self, web: Path, port: int, opened: Path, *, is_production: bool) -> None:
        """Look for files in a web directory, and note in another one which pages are opened.

        Raises:
            ForDevelopmentOnly: These are the settings of production.
        """
        if is_production:
            message = "`make dev` is for development: the settings are those of production."
            raise ForDevelopmentOnly(message)
        self._web = web
        self._opened = opened
        self._address = f"http://127.0.0.1:{port}"
        self.sockets = f"ws://127.0.0.1:{port}"
        self._client = httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False)

    def has(self, path: str) -> bool:
        """Whether a path is that of a file, or of what Vite makes up."""
        if path.startswith(("/@", "/node_modules/")):
            return True
        name = path.lstrip("/")
        return ".." not in name and any(
            (folder / name).is_file() for folder in (self._web, self._web / "public")
        )

    def page(self, route: str, headers: Headers, *, status: int = 200) -> Response:
        """The document, which is the same for all routes: the browser draws the page."""
        del route, headers
        return _LivePage(self, status)

    def not_found(self, headers: Headers) -> Response:
        """The document for addresses that lead nowhere."""
        del headers
        return _LivePage(self, 404)

    def asset(self, path: str, headers: Headers) -> Response | None:
        """None: files are answered before the server counts requests."""
        del path, headers
        return None

    async def answer_file(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a file."""
        path = scope["path"]
        if path.startswith(ROUTES):
            (self._opened / path.removeprefix(ROUTES)).touch()
        answer = await self.ask(scope)
        headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
        response = Response(answer.content, answer.status_code, headers)
        await response(scope, receive, send)

    async def ask(self, scope: Scope) -> httpx.Response:
        """Ask Vite the same; it looks at the host itself, and answers to this machine only."""
        # Vite knows `@` and `:` only as they are.
        address = self._address + quote(scope["path"], safe="/@:$[]!")
        if scope["query_string"]:
            address += "?" + scope["query_string"].decode("latin-1")
        asked = Headers(scope=scope)
        passed_on = {
            name: asked[name] for name in ("host", "accept", "if-none-match") if name in asked
        }
        try:
            return await self._client.get(address, headers=passed_on)
        except httpx.TransportError as error:
            text = f"Vite does not answer ({type(error).__name__}): look at what `make dev` says."
            return httpx.Response(503, text=text)


class _LivePage(Response):
    """A page that is fetched from Vite when it is sent."""

    media_type = "text/html"

    def __init__(self, frontend: LiveFrontend, status: int) -> None:
        super().__init__(status_code=status, headers={"Cache-Control": "no-store"})
        self._frontend = frontend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from app.ui.frontend import content_policy  # noqa: PLC0415 - the sources as they are now

        answer = await self._frontend.ask(scope)
        self.body = answer.content
        if answer.status_code >= 500:  # noqa: PLR2004 - HTTP
            self.status_code = answer.status_code
        self.headers["Content-Length"] = str(len(self.body))
        self.headers["Content-Security-Policy"] = content_policy(
            self.body, sockets=self._frontend.sockets
        )
        await super().__call__(scope, receive, send)


def past_the_server(server: ASGIApp, frontend: LiveFrontend, ready: Connection) -> ASGIApp:
    """The server, behind what answers for the files of the pages: no limit counts those.

    Args:
        server: The server.
        frontend: The files.
        ready: Told when the server is ready.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                ready.send(None)
            await send(message)

        if scope["type"] == "lifespan":
            await server(scope, receive, tell)
        elif scope["type"] == "http" and frontend.has(scope["path"]):
            await frontend.answer_file(scope, receive, send)
        else:
            await server(scope, receive, send)

    return serve
