"""`platformctl`, the command line. It calls the same services as everybody else.

What exit codes mean stands in docs/operations.md. With `--json` an error is an object with `code`
and `message`, on stderr.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from app.cli_access import access, guards, perms
from app.cli_audit import audit
from app.cli_errors import explain, unexpected
from app.commands import (
    FAILED,
    FOUND,
    AsJson,
    give_reason,
    operations,
    platform,
    run,
    say,
)
from app.core.version import VERSION

T = TypeVar("T")

cli = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Run Atrium.")
db = typer.Typer(no_args_is_help=True, help="The database's schema.")
users = typer.Typer(no_args_is_help=True, help="Users.")
config = typer.Typer(no_args_is_help=True, help="Settings.")
cli.add_typer(db, name="db")
cli.add_typer(users, name="users")
cli.add_typer(audit, name="audit")
cli.add_typer(config, name="config")
cli.add_typer(perms, name="perms")
cli.add_typer(guards, name="guards")
cli.add_typer(access, name="access")

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def main() -> None:
    """Run a command; an expected error is one sentence on stderr, never a traceback."""
    as_json = "--json" in sys.argv
    try:
        # Without its own mode typer would print usage errors and leave.
        exit_code = cli(standalone_mode=not as_json)
    except Exception as error:  # noqa: BLE001 - said in a sentence, or published
        failure = explain(error)
        if failure is None:
            failure = unexpected(error)
        facts = {"code": failure.code, "message": failure.message}
        typer.echo(json.dumps(facts, ensure_ascii=False) if as_json else failure.message, err=True)
        sys.exit(failure.exit_code)
    sys.exit(exit_code)


def _say_version(wanted: bool) -> None:  # noqa: FBT001 - as the option is
    if wanted:
        typer.echo(f"Atrium {VERSION}")
        raise typer.Exit


@cli.callback()
def begin(
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.", metavar="TEXT")] = "",
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_say_version),
    ] = False,
) -> None:
    """Run Atrium."""
    give_reason(reason)


@cli.command()
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    say(as_json, {"version": VERSION}, f"Atrium {VERSION}")


@cli.command()
def serve() -> None:
    """Migrate, seed, then serve console, API and assets on one port."""
    from app.serving import serve as serve_until_stopped
    from app.settings import load_settings

    serve_until_stopped(load_settings())


@cli.command()
def seed(as_json: AsJson = False) -> None:
    """Migrate, then create the default roles and an administrator where they are missing."""

    async def work() -> None:
        from app.core.migrations import Migrator
        from app.seed import seed as fill

        async with platform() as (container, settings):
            await (await container.get(Migrator)).upgrade()
            seeded = await fill(container, settings)
        facts = {"roles": seeded.roles, "administrator": seeded.admin_email}
        if seeded.password:
            facts["password"] = seeded.password
        words = [f"roles: {', '.join(seeded.roles)}"] if seeded.roles else []
        if seeded.admin_email:
            words.append(f"administrator: {seeded.admin_email}")
        if seeded.password:
            words.append(f"password: {seeded.password} (to be changed at the first sign-in)")
        say(as_json, facts, "\n".join(words) or "Nothing was missing.")

    run(work())


@cli.command()
def generate(
    accept_breaking: Annotated[
        bool,
        typer.Option("--accept-breaking", help="Also what programs that use the API rely on."),
    ] = False,
) -> None:
    """Write the files that are made from the code: .env.example, OpenAPI, theme, permissions.

    Nothing is written while the API would no longer do what its present document promises.
    """
    from app.generate import broken_promises, generated_files
    from app.settings import load_settings

    files = generated_files(load_settings())
    if not accept_breaking and (broken := broken_promises(files)):
        typer.echo("\n".join(broken), err=True)
        typer.echo("Programs rely on this; write it with --accept-breaking.", err=True)
        raise typer.Exit(FAILED)
    for path, text in files.items():
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
    destroys_proof: Annotated[
        bool,
        typer.Option("--destroys-proof", help="Also drop what proves the audit trail."),
    ] = False,
) -> None:
    """Migrate down to a revision; `base` drops everything."""
    if not yes:
        typer.confirm(
            f"This drops tables and what is in them, down to {revision}. Go on?", abort=True
        )

    async def work(migrator: Any) -> None:
        from app.features.audit.seal_service import SealService

        await migrator.require_owner()
        if destroys_proof and await migrator.would_destroy_proof(revision):
            # It is recorded by what the newest schema has.
            async with operations(SealService) as (seals, _):
                await seals.note_destruction(revision)
        await migrator.downgrade(revision, destroys_proof=destroys_proof)

    _migrate(work)
    typer.echo(f"The schema is at {revision}.")


@db.command()
def current(as_json: AsJson = False) -> None:
    """Print the revision the database is at, and the newest."""

    async def work(migrator: Any) -> None:
        at, newest = await migrator.current(), migrator.heads
        words = f"{', '.join(at) or 'empty'} (newest: {', '.join(newest)})"
        say(as_json, {"current": at, "newest": newest}, words)

    _migrate(work)


@db.command()
def check(as_json: AsJson = False) -> None:
    """Fail when a migration is missing: pending, or not yet written."""

    async def work(migrator: Any) -> None:
        is_current = await migrator.is_current()
        differences = await migrator.differences() if is_current else []
        problems = differences if is_current else ["migrations are pending"]
        say(as_json, {"problems": problems}, "\n".join(problems) or "The schema is current.")
        if problems:
            raise typer.Exit(FOUND)

    _migrate(work)


@db.command("grants")
def print_grants(role: str) -> None:
    """Print the SQL that lets a role of PostgreSQL serve, but only add to the audit trail."""

    async def work(migrator: Any) -> None:
        for statement in ("BEGIN;", *await migrator.grants(role), "COMMIT;"):
            typer.echo(statement)

    _migrate(work)


@users.command("create-admin")
def create_admin(
    email: str,
    name: Annotated[str, typer.Option(help="What people call them.")] = "Administrator",
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
) -> None:
    """Create an administrator, who must change the generated or given password at once."""
    given = _read_line() if password_stdin else ""

    async def work() -> None:
        import secrets

        from pydantic import SecretStr

        from app.features.users.schemas import UserCreate
        from app.features.users.service import UserService

        async with operations(UserService) as (service, container):
            chosen = given or secrets.token_urlsafe(12)
            await _check_password(container, chosen, email=email, name=name)
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
        if not given:
            facts["password"] = chosen
            words += f" Password: {chosen} (to be changed at the first sign-in)"
        say(as_json, facts, words)

    run(work())


@users.command("list")
def list_users(
    search: Annotated[str, typer.Option(help="Words of the name or address.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 50,
    cursor: Annotated[str, typer.Option(help="Where the list before stopped.")] = "",
    as_json: AsJson = False,
) -> None:
    """List users, newest first; what is left out is said on stderr, with how to go on."""

    async def work() -> None:
        from app.features.users.schemas import UserListQuery
        from app.features.users.service import UserService

        async with operations(UserService) as (service, _):
            query = UserListQuery(q=search or None, limit=limit, cursor=cursor or None)
            page = await service.page(query)
        lines = [f"{u.email}  {u.status}  {','.join(u.roles) or '-'}" for u in page.items]
        listed = [user.model_dump(mode="json") for user in page.items]
        say(as_json, listed, "\n".join(lines) or "No user matches.")
        if page.next_cursor:
            typer.echo(f"There are more: --cursor {page.next_cursor}", err=True)

    run(work())


@users.command()
def suspend(email: str, as_json: AsJson = False) -> None:
    """Keep a user from signing in and end their sessions."""

    async def work() -> None:
        from app.features.users.service import UserService

        async with operations(UserService) as (service, container):
            found = await _user(container, email)
            user = await service.suspend(found.id)
        say(as_json, user.model_dump(mode="json"), f"Suspended {user.email}.")

    run(work())


@users.command()
def reactivate(email: str, as_json: AsJson = False) -> None:
    """Let a suspended user sign in again."""

    async def work() -> None:
        from app.features.users.service import UserService

        async with operations(UserService) as (service, container):
            found = await _user(container, email)
            user = await service.reactivate(found.id)
        say(as_json, user.model_dump(mode="json"), f"{user.email} may sign in again.")

    run(work())


@users.command("set-password")
def set_password(
    email: str,
    password_stdin: PasswordStdin = False,
    must_change: Annotated[
        bool, typer.Option("--must-change", help="To be changed at the next sign-in.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Set a user's password, asked for twice, and end their sessions."""
    password = _read_line() if password_stdin else _ask_password()

    async def work() -> None:
        from pydantic import SecretStr

        from app.features.users.credential_service import CredentialService

        async with operations(CredentialService) as (service, container):
            found = await _user(container, email)
            await _check_password(container, password, email=found.email, name=found.display_name)
            user = await service.set_password(
                found.id, SecretStr(password), must_change=must_change
            )
        words = f"The password of {user.email} is set; open sessions have ended."
        say(as_json, user.model_dump(mode="json"), words)

    run(work())


@config.command()
def show(as_json: AsJson = False) -> None:
    """Print all settings and where each can be set; secrets are masked."""
    from app.setting_facts import in_force
    from app.settings import load_settings, setting_names, variable_name

    settings = load_settings()
    values = {name: in_force(settings, name) for name in setting_names()}
    width = max(map(len, values))
    lines = [f"{name:{width}}  {value}  ({variable_name(name)})" for name, value in values.items()]
    say(as_json, values, "\n".join(lines))


def _read_line() -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        message = "no password came on standard input"
        raise typer.BadParameter(message)
    return line


def _ask_password() -> str:
    if not sys.stdin.isatty():
        message = "run this in a terminal, or give the password with --password-stdin"
        raise typer.BadParameter(message)
    return str(typer.prompt("New password", hide_input=True, confirmation_prompt=True))


async def _check_password(container: Any, password: str, *, email: str, name: str) -> None:
    """Refuse here what the policy refuses: the services take any password from the system.

    Raises:
        Invalid: The password is too weak.
    """
    from app.core.errors import Invalid
    from app.core.passwords import PasswordPolicy

    policy = await container.get(PasswordPolicy)
    problem = policy.problem(password, email=email, name=name)
    if problem is not None:
        raise Invalid(problem.code, problem.message)


async def _user(container: Any, email: str) -> Any:
    """The user with an address.

    Raises:
        NotFound: Nobody has it.
    """
    from app.core.emails import normalise_email
    from app.core.errors import NotFound
    from app.features.users.repository import UserRepository

    try:
        spelled = normalise_email(email)
    except ValueError:
        spelled = ""
    found = await (await container.get(UserRepository)).by_email(spelled)
    if found is None:
        code = "user.not_found"
        raise NotFound(code, f"There is no user {email}.")
    return found


def _migrate(work: Callable[[Any], Awaitable[None]]) -> None:
    async def migrate() -> None:
        from app.core.migrations import Migrator

        async with platform() as (container, _):
            await work(await container.get(Migrator))

    run(migrate())
