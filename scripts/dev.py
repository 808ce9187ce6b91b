"""Serve on http://127.0.0.1:8000 and follow every change of the sources.

A saved page is in the open tab after 2 to 3 s, a saved service answers after 1.5 s, scripts and
styles of the browser are there after 0.3 s (medians on two cores; `python -m bench dev` measures
them). Nothing is reloaded by hand.

One process, which the others are forked from, has all packages imported and nothing of ours. At
each change one of them compiles the pages, those first that are open, and another one serves; the
server before it goes on until the new one answers, or for good when that cannot start. Vite tells
the browser which files changed. It is the server that production runs, but for where the files of
the pages come from.

    .venv/bin/python -m scripts.dev
"""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from watchfiles import PythonFilter, watch

from scripts.build_frontend import BUILD, ROOT, SOURCES, build_environment
from scripts.dev_pages import compile_pages
from scripts.dev_server import Place, serve
from scripts.dev_vite import copy, places, prepare, running_vite
from scripts.servers import free_port

WATCHED = [path for name in SOURCES if (path := ROOT / name).exists()]
OURS = {"app", "components", "modules", "rxconfig", "scripts", "__main__", "__mp_main__"}
# They read at their import what the server decides before.
NOT_YET = {"granian", "prometheus_client"}
# The longest a server that is told to stop may take before it is made to.
PATIENCE_SECONDS = 3
LOOK_EVERY_MILLISECONDS = 50
# Where two servers can have one port for a moment.
TAKES_OVER = sys.platform == "linux"


class Sources(PythonFilter):
    """Python files and everything that reaches the browser."""

    def __init__(self) -> None:
        super().__init__(extra_extensions=(".css", ".js", ".json", ".jsx", ".svg", ".yaml"))


@dataclass(slots=True)
class Child:
    """A process that says once that what others wait for is done."""

    process: BaseProcess
    messages: Connection
    began: float = field(default_factory=time.monotonic)
    told_to_stop: float = 0.0

    def has_said_so(self) -> bool:
        """Whether it says so now."""
        try:
            return self.messages.poll() and self.messages.recv() is None
        except EOFError:
            return False

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self.process.exitcode is not None

    def stop(self) -> None:
        """Ask it to end."""
        self.process.terminate()
        self.told_to_stop = time.monotonic()

    def end(self, patience_seconds: float = 0) -> None:
        """End it with all that it started, after it had time to do so itself."""
        self.process.join(patience_seconds)
        if not self.has_ended and self.process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.join()


class Processes:
    """Everything that runs beside Vite: servers, and what compiles the pages.

    After a change both are to be made anew. What the change is about goes first and has the
    machine for itself.
    """

    def __init__(self, place: Place, environment: dict[str, str]) -> None:
        self._place = place
        self._environment = environment
        self._fork = multiprocessing.get_context("forkserver")
        self._fork.set_forkserver_preload(packages())
        self._pages: Child | None = None
        self._server: Child | None = None
        self._successor: Child | None = None
        self._leaving: list[Child] = []
        self._then: list[Callable[[], object]] = []

    def follow(self, *, pages_first: bool) -> None:
        """Compile the pages and start a server from the sources as they are now."""
        self._then = []
        if pages_first:
            self.compile()
            self._then.append(self.restart)
        else:
            self.restart()
            self._then.append(self.compile)

    def compile(self) -> Child:
        """Compile the pages; what was compiled until now is left as it is."""
        if self._pages is not None:
            self._pages.end()
        self._pages = self._start(compile_pages, environment=self._environment)
        return self._pages

    def restart(self) -> None:
        """Start a server, which takes over as soon as it answers."""
        if self._successor is not None:
            self._successor.end()
        if self._server is not None and not TAKES_OVER:
            self._server.end()
        self._successor = self._start(serve, is_successor=self._server is not None)

    def look(self) -> None:
        """See what has become of them, and go on."""
        pages, successor = self._pages, self._successor
        if successor is not None and successor.has_said_so():
            if self._server is not None:
                self._leave(self._server)
            self._server, self._successor = successor, None
            say(f"serving after {time.monotonic() - successor.began:.1f} s")
            self._go_on()
        elif successor is not None and successor.has_ended:
            self._successor = None
            goes_on = self._server is not None and not self._server.has_ended
            say("the server before goes on" if goes_on else "no server: waiting for a change")
            self._go_on()
        if pages is not None and (pages.has_said_so() or pages.has_ended):
            self._go_on()
            if pages.has_ended:
                self._pages = None
        for server in list(self._leaving):
            if time.monotonic() > server.told_to_stop + PATIENCE_SECONDS:
                server.end()
            if server.has_ended:
                self._leaving.remove(server)

    def end(self) -> None:
        """End all of them."""
        for child in (self._pages, self._successor):
            if child is not None:
                child.end()
        if self._server is not None:
            self._leave(self._server)
        for server in self._leaving:
            server.end(PATIENCE_SECONDS)

    def _go_on(self) -> None:
        """Do what waited for this."""
        waiting, self._then = self._then, []
        for step in waiting:
            step()

    def _leave(self, server: Child) -> None:
        server.stop()
        self._leaving.append(server)

    def _start(self, target: Callable[..., None], **given: Any) -> Child:
        messages, tells = self._fork.Pipe(duplex=False)
        process = self._fork.Process(target=target, args=(self._place, tells), kwargs=given)
        process.start()
        tells.close()
        return Child(process, messages)


def main() -> None:
    """Serve until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place = Place(BUILD / "dev", free_port())
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        is_new = prepare(place)
        environment = build_environment(place.web)
        processes = Processes(place, environment)
        stack.callback(processes.end)
        pages = processes.compile()
        if is_new:
            pages.process.join()
        processes.restart()
        stack.enter_context(running_vite(place, environment))
        for paths in changes():
            follow(paths, processes, place)


def changes() -> Iterator[list[Path]]:
    """Files that changed since the last time, many times a second; mostly none."""
    for found in watch(
        *WATCHED,
        watch_filter=Sources(),
        debounce=400,
        step=30,
        rust_timeout=LOOK_EVERY_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=True,
    ):
        yield sorted({Path(path) for _, path in found})


def follow(paths: list[Path], processes: Processes, place: Place) -> None:
    """Do what is to be done after these files changed, if any."""
    if paths:
        names = [in_checkout(path).as_posix() for path in paths]
        say(f"\n  changed: {', '.join(names[:3])}{' …' if names[3:] else ''}")
        for path in paths:
            copy(path, place.web)
        read = [path for path in map(in_checkout, paths) if not places(path)]
        if read:
            processes.follow(pages_first=all(map(is_of_pages, read)))
    processes.look()


def in_checkout(path: Path) -> Path:
    """The path from the checkout on."""
    return path.relative_to(ROOT)


def is_of_pages(name: Path) -> bool:
    """Whether a source is about what pages look like, rather than about what the server does."""
    return name.parts[0] == "components" or name.stem.endswith("pages")


def packages() -> list[str]:
    """All modules that the application imports, without our own."""
    # The first mistake may be there already.
    program = (
        "import contextlib, sys\n"
        "with contextlib.suppress(Exception):\n"
        "    import app.server, app.app\n"
        "print(*sys.modules)"
    )
    environment = os.environ | {"REFLEX_BACKEND_ONLY": "true", "REFLEX_ENV_MODE": "prod"}
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return [name for name in result.stdout.split() if name.split(".")[0] not in OURS | NOT_YET]


def say(sentence: str) -> None:
    """Tell the developer."""
    print(f"  {sentence}", flush=True)


if __name__ == "__main__":
    main()
