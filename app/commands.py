"""What the commands of `platformctl` share."""

import getpass
import json
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from app.settings import Settings

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

_reason: ContextVar[str] = ContextVar("atrium_reason", default="")

FAILED = 1
"""The exit code of a command that was refused or failed: nothing was done."""
WRONG_USAGE = 2
MISCONFIGURED = 3
FOUND = 4
"""That of one that looked, and found something that is not as it should be."""
UNAVAILABLE = 5
"""That of one for which the database did not answer: it may be tried again."""
BROKEN = 70
"""That of a defect of ours."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do what a command does; only then is imported what runs it."""
    import asyncio

    return asyncio.run(work)


@asynccontextmanager
async def platform() -> AsyncIterator[tuple[Any, "Settings"]]:
    """The container of everything, and the settings."""
    from app.bootstrap import (
        build_container,
        build_registry,
        close_container,
        configure_logging,
        installed_modules,
    )
    from app.core.days import read_here
    from app.core.reads import ReadRecords
    from app.scheduling import run_last
    from app.settings import load_settings

    settings = load_settings()
    read_here()
    configure_logging(settings)
    registry = build_registry(*installed_modules(settings))
    container = build_container(settings, registry)
    try:
        yield container, settings
    finally:
        if len(await container.get(ReadRecords)) > 0:
            await run_last(registry, container, only="audit.reads")
        await close_container(container)


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
    from app.core.actor import SYSTEM, RequestContext
    from app.core.ids import new_id
    from app.core.unit_of_work import UnitOfWork, open_unit

    context = RequestContext(
        request_id=new_id().hex,
        channel="cli",
        on_behalf_of=_system_user(),
        reason=_reason.get(),
    )
    async with open_unit(container, SYSTEM, context) as unit:
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


def writable(file: Path) -> Path:
    """A file that can be written.

    Raises:
        BadParameter: Its folder is not there, or it is itself a folder.
    """
    if not file.parent.is_dir():
        message = f"{file}: no such folder."
        raise typer.BadParameter(message)
    if file.is_dir():
        message = f"{file} is a folder."
        raise typer.BadParameter(message)
    return file


def give_reason(reason: str) -> None:
    """Say why the command is run; the audit trail keeps it.

    Raises:
        BadParameter: It is too long, or no line of text.
    """
    if reason:
        _reason.set(one_line(reason, may_be_empty=True))


def one_line(reason: str, *, may_be_empty: bool = False) -> str:
    """A reason as the audit trail keeps it.

    Raises:
        BadParameter: It is too long, empty, or no line of text.
    """
    from app.core.audit import REASON_LENGTH

    reason = reason.strip()
    is_said = bool(reason) or may_be_empty
    if len(reason) > REASON_LENGTH or not reason.isprintable() or not is_said:
        message = f"Say why on one line of at most {REASON_LENGTH} characters."
        raise typer.BadParameter(message, param_hint="--reason")
    return reason


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
