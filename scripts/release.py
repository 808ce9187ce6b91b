"""Print what the changelog says of a version, for the notes of its release.

.venv/bin/python -m scripts.release v1.2.3
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Print the notes; exit with a sentence when tag, project and changelog disagree."""
    tag = sys.argv[1] if len(sys.argv) > 1 else ""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        print(notes(tag, project["project"]["version"], changelog))
    except ValueError as error:
        sys.exit(str(error))


def notes(tag: str, version: str, changelog: str) -> str:
    """The part of the changelog that tells of the version.

    Raises:
        ValueError: The tag names another version than the project, or the changelog has none of it.
    """
    if tag != f"v{version}":
        message = f"The tag {tag or '(none)'} is not v{version}, the version of the project."
        raise ValueError(message)
    found = re.search(
        rf"^## \[?{re.escape(version)}\]?.*?\n(.+?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if found is None:
        message = f"CHANGELOG.md has no part `## {version}`: rename *Unreleased* to it."
        raise ValueError(message)
    return found[1].strip()


if __name__ == "__main__":
    main()
