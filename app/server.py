"""The server: one ASGI application for console, API and assets, on one port."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette_compress import CompressMiddleware

from app.bootstrap import build_container, build_page_policy, build_registry, configure_logging
from app.core.registry import Registry
from app.http.api import build_api
from app.http.coverage import rest_routes
from app.http.edge import Edge
from app.http.writes import WriteRecorder
from app.scheduling import run_last, schedule
from app.settings import PROJECT_ROOT, Settings, load_settings
from app.ui import runtime
from app.ui.connections import Connections
from app.ui.failure_page import failure_page
from app.ui.frontend import Frontend
from app.ui.page_gate import PageGate
from app.ui.socket_gate import SocketGate

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

WEB = Path(os.environ.get("REFLEX_WEB_WORKDIR", PROJECT_ROOT / ".web"))
_API_PATHS = ("/api/", "/session/")
_API_FILES = frozenset({"/healthz", "/ready", "/openapi.json", "/docs", "/api"})
_REFLEX_PATHS = ("/_event",)
_COMPRESS_FROM_BYTES = 1000


def build_server() -> App:
    """Compose everything for one worker; granian calls this."""
    from app.app import app as console  # noqa: PLC0415 - Reflex must be configured first

    settings = load_settings()
    configure_logging(settings)
    container, composed = compose(console(), settings)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        registry = await container.get(Registry)
        scheduler = schedule(registry, container)
        scheduler.start()
        yield
        scheduler.shutdown(wait=False)
        await run_last(registry, container)
        await container.close()

    console.register_lifespan_task(lifespan)
    return composed


def compose(reflex_app: App, settings: Settings) -> tuple[Any, App]:
    """Put gate, API and edge around Reflex's application.

    Returns:
        The container, to be closed at the end, and the application.
    """
    registry = build_registry()
    container = build_container(settings, registry)
    connections = Connections()
    policy = build_page_policy(settings, registry)
    rest = build_api(registry, container)
    runtime.install(
        runtime.Runtime(container, registry, settings, connections, policy, rest_routes(rest))
    )
    api: App = CompressMiddleware(rest, minimum_size=_COMPRESS_FROM_BYTES)
    if settings.server.allowed_origins:
        api = CORSMiddleware(
            api,
            allow_origins=settings.server.allowed_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "X-Audit-Reason",
                "X-Request-ID",
                "traceparent",
            ],
            expose_headers=["X-Request-ID", "Location", "Retry-After"],
        )
    pages = PageGate(
        Frontend(WEB / "build" / "client"),
        policy,
        container,
        settings,
    )
    socket = SocketGate(reflex_app, container, settings.server, connections)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await socket(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(_API_PATHS) or path in _API_FILES:
            await api(scope, receive, send)
        elif path.startswith(_REFLEX_PATHS):
            await socket(scope, receive, send)
        else:
            await pages(scope, receive, send)

    edge = Edge(
        route,
        settings.server,
        report=runtime.report,
        record_write=WriteRecorder(container, rest.route_of),
        failure_page=failure_page,
    )
    return container, edge
