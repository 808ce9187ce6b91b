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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.audit import SKIPPED
from scripts.programs import ensure_all

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

Command = tuple[str, ...]

SHIPPED = ("app", "components", "migrations")

STATIC: dict[str, Command] = {
    "types": ("mypy",),
    "style": ("ruff", "check", "--output-format", "concise"),
    "format": ("ruff", "format", "--check"),
    "spelling": ("codespell",),
    "imports": ("lint-imports", "--no-logo"),
}
SAFETY: dict[str, Command] = {
    "security": ("bandit", "--quiet", "-c", "pyproject.toml", "-ll", "-r", *SHIPPED),
    "dependencies": ("python", "-m", "scripts.audit"),
}
PAGES: dict[str, Command] = {"pages": ("python", "-m", "scripts.build_frontend")}

FAST = "not e2e and not postgres and not slow"
UNIT = ("tests/app", "tests/components")
"""The tests of single parts. Those of all together run most of the code, so they say nothing of
whether a part has tests of its own."""
COVERAGE: dict[str, Command] = {
    "coverage": ("coverage", "report"),
    "coverage of app/core": ("coverage", "report", "--include", "app/core/*", "--fail-under", "90"),
}
"""What is counted is what fast tests of single parts run: no browser, no PostgreSQL, no servers."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one check went."""

    title: str
    passed: bool
    output: str
    seconds: float

    def __str__(self) -> str:
        """Name, counts of tests, how much they cover, and time."""
        last = self.output.rstrip().rsplit("\n", maxsplit=1)[-1]
        counts = re.findall(r"\d+ (?:passed|failed|error|skipped)\w*", last)
        covered = re.findall(r"^TOTAL .* (\d+%)$", self.output, re.MULTILINE)
        return " ".join([self.title, *counts, *covered, f"{self.seconds:.1f} s"])


def main() -> None:
    """Run the chosen checks; exit with 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="with browser and PostgreSQL")
    parser.add_argument("--static", action="store_true", help="without running any test")
    options, pytest_arguments = parser.parse_known_args()
    start = time.monotonic()
    results = run_side_by_side(PAGES | STATIC | SAFETY if options.all else STATIC)
    if not options.static:
        results += run_tests(pytest_arguments, everything=options.all)
    failed = [result.title for result in results if not result.passed]
    verdict = f"FAILED: {', '.join(failed)}" if failed else "All checks passed"
    report = " · ".join(map(str, results))
    print(f"\n{verdict} in {time.monotonic() - start:.0f} s ({report})")
    sys.exit(bool(failed))


def run_side_by_side(commands: dict[str, Command]) -> list[Result]:
    """Run several checks, as many at a time as there are processors; show those that failed."""
    results = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for result in pool.map(run, commands, commands.values()):
            print(f"{'ok    ' if result.passed else 'FAILED'} {result}", flush=True)
            if not result.passed or result.output.startswith(SKIPPED):
                print(result.output, flush=True)
            results.append(result)
    return results


def run(title: str, command: Command, *, show: bool = False) -> Result:
    """Run one check and keep what it says, showing it line by line when asked."""
    start = time.monotonic()
    process = subprocess.Popen(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if show:
            print(line, end="", flush=True)
    return Result(title, process.wait() == 0, "".join(lines), time.monotonic() - start)


def run_tests(chosen: list[str], *, everything: bool) -> list[Result]:
    """Run the tests; everything needs a browser and a Redis server, and is measured.

    Args:
        chosen: What pytest is told besides; coverage of a part of the tests says nothing.
        everything: Not only the fast half.
    """
    pytest = ("-m", "pytest", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
    if not everything:
        return [run("tests", ("python", *pytest, "-m", FAST, *chosen), show=True)]
    ensure_all()
    if chosen:
        return [run("tests", ("python", *pytest, *chosen), show=True)]
    run("earlier coverage", ("coverage", "erase"))
    unit = run("fast tests of parts", ("coverage", "run", *pytest, "-m", FAST, *UNIT), show=True)
    run("coverage of all workers", ("coverage", "combine", "--quiet"))
    coverage = run_side_by_side(COVERAGE)
    # The order of the tests puts what takes long first.
    others = run("other tests", ("python", *pytest, "-m", "not unit"), show=True)
    return [unit, *coverage, others]


if __name__ == "__main__":
    main()
