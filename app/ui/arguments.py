"""Whether an event's arguments are what its handler declares, before it runs.

A client may send anything; Reflex would hand it on, with a warning that repeats it.
"""

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

_LARGEST_WHOLE = 2**63 - 1


def fits(handler: Callable[..., Any], payload: Mapping[str, Any]) -> bool:
    """Whether all arguments of the handler are there, no others, and each of its declared type.

    Args:
        handler: A method of a state.
        payload: The event's arguments, as JSON gives them.
    """
    declared, required = _parameters(handler)
    return required <= payload.keys() <= declared.keys() and all(
        _is_a(value, declared[name]) for name, value in payload.items()
    )


@functools.cache
def _parameters(handler: Callable[..., Any]) -> tuple[Mapping[str, Any], frozenset[str]]:
    hints = typing.get_type_hints(handler)
    parameters = list(inspect.signature(handler).parameters.values())[1:]
    declared = {each.name: hints[each.name] for each in parameters}
    return declared, frozenset(each.name for each in parameters if each.default is each.empty)


def _is_a(value: Any, declared: Any) -> bool:
    kind = typing.get_origin(declared) or declared
    inner = typing.get_args(declared)
    if kind in (typing.Union, types.UnionType):
        return any(_is_a(value, each) for each in inner)
    if kind is list:
        return isinstance(value, list) and all(_is_a(each, inner[0]) for each in value)
    if kind is dict:
        return isinstance(value, dict) and all(_is_a(each, inner[1]) for each in value.values())
    if kind is Any:
        return True
    if kind is int:
        return type(value) is int and abs(value) <= _LARGEST_WHOLE
    # An exact type: True is no number here.
    return type(value) is kind
