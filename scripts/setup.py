"""Prepare `.venv`: uv, the locked packages and the project itself.

Needs only a Python; imports nothing but the standard library. When nothing changed since the
last run it reads two files and returns.

    python3 scripts/setup.py          what the server needs
    python3 scripts/setup.py --dev    and what the checks need
"""

import os
import shutil
import subprocess
import sys

# Everything in this file must parse on Python 3.6, so that an old interpreter gets as far as here.
if sys.version_info < (3, 11):
    for name in ("python3.13", "python3.12", "python3.11", "python3.14"):
        trial = [name, "-c", "import ensurepip"]
        if shutil.which(name) and subprocess.call(trial, stderr=subprocess.DEVNULL) == 0:
            os.execvp(name, [name] + sys.argv)
    sys.exit("Python 3.11 or newer is needed, and this is %s: install it." % sys.version.split()[0])

import argparse
import contextlib
import fcntl
import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "setup-stamp.json"
UV_LOCK = ROOT / "requirements-uv.lock"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
NEEDED_BYTES = 1_000_000_000

# A phrase in a tool's output, and the sentence it deserves.
VENV_MISSING = (
    "Python's venv module is incomplete: install it"
    " (on Debian and Ubuntu: apt-get install python3-venv)."
)
NO_NETWORK = (
    r"(?i)dns error|name resolution|failed to establish|error sending request|connect"
    r"|timed out|unreachable|failed to fetch|no matching distribution"
)
CAUSES = (
    (r"No space left|ENOSPC|disk quota", "The disk is full: make about 1 GB free under {root}."),
    (r"ensurepip|No module named '?venv", VENV_MISSING),
    (r"DO NOT MATCH|[Hh]ash mismatch", "A package differs from its hash: do not install it."),
    (NO_NETWORK, "The package index cannot be reached: check the network and pip's settings."),
)


class SetupError(Exception):
    """Set-up cannot go on; the message is the sentence for the user."""


def main() -> None:
    """Bring `.venv` up to date, or say in one sentence what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="also what the checks need")
    group = "dev" if parser.parse_args().dev else "runtime"
    if is_current(group):
        return
    try:
        with locked(ROOT / ".build" / "setup.lock"):
            if not is_current(group):
                set_up(group)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the same command goes on from here.")
    except SetupError as error:
        sys.exit(f"\n{error} Then run the command again.")
    except OSError as error:
        sys.exit(f"\n{explain(str(error)) or error} Then run the command again.")


def fingerprint(group: str) -> str:
    """Return what the installed packages of a group depend on, as one hash."""
    digest = hashlib.sha256(str(VENV).encode())
    paths = (VENV / "pyvenv.cfg", UV_LOCK, LOCKS["runtime"], LOCKS[group], ROOT / "pyproject.toml")
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current(group: str) -> bool:
    """Tell whether the packages of a group were installed from the present lock files."""
    return PYTHON.exists() and installed().get(group) == fingerprint(group)


def installed() -> dict[str, str]:
    """Return the fingerprints of the finished set-ups, by group; empty when there is none."""
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def set_up(group: str) -> None:
    """Make the environment, fill it from the lock file, and leave the stamp as the last act."""
    done = installed()
    STAMP.unlink(missing_ok=True)
    if not is_usable():
        if shutil.disk_usage(ROOT).free < NEEDED_BYTES:
            raise SetupError(explain("No space left"))
        run("Creating .venv", [sys.executable, "-m", "venv", "--clear", str(VENV)])
        done = {}
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--retries", "2"]
    run("Installing uv", [*pip, "--require-hashes", "-r", str(UV_LOCK)])
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON)]
    env = uv_environment()
    lock = LOCKS[group]
    count = lock.read_text(encoding="utf-8").count("==")
    run(f"Installing {count} packages", [*uv, "--require-hashes", "-r", str(lock)], env)
    # uv builds the project with its own back end: no download, nothing left in the tree.
    run("Installing Atrium", [*uv, "--offline", "--no-deps", "--reinstall", "-e", str(ROOT)], env)
    # The packages for the checks include those for the server.
    done |= {name: fingerprint(name) for name in (group, "runtime")}
    scratch = STAMP.with_suffix(".new")
    scratch.write_text(json.dumps(done), encoding="utf-8")
    scratch.replace(STAMP)


def is_usable() -> bool:
    """Tell whether `.venv` is a working environment at this place, whichever Python made it."""
    question = "import sys, pip; print(sys.version_info >= (3, 11), sys.prefix)"
    try:
        reply = subprocess.run([PYTHON, "-c", question], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return reply.stdout.strip() == f"True {VENV}"


def uv_environment() -> dict[str, str]:
    """Return the variables that give uv the index and certificates that pip is configured with."""
    listing = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings = dict(re.findall(r"^[\w:]*\.([\w-]+)='(.*)'$", listing, flags=re.MULTILINE))
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "cert": "SSL_CERT_FILE",
        "trusted-host": "UV_INSECURE_HOST",
    }
    given = {names[key]: value for key, value in settings.items() if key in names}
    return given | caches() | os.environ


def caches() -> dict[str, str]:
    """Return variables that keep the caches of uv and npm with us when there is no home."""
    if os.access(os.path.expanduser("~"), os.W_OK):
        return {}
    cache = ROOT / ".build" / "cache"
    return {"UV_CACHE_DIR": str(cache / "uv"), "npm_config_cache": str(cache / "npm")}


def run(title: str, command: list[str], env: dict[str, str] | None = None) -> None:
    """Run one step quietly and print how long it took.

    Raises:
        SetupError: The command failed; its last lines have been printed.
    """
    print(f"{title} … ", end="", flush=True)
    start = time.monotonic()
    result = subprocess.run(
        command,
        cwd=str(ROOT),  # uv reads the project's file for what overrides a package's wishes.
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        print("failed")
        print("\n".join(result.stdout.splitlines()[-15:]), file=sys.stderr)
        raise SetupError(explain(result.stdout) or f"{title} failed for the reason above.")
    print(f"{time.monotonic() - start:.1f} s")


def explain(output: str) -> str:
    """Return the sentence for a known cause of failure, or nothing."""
    for pattern, sentence in CAUSES:
        if re.search(pattern, output):
            return sentence.format(root=ROOT)
    return ""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time into the block; the others wait."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
