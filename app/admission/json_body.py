"""Reads JSON from outside: every field once, not too deep, not too many values."""

import asyncio
import json
from typing import Any

from app.admission.limits import RouteLimits
from app.admission.refusal import Refused

MOST_DEPTH = 32
_IN_LINE_BYTES = 16 * 1024
"""A larger body is parsed in a thread, so that others need not wait for it."""


async def read_json(body: bytes, limits: RouteLimits) -> Any:
    """The value of a body.

    Raises:
        ValueError: It is not JSON.
        Refused: An object names a field twice (readers would disagree on which counts), or the
            body is nested deeper or has more values than is taken.
    """
    if len(body) <= _IN_LINE_BYTES:
        return _read(body, limits.max_values)
    return await asyncio.to_thread(_read, body, limits.max_values)


def _read(body: bytes, most_values: int) -> Any:
    try:
        value = json.loads(body, object_pairs_hook=_object)
    except RecursionError as error:
        raise _too_deep() from error
    _check(value, most_values)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        detail = "The body names a field twice in the same object."
        raise Refused(400, "Malformed request", "request.malformed", detail)
    return fields


def _check(value: Any, most_values: int) -> None:
    count = 0
    waiting = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if not isinstance(each, dict | list):
            continue
        if depth > MOST_DEPTH:
            raise _too_deep()
        count += len(each)
        if count > most_values:
            detail = f"The body has more than {most_values} values."
            raise Refused(422, "Invalid input", "request.body.too_many_values", detail)
        inner = each.values() if isinstance(each, dict) else each
        waiting += [(item, depth + 1) for item in inner]


def _too_deep() -> Refused:
    detail = f"The body is nested deeper than {MOST_DEPTH} levels."
    return Refused(400, "Malformed request", "request.malformed", detail)
