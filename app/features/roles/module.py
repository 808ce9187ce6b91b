"""The roles feature."""

from dishka import AsyncContainer, Provider, Scope

from app.core.module import (
    Action,
    Finder,
    Found,
    Module,
    NavItem,
    PageSpec,
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
from app.features.roles.reach import ReachGuard
from app.features.roles.repository import ROLES, RoleRepository
from app.features.roles.resolver import AccessResolver
from app.features.roles.schemas import RoleListQuery
from app.features.roles.service import RoleService
from app.features.roles.state import RECORD, ROLE_RECORD, NewRole, RoleList, RoleRecord
from app.features.roles.undoing import UNDO

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(RoleRepository, People, ReachGuard, RoleService)
provider.provide(AccessResolver, scope=Scope.APP)


_FOUND = 6


async def _find(unit: AsyncContainer, text: str) -> list[Found]:
    roles = await unit.get(RoleService)
    page = await roles.page(RoleListQuery(q=text, limit=_FOUND))
    return [Found("Roles", role.name, role.description, f"/roles/{role.id}") for role in page.items]


module = Module(
    id="roles",
    permissions=(RolePermission,),
    undos=(UNDO,),
    asked=(RolePermission.GRANT,),
    changes_access=(
        RolePermission.CREATE,
        RolePermission.DELETE,
        RolePermission.UPDATE,
        "role.add_members",
        "role.add_permissions",
        "role.remove_members",
        "role.remove_permission",
        "role.restore_members",
        "role.seed",
        "user.set_grants",
    ),
    resources=(ROLES,),
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
