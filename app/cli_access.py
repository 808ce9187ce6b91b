"""`platformctl perms`, `guards` and `access`: who may do what, what guards it, roles as code."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands import FOUND, AsJson, operations, platform, run, say, writable

perms = typer.Typer(no_args_is_help=True, help="Who may do what, and why.")
guards = typer.Typer(no_args_is_help=True, help="What guards every way in.")
access = typer.Typer(no_args_is_help=True, help="Roles as a file.")

RolesPath = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A YAML file of roles.")
]


@perms.command()
def explain(
    user: Annotated[str, typer.Argument(help="E-mail address or id.")],
    permission: str,
    record: Annotated[str, typer.Argument(help="Id of a record.", metavar="[OBJECT]")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell why a user holds a permission or does not."""

    async def work() -> None:
        from app.features.access.schemas import ExplainQuery
        from app.features.access.service import AccessService

        async with operations(AccessService) as (service, _):
            person = await service.person(user)
            told = await service.explain(
                ExplainQuery(user_id=person.id, permission=permission, object_id=record or None)
            )
        lines = [told.verdict, *(f"  {step.verdict}: {step.sentence}" for step in told.steps)]
        if told.given_by_roles:
            lines.append(f"Roles that would give it: {', '.join(told.given_by_roles)}")
        say(as_json, told.model_dump(mode="json"), "\n".join(lines))

    run(work())


@perms.command()
def holders(permission: str, as_json: AsJson = False) -> None:
    """List everybody who holds a permission."""

    async def work() -> None:
        from app.features.access.service import AccessService

        async with operations(AccessService) as (service, _):
            found = await service.holders(permission)
        lines = [
            f"{each.email or each.name}  {each.rows}  {', '.join(each.through)}"
            f"{_until(each.ends_at)}{_but(each.kept_out)}"
            for each in found.items
        ]
        facts = [each.model_dump(mode="json") for each in found.items]
        say(as_json, facts, "\n".join(lines) or "Nobody holds it.")

    run(work())


@perms.command("of")
def of_user(
    user: Annotated[str, typer.Argument(help="E-mail address or id.")], as_json: AsJson = False
) -> None:
    """List all that a user may do."""

    async def work() -> None:
        from app.features.access.service import AccessService

        async with operations(AccessService) as (service, _):
            found = await service.of_user((await service.person(user)).id)
        lines = [
            f"{each.permission}  {each.rows}  {', '.join(each.through)}{_until(each.ends_at)}"
            for each in found
        ]
        if found and found[0].kept_out:
            lines.insert(0, f"None of this counts for now{_but(found[0].kept_out)}")
        facts = [each.model_dump(mode="json") for each in found]
        say(as_json, facts, "\n".join(lines) or "They may do nothing but sign in.")

    run(work())


@guards.command("list")
def list_guards(as_json: AsJson = False) -> None:
    """List every route, event handler and page with its permission and number of holders."""

    async def work() -> None:
        from app.core.registry import Registry
        from app.features.access.service import AccessService
        from app.ui.guards import guards as guards_of

        async with operations(AccessService) as (service, container):
            counts = await service.holder_counts()
            found = guards_of(await container.get(Registry), await _routes())
        facts = [
            {
                "kind": each.kind,
                "name": each.name,
                "permission": each.permission or None,
                "rules": each.rules,
                "holders": counts.get(each.permission),
            }
            for each in found
        ]
        lines = [
            f"{each.kind:8}{each.permission or 'UNGUARDED':22}"
            f"{counts.get(each.permission, ''):>6}  {each.name}"
            for each in found
        ]
        say(as_json, facts, "\n".join(lines))

    run(work())


@guards.command("check")
def check_guards(as_json: AsJson = False) -> None:
    """Fail when a route, event handler, page or operation is unguarded."""

    async def work() -> list[str]:
        from app.core.registry import Registry
        from app.ui.guards import unguarded

        async with platform() as (container, _):
            return unguarded(await container.get(Registry), await _routes())

    found = run(work())
    lines = "\n".join(f"unguarded: {each}" for each in found)
    say(as_json, {"unguarded": found}, lines or "Everything is guarded.")
    if found:
        raise typer.Exit(FOUND)


@access.command("export")
def export_roles(
    file: Annotated[Path | None, typer.Argument(help="Where to write; else it is printed.")] = None,
    without_ids: Annotated[
        bool, typer.Option("--without-ids", help="For another installation: names only.")
    ] = False,
) -> None:
    """Write all roles as YAML, always in the same order."""

    async def work() -> str:
        from app.features.access.service import AccessService

        async with operations(AccessService) as (service, _):
            return await service.export(with_ids=not without_ids)

    if file is not None:
        writable(file)
    text = run(work())
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {file}")


@access.command("diff")
def diff_roles(file: RolesPath, as_json: AsJson = False) -> None:
    """Tell how the roles differ from a file; exit code 4 when they do."""

    async def work() -> list[str]:
        from app.features.access.roles_file import read
        from app.features.access.service import AccessService

        async with operations(AccessService) as (service, _):
            return await service.differences(read(_text(file)))

    found = run(work())
    say(as_json, {"differences": found}, "\n".join(found) or "No difference.")
    if found:
        raise typer.Exit(FOUND)


@access.command("apply")
def apply_roles(  # noqa: PLR0917 - the options of a command
    file: RolesPath,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete roles that are not in the file, but built-in.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --prune: also those that people have.")
    ] = False,
    by_name: Annotated[
        bool, typer.Option("--by-name", help="Go by the names, also where the ids are others.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the roles what a file says, all or none; others stay, unless they are pruned."""

    async def work() -> tuple[list[str], dict[str, int]]:
        from app.core.errors import Conflict
        from app.core.unit_of_work import UnitOfWork
        from app.features.access.roles_file import mistaken, read
        from app.features.access.service import AccessService
        from app.features.roles.service import RoleService

        wanted = read(_text(file))
        async with operations(RoleService) as (roles, container):
            service = await container.get(AccessService)
            wrong = mistaken(wanted, await roles.all())
            if wrong and not by_name:
                message = " ".join([*wrong, "Take the id out of the file, or use --by-name."])
                raise Conflict("access.apply.other_role", message)
            found = await service.differences(wanted)
            totals = await _apply(roles, wanted)
            if prune:
                found += await _prune(roles, wanted, totals, force=force)
            if dry_run:
                await (await container.get(UnitOfWork)).rollback()
        return found, totals

    found, totals = run(work())
    words = [*found, *(f"{effect}: {count}" for effect, count in totals.items() if count)]
    if found:
        words.append("Nothing was changed." if dry_run else "Applied.")
    facts = {"differences": found, "totals": totals, "applied": not dry_run}
    say(as_json, facts, "\n".join(words) or "No difference.")


async def _apply(roles: Any, wanted: Any) -> dict[str, int]:
    """Change what differs by the roles' own operations; how many users gain or lose how much.

    Raises:
        PlatformError: Whatever these refuse; then nothing is changed.
    """
    from app.features.access.roles_file import between, defined
    from app.features.roles.schemas import RoleCreate, RoleUpdate

    totals = dict.fromkeys(("gains", "loses", "widens", "narrows"), 0)
    present = {role.name: role for role in await roles.all()}
    ids = {role.id for role in present.values()}
    for role in wanted.roles:
        if role.name not in present:
            # What it includes may be further down in the file.
            present[role.name] = await roles.create(
                RoleCreate(name=role.name, description=role.description, grants=role.grants),
                role_id=None if role.id in ids else role.id,
            )
    for role in wanted.roles:
        known = present[role.name]
        if between(role, defined(known)):
            change = RoleUpdate(
                description=role.description, includes=role.includes, grants=role.grants
            )
            await _looked_at(roles, known, change, totals)
            await roles.update(known.id, change)
    return totals


async def _prune(roles: Any, wanted: Any, totals: dict[str, int], *, force: bool) -> list[str]:
    """Delete the roles that the file does not name; what is lost, one sentence each.

    Raises:
        PlatformError: Somebody has one of them and it is not forced, or the service refuses; then
            nothing is changed.
    """
    from app.core.errors import Conflict
    from app.features.roles.service import DEFAULT_ROLES

    if not wanted.roles:
        message = (
            "The file describes no role, so --prune would delete all of them. Nothing was done."
        )
        raise Conflict("access.prune.everything", message)
    kept = {role.name for role in wanted.roles} | set(DEFAULT_ROLES)
    found = []
    for role in await roles.all():
        if role.name in kept:
            continue
        if role.members and not force:
            people = "1 person has" if role.members == 1 else f"{role.members:,} people have"
            message = f"{role.name}: {people} this role; --force takes it from them."
            raise Conflict("access.prune.members", message)
        report = await _looked_at(roles, role, None, totals)
        found.append(f"{role.name}: is deleted.")
        for group in report.groups:
            who = ", ".join(person.name for person in group.people)
            more = group.count - len(group.people)
            names = f"{who} and {more:,} more" if more else who
            for what in ("loses", "narrows"):
                if permissions := getattr(group, what):
                    verb = "no longer" if what == "loses" else "within limits only"
                    found.append(f"{role.name}: {verb} {', '.join(permissions)}: {names}.")
        await roles.delete(role.id)
    return found


async def _looked_at(roles: Any, role: Any, change: Any, totals: dict[str, int]) -> Any:
    """What a change would do, added to the totals.

    Raises:
        Conflict: It would be refused.
    """
    from app.core.errors import Conflict

    report = await roles.what_if(role.id, change)
    if report.refusal is not None:
        raise Conflict("access.apply.refused", f"{role.name}: {report.refusal}")
    for group in report.groups:
        for effect in totals:
            totals[effect] += group.count * len(getattr(group, effect))
    return report


def _text(file: Path) -> str:
    """What a file says.

    Raises:
        BadParameter: It is no UTF-8 text.
    """
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"{file} is no text in UTF-8; save it as such."
        raise typer.BadParameter(message) from error


def _until(ends_at: Any) -> str:
    """When they no longer hold it, after two spaces; empty for never."""
    from app.core.days import until

    return f"  {until(ends_at)}" if ends_at else ""


def _but(kept_out: Any) -> str:
    """What keeps somebody from what they hold, in brackets; empty for nothing."""
    from app.features.roles.schemas import KEPT_OUT_WORDS

    words = " and ".join(KEPT_OUT_WORDS[each] for each in kept_out)
    return f" ({words})" if words else ""


async def _routes() -> Any:
    from app.core.registry import Registry
    from app.http.api import build_api
    from app.http.coverage import rest_routes

    async with platform() as (container, _):
        return rest_routes(build_api(await container.get(Registry), container))
