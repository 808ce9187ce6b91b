"""How changes of users are taken back."""

from dishka import AsyncContainer

from app.core.errors import NotFound
from app.core.module import RecordedChange, Undo, Values
from app.features.roles.repository import RoleRepository
from app.features.roles.schemas import (
    Assignment,
    Grants,
    grants_as_recorded,
    roles_as_recorded,
)
from app.features.roles.service import RoleService
from app.features.roles.undoing import (
    grants_to_put_back,
    parsed,
    refuse_ended,
    refuse_other_roles,
)
from app.features.users.repository import UserRepository
from app.features.users.schemas import UserStatus, UserUpdate
from app.features.users.service import UserService

_DETAILS = frozenset({"display_name"})


async def _current(unit: AsyncContainer, change: RecordedChange) -> Values:
    users, stored = await unit.get(UserService), await unit.get(UserRepository)
    # Whether they may see the user is decided there.
    await users.get(change.target_id)
    if await stored.get(change.target_id, for_update=True) is None:
        raise NotFound("user.not_found", "There is no such user.")
    user = await users.get(change.target_id)
    current = user.model_dump(mode="json")
    roles = await unit.get(RoleRepository)
    if "roles" in change.after:
        had = await roles.assignments_of(change.target_id)
        current["roles"] = roles_as_recorded(had)
    if "grants" in change.after:
        await (await unit.get(RoleService)).own_grants(change.target_id)
        current["grants"] = grants_as_recorded(await roles.own_grants(change.target_id))
    return current


async def _put_back(unit: AsyncContainer, change: RecordedChange) -> None:
    users, before = await unit.get(UserService), change.before
    details = {name: value for name, value in before.items() if name in _DETAILS}
    if details:
        await users.update(change.target_id, UserUpdate.model_validate(details))
    if "status" in before:
        suspended = before["status"] == UserStatus.SUSPENDED
        await (users.suspend if suspended else users.reactivate)(change.target_id)
    if "roles" in before:
        had, back = await _roles_to_put_back(await unit.get(RoleRepository), change)
        await users.assign_roles(change.target_id, had, as_before=back)
    if "grants" in before:
        grants, specs = grants_to_put_back(change)
        roles = await unit.get(RoleService)
        await roles.set_own_grants(change.target_id, Grants(grants=specs), as_before=grants)


async def _roles_to_put_back(
    stored: RoleRepository, change: RecordedChange
) -> tuple[list[str], list[Assignment]]:
    """The names of the roles there were before, and those of them that are given back."""
    facts = {"user_id": str(change.target_id), "email": ""}
    before = parsed(Assignment, change.before["roles"], **facts)
    kept = parsed(Assignment, change.after["roles"], **facts)
    back = [each for each in before if each not in kept]
    refuse_ended((each.role, each.expires_at) for each in back)
    named = {each.role_id: each.role for each in before}
    await refuse_other_roles(
        stored, named, {each.role_id: each.role for each in back}, change.entry_id
    )
    return [each.role for each in before], back


UNDO = Undo("user", _DETAILS | {"grants", "roles", "status"}, _current, _put_back)
