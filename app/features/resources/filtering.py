"""Filters as the form of a drawn list says them, and in words."""

from collections.abc import Mapping
from typing import Any

import orjson

from app.core.errors import Invalid
from app.core.resources.conditions import Condition, Filter, Group, parse_filter
from app.core.resources.fields import Reference
from app.core.resources.resource import Meta

_DEEPEST = 5
_MOST_LINES = 50
_LONGEST_WORDS = 160
_COMPARED = {"is": "is", "not": "is not", "contains": "contains", "in": "is one of"}
_IN_TIME = frozenset({"date", "moment"})


def filter_of(meta: Meta, form: Mapping[str, Any]) -> str:
    """The filter that a form asks for, as JSON; empty for none.

    Args:
        meta: The resource.
        form: `filter` tells how conditions are joined, as JSON: `{"join", "parts"}`, where a part
            is another such or `{"field", "operator", "key"}`. A condition's value is the text of
            the field `value-<key>`.

    Raises:
        Invalid: A condition asks for nothing that there is; with a sentence at its value.
    """
    try:
        given = orjson.loads(str(form.get("filter") or "{}"))
    except orjson.JSONDecodeError as error:
        raise _unreadable() from error
    wrong: dict[str, str] = {}
    asked = _group(meta, given, form, wrong, 0)
    if wrong:
        message = "Say what each condition asks for."
        raise Invalid("page.filter.invalid", message, fields=wrong)
    if not asked:
        return ""
    text = orjson.dumps(asked, default=str).decode()
    parse_filter(meta, text)
    return text


def lines_of(meta: Meta, filter_: Filter, labels: Mapping[str, str]) -> dict[str, Any]:
    """A filter as the form shows it; see `filter_of`, with `value` instead of `key`.

    Args:
        meta: The resource.
        filter_: What is asked.
        labels: What records are called, by id.
    """
    if isinstance(filter_, Condition):
        return {"join": "all", "parts": [_line(meta, filter_, labels)]}
    parts = [
        lines_of(meta, each, labels) if isinstance(each, Group) else _line(meta, each, labels)
        for each in filter_.parts
    ]
    return {"join": filter_.join, "parts": parts}


def in_words(meta: Meta, filter_: Filter, labels: Mapping[str, str]) -> str:
    """A filter as people say it: *Quantity at least 3 and State is Used*."""
    words = _words(meta, filter_, labels, is_part=False)
    return words if len(words) <= _LONGEST_WORDS else f"{words[: _LONGEST_WORDS - 1]}…"


def _group(
    meta: Meta, given: Any, form: Mapping[str, Any], wrong: dict[str, str], depth: int
) -> dict[str, Any] | None:
    parts = given.get("parts") if isinstance(given, dict) else None
    if parts is None and not given:
        return None
    if depth > _DEEPEST or not isinstance(parts, list) or len(parts) > _MOST_LINES:
        raise _unreadable()
    found = []
    for part in parts:
        if not isinstance(part, dict):
            raise _unreadable()
        is_group = "parts" in part
        asked = (
            _group(meta, part, form, wrong, depth + 1)
            if is_group
            else _condition(meta, part, form, wrong)
        )
        if asked:
            found.append(asked)
    return {"any" if given.get("join") == "any" else "all": found} if found else None


def _condition(
    meta: Meta, part: Mapping[str, Any], form: Mapping[str, Any], wrong: dict[str, str]
) -> dict[str, Any] | None:
    name, operator = str(part.get("field")), str(part.get("operator"))
    key = f"value-{part.get('key')}"
    field = meta.fields.get(name)
    if field is None or operator not in field.all_operators:
        raise _unreadable()
    text = str(form.get(key) or "").strip()
    if not text:
        wrong[key] = "Say what it is compared with."
        return None
    value = text == "true" if operator == "empty" else field.operand_from_text(text)
    if operator == "in":
        value = [value]
    asked = {name if operator == "is" else f"{name}.{operator}": value}
    try:
        parse_filter(meta, orjson.dumps(asked, default=str).decode())
    except Invalid as error:
        wrong[key] = error.message.partition(": ")[2] or error.message
        return None
    return asked


def _line(meta: Meta, condition: Condition, labels: Mapping[str, str]) -> dict[str, Any]:
    field, value = meta.fields[condition.field], condition.value
    if isinstance(field, Reference) and condition.operator in ("is", "not"):
        value = {"id": str(value), "label": labels.get(str(value))}
    elif condition.operator == "empty":
        value = "true" if value else "false"
    elif condition.operator == "in":
        parts = [_line(meta, Condition(condition.field, "is", each), labels) for each in value]
        return {"join": "any", "parts": parts}
    else:
        value = _plain(value)
    return {"field": condition.field, "operator": condition.operator, "value": value}


def _plain(value: Any) -> Any:
    """A value of a filter as JSON."""
    return orjson.loads(orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z))


def _words(meta: Meta, filter_: Filter, labels: Mapping[str, str], *, is_part: bool) -> str:
    if isinstance(filter_, Condition):
        return _condition_in_words(meta, filter_, labels)
    word = " and " if filter_.join == "all" else " or "
    words = word.join(_words(meta, each, labels, is_part=True) for each in filter_.parts)
    return f"({words})" if is_part and len(filter_.parts) > 1 else words


def _condition_in_words(meta: Meta, condition: Condition, labels: Mapping[str, str]) -> str:
    field, operator, value = meta.fields[condition.field], condition.operator, condition.value
    if operator == "empty":
        return f"{field.title} is {'' if value else 'not '}empty"
    least, most = ("from", "up to") if field.kind in _IN_TIME else ("at least", "at most")
    compared = {**_COMPARED, "min": least, "max": most}[operator]
    values = value if operator == "in" else [value]
    titles = dict(field.describe().get("options", ()))
    said = [labels.get(str(each)) or titles.get(each) or _said(each) for each in values]
    return f"{field.title} {compared} {', '.join(said)}"


def _said(value: Any) -> str:
    return ("Yes" if value else "No") if isinstance(value, bool) else str(_plain(value))


def _unreadable() -> Invalid:
    message = "This filter cannot be read."
    return Invalid("page.filter.invalid", message, fields={"filter": message})
