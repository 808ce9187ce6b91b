"""Structured logging: JSON in production, readable in development, never a secret."""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache, partial
from types import MappingProxyType
from typing import TextIO

import orjson
import structlog

_SENSITIVE = re.compile(
    r"password|secret|token|cookie|authorization|api[-_]?key|credential|dsn", re.IGNORECASE
)
# The same inside free text: tracebacks of libraries print whole headers and addresses.
_IN_TEXT = re.compile(
    r"""
    (
        atrium_session=
        | bearer\s+
        | (?:cookie|password|secret|token|authorization|api[-_]?key|credential|dsn)s?
          (?:['"]?\s*[:=]|['"]\s*,)\s*(?:b(?=['"]))?['"]?(?:(?:basic|bearer)\s+)?
        | ://[^\s/:@]*:(?=[^\s/@]+@)
    )
    [^\s'",;)&}@]+
    """,
    re.IGNORECASE | re.VERBOSE,
)
# What a client sent, as Reflex repeats it when it can make nothing of it.
_SENT = re.compile(r"((?:\bpayload=|[Ee]vent data: |\bwith value )).+")
# Nearly all values are such: neither of the two above can be in them.
_PLAIN = re.compile(r"[^\s=:,]*")
_DEEPEST = 5
# The last one is what our pool of connections is called there.
_NOISY = ("httpx", "asyncio", "alembic", "apscheduler", "granian.access", "app.core.database")
MASK = "[redacted]"

Event = MutableMapping[str, object]

_NO_FACTS: Mapping[str, str] = MappingProxyType({})
call_facts: ContextVar[Mapping[str, str]] = ContextVar("atrium_log_facts", default=_NO_FACTS)
"""What each line says of the call that it belongs to, as its request id."""


def redact(text: str) -> str:
    """The text without passwords, tokens and session cookies, as far as their form shows them."""
    if _PLAIN.fullmatch(text):
        return text
    return _IN_TEXT.sub(rf"\1{MASK}", _SENT.sub(rf"\1{MASK}", text))


def _add_call_facts(_logger: object, _method: str, event: Event) -> Event:
    for name, value in call_facts.get().items():
        event.setdefault(name, value)
    return event


def _redact_event(_logger: object, _method: str, event: Event) -> Event:
    for key, value in event.items():
        event[key] = _cleaned(key, value, _DEEPEST)
    return event


@lru_cache(1000)
def _is_sensitive(key: object) -> bool:
    return _SENSITIVE.search(str(key)) is not None


def _cleaned(key: object, value: object, depth: int) -> object:
    if _is_sensitive(key):
        return MASK
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping) and depth:
        return {str(name): _cleaned(name, item, depth - 1) for name, item in value.items()}
    if isinstance(value, list | tuple | set) and depth:
        return [_cleaned("", item, depth - 1) for item in value]
    return redact(repr(value))


class _Writer(structlog.WriteLogger):
    """Writes the lines of the logger of one name."""

    def __init__(self, stream: TextIO, name: str) -> None:
        super().__init__(stream)
        self.name = name


def configure(*, level: str, as_json: bool) -> None:
    """Send our events and those of the standard library, redacted alike, to stderr.

    Ours do not pass the standard library: it would take most of the time of a request's line.
    """
    shared: list[structlog.typing.Processor] = [
        _add_call_facts,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.StackInfoRenderer(),
    ]
    renderers: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        _redact_event,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _render_json
        if as_json
        else structlog.dev.ConsoleRenderer(
            # Never the pretty one: it prints local variables, and with them secrets.
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]
    structlog.configure(
        processors=[*shared, *renderers],
        logger_factory=partial(_Writer, sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    # These log all they receive, and without a level add a handler of their own that masks nothing.
    for talkative in ("engineio.server", "socketio.server"):
        logging.getLogger(talkative).setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose events are named like `users.created` and carry fields."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


def _render_json(_logger: object, _method: str, event: Event) -> str:
    try:
        return orjson.dumps(event).decode()
    except TypeError:
        # Numbers beyond 64 bits, and text that is none.
        return json.dumps(event, default=str)
