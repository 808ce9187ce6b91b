"""Build the browser's half of the application into `.web`, where the server looks for it.

The build happens beside the live files and replaces them only when it was good. When no input
changed since the last build, nothing happens and Reflex is not even imported.

    .venv/bin/python -m scripts.build_frontend
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from scripts.setup import caches

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
STAGE = BUILD / "stage"
WEB = BUILD / "web"
LOG = BUILD / "frontend.log"
LIVE = ROOT / ".web"
STAMP = "inputs.sha256"
LOCK = ROOT / "reflex.lock"

SOURCES = ("app", "assets", "components", "config", "modules", "reflex.lock")
# What the server reads at run time; everything else in the build directory is the builder's.
DEPLOYED = ("build/client", "backend", "routes.json", "env.json")
# What makes the next build faster. The rest is made anew: settings of a removed plugin left in
# the directory break the build.
KEPT = (
    "node_modules",
    "package.json",
    "package-lock.json",
    "reflex.install_frontend_packages.cached",
)

# Packages that are served as they come, by their place in the build.
VENDORED = {
    "swagger-ui-dist/swagger-ui-bundle.js": "vendor/swagger-ui.js",
    "swagger-ui-dist/swagger-ui.css": "vendor/swagger-ui.css",
}

NETWORK = r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT"


class BuildError(Exception):
    """The frontend was not built; the live one is untouched."""


def main() -> None:
    """Build when needed and report; exit with a sentence when the build failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="build although nothing changed")
    parser.add_argument("--lock", action="store_true", help="and write reflex.lock")
    parser.add_argument("--upgrade", action="store_true", help="take the newest packages")
    options = parser.parse_args()
    forced = options.force or options.lock or options.upgrade
    if is_current() and not forced:
        return
    start = time.monotonic()
    try:
        with locked(BUILD / "frontend.lock"):
            if is_current() and not forced:
                return
            print("Building the frontend … ", end="", flush=True)
            build(lock=options.lock, upgrade=options.upgrade)
    except KeyboardInterrupt:
        sys.exit("interrupted; the live pages are as they were.")
    except BuildError as error:
        print("failed")
        sys.exit(f"{error}\nThe whole log is {LOG.relative_to(ROOT)}.")
    print(f"{time.monotonic() - start:.1f} s")


def fingerprint() -> str:
    """Return everything a build depends on as one hash."""
    paths = [ROOT / "rxconfig.py", ROOT / "requirements.lock"]
    for name in SOURCES:
        paths += (path for path in (ROOT / name).rglob("*") if is_source(path))
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(paths):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    for module in entry_points(group="atrium.modules"):
        digest.update(
            f"{module.dist and module.dist.name} {module.dist and module.dist.version}".encode()
        )
    # Some pages exist in development only.
    digest.update(os.environ.get("ATRIUM_ENVIRONMENT", "").encode())
    return digest.hexdigest()


def is_source(path: Path) -> bool:
    """Tell whether a file can change what the browser gets."""
    ignored = {"__pycache__", "external", "migrations", "tests"} & set(path.relative_to(ROOT).parts)
    return path.is_file() and not ignored and path.suffix not in {".md", ".pyc"}


def is_current() -> bool:
    """Tell whether the live frontend was built from the present inputs."""
    try:
        return (LIVE / STAMP).read_text(encoding="utf-8") == fingerprint()
    except OSError:
        return False


def build(*, lock: bool = False, upgrade: bool = False) -> None:
    """Build, check the result, and make it the live one.

    Raises:
        BuildError: Reflex, npm or the bundler failed, or left no page.
    """
    inputs = fingerprint()
    prepare_stage(with_lock=not upgrade)
    prepare_web(with_packages=not upgrade)
    export()
    vendor()
    if lock:
        # As Reflex writes them, so that `make dev` finds nothing to change.
        shutil.copytree(STAGE / "reflex.lock", LOCK, dirs_exist_ok=True)
        inputs = fingerprint()
    elif packages_in(LOCK) != packages_in(STAGE / "reflex.lock"):
        print("(reflex.lock is out of date: run `make lock` and commit it) ", end="")
    deploy(inputs)


def prepare_stage(*, with_lock: bool) -> None:
    """Make the directory Reflex runs in: links to the sources, copies of what it writes to.

    Reflex edits `.gitignore`, links files into `assets/external` and rewrites `reflex.lock` in
    its working directory; here that leaves no trace in the repository.
    """
    shutil.rmtree(STAGE, ignore_errors=True)
    STAGE.mkdir(parents=True)
    for path in ROOT.iterdir():
        if not path.name.startswith(".") and path.name not in {"assets", "reflex.lock"}:
            (STAGE / path.name).symlink_to(path)
    shutil.copytree(ROOT / "assets", STAGE / "assets", ignore=shutil.ignore_patterns("external"))
    if with_lock and LOCK.is_dir():
        shutil.copytree(LOCK, STAGE / "reflex.lock")


def prepare_web(*, with_packages: bool) -> None:
    """Empty the build directory but for the installed packages."""
    WEB.mkdir(exist_ok=True)
    for path in WEB.iterdir():
        if not (with_packages and path.name in KEPT):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def export() -> None:
    """Run Reflex's export in the stage directory.

    Raises:
        BuildError: It failed; the message ends with the last lines of its log.
    """
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
    with LOG.open("w", encoding="utf-8") as log:
        result = subprocess.run(
            command,
            cwd=STAGE,
            env=build_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    # Reflex may report success after a failure, so look at what it made.
    client = WEB / "build" / "client"
    if (
        result.returncode == 0
        and (client / "index.html").exists()
        and any(client.glob("assets/*.js"))
    ):
        return
    text = LOG.read_text(encoding="utf-8", errors="replace")
    if re.search("ENOSPC|No space left", text):
        raise BuildError(f"The disk is full: make about 1 GB free under {ROOT}.")
    if re.search(NETWORK, text):
        raise BuildError(
            "The npm registry cannot be reached: check the network and npm's settings."
        )
    raise BuildError("\n".join(text.splitlines()[-40:]))


def vendor() -> None:
    """Put the vendored packages beside Reflex's files, compressed once for all requests."""
    import brotli  # noqa: PLC0415 - an unchanged build needs nothing but the standard library

    for source, name in VENDORED.items():
        body = (WEB / "node_modules" / source).read_bytes()
        target = WEB / "build" / "client" / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(body)
        target.with_name(f"{target.name}.br").write_bytes(brotli.compress(body, quality=9))


def build_environment(web: Path = WEB) -> dict[str, str]:
    """Return the environment of a build, which needs neither our secrets nor our database."""
    return toolchain_environment(web) | {
        "PYTHONPATH": str(STAGE),
        "ATRIUM_AUTH__JWT_SECRET": secrets.token_hex(32),
        "ATRIUM_AUDIT__SIGNING_KEY": secrets.token_hex(32),
        "ATRIUM_DATABASE__URL": f"sqlite:///{BUILD / 'unused.db'}",
        "ATRIUM_DATA_DIR": str(BUILD / "data"),
    }


def toolchain_environment(web: Path) -> dict[str, str]:
    """Return the environment in which Reflex uses our Node.js and a directory, and calls nobody."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = (
        caches()
        | os.environ
        | {
            "PATH": path,
            "REFLEX_DIR": str(BUILD / "reflex"),
            "REFLEX_WEB_WORKDIR": str(web),
            "REFLEX_USE_NPM": "1",
            "REFLEX_TELEMETRY_ENABLED": "false",
            "REFLEX_CHECK_LATEST_VERSION": "false",
            # Certificates of the machine besides those built into Node.js.
            "NODE_USE_SYSTEM_CA": "1",
            "npm_config_audit": "false",
            "npm_config_fund": "false",
            "npm_config_update_notifier": "false",
            "npm_config_prefer_offline": "true",
            # Addresses in the lock file would tie it to one registry.
            "npm_config_omit_lockfile_registry_resolved": "true",
        }
    )
    # Without this Reflex times two public registries and takes the faster one.
    registry = subprocess.run(
        ["npm", "config", "get", "registry"], env=env, capture_output=True, text=True, check=True
    )
    return env | {"NPM_CONFIG_REGISTRY": registry.stdout.strip()}


def packages_in(directory: Path) -> dict[str, Any]:
    """Return the parsed package files of a `reflex.lock` directory."""
    paths = (directory / name for name in ("package.json", "package-lock.json"))
    return {
        path.name: json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()
    }


def deploy(inputs: str) -> None:
    """Collect what the server needs, and swap it with the live directory."""
    new, old = LIVE.with_name(".web.next"), LIVE.with_name(".web.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for name in DEPLOYED:
        source, target = WEB / name, new / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (new / STAMP).write_text(inputs, encoding="utf-8")
    with contextlib.suppress(FileNotFoundError):
        LIVE.rename(old)
    new.rename(LIVE)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time into the block; the others wait."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
