"""State of the list of users."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

import reflex as rx

from app.core import clock
from app.features.roles.permissions import RolePermission
from app.features.roles.service import RoleService
from app.features.users.bulk_service import UserBulkService
from app.features.users.permissions import UserPermission
from app.features.users.schemas import UserFilter, UserListQuery, UserRead, UserStatus
from app.features.users.service import UserService
from app.features.views.state import ViewedListState
from app.ui import runtime
from app.ui.bulk_state import BulkListState
from app.ui.forms import parse
from app.ui.handlers import handler

NO_ROLE = "-"
"""In the address instead of names of roles."""
SIGN_INS = {
    "never": "Never signed in",
    "30": "Not in the last 30 days",
    "90": "Not in the last 90 days",
    "365": "Not in the last year",
}
"""What the list can be narrowed by, and its words."""
CONFIRMED = {"true": "Confirmed", "false": "Not confirmed"}


@dataclass
class UserRow:
    """A user in the list."""

    id: str
    name: str
    email: str
    status: str
    verified: bool
    roles: str
    created_at: str
    last_sign_in_at: str


class UserList(ViewedListState, BulkListState, rx.State):
    """The list of users."""

    path: ClassVar[str] = "/users"
    filter_titles: ClassVar[dict[str, str]] = {
        "status": "Status",
        "role": "Role",
        "sign_in": "Sign-in",
        "verified": "E-mail",
    }
    column_keys: ClassVar[tuple[str, ...]] = (
        "display_name",
        "email",
        "roles",
        "status",
        "last_sign_in_at",
        "created_at",
    )

    visible: list[str] = list(column_keys)
    bulk_verbs: ClassVar[dict[str, str]] = {
        "suspend": "Suspended",
        "reactivate": "Reactivated",
        "give": "Gave the role to",
        "take": "Took the role from",
    }
    bulk_harmless: ClassVar[frozenset[str]] = frozenset({"reactivate", "give"})
    bulk_nouns: ClassVar[tuple[str, str]] = ("user", "users")

    rows: list[UserRow] = []
    role_options: list[dict[str, str]] = []
    role_choices: list[dict[str, str]] = []
    """The roles to filter by, and none."""
    asking_role: str = ""
    """Whether a role is to be chosen that is given (`give`) or taken (`take`)."""
    bulk_role: str = ""
    """The role that is given or taken."""

    @rx.var
    def chips(self) -> list[dict[str, str]]:
        """The filters in force, as `{"key", "label", "value"}`."""
        words = {"sign_in": SIGN_INS, "verified": CONFIRMED, "role": {NO_ROLE: "none"}}
        chips = [
            {
                "key": key,
                "label": self.filter_titles[key],
                "value": words.get(key, {}).get(value, value.replace(",", ", ")),
            }
            for key, value in self.filters.items()
        ]
        if self.search:
            chips.insert(0, {"key": "q", "label": "Search", "value": self.search})
        return chips

    @rx.var
    def narrowed(self) -> str:
        """Search, filters and sort as a query string: what an export has to follow."""
        wanted = {**self._asked(), "sort": self.sort}
        return urlencode({key: value for key, value in wanted.items() if value}, doseq=True)

    @handler(UserPermission.READ)
    async def load(self) -> None:
        """Load the page that the address names."""
        arguments = self._read_address()
        self.loading, self.asking_role = True, ""
        await self._load_views()
        place = {key: each for key, each in arguments.items() if key not in self.filter_titles}
        request = parse(UserListQuery, place | self._asked())
        async with runtime.operations(UserService) as users:
            page = await users.page(request)
            asked = parse(UserFilter, self._asked()) if self._must_count() else None
            count = await users.count(asked) if asked else None
        self._show_rows([_row(user) for user in page])
        self._show_page(page, count)
        if not self.role_options and runtime.caller().actor.may(RolePermission.READ):
            async with runtime.operations(RoleService) as roles:
                self.role_options = [
                    {"value": role.name, "label": role.name} for role in await roles.all()
                ]
            self.role_choices = [*self.role_options, {"value": NO_ROLE, "label": "No role"}]

    @handler(UserPermission.SUSPEND)
    async def plan_bulk(self, action: str) -> None:
        """Show what suspending or reactivating the selected users would change."""
        if action not in _STATUS_AFTER:
            return
        async with runtime.operations(UserBulkService) as users:
            preview = await users.preview_status(_STATUS_AFTER[action], self._whom())
        self._show_preview(action, preview)

    @handler(UserPermission.ASSIGN_ROLES)
    async def ask_role(self, action: str) -> None:
        """Ask which role the selected users are to get, or to lose."""
        if action in _ROLE_CHANGES:
            self._clear_form_problem()
            self.asking_role = action

    @handler(UserPermission.ASSIGN_ROLES)
    async def plan_role(self, form: dict[str, Any]) -> None:
        """Show what giving or taking the chosen role would change."""
        action, role = self.asking_role, str(form.get("role") or "")
        if action not in _ROLE_CHANGES:
            return
        if role not in {each["value"] for each in self.role_options}:
            self.field_errors = {"role": "Choose a role."}
            return
        async with runtime.operations(UserBulkService) as users:
            preview = await users.preview_role(role, self._whom(), give=action == "give")
        self.asking_role, self.bulk_role = "", role
        self._show_preview(action, preview)

    @handler(UserPermission.ASSIGN_ROLES)
    async def leave_role(self) -> None:
        """Leave everything as it is."""
        self.asking_role = ""

    @handler(UserPermission.READ)
    async def apply_bulk(self) -> Any:
        """Change some of the selected users; calls itself for the others."""
        change = self._change()
        return await self._work(change, UserList.apply_bulk) if change else None

    def _change(self) -> Callable[[UUID], Awaitable[object]] | None:
        """What is done with each of them; its operation decides whether it may be."""
        action, roles = self.bulk_action, [self.bulk_role]

        async def change(user_id: UUID) -> None:
            async with runtime.operations(UserService) as users:
                if action in _STATUS_AFTER:
                    await (users.suspend if action == "suspend" else users.reactivate)(user_id)
                else:
                    await (users.add_roles if action == "give" else users.remove_roles)(
                        user_id, roles
                    )

        return change if action in self.bulk_verbs else None

    def _whom(self) -> UserFilter | list[UUID]:
        """The selected users."""
        if self.all_selected:
            return parse(UserFilter, self._asked())
        return [UUID(row.id) for row in self.rows if row.id in self.selected]

    def _asked(self) -> dict[str, Any]:
        """Search and filters as parameters of the API."""
        asked: dict[str, Any] = {key: self.filters.get(key, "") for key in ("status", "verified")}
        role, sign_in = self.filters.get("role", ""), self.filters.get("sign_in", "")
        if role == NO_ROLE:
            asked["role.empty"] = "true"
        elif role:
            asked["role.in"] = [name for name in role.split(",") if name != NO_ROLE]
        if sign_in == "never":
            asked["last_sign_in_at.empty"] = "true"
        elif sign_in in SIGN_INS:
            before = clock.now() - timedelta(days=int(sign_in))
            asked["last_sign_in_at.max"] = before.isoformat()
        asked["q"] = self.search
        return {key: each for key, each in asked.items() if each}


_STATUS_AFTER = {"suspend": UserStatus.SUSPENDED, "reactivate": UserStatus.ACTIVE}
_ROLE_CHANGES = ("give", "take")


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _row(user: UserRead) -> UserRow:
    user = user.filled()
    return UserRow(
        id=str(user.id),
        name=user.display_name,
        email=user.email,
        status=user.status,
        verified=user.verified,
        roles=", ".join(user.roles),
        created_at=_text(user.created_at),
        last_sign_in_at=_text(user.last_sign_in_at),
    )
