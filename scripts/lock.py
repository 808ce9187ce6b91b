"""Write the lock files from pyproject.toml: the Python packages' and the frontend's.

.venv/bin/python -m scripts.lock             keep versions that still fit
.venv/bin/python -m scripts.lock --upgrade   take the newest
"""

import argparse
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from scripts.setup import LOCKS, ROOT, UV_LOCK, uv_environment

COMPILE = [
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-annotate", "--no-header"),
    # Any index that serves the same files will do, so the files name none.
    "--no-emit-index-url",
]


def main() -> None:
    """Write requirements-uv.lock, requirements.lock, requirements-dev.lock and reflex.lock."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = ["--upgrade"] if parser.parse_args().upgrade else []
    compile_lock(UV_LOCK, ["-", *upgrade], stdin=f"uv~={version('uv')}")
    compile_lock(LOCKS["runtime"], ["pyproject.toml", *upgrade])
    constraint = ["--constraint", LOCKS["runtime"].name]
    compile_lock(LOCKS["dev"], ["pyproject.toml", "--group", "dev", *constraint, *upgrade])
    build = ["-m", "scripts.build_frontend", "--lock"]
    commands = [["scripts/setup.py", "--dev"], build]
    if upgrade:
        # Reflex orders a new package.json differently from one that it read; keep the latter.
        commands.insert(1, [*build, "--upgrade"])
    for command in commands:
        if code := subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode:
            sys.exit(code)


def compile_lock(target: Path, arguments: list[str], stdin: str = "") -> None:
    """Resolve requirements into one lock file."""
    print(f"Resolving {target.name}", flush=True)
    subprocess.run(
        [str(Path(sys.executable).parent / "uv"), *COMPILE, *arguments, "-o", target.name],
        cwd=ROOT,
        env=uv_environment(),
        input=stdin,
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
