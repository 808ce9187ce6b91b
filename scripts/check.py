"""Run every check in turn and end with one line that says how it went.

.venv/bin/python -m scripts.check            the fast half
.venv/bin/python -m scripts.check --all      everything
.venv/bin/python -m scripts.check --static   style, types and import contracts only
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from scripts.programs import ensure_all

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

STATIC = (
    ("style", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("types", ["mypy"]),
    ("imports", ["lint-imports"]),
)


def main() -> None:
    """Run the chosen checks; exit with 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="with browser and PostgreSQL")
    parser.add_argument("--static", action="store_true", help="without running any test")
    options, pytest_args = parser.parse_known_args()
    start = time.monotonic()
    results = [run(title, command) for title, command in STATIC]
    if options.all:
        results.append(run("pages", ["python", "-m", "scripts.build_frontend"]))
    if not options.static:
        results.append(run("tests", pytest(everything=options.all) + pytest_args))
    failed = [title for title, passed, _ in results if not passed]
    report = " · ".join(text for _, _, text in results)
    verdict = f"FAILED: {', '.join(failed)}" if failed else "All checks passed"
    print(f"\n{verdict} in {time.monotonic() - start:.0f} s   ({report})")
    sys.exit(bool(failed))


def run(title: str, command: list[str]) -> tuple[str, bool, str]:
    """Run one check, showing what it says; return its name, success, and part of the summary."""
    print(f"\n── {title}", flush=True)
    start = time.monotonic()
    process = subprocess.Popen(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    last = ""
    for line in process.stdout or ():
        print(line, end="", flush=True)
        last = line.strip() or last
    passed = process.wait() == 0
    counts = ", ".join(re.findall(r"\d+ (?:passed|failed|error|skipped)\w*", last))
    text = f"{title} {counts + ' ' if counts else ''}{time.monotonic() - start:.1f} s"
    return title, passed, text


def pytest(*, everything: bool) -> list[str]:
    """Return the pytest command line; everything needs a browser and a Redis server."""
    command = ["pytest", "-n", "auto", "--dist", "loadfile"]
    if not everything:
        return [*command, "-m", "not e2e and not slow"]
    ensure_all()
    return command


if __name__ == "__main__":
    main()
