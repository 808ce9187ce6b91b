"""The users feature."""

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
from app.features.roles.schemas import Grants, as_json
from app.features.roles.service import RoleService
from app.features.users.api import console_router, router
from app.features.users.pages import (
    new_user_page,
    user_activity_page,
    user_list_page,
    user_page,
)
from app.features.users.permissions import UserPermission
from app.features.users.repository import USERS, UserRepository
from app.features.users.schemas import UserListQuery, UserStatus, UserUpdate
from app.features.users.service import UserService
from app.features.users.state import RECORD, USER_RECORD, NewUser, UserList, UserRecord

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(UserRepository, UserService)

_FOUND = 6


async def _find(unit: AsyncContainer, text: str) -> list[Found]:
    users = await unit.get(UserService)
    page = await users.page(UserListQuery(q=text, limit=_FOUND))
    return [
        Found("Users", user.display_name, user.email, f"/users/{user.id}")
        for user in (user.filled() for user in page.items)
    ]


_DETAILS = frozenset({"display_name", "email", "must_change_password", "verified"})


async def _current(unit: AsyncContainer, user_id: UUID, after: Values) -> Values:
    user = await (await unit.get(UserService)).get(user_id)
    current = user.model_dump(mode="json")
    if "grants" in after:
        grants = await (await unit.get(RoleService)).own_grants(user_id)
        current["grants"] = as_json(grants)
    return current


async def _put_back(unit: AsyncContainer, user_id: UUID, before: Values, _after: Values) -> None:
    users = await unit.get(UserService)
    details = {name: value for name, value in before.items() if name in _DETAILS}
    if details:
        await users.update(user_id, UserUpdate.model_validate(details))
    if "status" in before:
        suspended = before["status"] == UserStatus.SUSPENDED
        await (users.suspend if suspended else users.reactivate)(user_id)
    if "roles" in before:
        await users.assign_roles(user_id, before["roles"])
    if "grants" in before:
        roles = await unit.get(RoleService)
        await roles.set_own_grants(user_id, Grants.model_validate({"grants": before["grants"]}))


module = Module(
    id="users",
    permissions=(UserPermission,),
    resources=(USERS,),
    changes_access=(UserPermission.ASSIGN_ROLES,),
    undos=(Undo("user", _DETAILS | {"grants", "roles", "status"}, _current, _put_back),),
    provider=provider,
    router=router,
    console_router=console_router,
    pages=(
        PageSpec(
            "/users", "Users", UserPermission.READ, user_list_page, [UserList.load], wide=True
        ),
        PageSpec("/users/new", "New user", UserPermission.CREATE, new_user_page, [NewUser.load]),
        PageSpec(
            RECORD,
            "User",
            UserPermission.READ,
            user_page,
            [UserRecord.load],
            record=USER_RECORD,
        ),
        PageSpec(
            f"{RECORD}/activity",
            "Activity",
            AuditPermission.READ,
            user_activity_page,
            [UserRecord.load, UserRecord.load_activity],
            record=USER_RECORD,
        ),
    ),
    actions=(
        Action("New user", UserPermission.CREATE, href="/users/new", keywords="add invite create"),
        Action(
            "Set password",
            UserPermission.UPDATE,
            event=UserRecord.open_password,
            page=RECORD,
            when=~UserRecord.gone,
        ),
        Action(
            "Suspend this user",
            UserPermission.SUSPEND,
            event=UserRecord.suspend,
            page=RECORD,
            when=UserRecord.may_be_suspended,
            keywords="block lock",
        ),
        Action(
            "Reactivate this user",
            UserPermission.SUSPEND,
            event=UserRecord.reactivate,
            page=RECORD,
            when=UserRecord.may_be_reactivated,
            keywords="unblock",
        ),
        Action(
            "Delete this user…",
            UserPermission.DELETE,
            event=UserRecord.ask_delete,
            page=RECORD,
            when=UserRecord.may_be_deleted,
            keywords="remove",
        ),
    ),
    finders=(Finder(UserPermission.READ, _find, "user"),),
    nav=(NavItem("Access", "Users", "users", "/users", UserPermission.READ, shortcut="u"),),
)
