"""Filters: what is asked of the fields of a resource, joined by *all* and *any*."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import Field as SchemaField
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, and_, or_

from app.core.errors import Invalid
from app.core.validation import findings

if TYPE_CHECKING:
    from app.core.resources.resource import Meta
    from app.core.rows import Rows

MOST_VALUES = 100
"""Values of which a field can be one."""
_MOST_CONDITIONS = 50
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of one field.

    Attributes:
        field: The field's name.
        operator: `is`, `not`, `in`, `min`, `max`, `contains` or `empty`, as far as its type knows
            it.
        value: What it is compared with; validated.
    """

    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions of which all, or any, must hold."""

    join: Literal["all", "any"]
    parts: "Sequence[Filter]"


Filter = Condition | Group


def parse_filter(meta: "Meta", text: str) -> Filter:
    """The filter that a text of JSON means.

    `{"all": […]}` and `{"any": […]}` join others; `{"quantity.min": 3, "place": "…"}` asks for
    both of its conditions.

    Raises:
        Invalid: It is no such JSON, or asks what cannot be asked; at the field `filter`.
    """
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _wrong("This filter is no JSON.") from error
    parsed = _parsed(meta, given, 0)
    if sum(1 for _ in conditions_in(parsed)) > _MOST_CONDITIONS:
        message = f"A filter has at most {_MOST_CONDITIONS} conditions."
        raise _wrong(message)
    return parsed


def conditions_in(filter_: Filter) -> Iterator[Condition]:
    """All conditions of a filter, however they are joined."""
    if isinstance(filter_, Condition):
        yield filter_
        return
    for part in filter_.parts:
        yield from conditions_in(part)


def as_sql(meta: "Meta", filter_: Filter, rows: "Rows") -> ColumnElement[bool]:
    """Whether a filter holds in a row, by what may be read of it: nobody finds what is hidden."""
    if isinstance(filter_, Condition):
        field = meta.fields[filter_.field]
        holds = field.compared(meta.table, filter_.operator, filter_.value)
        return holds if rows.shows_always(field.name) else and_(holds, rows.showing([field.name]))
    join = and_ if filter_.join == "all" else or_
    return join(*(as_sql(meta, part, rows) for part in filter_.parts))


def _parsed(meta: "Meta", given: object, depth: int) -> Filter:
    if depth > _DEEPEST:
        message = f"A filter has at most {_DEEPEST} levels."
        raise _wrong(message)
    if not isinstance(given, Mapping) or not given or len(given) > _MOST_CONDITIONS:
        raise _wrong('Write a filter like {"any": [{"quantity.min": 3}]}.')
    parts: list[Filter] = []
    for key, value in given.items():
        if key in ("all", "any"):
            if not isinstance(value, list) or not 0 < len(value) <= _MOST_CONDITIONS:
                message = f"{key!r} joins a list of conditions."
                raise _wrong(message)
            parts.append(Group(key, [_parsed(meta, each, depth + 1) for each in value]))
        else:
            parts.append(_condition(meta, key, value))
    return parts[0] if len(parts) == 1 else Group("all", parts)


def _condition(meta: "Meta", key: str, value: object) -> Condition:
    name, _, operator = key.partition(".")
    operator = operator or "is"
    field = meta.fields.get(name)
    if field is None or operator not in field.all_operators:
        raise _wrong(f"Nothing is filtered by {key[:60]!r}.")
    kind: Any = field.operand(operator)
    if operator == "in":
        kind = Annotated[list[kind], SchemaField(max_length=MOST_VALUES)]
    try:
        return Condition(name, operator, TypeAdapter(kind).validate_python(value))
    except ValidationError as error:
        [found, *_] = findings(error.errors())
        raise _wrong(f"{key}: {found.message}") from error


def _wrong(message: str) -> Invalid:
    return Invalid("page.filter.invalid", message, fields={"filter": message})
