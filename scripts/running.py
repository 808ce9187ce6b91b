"""A running Atrium of one's own: fresh data, a free port, a known administrator."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from scripts.build_frontend import BUILD, ROOT
from scripts.servers import running_server

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "Correct-Horse-Battery-1"  # noqa: S105 - of a server that lives for a minute
_UNREAD = shutil.ignore_patterns("__pycache__", "tests", "external")


@contextlib.contextmanager
def running_platform(**settings: str) -> Iterator[tuple[str, float]]:
    """Serve the built application on a free loopback port until the block ends.

    Args:
        settings: Variables for the server, as in `ATRIUM_SERVER__WORKERS="2"`.

    Yields:
        The address, and the seconds from start to the first answer.
    """
    env = os.environ | {
        "ATRIUM_BOOTSTRAP__ADMIN_EMAIL": ADMIN_EMAIL,
        "ATRIUM_BOOTSTRAP__ADMIN_PASSWORD": ADMIN_PASSWORD,
        "ATRIUM_LOGGING__LEVEL": "warning",
        **settings,
    }
    platformctl = str(Path(sys.executable).with_name("platformctl"))
    with tempfile.TemporaryDirectory(prefix="atrium-") as directory:
        env["ATRIUM_DATA_DIR"] = directory

        def command(port: int) -> list[str]:
            return ["/usr/bin/env", f"ATRIUM_SERVER__PORT={port}", platformctl, "serve"]

        start = time.monotonic()
        with running_server(
            command, Path(directory), cwd=ROOT, env=env, stop=signal.SIGTERM
        ) as port:
            address = f"http://127.0.0.1:{port}"
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                seconds = time.monotonic() - start
            yield address, seconds


@contextlib.contextmanager
def running_development(**settings: str) -> Iterator[tuple[str, Path]]:
    """Serve a copy of the sources, which follows what is written into it, until the block ends.

    Args:
        settings: Variables for the server, as above.

    Yields:
        The address, and the checkout's copy.
    """
    env = os.environ | {
        "ATRIUM_BOOTSTRAP__ADMIN_EMAIL": ADMIN_EMAIL,
        "ATRIUM_BOOTSTRAP__ADMIN_PASSWORD": ADMIN_PASSWORD,
        **settings,
    }
    # On the disk of the packages, which are linked rather than copied.
    with tempfile.TemporaryDirectory(
        prefix="copy-", dir=BUILD, ignore_cleanup_errors=True
    ) as directory:
        copy = Path(directory) / "sources"
        for path in ROOT.iterdir():
            if path.is_dir() and not path.name.startswith((".", "__")) and path.name != "var":
                shutil.copytree(path, copy / path.name, ignore=_UNREAD)
            elif path.suffix in {".py", ".lock", ".toml"}:
                shutil.copy(path, copy)
        (copy / ".build").mkdir()
        (copy / ".build" / "web").symlink_to(BUILD / "web")
        env["ATRIUM_DATA_DIR"] = f"{directory}/data"

        def command(port: int) -> list[str]:
            program = [sys.executable, "-m", "scripts.dev"]
            return ["/usr/bin/env", f"ATRIUM_SERVER__PORT={port}", *program]

        with running_server(
            command, Path(directory), cwd=copy, env=env, stop=signal.SIGTERM
        ) as port:
            yield f"http://127.0.0.1:{port}", copy
