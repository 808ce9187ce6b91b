"""What the commands of `platformctl` share."""

import getpass
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Annotated, Any, TypeVar

import typer

from app.settings import Settings, load_settings

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

_reason: ContextVar[str] = ContextVar("atrium_reason", default="")

FAILED = 1
"""The exit code of a command that was refused or failed."""


@asynccontextmanager
async def platform() -> AsyncIterator[tuple[Any, Settings]]:
    """The container of everything, and the settings."""
    from app.bootstrap import (
        build_container,
        build_registry,
        configure_logging,
    )

    settings = load_settings()
    configure_logging(settings)
    container = build_container(settings, build_registry())
    try:
        yield container, settings
    finally:
        await container.close()


@asynccontextmanager
async def operations(service: type[T]) -> AsyncIterator[tuple[T, Any]]:
    """A service in a unit of work of the system's, committed at the end."""
    async with migrated() as container, system(container) as unit:
        yield await unit.get(service), unit


@asynccontextmanager
async def unit(container: Any, service: type[T]) -> AsyncIterator[T]:
    """A service in a unit of work of its own, one of several of a command."""
    async with system(container) as unit:
        yield await unit.get(service)


@asynccontextmanager
async def system(container: Any) -> AsyncIterator[Any]:
    """A unit of work of the system's, committed at the end."""
    from app.core.actor import SYSTEM, Actor, RequestContext
    from app.core.ids import new_id
    from app.core.unit_of_work import UnitOfWork

    context = RequestContext(
        request_id=new_id().hex,
        channel="cli",
        on_behalf_of=_system_user(),
        reason=_reason.get(),
    )
    async with container(context={Actor: SYSTEM, RequestContext: context}) as unit:
        yield unit
        await (await unit.get(UnitOfWork)).commit()


@asynccontextmanager
async def migrated() -> AsyncIterator[Any]:
    """The platform on a database with the newest schema."""
    from app.core.errors import Unavailable
    from app.core.migrations import Migrator

    async with platform() as (container, _):
        if not await (await container.get(Migrator)).is_current():
            code = "database.schema.outdated"
            message = "The database's schema is not current: run `platformctl db upgrade`."
            raise Unavailable(code, message)
        yield container


def give_reason(reason: str) -> None:
    """Say why the command is run; the audit trail keeps it.

    Raises:
        BadParameter: It is too long, or no line of text.
    """
    from app.core.audit import REASON_LENGTH

    reason = reason.strip()
    if len(reason) > REASON_LENGTH or not reason.isprintable():
        message = f"Say why on one line of at most {REASON_LENGTH} characters."
        raise typer.BadParameter(message, param_hint="--reason")
    _reason.set(reason)


def _system_user() -> str:
    """Who runs the command, as the operating system calls them."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        # A container's user need not have a name.
        name = str(os.getuid())
    behind = os.environ.get("SUDO_USER")
    return f"{behind} as {name}" if behind and behind != name else name


def say(as_json: bool, facts: object, words: str) -> None:  # noqa: FBT001 - as the option is
    """Print how a command ended: for programs, or for people."""
    typer.echo(json.dumps(facts, default=str, ensure_ascii=False) if as_json else words)
