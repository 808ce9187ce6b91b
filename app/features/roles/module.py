"""The roles feature."""

from uuid import UUID

from dishka import AsyncContainer, Provider, Scope

from app.core.module import Module, Undo, Values
from app.features.roles.api import router
from app.features.roles.permissions import RolePermission
from app.features.roles.repository import RoleRepository
from app.features.roles.resolver import AccessResolver
from app.features.roles.schemas import MembersAdd, RoleUpdate, facts_of
from app.features.roles.service import RoleService

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(RoleRepository, RoleService)
provider.provide(AccessResolver, scope=Scope.APP)


async def _current(unit: AsyncContainer, role_id: UUID, after: Values) -> Values:
    roles = await unit.get(RoleService)
    current = facts_of(await roles.get(role_id))
    if "members" in after:
        known = await roles.memberships(role_id, after["members"])
        current["members"] = [each for each in after["members"] if known.get(each, _NONE)[1]]
    return current


async def _put_back(unit: AsyncContainer, role_id: UUID, before: Values, after: Values) -> None:
    roles = await unit.get(RoleService)
    details = {name: value for name, value in before.items() if name != "members"}
    if details:
        await roles.update(role_id, RoleUpdate.model_validate(details))
    if "members" in before:
        known = await roles.memberships(role_id, [*before["members"], *after["members"]])
        gone = [known[each][0] for each in after["members"] if each in known]
        back = [known[each][0] for each in before["members"] if each in known]
        if gone:
            await roles.remove_members(role_id, gone)
        if back:
            await roles.add_members(role_id, MembersAdd(user_ids=back))


_NONE = (None, False)
_FIELDS = frozenset({"name", "description", "includes", "grants", "members"})

module = Module(
    id="roles",
    permissions=(RolePermission,),
    undos=(Undo("role", _FIELDS, _current, _put_back),),
    asked=(RolePermission.GRANT,),
    provider=provider,
    router=router,
)
