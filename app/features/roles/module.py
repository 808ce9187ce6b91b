"""The roles feature."""

from uuid import UUID

from dishka import AsyncContainer, Provider, Scope

from app.core.module import (
    Action,
    Finder,
    Found,
    Module,
    NavItem,
    PageSpec,
    Undo,
    Values,
)
from app.features.audit.permissions import AuditPermission
from app.features.roles.api import router
from app.features.roles.pages import (
    new_role_page,
    role_activity_page,
    role_list_page,
    role_page,
)
from app.features.roles.people import People
from app.features.roles.permissions import RolePermission
from app.features.roles.repository import RoleRepository
from app.features.roles.resolver import AccessResolver
from app.features.roles.schemas import MembersAdd, RoleListQuery, RoleUpdate, facts_of
from app.features.roles.service import RoleService
from app.features.roles.state import RECORD, ROLE_RECORD, NewRole, RoleList, RoleRecord

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(RoleRepository, People, RoleService)
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
_FOUND = 6


async def _find(unit: AsyncContainer, text: str) -> list[Found]:
    roles = await unit.get(RoleService)
    page = await roles.page(RoleListQuery(q=text, limit=_FOUND))
    return [Found("Roles", role.name, role.description, f"/roles/{role.id}") for role in page.items]


module = Module(
    id="roles",
    permissions=(RolePermission,),
    undos=(Undo("role", _FIELDS, _current, _put_back),),
    asked=(RolePermission.GRANT,),
    changes_access=(
        RolePermission.CREATE,
        RolePermission.DELETE,
        RolePermission.UPDATE,
        "role.add_members",
        "role.add_permissions",
        "role.remove_members",
        "role.remove_permission",
        "role.seed",
        "user.set_grants",
    ),
    provider=provider,
    router=router,
    pages=(
        PageSpec(
            "/roles", "Roles", RolePermission.READ, role_list_page, [RoleList.load], wide=True
        ),
        PageSpec("/roles/new", "New role", RolePermission.CREATE, new_role_page, [NewRole.load]),
        PageSpec(
            RECORD, "Role", RolePermission.READ, role_page, [RoleRecord.load], record=ROLE_RECORD
        ),
        PageSpec(
            f"{RECORD}/activity",
            "Activity",
            AuditPermission.READ,
            role_activity_page,
            [RoleRecord.load, RoleRecord.load_activity],
            record=ROLE_RECORD,
        ),
    ),
    actions=(
        Action("New role", RolePermission.CREATE, href="/roles/new", keywords="add create"),
        Action(
            "Delete this role…",
            RolePermission.DELETE,
            event=RoleRecord.ask_delete,
            page=RECORD,
            when=~RoleRecord.gone & ~RoleRecord.role.is_default,
            keywords="remove",
        ),
    ),
    finders=(Finder(RolePermission.READ, _find, "role"),),
    nav=(NavItem("Access", "Roles", "shield", "/roles", RolePermission.READ, shortcut="r"),),
)
