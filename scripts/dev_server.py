"""The server as `scripts.dev` runs it: in a process that has imported nothing of ours yet."""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from starlette.types import ASGIApp

from scripts.dev_frontend import ForDevelopmentOnly, LiveFrontend, past_the_server

_given: list[tuple[LiveFrontend, Connection]] = []
"""What the worker gets from the process that it is forked from."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where pages are compiled and served.

    Attributes:
        folder: Everything that the loop makes; Reflex runs here.
        port: Vite's.
    """

    folder: Path
    port: int

    @property
    def web(self) -> Path:
        """What Reflex compiles into and Vite serves."""
        return self.folder / "web"

    @property
    def opened(self) -> Path:
        """Has a file for every page that was opened, as old as the last time."""
        return self.folder / "opened"


def serve(place: Place, ready: Connection, *, is_successor: bool) -> None:
    """Serve until told to stop.

    Args:
        place: Where the pages are.
        ready: Told when the server answers.
        is_successor: Another one serves still, and ends then.
    """
    end_with_parent()
    os.environ |= {
        "REFLEX_WEB_WORKDIR": str(place.web),
        # Their port is of one server only, and for a moment there are two.
        "ATRIUM_METRICS__ENABLED": "false",
    }
    try:
        _serve(place, ready, is_successor=is_successor)
    except SyntaxError as error:
        # Where it was imported from does not help.
        sys.exit("".join(traceback.format_exception_only(error)))


def _serve(place: Place, ready: Connection, *, is_successor: bool) -> None:
    from app.serving import serve as serve_until_stopped  # noqa: PLC0415 - the sources as they are
    from app.settings import SettingsError, load_settings  # noqa: PLC0415 - likewise

    try:
        settings = load_settings()
        frontend = LiveFrontend(
            place.web, place.port, place.opened, is_production=settings.is_production
        )
        _given.append((frontend, ready))
        factory = f"{__name__}:{build.__name__}"
        serve_until_stopped(settings, factory=factory, is_successor=is_successor)
    except (SettingsError, ForDevelopmentOnly) as error:
        sys.exit(str(error))


def build() -> ASGIApp:
    """Compose the application of a worker; when that fails, the server ends."""
    from app.server import build_server  # noqa: PLC0415 - the sources as they are now

    try:
        frontend, ready = _given[0]
        return past_the_server(build_server(frontend), frontend, ready)
    except Exception:
        traceback.print_exc()
        # granian would start another worker, and another.
        os.killpg(0, signal.SIGKILL)
        raise


def end_with_parent() -> None:
    """Make this process the first of a group, which ends when the one that asked for it does."""
    os.setsid()
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
