"""How changes of roles are taken back: the very facts, or what stands in the way is said.

Roles and people are meant by their ids. A name that has come to mean something else stands in the
way, and so does a role that gives more than it did when somebody had it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from dishka import AsyncContainer
from pydantic import BaseModel, ValidationError

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.core.module import RecordedChange, Undo, Values
from app.features.roles.repository import RoleRepository
from app.features.roles.schemas import (
    SPEC_FIELDS,
    Assignment,
    GrantRead,
    GrantSpec,
    IncludedRole,
    RoleUpdate,
    members_as_recorded,
    role_as_recorded,
)
from app.features.roles.service import RoleService

_FIELDS = frozenset({"name", "description", "includes", "grants", "members"})
M = TypeVar("M", bound=BaseModel)


async def _current(unit: AsyncContainer, change: RecordedChange) -> Values:
    roles, stored = await unit.get(RoleService), await unit.get(RoleRepository)
    # Whether they may see the role is decided there.
    await roles.get(change.target_id)
    await stored.lock_access()
    role = await stored.get(change.target_id, for_update=True)
    if role is None:
        raise NotFound("role.not_found", "There is no such role.")
    current = role_as_recorded(await stored.read(role), await stored.ids())
    if "members" in change.after:
        members = [*_members(change, "before"), *_members(change, "after")]
        now = await stored.assignments_to(role.id, {each.user_id for each in members})
        current["members"] = members_as_recorded(now)
    return current


async def _put_back(unit: AsyncContainer, change: RecordedChange) -> None:
    roles, stored = await unit.get(RoleService), await unit.get(RoleRepository)
    details: dict[str, Any] = {
        name: change.before[name] for name in ("name", "description") if name in change.before
    }
    if "includes" in change.before:
        included = parsed(IncludedRole, change.before["includes"])
        now = {each.role_id for each in parsed(IncludedRole, change.after["includes"])}
        names = {each.role_id: each.role for each in included}
        new = {role_id: name for role_id, name in names.items() if role_id not in now}
        await refuse_other_roles(stored, names, new, change.entry_id)
        details["includes"] = list(names.values())
    grants: list[GrantRead] = []
    if "grants" in change.before:
        grants, details["grants"] = grants_to_put_back(change)
    if details:
        await roles.update(change.target_id, RoleUpdate.model_validate(details), as_before=grants)
    if "members" in change.before:
        await _put_back_members(roles, stored, change)


async def _put_back_members(
    roles: RoleService, stored: RoleRepository, change: RecordedChange
) -> None:
    back, gone = _members(change, "before"), _members(change, "after")
    refuse_ended((each.email, each.expires_at) for each in back)
    emails = await stored.emails({each.user_id for each in back})
    for each in back:
        if each.user_id not in emails:
            raise in_the_way(f"{each.email} has been deleted since.")
    if back:
        role = await stored.get(change.target_id)
        name = role.name if role else ""
        await refuse_other_roles(stored, {}, {change.target_id: name}, change.entry_id)
    await roles.restore_members(change.target_id, [each.user_id for each in gone], back)


def _members(change: RecordedChange, side: str) -> list[Assignment]:
    values: Mapping[str, Any] = getattr(change, side)
    facts = {"role_id": str(change.target_id), "role": ""}
    return parsed(Assignment, values["members"], **facts)


def grants_to_put_back(change: RecordedChange) -> tuple[list[GrantRead], list[GrantSpec]]:
    """The grants there were before: those that are put back, and all of them as they are sent.

    Raises:
        Conflict: One of those that are put back has ended since.
    """
    before = parsed(GrantRead, change.before["grants"])
    kept = parsed(GrantRead, change.after["grants"])
    back = [each for each in before if each not in kept]
    refuse_ended((each.permission, each.expires_at) for each in back)
    specs = [GrantSpec.model_validate(each.model_dump(include=SPEC_FIELDS)) for each in before]
    return back, specs


def parsed(schema: type[M], values: Any, **facts: Any) -> list[M]:
    """What an entry recorded, as it was.

    Raises:
        Conflict: The entry does not tell enough; it is of an earlier version.
    """
    try:
        return [schema.model_validate({**facts, **each}) for each in values or []]
    except (ValidationError, TypeError) as error:
        message = "This entry does not tell enough to take it back exactly."
        raise Conflict("audit.undo.impossible", message) from error


async def refuse_other_roles(
    stored: RoleRepository, named: Mapping[UUID, str], given: Mapping[UUID, str], entry_id: UUID
) -> None:
    """Keep names from meaning other roles than then, and roles from giving more than then.

    Args:
        stored: The roles.
        named: Roles that are named, by id, with what they were called.
        given: Those that somebody is to have again.
        entry_id: The entry that is taken back.

    Raises:
        Conflict: One has been deleted, is called something else, or grants more.
    """
    names = {role_id: name for name, role_id in (await stored.ids()).items()}
    for role_id, then in {**named, **given}.items():
        now = names.get(role_id)
        if now is None:
            another = ", and another role has this name now" if then in names.values() else ""
            raise in_the_way(f"The role {then} has been deleted since{another}.")
        if now != then:
            raise in_the_way(f"The role {then} is called {now} now.")
    graph = await stored.graph()
    ids = {name: role_id for role_id, name in names.items()}
    for name in given.values():
        reached = _reached(graph.roles, name)
        grown = await stored.grown_since([ids[each] for each in reached], entry_id)
        if grown:
            raise in_the_way(f"The role {name} grants more now than it did then.")


def _reached(roles: Mapping[str, Any], name: str) -> set[str]:
    """A role and all that it includes."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        role = waiting.pop()
        if role not in found and role in roles:
            found.add(role)
            waiting += roles[role].includes
    return found


def refuse_ended(ends: Iterable[tuple[str, datetime | None]]) -> None:
    """Keep what has ended from being given once more.

    Raises:
        Conflict: One of these, by its name, ends at a moment that is past.
    """
    for name, end in ends:
        if end is not None and end <= clock.now():
            raise in_the_way(f"{name} ended on {end:%Y-%m-%d %H:%M} UTC.")


def in_the_way(sentence: str) -> Conflict:
    """What keeps a change from being taken back."""
    return Conflict("audit.undo.obstacle", f"This cannot be put back: {sentence}")


UNDO = Undo("role", _FIELDS, _current, _put_back)
