"""What event handlers reach: Reflex makes the state objects, so nothing can be passed to them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

import sentry_sdk
from dishka import AsyncContainer

from app.core.actor import Actor, RequestContext
from app.core.audit import Recorded
from app.core.operations import Service
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork
from app.http.coverage import RestRoute
from app.settings import Settings
from app.ui.connections import Connections
from app.ui.page_policy import PagePolicy

S = TypeVar("S", bound=Service)


@dataclass(frozen=True, slots=True)
class Runtime:
    """The running platform, as the console sees it."""

    container: AsyncContainer
    registry: Registry
    settings: Settings
    connections: Connections
    policy: PagePolicy
    routes: Sequence[RestRoute] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the event that is being handled, from where, and what came of it so far."""

    actor: Actor
    context: RequestContext
    recorded: list[Recorded] = field(default_factory=list)
    """What has been committed while it is handled."""


_runtime: Runtime | None = None
_caller: ContextVar[Caller] = ContextVar("atrium_caller")


def install(runtime: Runtime | None) -> None:
    """Set the running platform; None when it has stopped."""
    global _runtime  # noqa: PLW0603 - see the module's sentence
    _runtime = runtime


def current() -> Runtime:
    """The running platform.

    Raises:
        RuntimeError: It has not been started.
    """
    if _runtime is None:
        message = "the platform is not running"
        raise RuntimeError(message)
    return _runtime


def set_caller(caller: Caller) -> None:
    """Say on whose behalf the current event is handled; only the event guard calls this."""
    _caller.set(caller)


def caller() -> Caller:
    """Who sent the event that is being handled."""
    return _caller.get()


@asynccontextmanager
async def operations(service: type[S]) -> AsyncIterator[S]:
    """A service in a unit of work of its own, committed at the end.

    Raises:
        PlatformError: Whatever its operations raise; then nothing is committed.
    """
    async with unit() as container:
        yield await container.get(service)


@asynccontextmanager
async def unit() -> AsyncIterator[AsyncContainer]:
    """The caller's unit of work as a container, committed at the end."""
    who = caller()
    facts = {Actor: who.actor, RequestContext: who.context}
    async with current().container(context=facts) as container:
        yield container
        uow = await container.get(UnitOfWork)
        await uow.commit()
        who.recorded.extend(uow.audit.recorded)


def report(error: Exception, *, request_id: str) -> None:
    """Send an unexpected error to where errors are collected, if anywhere."""
    with sentry_sdk.new_scope() as scope:
        scope.set_tag("request_id", request_id)
        scope.capture_exception(error)
