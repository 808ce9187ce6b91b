"""`platformctl`, the command line. It calls the same services as everybody else.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 wrong configuration.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import SecretStr, ValidationError

from app.settings import Settings, SettingsError, load_settings, setting_names, variable_name

T = TypeVar("T")

cli = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Run Atrium.")
db = typer.Typer(no_args_is_help=True, help="The database's schema.")
users = typer.Typer(no_args_is_help=True, help="Users.")
config = typer.Typer(no_args_is_help=True, help="Settings.")
cli.add_typer(db, name="db")
cli.add_typer(users, name="users")
cli.add_typer(config, name="config")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

VERSION = "0.1.0"
_FAILED, _MISCONFIGURED = 1, 3


def main() -> None:
    """Run a command; an expected error is one sentence on stderr, never a traceback."""
    from sqlalchemy.exc import DBAPIError

    from app.core.errors import ModuleError, PlatformError

    try:
        cli()
    except SettingsError as error:
        _fail(str(error), _MISCONFIGURED)
    except ValidationError as error:
        _fail("; ".join(f"{p['loc'][-1]}: {p['msg']}" for p in error.errors()), _FAILED)
    except PlatformError as error:
        _fail(error.message, _FAILED)
    except ModuleError as error:
        _fail(str(error), _FAILED)
    except (DBAPIError, ConnectionError) as error:
        cause = getattr(error, "orig", None) or error
        _fail(f"The database ({variable_name('database.url')}) does not answer: {cause}", _FAILED)


@cli.command()
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    _print(as_json, {"version": VERSION}, f"Atrium {VERSION}")


@cli.command()
def serve() -> None:
    """Migrate, seed, then serve console, API and assets on one port."""
    from app.serving import serve as run

    run(load_settings())


@cli.command()
def seed(as_json: AsJson = False) -> None:
    """Create the default roles and an administrator where they are missing."""

    async def work() -> None:
        from app.seed import seed as fill

        async with _platform() as (container, settings):
            seeded = await fill(container, settings)
        facts = {"roles": seeded.roles, "administrator": seeded.admin_email}
        if seeded.password:
            facts["password"] = seeded.password
        words = [f"roles: {', '.join(seeded.roles)}"] if seeded.roles else []
        if seeded.admin_email:
            words.append(f"administrator: {seeded.admin_email}")
        if seeded.password:
            words.append(f"password: {seeded.password} (to be changed at the first sign-in)")
        _print(as_json, facts, "\n".join(words) or "Nothing was missing.")

    asyncio.run(work())


@cli.command()
def generate() -> None:
    """Write the files that are made from the code: .env.example, OpenAPI, theme, permissions."""
    from app.generate import generated_files

    for path, text in generated_files(load_settings()).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            typer.echo(f"wrote {path.name}")


@db.command()
def upgrade(revision: str = "heads") -> None:
    """Migrate up, by default to the newest schema."""
    _migrate(lambda migrator: migrator.upgrade(revision))
    typer.echo("The schema is current.")


@db.command()
def downgrade(
    revision: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Migrate down to a revision; `base` drops everything."""
    if not yes:
        typer.confirm(
            f"This drops tables and what is in them, down to {revision}. Go on?", abort=True
        )
    _migrate(lambda migrator: migrator.downgrade(revision))
    typer.echo(f"The schema is at {revision}.")


@db.command()
def current(as_json: AsJson = False) -> None:
    """Print the revision the database is at, and the newest."""

    async def work(migrator: Any) -> None:
        at, newest = await migrator.current(), migrator.heads
        words = f"{', '.join(at) or 'empty'} (newest: {', '.join(newest)})"
        _print(as_json, {"current": at, "newest": newest}, words)

    _migrate(work)


@db.command()
def check(as_json: AsJson = False) -> None:
    """Fail when a migration is missing: pending, or not yet written."""

    async def work(migrator: Any) -> None:
        is_current = await migrator.is_current()
        differences = await migrator.differences() if is_current else []
        problems = differences if is_current else ["migrations are pending"]
        _print(as_json, {"problems": problems}, "\n".join(problems) or "The schema is current.")
        if problems:
            raise typer.Exit(_FAILED)

    _migrate(work)


@users.command("create-admin")
def create_admin(
    email: str,
    name: Annotated[str, typer.Option(help="What people call them.")] = "Administrator",
    password: Annotated[
        str | None,
        typer.Option(
            help="Generated when not given.", envvar="ATRIUM_NEW_PASSWORD", show_envvar=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create an administrator who must change the password at the first sign-in."""

    async def work() -> None:
        import secrets

        from app.core.passwords import PasswordPolicy
        from app.features.users.schemas import UserCreate
        from app.features.users.service import UserService

        async with _operations(UserService) as (service, container):
            chosen = password or secrets.token_urlsafe(12)
            policy = await container.get(PasswordPolicy)
            problem = policy.problem(chosen, email=email, name=name)
            if problem:
                _fail(problem.message, _FAILED)
            user = await service.create(
                UserCreate(
                    email=email,
                    display_name=name,
                    password=SecretStr(chosen),
                    roles=["admin"],
                    must_change_password=True,
                )
            )
        facts = {"id": str(user.id), "email": user.email}
        words = f"Created {user.email}."
        if password is None:
            facts["password"] = chosen
            words += f" Password: {chosen} (to be changed at the first sign-in)"
        _print(as_json, facts, words)

    asyncio.run(work())


@users.command("list")
def list_users(
    search: Annotated[str, typer.Option(help="Words of the name or address.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """List users, newest first."""

    async def work() -> None:
        from app.features.users.schemas import UserListQuery
        from app.features.users.service import UserService

        async with _operations(UserService) as (service, _):
            page = await service.page(UserListQuery(q=search or None, limit=limit))
        lines = [f"{u.email}  {u.status}  {','.join(u.roles) or '-'}" for u in page.items]
        listed = [user.model_dump(mode="json") for user in page.items]
        _print(as_json, listed, "\n".join(lines) or "No user matches.")

    asyncio.run(work())


@users.command()
def suspend(email: str, as_json: AsJson = False) -> None:
    """Keep a user from signing in and end their sessions."""

    async def work() -> None:
        from app.core.errors import NotFound
        from app.features.users.repository import UserRepository
        from app.features.users.schemas import normalise_email
        from app.features.users.service import UserService

        async with _operations(UserService) as (service, container):
            found = await (await container.get(UserRepository)).by_email(normalise_email(email))
            if found is None:
                code = "user.not_found"
                raise NotFound(code, f"There is no user {email}.")
            user = await service.suspend(found.id)
        _print(as_json, user.model_dump(mode="json"), f"Suspended {user.email}.")

    asyncio.run(work())


@config.command()
def show(as_json: AsJson = False) -> None:
    """Print all settings and where each can be set; secrets are masked."""
    settings = load_settings()
    values = {name: _masked(settings, name) for name in setting_names()}
    width = max(map(len, values))
    lines = [f"{name:{width}}  {value}  ({variable_name(name)})" for name, value in values.items()]
    _print(as_json, values, "\n".join(lines))


def _masked(settings: Settings, name: str) -> Any:
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, str) and name.endswith(".url") and "@" in value:
        scheme, _, rest = value.partition("://")
        return f"{scheme}://********@{rest.rpartition('@')[2]}"
    return value if isinstance(value, (int, float, list, type(None))) else str(value)


def _migrate(work: Callable[[Any], Awaitable[None]]) -> None:
    async def run() -> None:
        from app.core.migrations import Migrator

        async with _platform() as (container, _):
            await work(await container.get(Migrator))

    asyncio.run(run())


@asynccontextmanager
async def _platform() -> AsyncIterator[tuple[Any, Settings]]:
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
async def _operations(service: type[T]) -> AsyncIterator[tuple[T, Any]]:
    """A service in a unit of work of the system's, committed at the end."""
    from app.core.actor import SYSTEM, Actor, RequestContext
    from app.core.ids import new_id
    from app.core.migrations import Migrator
    from app.core.unit_of_work import UnitOfWork

    context = RequestContext(request_id=new_id().hex, channel="cli")
    async with (
        _platform() as (container, _),
        container(context={Actor: SYSTEM, RequestContext: context}) as unit,
    ):
        if not await (await unit.get(Migrator)).is_current():
            _fail("The database's schema is not current: run `platformctl db upgrade`.", _FAILED)
        yield await unit.get(service), unit
        await (await unit.get(UnitOfWork)).commit()


def _print(as_json: bool, facts: object, words: str) -> None:  # noqa: FBT001 - private
    typer.echo(json.dumps(facts, default=str, ensure_ascii=False) if as_json else words)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    sys.exit(code)
