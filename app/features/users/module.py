"""The users feature."""

from dishka import AsyncContainer, Provider, Scope

from app.core.module import Finder, Found, Module, NavItem, PageSpec
from app.features.users.api import console_router, router
from app.features.users.pages import (
    new_user_page,
    user_activity_page,
    user_list_page,
    user_page,
)
from app.features.users.permissions import UserPermission
from app.features.users.repository import UserRepository
from app.features.users.schemas import UserListQuery
from app.features.users.service import UserService
from app.features.users.state import NewUser, UserList, UserRecord

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(UserRepository, UserService)

_FOUND = 6


async def _find(unit: AsyncContainer, text: str) -> list[Found]:
    users = await unit.get(UserService)
    page = await users.page(UserListQuery(q=text, limit=_FOUND))
    return [
        Found("Users", user.display_name, user.email, f"/users/{user.id}") for user in page.items
    ]


module = Module(
    id="users",
    permissions=(UserPermission,),
    provider=provider,
    router=router,
    console_router=console_router,
    pages=(
        PageSpec(
            "/users", "Users", UserPermission.READ, user_list_page, [UserList.load], wide=True
        ),
        PageSpec("/users/new", "New user", UserPermission.CREATE, new_user_page, [NewUser.load]),
        PageSpec("/users/[user_id]", "User", UserPermission.READ, user_page, [UserRecord.load]),
        PageSpec(
            "/users/[user_id]/activity",
            "Activity",
            UserPermission.READ,
            user_activity_page,
            [UserRecord.load, UserRecord.load_activity],
        ),
    ),
    finders=(Finder(UserPermission.READ, _find),),
    nav=(NavItem("Access", "Users", "users", "/users", UserPermission.READ, shortcut="u"),),
)
