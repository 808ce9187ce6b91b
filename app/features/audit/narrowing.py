"""The filters of the audit list: how its address writes them, and what people read."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.core import clock, days
from app.core.errors import Invalid
from app.core.ids import parse_id
from app.core.permissions import PermissionName
from app.core.registry import Registry
from app.features.audit.noun_words import meta_of
from app.features.audit.phrases import TOLD_ACTIONS
from app.features.audit.words import action_in_words, capitalised, label_of

TITLES: Mapping[str, str] = {
    "since": "From",
    "until": "Until",
    "actor_id": "Who",
    "action": "Action",
    "outcome": "Outcome",
    "module": "Module",
    "target_type": "Kind",
    "target_id": "About",
    "request_id": "Request",
    "changed": "Changed",
    "access_only": "Only",
    "reads": "Looks",
}
"""What chips call a filter, by its name in the address."""

PERIODS: Mapping[str, str] = {
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "365d": "Last year",
}
OUTCOMES: Mapping[str, str] = {"succeeded": "Succeeded", "denied": "Denied", "failed": "Failed"}
ACCESS_ONLY = "Access changes only"
READS: Mapping[str, str] = {"none": "Without looks", "only": "Looks only"}
"""Whether entries are listed that tell only who looked."""

_AGO = re.compile(r"([0-9]{1,4})([hd])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LONGEST_TEXT = 100
_UNITS = {"h": "hours", "d": "days"}
_CHANGING = frozenset({"create", "update", "delete", "revoke", "share", "suspend"})
"""Verbs of permissions on things that entries are about."""
_NO_THINGS = {"page": "Page", "handler": "Console call"}

_VALUES = {
    "outcome": OUTCOMES,
    "reads": {"none": "Left out", "only": "Nothing else"},
    "access_only": {"true": "changes to permissions"},
}

Options = list[dict[str, str]]


def asked(filters: Mapping[str, str], search: str) -> dict[str, Any]:
    """The arguments of a query for the entries that an address asks for.

    Raises:
        Invalid: A moment cannot be read.
    """
    arguments: dict[str, Any] = dict(filters)
    if "since" in arguments:
        arguments["since"] = moment(arguments["since"])
    if "until" in arguments:
        arguments["until"] = moment(arguments["until"], is_end=True)
    return arguments | ({"text": search[:_LONGEST_TEXT]} if search else {})


def moment(text: str, *, is_end: bool = False) -> datetime:
    """A moment that a list begins or ends with: `24h` or `30d` ago, a date, or a date and time.

    Args:
        text: As the address writes it.
        is_end: Whether a date means the end of the reader's day, not its beginning.

    Raises:
        Invalid: The text is none of these.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return clock.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    name = "until" if is_end else "since"
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return days.end_of(day) if is_end else days.start_of(day)
        given = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        message = "Write the time as 24h, 30d or 2026-01-31."
        raise Invalid(f"audit.{name}.invalid", message, fields={name: message}) from error
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def chips(filters: Mapping[str, str], search: str, names: Mapping[str, str]) -> Options:
    """The filters in force as `{"key", "label", "value"}`, all words.

    Args:
        filters: By name, as the address writes them.
        search: What is searched for.
        names: What people call things, by their ids.
    """
    found = [{"key": "q", "label": "Search", "value": search}] if search else []
    for key, value in filters.items():
        label = "When" if key == "since" and _AGO.fullmatch(value) else TITLES[key]
        found.append({"key": key, "label": label, "value": _in_words(key, value, names)})
    return found


def _in_words(key: str, value: str, names: Mapping[str, str]) -> str:
    if key in ("since", "until"):
        return _moment_in_words(value)
    if key == "action":
        return ", ".join(map(action_in_words, value.split(",")))
    if key == "module":
        return ", ".join(map(_title, value.split(",")))
    if key == "target_type":
        return _NO_THINGS.get(value) or _title(value)
    if key == "changed":
        return _field_in_words(value)
    known = _VALUES.get(key, names).get(value)
    return known or (f"{value[:8]}…" if parse_id(value) else value)


def _field_in_words(value: str) -> str:
    """*Name (User)* for `user.display_name`."""
    kind, _, field = value.rpartition(".")
    return f"{label_of(kind, field)} ({_title(kind)})" if kind else value


def _moment_in_words(text: str) -> str:
    if text in PERIODS:
        return PERIODS[text].lower()
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return f"last {ago[1]} {_UNITS[ago[2]]}"
    if _DAY.fullmatch(text):
        return text
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        return text
    return days.in_words(given if given.tzinfo else given.replace(tzinfo=UTC))


def action_options(registry: Registry) -> Options:
    """All actions that are known, by module and in words."""
    permissions = {str(each): each for each in registry.permissions}
    actions = [
        {
            "value": action,
            "label": action_in_words(action),
            "detail": action,
            "group": _title(registry.module_of(action)),
        }
        for action in TOLD_ACTIONS | permissions.keys()
    ]
    return sorted(actions, key=lambda each: (each["group"], each["label"], each["value"]))


def module_options(registry: Registry) -> Options:
    """The modules that have permissions."""
    return [
        {"value": module.id, "label": _title(module.id)}
        for module in registry.modules
        if module.permissions
    ]


def kind_options(registry: Registry) -> Options:
    """The kinds of things that entries are about."""
    kinds = {_noun(each) for each in registry.permissions if _verb(each) in _CHANGING}
    titles = {kind: _title(kind) for kind in kinds} | _NO_THINGS
    return [
        {"value": kind, "label": titles[kind]} for kind in sorted(titles, key=titles.__getitem__)
    ]


def changed_options(registry: Registry, shows: Callable[[str, str], bool]) -> Options:
    """The fields that can be changed, by kind of thing.

    Args:
        registry: What is installed.
        shows: Whether one may know that a field of a kind of thing was changed.
    """
    fields = {
        (resource.name, field)
        for module in registry.modules
        for resource in module.resources
        for field in resource.writable
    } | {
        (undo.target_type, field)
        for module in registry.modules
        for undo in module.undos
        for field in undo.fields
    }
    options = [
        {
            "value": f"{kind}.{field}",
            "label": label_of(kind, field),
            "detail": "",
            "group": _title(kind),
        }
        for kind, field in fields
        if shows(kind, field)
    ]
    return sorted(options, key=lambda each: (each["group"], each["label"], each["value"]))


def _noun(permission: PermissionName) -> str:
    return str(permission).rpartition(".")[0]


def _verb(permission: PermissionName) -> str:
    return str(permission).rpartition(".")[2]


def _title(name: str) -> str:
    meta = meta_of(name)
    if meta is not None:
        return capitalised(meta.singular)
    return capitalised(name.replace("_", " ").replace(".", " "))
