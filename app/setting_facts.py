"""What is known of each setting beside its value: what it means, its unit, where it comes from."""

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, SecretStr

from app import settings as declared
from app.settings import (
    PROJECT_ROOT,
    Settings,
    setting_names,
    variable_name,
)

Shown = bool | int | float | str | list[str] | None
"""A setting's value as people and programs may see it."""

Source = Literal["default", "file", "environment", "generated", "start"]
"""Who said it: nobody, a file of `config/`, a variable, the platform itself, or whoever started it
from a program."""

_UNITS = ("bytes", "seconds", "minutes", "hours", "days")
_GENERATED: Mapping[str, str] = {
    "auth.jwt_secret": "kept in jwt_secret in the data directory",
    "audit.signing_key": "kept in audit_signing_key in the data directory",
    "bootstrap.admin_password": "printed once, when the first administrator was made",
}
"""Secrets that the platform makes when none is given, and where they are."""
_ENVIRONMENTS = ("development", "production")
_KIB = 1024
_BYTES = ("bytes", "KiB", "MiB", "GiB")


class Origin(NamedTuple):
    """Where a value comes from, and the name of the place; empty where there is none to name."""

    source: Source
    place: str = ""


@dataclass(frozen=True, slots=True)
class SettingFacts:
    """One setting as it is in force."""

    name: str
    value: Shown
    """What is secret about it is masked."""
    unit: str
    """What the number counts: `seconds`; empty for what is no quantity."""
    origin: Origin
    description: str
    """A sentence or two, in Markdown."""


def facts_of(settings: Settings) -> list[SettingFacts]:
    """All settings in declaration order."""
    return [
        SettingFacts(
            name,
            "generated" if is_generated(settings, name) else in_force(settings, name),
            unit_of(name),
            origin_of(settings, name),
            descriptions()[name],
        )
        for name in setting_names()
    ]


def shown(settings: Settings, name: str) -> Shown:
    """The value of a setting by its dotted name; what is secret about it is masked."""
    value = _value(settings, name)
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, str) and name.endswith(".url") and "@" in value:
        scheme, _, rest = value.partition("://")
        return f"{scheme}://********@{rest.rpartition('@')[2]}"
    if isinstance(value, dict):
        return json.dumps(value)
    return value if isinstance(value, (int, float, list, type(None))) else str(value)


def in_force(settings: Settings, name: str) -> Shown:
    """The value of a setting; for the database the one in use, without its password."""
    if name == "database.url" and settings.database.url is None:
        return settings.database_url
    return shown(settings, name)


def is_generated(settings: Settings, name: str) -> bool:
    """Whether the platform makes the value itself, because none was given."""
    return name in _GENERATED and shown(settings, name) is None


def origin_of(settings: Settings, name: str) -> Origin:
    """Where the value in force comes from."""
    if is_generated(settings, name):
        return Origin("generated", _GENERATED[name])
    variable = _variable_of(name)
    if variable:
        return Origin("environment", variable)
    value = _value(settings, name)
    default = _value(_defaults(), name)
    for file in (f"{settings.environment}.yaml", "default.yaml"):
        found = _in_file(file, name)
        if found is not ... and _same(found, value):
            is_usual = file == "default.yaml" and _same(found, default)
            return Origin("default") if is_usual else Origin("file", f"config/{file}")
    return Origin("default") if _same(default, value) else Origin("start")


def unit_of(name: str) -> str:
    """What a setting counts, by its name: `seconds`; empty for what is no quantity."""
    ending = name.rpartition("_")[2]
    return ending if ending in _UNITS else ""


def quantity(number: float, unit: str) -> str:
    """A number with its unit: *10 MiB*, *1 day*, *0.5 seconds*."""
    if unit == "bytes":
        size, power = float(number), 0
        while size >= _KIB and power < len(_BYTES) - 1:
            size, power = size / _KIB, power + 1
        return f"{size:,.4g} {_BYTES[power]}"
    return f"{number:,g} {unit.removesuffix('s') if number == 1 else unit}"


def plain(markdown: str) -> str:
    """A description without the marks of Markdown."""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", markdown).replace("`", "").replace("*", "")


@cache
def descriptions() -> Mapping[str, str]:
    """What each setting means, in Markdown: the docstring below its field in `app/settings.py`."""
    tree = ast.parse(Path(declared.__file__).read_text(encoding="utf-8"))
    classes = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
    return {
        prefix + name: said
        for prefix, model in _sections(Settings)
        for name, said in _said_of_fields(classes[model.__name__])
    }


def table() -> str:
    """All settings with their defaults and meanings, as a table in Markdown."""
    rows = [
        f"| `{name}` | {_default_in_words(name)} | {descriptions()[name]} |"
        for name in setting_names()
    ]
    return "\n".join(["| Setting | Default | Means |", "|---|---|---|", *rows])


def _default_in_words(name: str) -> str:
    usual = _in_words(name, _value(_defaults(), name))
    others = [
        f", in {environment} {_in_words(name, found)}"
        for environment in _ENVIRONMENTS
        if (found := _in_file(f"{environment}.yaml", name)) is not ...
    ]
    return "".join([usual, *others])


def _in_words(name: str, value: Any) -> str:
    if value is None or value in ([], {}):
        if name == "database.url":
            return "SQLite in `data_dir`"
        return "generated" if name in _GENERATED else "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float) and unit_of(name):
        return quantity(value, unit_of(name))
    return f"`./{value}`" if isinstance(value, Path) else f"`{value}`"


def _sections(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    yield prefix, model
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _sections(field.annotation, f"{prefix}{name}.")


def _said_of_fields(model: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, said in zip(model.body, model.body[1:], strict=False):
        is_text = isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            yield field.target.id, " ".join(str(said.value.value).split())  # type: ignore[attr-defined]  # see is_text


def _defaults() -> Settings:
    return Settings.model_construct()


def _value(settings: Settings, name: str) -> Any:
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


@cache
def _file(name: str) -> Mapping[str, Any]:
    path = PROJECT_ROOT / "config" / name
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def _in_file(file: str, name: str) -> Any:
    """What a file of `config/` says of a setting; `...` when it says nothing."""
    value: Any = _file(file)
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return ...
        value = value[part]
    return value


def _same(written: Any, value: Any) -> bool:
    """Whether a value as a file writes it is the one in force."""
    if isinstance(value, Path) and written is not None:
        return (PROJECT_ROOT / Path(written)).resolve() == (PROJECT_ROOT / value).resolve()
    return bool(written == value)


def _variable_of(name: str) -> str:
    """The variable that says it, itself or with all its section; empty when there is none."""
    given = {variable.upper() for variable, value in os.environ.items() if value}
    own, section = variable_name(name), variable_name(name.rpartition(".")[0])
    if own in given:
        return own
    return section if "." in name and section in given else ""
