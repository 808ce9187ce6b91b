"""The files made from the code; `platformctl generate` writes them, a test compares them."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.bootstrap import build_container, build_registry
from app.core.permissions import PermissionName
from app.http.api import build_api
from app.settings import PROJECT_ROOT, Settings, setting_names, variable_name
from components import theme

_ENV_HEAD = """\
# Every setting as an environment variable, with its default. Put what you need into the
# environment of your shell, service or container; this file itself is not read.
# An empty value means "not set". See docs/configuration.md.
"""


def generated_files(settings: Settings) -> Mapping[Path, str]:
    """The text of every generated file, by its path."""
    registry = build_registry()
    api = build_api(registry, build_container(settings, registry))
    return {
        PROJECT_ROOT / ".env.example": _env_example(),
        PROJECT_ROOT / "assets" / "theme.css": theme.css(),
        PROJECT_ROOT / "docs" / "openapi.json": json.dumps(api.openapi(), indent=2) + "\n",
        PROJECT_ROOT / "docs" / "permissions.md": _permissions(registry.permissions),
    }


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
