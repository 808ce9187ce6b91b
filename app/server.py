"""The server: one ASGI application for console, API and assets, on one port."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import reflex as rx
from reflex_base.registry import RegistrationContext
from starlette.middleware.cors import CORSMiddleware
from starlette_compress import CompressMiddleware

from app.admission.budgets import MemoryCounters
from app.admission.refusal import App, Receive, Scope, Send
from app.admission.sockets import SocketQuotas
from app.bootstrap import (
    build_container,
    build_errors,
    build_page_policy,
    build_registry,
    close_container,
    configure_logging,
    installed_modules,
)
from app.core.database import Database
from app.core.error_bus import ErrorPublisher
from app.core.metrics import add_database_seconds, watch_engine
from app.core.ports import Authenticator
from app.core.registry import Registry
from app.core.shared_memory import SharedMemory
from app.core.shutdown import end_with_parent
from app.http.api import admit, build_api, is_api
from app.http.coverage import rest_routes
from app.http.edge import Edge
from app.http.openapi import ANSWER_HEADERS
from app.http.writes import WriteRecorder
from app.scheduling import run_last, schedule
from app.settings import PROJECT_ROOT, Settings, load_settings
from app.ui import runtime
from app.ui.connections import Connections
from app.ui.ended_sessions import watch_sessions
from app.ui.failure_page import failure_page
from app.ui.frontend import Frontend, PageSource
from app.ui.notices import MEMORY_LOST, notice
from app.ui.page_gate import PageGate
from app.ui.socket_gate import SocketGate
from app.ui.state_store import let_go

WEB = Path(os.environ.get("REFLEX_WEB_WORKDIR", PROJECT_ROOT / ".web"))
_REFLEX_PATHS = ("/_event",)
_COMPRESS_FROM_BYTES = 1000


def build_server(frontend: PageSource | None = None) -> App:
    """Compose everything for one worker; granian calls this.

    Args:
        frontend: Where pages come from; by default the build.
    """
    from app.app import app as console  # noqa: PLC0415 - Reflex must be configured first

    settings = load_settings()
    end_with_parent(grace_seconds=settings.server.shutdown_seconds)
    configure_logging(settings)
    errors = build_errors(build_registry(*installed_modules(settings)))
    try:
        container, composed = compose(console(), settings, errors, frontend)
    except Exception as error:
        errors.publish(error, event="server.start_failed")
        raise

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(errors.handle_loop_error)
        registry = await container.get(Registry)
        database = await container.get(Database)
        database.on_fetch = add_database_seconds
        watch_engine(database.engine, database.most_connections)
        scheduler = schedule(registry, container)
        scheduler.start()
        watches = [
            asyncio.create_task(_watch(await container.get(SharedMemory), console)),
            asyncio.create_task(
                watch_sessions(runtime.current().connections, await container.get(Authenticator))
            ),
        ]
        yield
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        scheduler.shutdown(wait=False)
        # The rest of the time is for requests under way, which have come before.
        await run_last(registry, container, seconds=settings.server.shutdown_seconds / 2)
        await close_container(container)
        await errors.close()

    console.register_lifespan_task(lifespan)
    return composed


async def _watch(memory: SharedMemory, console: rx.App) -> None:
    """Close the console's sockets while the workers' memory is away."""
    connections = runtime.current().connections

    def lose() -> None:
        connections.close_all(notice(MEMORY_LOST))
        let_go(console)

    memory.when_lost.append(lose)
    memory.when_found.append(connections.reopen)
    await memory.watch()


def compose(
    reflex_app: App,
    settings: Settings,
    errors: ErrorPublisher,
    frontend: PageSource | None = None,
) -> tuple[Any, App]:
    """Put gate, API and edge around Reflex's application.

    Returns:
        The container, to be closed at the end, and the application.
    """
    registry = build_registry(*installed_modules(settings))
    container = build_container(settings, registry, errors=errors)
    connections = Connections()
    policy = build_page_policy(settings, registry)
    rest = build_api(registry, container)
    runtime.install(
        runtime.Runtime(
            container, registry, settings, connections, policy, errors, rest_routes(rest)
        )
    )
    api: App = CompressMiddleware(rest, minimum_size=_COMPRESS_FROM_BYTES)
    pages = PageGate(
        frontend or Frontend(WEB / "build" / "client"),
        policy,
        container,
        settings,
    )
    socket = SocketGate(
        reflex_app,
        container,
        settings.server,
        connections,
        quotas=SocketQuotas(settings.rate_limiting, MemoryCounters()),
        handlers=frozenset(RegistrationContext.get().event_handlers),
    )

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await socket(scope, receive, send)
            return
        path = scope["path"]
        if is_api(path):
            await api(scope, receive, send)
        elif path.startswith(_REFLEX_PATHS):
            scope["atrium.route"] = _REFLEX_PATHS[0]
            await socket(scope, receive, send)
        else:
            await pages(scope, receive, send)

    admission = admit(route, rest, container, settings.server)
    edge = Edge(
        _with_cors(admission, settings.server.allowed_origins),
        settings.server,
        report=errors.publish,
        record_write=WriteRecorder(container, rest.route_of),
        failure_page=failure_page,
    )
    return container, edge


def _with_cors(app: App, origins: Sequence[str]) -> App:
    """Let scripts of other origins read the API's answers, refusals included."""
    if not origins:
        return app
    cors = CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "X-Audit-Reason",
            "X-Request-ID",
            "traceparent",
        ],
        expose_headers=list(ANSWER_HEADERS),
    )

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        of_api = scope["type"] == "http" and is_api(scope["path"])
        await (cors if of_api else app)(scope, receive, send)

    return route
