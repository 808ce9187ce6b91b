"""The users feature."""

from dishka import Provider, Scope

from app.core.module import Module, NavItem, PageSpec
from app.features.users.api import router
from app.features.users.pages import (
    new_user_page,
    user_activity_page,
    user_list_page,
    user_page,
)
from app.features.users.permissions import UserPermission
from app.features.users.repository import UserRepository
from app.features.users.service import UserService
from app.features.users.state import NewUser, UserList, UserRecord

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(UserRepository, UserService)

module = Module(
    id="users",
    permissions=(UserPermission,),
    provider=provider,
    router=router,
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
    nav=(NavItem("Access", "Users", "users", "/users", UserPermission.READ, shortcut="u"),),
)
