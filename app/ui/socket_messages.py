"""What a page may send over the console's socket; the rest goes no further than here.

A message is read, checked and written anew with the few things that Reflex needs, so that
nothing else of it is ever kept, pickled or logged.
"""

import json
import math
from collections.abc import Container
from typing import Any, NamedTuple

LARGEST_FRAME_BYTES = 32 * 1024
LONGEST_ADDRESS_BYTES = 2 * 1024

_NAMESPACE = "/_event,"
_CONNECT = f"40{_NAMESPACE}"
_DISCONNECT = f"41{_NAMESPACE}"
_EVENT = f"42{_NAMESPACE}"
_EMPTY_MESSAGES = frozenset({"1", "3", _DISCONNECT})
"""Good-bye, the answer to a ping, and good-bye again: Engine.IO's and Socket.IO's."""
_DEEPEST = 16
_LONGEST_NUMBER = 20
_LONGEST_SCHEMA = 64
_LONGEST_REPORT = 500
_REPORTED = ("message", "error_type", "substate")


class Malformed(ValueError):
    """A message that no page of ours sends; the text says why, in a few words."""


class Message(NamedTuple):
    """A message that may go on."""

    frame: str
    """What goes on."""
    is_handshake: bool = False
    """Whether it begins the conversation, which each socket does once."""
    is_event: bool = False
    """Whether it makes the server do something, and so counts against the budget."""


def read(frame: str, handlers: Container[str]) -> Message:
    """Check a frame and leave in it only what is needed.

    Args:
        frame: As it came, at most `LARGEST_FRAME_BYTES`.
        handlers: Names of all event handlers there are.

    Raises:
        Malformed: A page of ours would not have sent it.
    """
    if frame in _EMPTY_MESSAGES:
        return Message(frame)
    if frame.startswith(_CONNECT):
        data = _parsed(frame.removeprefix(_CONNECT) or "{}")
        return Message(_CONNECT + _written(_handshake(data, handlers)), is_handshake=True)
    if frame.startswith(_EVENT):
        data = _parsed(frame.removeprefix(_EVENT))
        return Message(_EVENT + _written(_named(data, handlers)), is_event=True)
    message = "no message of a page"
    raise Malformed(message)


def written_event(update: dict[str, Any]) -> str:
    """A frame that tells a page something, as Reflex's own do."""
    return _EVENT + _written(["event", update])


def _handshake(data: Any, handlers: Container[str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        message = "handshake without an object"
        raise Malformed(message)
    kept: dict[str, Any] = {}
    if data.get("event") is not None:
        kept["event"] = _event(data["event"], handlers)
    if data.get("state_schema") is not None:
        kept["state_schema"] = _text(data["state_schema"], "state_schema", _LONGEST_SCHEMA)
    return kept


def _named(data: Any, handlers: Container[str]) -> list[Any]:
    match data:
        case ["event", event]:
            return ["event", _event(event, handlers)]
        case ["client_error", dict(report)]:
            kept = {key: str(report[key])[:_LONGEST_REPORT] for key in _REPORTED if key in report}
            return ["client_error", kept]
        case ["ping"]:
            return ["ping"]
    message = "no event"
    raise Malformed(message)


def _event(event: Any, handlers: Container[str]) -> dict[str, Any]:
    match event:
        case {"name": str(name)} if name in handlers:
            pass
        case {"name": str(name)}:
            message = f"unknown event {name[-100:]!r}"
            raise Malformed(message)
        case _:
            message = "event without a name"
            raise Malformed(message)
    payload = event.get("payload")
    if payload is not None and not isinstance(payload, dict):
        message = f"arguments of {name[-100:]} are no object"
        raise Malformed(message)
    return {"name": name, "payload": payload or {}, "router_data": _place(event.get("router_data"))}


def _place(data: Any) -> dict[str, Any]:
    """Where the tab is; Reflex adds what it knows of the connection."""
    match data:
        case {"pathname": str(path), "asPath": str(address)}:
            query = data.get("query") or {}
        case _:
            message = "event without a place"
            raise Malformed(message)
    if not isinstance(query, dict):
        message = "query with other things than text"
        raise Malformed(message)
    # Reflex gives the parts of an address that no page has as a list.
    query = {name: "/".join(_texts(value)) for name, value in query.items()}
    _text(path, "pathname", LONGEST_ADDRESS_BYTES)
    _text(address, "asPath", LONGEST_ADDRESS_BYTES)
    _text("".join([*query, *query.values()]), "query", LONGEST_ADDRESS_BYTES)
    return {"pathname": path, "asPath": address, "query": query}


def _texts(value: Any) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        message = "query with other things than text"
        raise Malformed(message)
    return texts


def _text(value: Any, name: str, longest: int) -> str:
    if not isinstance(value, str):
        message = f"{name} is no text"
        raise Malformed(message)
    if len(value.encode("utf-8", "replace")) > longest:
        message = f"{name} is longer than {longest} bytes"
        raise Malformed(message)
    return value


def _parsed(text: str) -> Any:
    _refuse_depth(text)
    try:
        return json.loads(
            text, parse_int=_whole, parse_float=_fraction, parse_constant=_refuse_constant
        )
    except Malformed:
        raise
    except ValueError as error:
        message = "no JSON"
        raise Malformed(message) from error


def _refuse_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= _DEEPEST:
        return
    depth = 0
    in_text = escaped = False
    for character in text:
        if in_text:
            in_text = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_text = True
        elif character in "[{":
            depth += 1
            if depth > _DEEPEST:
                message = "too deeply nested"
                raise Malformed(message)
        elif character in "]}":
            depth -= 1


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        message = "a number with too many digits"
        raise Malformed(message)
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        message = "a number that is none"
        raise Malformed(message)
    return number


def _refuse_constant(name: str) -> float:
    message = f"{name} is no JSON"
    raise Malformed(message)


def _written(data: Any) -> str:
    # As it came: an escaped letter would be six times as long.
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
