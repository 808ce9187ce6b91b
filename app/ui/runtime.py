"""What event handlers reach: Reflex makes the state objects, so nothing can be passed to them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from dishka import AsyncContainer
from reflex_base.event import Event

from app.core.actor import Actor, RequestContext
from app.core.audit import Recorded
from app.core.error_bus import ErrorPublisher
from app.core.ids import new_id
from app.core.operations import Service
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork, open_unit
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
    errors: ErrorPublisher
    routes: Sequence[RestRoute] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the event that is being handled, from where, and what came of it so far."""

    actor: Actor
    context: RequestContext
    event: Event | None = None
    """The event itself."""
    has_ended: bool = False
    """Whether they were signed in when the socket was opened and no longer are."""
    ended_because: str = ""
    """Why, an `EndReason`."""
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
    """Say on whose behalf the current event is handled; see `callers`."""
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
    async with open_unit(current().container, who.actor, who.context) as container:
        yield container
        uow = await container.get(UnitOfWork)
        await uow.commit()
        who.recorded.extend(uow.audit.recorded)


def publish(error: Exception, *, event: str, permission: str = "", handler: str = "") -> None:
    """Give an unexpected error to the error bus, with who sent the event that is handled."""
    who = _caller.get(None)
    current().errors.publish(
        error,
        event=event,
        action="" if permission in (PUBLIC, SIGNED_IN) else permission,
        handler=handler,
        request_id=who.context.request_id if who else new_id().hex,
        user_id=str(who.actor.user_id) if who and who.actor.user_id else None,
    )
