"""The one gate: every action is an operation of a service.

`@operation` (a change) and `@query` (a read) are the only places that
authorise. They also write the audit entry, leave out of the answer what the actor
may not read (see `record_read`), and carry what OpenAPI, menus, the coverage list
and the conformance test read: the permission.
"""

import functools
import importlib
import inspect
import pkgutil
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from app.core.audit import Description, Outcome
from app.core.errors import (
    AlreadyDone,
    PermissionDenied,
    PlatformError,
    ReauthenticationRequired,
    Unauthenticated,
)
from app.core.metrics import count_operation
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.record_read import note_shown, without_hidden
from app.core.unit_of_work import UnitOfWork

_NO_SLOT = nullcontext()
P = ParamSpec("P")
R = TypeVar("R")


class Service:
    """Base of all services: the operations of one feature within one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow


S = TypeVar("S", bound=Service)
Method = Callable[Concatenate[S, P], Awaitable[R]]
M = TypeVar("M", bound=Callable[..., Awaitable[Any]])


@dataclass(frozen=True, slots=True)
class Operation:
    """What is known of an operation without running it."""

    permission: str
    action: str
    changes: bool
    allowed_before_password_change: bool
    begins_write: bool = True
    recorded: bool = True
    allowed_in_preview: bool = False
    recent_sign_in: bool = False
    expensive: bool = False


def operation(
    permission: str,
    *,
    action: str = "",
    allowed_before_password_change: bool = False,
    begins_write: bool = True,
    recorded: bool = True,
    allowed_in_preview: bool = False,
    recent_sign_in: bool = False,
    expensive: bool = False,
) -> Callable[[Method[S, P, R]], Method[S, P, R]]:
    """Make a service method an operation that changes something.

    Args:
        permission: The permission it needs, or `PUBLIC` or `SIGNED_IN`.
        action: Its name in the audit trail; the permission when not given.
        allowed_before_password_change: Whether someone who must first change
            their password may call it.
        begins_write: False when the method itself calls `uow.begin_write()`,
            after slow work that must not hold a transaction open.
        recorded: False for what the platform does by itself every few seconds and
            proves otherwise; refusals are recorded all the same.
        allowed_in_preview: Whether someone who previews another's access may
            call it; all else that changes something is refused then.
        recent_sign_in: Whether the caller must have given their password within the last
            minutes: for what makes a stolen session or token worth more than itself.
        expensive: Whether it may take a second or more: only a few such operations run at
            once, the others wait for their turn.
    """
    return _gate(
        Operation(
            permission,
            action or permission,
            changes=True,
            allowed_before_password_change=allowed_before_password_change,
            begins_write=begins_write,
            recorded=recorded,
            allowed_in_preview=allowed_in_preview,
            recent_sign_in=recent_sign_in,
            expensive=expensive,
        )
    )


def query(
    permission: str,
    *,
    action: str = "",
    allowed_before_password_change: bool = False,
    recent_sign_in: bool = False,
    expensive: bool = False,
) -> Callable[[Method[S, P, R]], Method[S, P, R]]:
    """Make a service method an operation that only reads; see `operation`."""
    return _gate(
        Operation(
            permission,
            action or permission,
            changes=False,
            allowed_before_password_change=allowed_before_password_change,
            recent_sign_in=recent_sign_in,
            expensive=expensive,
        )
    )


def within_operation(method: M) -> M:
    """Make a service method a part of operations: outside of one it is refused, so it has no gate.

    Raises:
        RuntimeError: No operation is running; a defect of ours.
    """

    @functools.wraps(method)
    async def call(self: Service, *args: Any, **kwargs: Any) -> Any:
        if not self.uow.audit.is_running:
            message = f"{method.__qualname__} is called outside of an operation"
            raise RuntimeError(message)
        return await method(self, *args, **kwargs)

    call.__within_operation__ = True  # type: ignore[attr-defined]  # read by operations_of
    return call  # type: ignore[return-value]  # the same call


def operations_of(service: type[Service]) -> dict[str, Operation | None]:
    """Public methods of a service by name; None marks one that passed no gate."""
    return {
        name: getattr(method, "__operation__", None)
        for name, method in inspect.getmembers(service, inspect.isfunction)
        if not (name.startswith("_") or hasattr(method, "__within_operation__"))
    }


def services_in(package: str) -> list[type[Service]]:
    """The services that a package and its modules define, by name."""
    found: set[type[Service]] = set()
    for name in _modules_of(package):
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, Service) and value is not Service:
                found.add(value)
    mine = (service for service in found if f"{service.__module__}.".startswith(f"{package}."))
    return sorted(mine, key=lambda service: service.__qualname__)


def operations_in(package: str) -> dict[str, Operation | None]:
    """Public methods of its services, e.g. `UserService.create`; None passed no gate."""
    return {
        f"{service.__qualname__}.{name}": operation
        for service in services_in(package)
        for name, operation in operations_of(service).items()
    }


def _modules_of(package: str) -> Iterator[str]:
    yield package
    root = importlib.import_module(package)
    for item in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}."):
        yield item.name


def _gate(op: Operation) -> Callable[[Method[S, P, R]], Method[S, P, R]]:
    if op.action in (PUBLIC, SIGNED_IN):
        message = "an operation that needs no permission needs an action, to be named in the audit"
        raise ValueError(message)

    def decorate(method: Method[S, P, R]) -> Method[S, P, R]:
        @functools.wraps(method)
        async def call(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
            uow = self.uow
            started = time.perf_counter()
            await authorise(op, uow)
            # Whoever is sent away for now has done nothing that is worth an entry.
            async with uow.slots.one(uow.actor.user_id) if op.expensive else _NO_SLOT:
                said = uow.audit.begin()
                try:
                    if op.changes and op.begins_write:
                        await uow.begin_write()
                    result = await without_hidden(uow, await method(self, *args, **kwargs))
                    if op.changes and op.recorded:
                        await uow.begin_write()
                        await uow.audit.record_success(op.action, said, _milliseconds(started))
                    if uow.reads.is_used and not (op.changes or uow.audit.is_nested):
                        # A change leaves an entry about the record anyway.
                        note_shown(uow, result)
                    count_operation(op.action)
                except Exception as error:
                    count_operation(op.action, error)
                    await _fail(op, uow, said, error, started)
                    raise
                finally:
                    uow.audit.end()
            return result

        call.__operation__ = op  # type: ignore[attr-defined]  # read back by operations_of
        return call  # type: ignore[return-value]  # functools.wraps describes the same call otherwise

    return decorate


async def authorise(op: Operation, uow: UnitOfWork) -> None:
    """Refuse, and record the refusal, when the actor may not call the operation.

    Raises:
        Unauthenticated: Nobody is signed in, or not recently enough for this operation.
        PermissionDenied: The actor lacks the permission, or must first change their password.
    """
    refusal = _refusal(op, uow)
    if refusal is not None:
        count_operation(op.action, refusal)
        await _record(op, uow, "denied", Description(), refusal, time.perf_counter())
        raise refusal


def _refusal(op: Operation, uow: UnitOfWork) -> PlatformError | None:
    actor = uow.actor
    refusal: PlatformError | None = None
    if op.permission == PUBLIC:
        return None
    if not actor.is_signed_in:
        refusal = Unauthenticated("auth.required", "Sign in first.")
    elif actor.must_change_password and not op.allowed_before_password_change:
        refusal = password_change_required()
    elif actor.previewing is not None and op.changes and not op.allowed_in_preview:
        message = "This is a preview: nothing can be changed. Stop it first."
        refusal = PermissionDenied("", message, code="preview.read_only")
    elif not actor.may(op.permission):
        refusal = PermissionDenied(op.permission)
    elif op.recent_sign_in and not actor.has_signed_in_recently:
        refusal = ReauthenticationRequired()
    return refusal


def password_change_required() -> PermissionDenied:
    """What somebody is told who must first change their password, whatever they hold."""
    message = "Change your password first; until then nothing else is open to you."
    return PermissionDenied("", message, code="auth.password.change_required")


async def _fail(
    op: Operation, uow: UnitOfWork, said: Description, error: Exception, started: float
) -> None:
    """Undo what the operation did, and record why it came to nothing."""
    if isinstance(error, PermissionDenied):
        await _record(op, uow, "denied", said, error, started)
    elif op.changes and op.recorded and not isinstance(error, AlreadyDone):
        await _record(op, uow, "failed", said, error, started)
    elif op.changes:
        await uow.rollback()


async def _record(  # noqa: PLR0917 - private, called three times above
    op: Operation,
    uow: UnitOfWork,
    outcome: Outcome,
    said: Description,
    error: Exception,
    started: float,
) -> None:
    """Undo what the unit of work did and write the refusal in a transaction of its own."""
    code = error.code if isinstance(error, PlatformError) else "internal"
    # A failure describes what was tried; the changes did not happen.
    said.changes = []
    # Somebody has been named, and the proof of being them is wrong.
    is_guess = isinstance(error, Unauthenticated) and bool(said.target_type)
    await uow.audit.record_refusal(
        op.action, outcome, said, code, _milliseconds(started), is_guess=is_guess
    )


def _milliseconds(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
