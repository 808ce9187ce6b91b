"""Serve on http://127.0.0.1:8000 and follow every change of the sources.

A changed file restarts the server at once (about two seconds) and then rebuilds the pages behind
it (about ten); when their files differ, the server restarts once more: reload the tab. It is the
server that production runs, so what works here works there.

    .venv/bin/python -m scripts.dev
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from watchfiles import PythonFilter, watch

from scripts.build_frontend import LIVE, ROOT, SOURCES

WATCHED = [path for name in SOURCES if (path := ROOT / name).exists()]
# The longest a server that is told to stop may take before it is made to.
PATIENCE_SECONDS = 25


class Sources(PythonFilter):
    """Python files and everything that reaches the browser."""

    def __init__(self) -> None:
        super().__init__(extra_extensions=(".css", ".js", ".json", ".jsx", ".svg", ".yaml"))


def main() -> None:
    """Serve until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    build()
    server = start()
    try:
        for changes in watch(*WATCHED, watch_filter=Sources(), raise_interrupt=False):
            names = sorted({Path(path).relative_to(ROOT).as_posix() for _, path in changes})
            print(f"\n  changed: {', '.join(names[:3])}{' …' if names[3:] else ''}", flush=True)
            server = restart(server)
            before = pages()
            build()
            if pages() != before:
                server = restart(server)
    finally:
        stop(server)


def build() -> None:
    """Build the pages when their inputs changed; a failure is shown and the old ones stay."""
    command = [sys.executable, "-m", "scripts.build_frontend"]
    subprocess.run(command, cwd=ROOT, check=False)


def pages() -> str:
    """Return what the browser gets as one hash: the names of assets say what is in them."""
    names = sorted(path.as_posix() for path in LIVE.glob("build/client/**/*"))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def start() -> "subprocess.Popen[bytes]":
    """Start the server in a process group of its own."""
    platformctl = Path(sys.executable).with_name("platformctl")
    return subprocess.Popen([str(platformctl), "serve"], cwd=ROOT, start_new_session=True)


def stop(server: "subprocess.Popen[bytes]") -> None:
    """Stop the server together with its workers."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def restart(server: "subprocess.Popen[bytes]") -> "subprocess.Popen[bytes]":
    """Stop the server and start it with the changed sources."""
    began = time.monotonic()
    stop(server)
    fresh = start()
    print(f"  restarted ({time.monotonic() - began:.1f} s to stop)", flush=True)
    return fresh


if __name__ == "__main__":
    main()
