"""Look the locked packages up among the published security advisories.

.venv/bin/python -m scripts.audit

Where the advisories cannot be reached it says so and succeeds: nobody is kept from working offline.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = "Skipped: "
_SECONDS = 120


def main() -> None:
    """Exit with 1 and a list when a package has a known weakness, or was not looked up."""
    found = look_up(ROOT / "requirements.lock")
    wrong = problems(found)
    if wrong is None:
        print(f"{SKIPPED}the advisories cannot be reached, so no package was looked up.")
        return
    print("\n".join(wrong) or f"{len(found)} packages without a known weakness.")
    sys.exit(bool(wrong))


def look_up(lock: Path) -> list[dict[str, Any]]:
    """What pip-audit says of each package of a lock file; nothing when it could not ask."""
    command = ["pip-audit", "--disable-pip", "--require-hashes", "--requirement", str(lock)]
    options = ["--format", "json", "--progress-spinner", "off", "--timeout", "5"]
    program = str(Path(sys.executable).with_name(command[0]))
    try:
        result = subprocess.run(
            [program, *command[1:], *options],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return list(json.loads(result.stdout)["dependencies"])
    except (subprocess.TimeoutExpired, ValueError):
        return []


def problems(found: list[dict[str, Any]]) -> list[str] | None:
    """A line per package that is weak or was not looked up; None when none could be looked up."""
    if all("skip_reason" in package for package in found):
        return None
    lines = []
    for package in found:
        if reason := package.get("skip_reason"):
            lines.append(f"{package['name']}: {reason}")
        for weakness in package.get("vulns", ()):
            fixed = ", ".join(weakness["fix_versions"]) or "no version yet"
            lines.append(
                f"{package['name']} {package['version']}: {weakness['id']}, mended in {fixed}"
            )
    return lines


if __name__ == "__main__":
    main()
