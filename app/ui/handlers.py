"""Event handlers: each says who may call it, or nobody can.

Every method of a state class can be called by any client with any arguments.
The event guard lets through only what `handler` has opened, and only for
those who hold the permission; the service behind it decides once more.
"""

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

import reflex as rx

from app.core.errors import PlatformError, Unavailable
from app.core.log import get_logger
from app.core.metrics import EVENTS, outcome_of
from app.ui import runtime

log = get_logger(__name__)


def handler(permission: str) -> Callable[[Callable[..., Any]], Any]:
    """Open an asynchronous method of a state to those who hold the permission.

    A `PlatformError` that escapes is shown to the person by the state's
    `_show_problem`; what was typed stays in the browser.

    Args:
        permission: A permission, `SIGNED_IN` or `PUBLIC`.
    """

    def decorate(method: Callable[..., Any]) -> Any:
        wrap = _generator if inspect.isasyncgenfunction(method) else _coroutine
        wrapped = wrap(method, permission)
        wrapped.__permission__ = permission  # type: ignore[attr-defined]  # read by permission_of
        return rx.event(wrapped)

    return decorate


def permission_of(function: Callable[..., Any]) -> str | None:
    """Who may call a handler; None when it was never opened."""
    return getattr(function, "__permission__", None)


def _coroutine(method: Callable[..., Any], permission: str) -> Callable[..., Any]:
    @functools.wraps(method)
    async def handle(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            answer = await method(self, *args, **kwargs)
        except PlatformError as error:
            _note(error)
            return await self._show_problem(error)
        except Exception as error:  # noqa: BLE001 - the edge: reported, never shown
            return await self._show_problem(_unexpected(error, method, permission))
        EVENTS.labels(outcome_of(None)).inc()
        return answer

    return handle


def _generator(method: Callable[..., Any], permission: str) -> Callable[..., Any]:
    @functools.wraps(method)
    async def handle(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        try:
            async for update in method(self, *args, **kwargs):
                yield update
            EVENTS.labels(outcome_of(None)).inc()
        except PlatformError as error:
            _note(error)
            yield await self._show_problem(error)
        except Exception as error:  # noqa: BLE001 - the edge: reported, never shown
            yield await self._show_problem(_unexpected(error, method, permission))

    return handle


def _note(error: PlatformError) -> None:
    EVENTS.labels(outcome_of(error)).inc()
    if isinstance(error, Unavailable):
        log.warning("console.unavailable", code=error.code, reason=error.reason)


class _InternalError(PlatformError):
    """A defect of ours."""

    status = 500
    title = "Internal error"


def _unexpected(error: Exception, method: Callable[..., Any], permission: str) -> PlatformError:
    EVENTS.labels(outcome_of(error)).inc()
    runtime.publish(
        error, event="console.panic", permission=permission, handler=method.__qualname__
    )
    return _InternalError("internal", "Something went wrong on our side.")
