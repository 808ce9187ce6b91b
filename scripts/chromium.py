"""Find the Chromium that tests and screenshots drive, and install Debian's when there is none.

.venv/bin/python -m scripts.chromium
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Chromium must neither ask for a sandbox that root has not got, nor call home during a test.
LAUNCH_ARGS = (
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
    for name in NAMES:
        if path := shutil.which(name):
            return path
    downloads = Path(
        os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"
    )
    return next(
        (str(path) for path in sorted(downloads.glob("chromium-*/chrome-linux*/chrome"))), None
    )


def ensure_chromium() -> str:
    """Return the path of a Chromium, installing Debian's package when root may do so.

    Raises:
        LookupError: There is none and it cannot be installed; the message says what to do.
    """
    if path := find_chromium():
        return path
    advice = "No Chromium was found: install Debian's package `chromium`, or set CHROMIUM to one."
    if "CHROMIUM" in os.environ or os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LookupError(advice)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--no-install-recommends", "chromium", "fonts-liberation"],
    ):
        result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if result.returncode:
            raise LookupError(f"{result.stderr.strip()}\n{advice}")
    if path := find_chromium():
        return path
    raise LookupError(advice)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{ensure_chromium()}\n")
    except LookupError as error:
        sys.exit(str(error))
