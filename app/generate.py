"""The files made from the code; `platformctl generate` writes them, a test compares them."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.bootstrap import build_container, build_registry
from app.contract import breaking_changes
from app.core.permissions import PermissionName
from app.http.api import build_api
from app.setting_facts import table
from app.settings import PROJECT_ROOT, Settings, setting_names, variable_name
from components import theme

API_DOCUMENT = PROJECT_ROOT / "docs" / "openapi.json"
_ENV_HEAD = """\
# Every setting as an environment variable, with its default. Put what you need into the
# environment of your shell, service or container; this file itself is not read.
# An empty value means "not set". See docs/configuration.md. `docker compose` reads `.env` beside
# compose.yaml, which says what it passes on, and what it wants besides: POSTGRES_PASSWORD and
# REDIS_PASSWORD must be set, BIND_ADDRESS, PORT and STOP_GRACE_PERIOD may be.
"""
_CONFIGURATION = PROJECT_ROOT / "docs" / "configuration.md"
_TABLE_BEGINS = "<!-- What follows is made from app/settings.py by `platformctl generate`. -->"
_TABLE_ENDS = "<!-- Until here. -->"


def generated_files(settings: Settings) -> Mapping[Path, str]:
    """The text of every generated file, by its path."""
    # Only here: it registers the console's states.
    from app.entry_points import entry_points, page_of  # noqa: PLC0415 - see above

    registry = build_registry()
    api = build_api(registry, build_container(settings, registry))
    return {
        PROJECT_ROOT / ".env.example": _env_example(),
        PROJECT_ROOT / "assets" / "theme.css": theme.css(),
        _CONFIGURATION: _with_table(_CONFIGURATION.read_text(encoding="utf-8")),
        API_DOCUMENT: json.dumps(api.openapi(), indent=2) + "\n",
        PROJECT_ROOT / "docs" / "permissions.md": _permissions(registry.permissions),
        PROJECT_ROOT / "docs" / "security" / "entry-points.md": page_of(
            entry_points(registry, api)
        ),
    }


def broken_promises(files: Mapping[Path, str]) -> list[str]:
    """What the present OpenAPI document promises and a new one does not, one line each.

    Args:
        files: What `generated_files` made.
    """
    if not API_DOCUMENT.exists():
        return []
    try:
        present = json.loads(API_DOCUMENT.read_text(encoding="utf-8"))
    except ValueError:
        return [f"{API_DOCUMENT} is damaged; restore it as it was committed"]
    return breaking_changes(present, json.loads(files[API_DOCUMENT]))


def _with_table(page: str) -> str:
    """The page with the table of settings as they are now."""
    head, _, rest = page.partition(_TABLE_BEGINS)
    return f"{head}{_TABLE_BEGINS}\n{table()}\n{_TABLE_ENDS}{rest.partition(_TABLE_ENDS)[2]}"


def _env_example() -> str:
    lines = [_ENV_HEAD]
    for name in setting_names():
        default: Any = Settings.model_construct()
        for part in name.split("."):
            default = getattr(default, part)
        shown = "" if default is None else default
        lines.append(f"#{variable_name(name)}={shown}")
    return "\n".join(lines) + "\n"


def _permissions(names: Sequence[PermissionName]) -> str:
    head = """\
    # Permissions

    Every operation needs one of these. A role grants them one by one or by wildcard:
    `user.*` covers all that start with `user.`, `*` covers everything.

    | Permission | Allows to |
    |---|---|
    """
    rows = [f"| `{name}` | {name.description} |" for name in sorted(names)]
    return textwrap.dedent(head) + "\n".join(rows) + "\n"
