"""The users feature."""

from dishka import AsyncContainer, Provider, Scope

from app.core.module import (
    Action,
    Finder,
    Found,
    Module,
    NavItem,
    PageSpec,
    RecordAction,
)
from app.features.audit.permissions import AuditPermission
from app.features.users.api import console_router, router
from app.features.users.bulk_service import UserBulkService
from app.features.users.credential_service import CredentialService
from app.features.users.list_pages import user_list_page
from app.features.users.list_state import UserList
from app.features.users.pages import (
    new_user_page,
    user_activity_page,
    user_page,
)
from app.features.users.permissions import UserPermission
from app.features.users.repository import USERS, PasswordResetRepository, UserRepository
from app.features.users.schemas import UserRead, UserStatus
from app.features.users.service import UserService
from app.features.users.state import (
    RECORD,
    USER_RECORD,
    NewUser,
    UserCommand,
    UserRecord,
)
from app.features.users.undoing import UNDO

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(
    UserRepository, PasswordResetRepository, UserService, UserBulkService, CredentialService
)

_FOUND = 6
_SUSPENDED = "Suspended"


async def _find(unit: AsyncContainer, text: str) -> list[Found]:
    users = await unit.get(UserService)
    found = await users.find(text, most=_FOUND)
    return [
        Found("Users", user.display_name, user.email, f"/users/{user.id}", _mark(user))
        for user in (user.filled() for user in found)
    ]


def _mark(user: UserRead) -> str:
    return _SUSPENDED if user.status == UserStatus.SUSPENDED else ""


module = Module(
    id="users",
    permissions=(UserPermission,),
    resources=(USERS,),
    changes_access=(UserPermission.ASSIGN_ROLES, "user.add_roles", "user.remove_roles"),
    undos=(UNDO,),
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
            "Suspend a user…",
            UserPermission.SUSPEND,
            href="/users?status=active",
            keywords="block lock deactivate keep out",
        ),
        Action(
            "Reactivate a user…",
            UserPermission.SUSPEND,
            href="/users?status=suspended",
            keywords="unblock unlock let in",
        ),
        Action(
            "Reset password…",
            UserPermission.RESET_CREDENTIALS,
            event=UserRecord.ask_reset,
            page=RECORD,
            when=UserRecord.may_be_reset,
            keywords="set change link credentials",
        ),
        Action(
            "Change e-mail address…",
            UserPermission.RESET_CREDENTIALS,
            event=UserRecord.ask_email,
            page=RECORD,
            when=~UserRecord.gone,
            keywords="mail confirm verify credentials",
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
    record_actions=(
        RecordAction("Suspend", UserPermission.SUSPEND, "user", UserCommand.suspend),
        RecordAction(
            "Reactivate", UserPermission.SUSPEND, "user", UserCommand.reactivate, _SUSPENDED
        ),
    ),
    finders=(Finder(UserPermission.READ, _find, "user"),),
    nav=(NavItem("Access", "Users", "users", "/users", UserPermission.READ, shortcut="u"),),
)
