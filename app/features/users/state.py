"""State of the users' pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import reflex as rx

from app.core.errors import Conflict, Invalid, NotFound, PlatformError
from app.core.module import Record
from app.core.permissions import SIGNED_IN
from app.features.audit.permissions import AuditPermission
from app.features.audit.words import (
    ActivityRow,
    activity_of,
    in_words,
    label_of,
    last_to_change,
)
from app.features.roles.permissions import RolePermission
from app.features.roles.service import RoleService
from app.features.users.permissions import UserPermission
from app.features.users.schemas import (
    UserCreate,
    UserFilter,
    UserListQuery,
    UserRead,
    UserStatus,
    UserUpdate,
)
from app.features.users.service import UserService
from app.features.views.state import ViewedListState
from app.ui import runtime
from app.ui.bulk_state import BulkListState
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.page_state import PageState
from app.ui.record_tabs import record_id, record_tabs

RECORD = "/users/[user_id]"
"""Route of a user's own page."""
_FIELDS = ("display_name", "email", "verified")
"""The fields of a record's form."""


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


@dataclass
class UserDetails:
    """A user's record as the form starts from it."""

    id: str = ""
    name: str = ""
    email: str = ""
    status: str = ""
    verified: bool = False
    roles: str = ""
    must_change_password: bool = False
    created_at: str = ""
    updated_at: str = ""
    last_sign_in_at: str = ""
    version: int = 0


class UserList(ViewedListState, BulkListState, rx.State):
    """The list of users."""

    path: ClassVar[str] = "/users"
    filter_titles: ClassVar[dict[str, str]] = {"status": "Status", "role": "Role"}
    column_keys: ClassVar[tuple[str, ...]] = (
        "display_name",
        "email",
        "roles",
        "status",
        "last_sign_in_at",
        "created_at",
    )

    visible: list[str] = list(column_keys)
    bulk_verbs: ClassVar[dict[str, str]] = {"suspend": "Suspended", "reactivate": "Reactivated"}
    bulk_nouns: ClassVar[tuple[str, str]] = ("user", "users")

    rows: list[UserRow] = []
    role_options: list[dict[str, str]] = []

    @handler(UserPermission.READ)
    async def load(self) -> None:
        """Load the page that the address names."""
        arguments = self._read_address()
        self.loading = True
        await self._load_views()
        request = parse(UserListQuery, arguments)
        async with runtime.operations(UserService) as users:
            page = await users.page(request)
            count = await users.count(
                UserFilter(**request.model_dump(include={"q", "status", "role"}))
            )
        self.rows = [_row(user) for user in page.items]
        self._show_page(page, total=count.count, total_is_exact=count.is_exact)
        if not self.role_options and runtime.caller().actor.may(RolePermission.READ):
            async with runtime.operations(RoleService) as roles:
                self.role_options = [
                    {"value": role.name, "label": role.name} for role in await roles.all()
                ]

    @handler(UserPermission.SUSPEND)
    async def plan_bulk(self, action: str) -> None:
        """Show what suspending or reactivating the selected users would change."""
        if action not in self.bulk_verbs:
            return
        whom: UserFilter | list[UUID]
        if self.all_selected:
            whom = parse(
                UserFilter, {**self.filters, **({"q": self.search} if self.search else {})}
            )
        else:
            whom = [UUID(row.id) for row in self.rows if row.id in self.selected]
        async with runtime.operations(UserService) as users:
            preview = await users.preview_status(_STATUS_AFTER[action], whom)
        self._show_preview(action, preview)

    @handler(UserPermission.SUSPEND)
    async def apply_bulk(self) -> Any:
        """Suspend or reactivate some of the selected users; calls itself for the others."""
        change = UserService.suspend if self.bulk_action == "suspend" else UserService.reactivate

        async def change_one(user_id: UUID) -> None:
            async with runtime.operations(UserService) as users:
                await change(users, user_id)

        return await self._work(change_one, UserList.apply_bulk)


_STATUS_AFTER = {"suspend": UserStatus.SUSPENDED, "reactivate": UserStatus.ACTIVE}


class NewUser(PageState, rx.State):
    """The form for a new user."""

    role_choices: list[dict[str, str | bool]] = []

    @handler(UserPermission.CREATE)
    async def load(self) -> None:
        """Start without messages; the browser starts with empty fields."""
        self._clear_form_problem()
        self.role_choices = await _role_choices(["user"])

    @handler(UserPermission.CREATE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Create the user and open the record."""
        self._clear_form_problem()
        try:
            new = parse(UserCreate, form)
            async with runtime.operations(UserService) as users:
                user = await users.create(new)
        except (Invalid, Conflict) as error:
            self._show_form_problem(error)
            return None
        await self._say(f"{user.filled().display_name} can sign in now.")
        return rx.redirect(f"/users/{user.id}")


class UserRecord(PageState, rx.State):
    """One user: details, roles, and what may be done with them."""

    user: UserDetails = UserDetails()
    tabs: list[dict[str, str]] = []
    role_choices: list[dict[str, str | bool]] = []
    is_self: bool = False
    missing: bool = False
    gone: bool = False
    """Whether the user was deleted while the page was open."""
    conflict: str = ""
    conflict_fields: list[dict[str, str]] = []
    """What differs, as `{"field", "theirs", "yours"}`."""
    consequences: list[str] = []
    deleting: bool = False
    setting_password: bool = False
    activity: list[ActivityRow] = []
    _submitted: dict[str, Any] = {}

    @rx.var
    def may_be_suspended(self) -> bool:
        """Whether suspending makes sense."""
        return self._is_another and self.user.status == UserStatus.ACTIVE

    @rx.var
    def may_be_reactivated(self) -> bool:
        """Whether reactivating makes sense."""
        return self._is_another and self.user.status == UserStatus.SUSPENDED

    @rx.var
    def may_be_deleted(self) -> bool:
        """Whether deleting makes sense."""
        return self._is_another

    @property
    def _is_another(self) -> bool:
        return bool(self.user.id) and not (self.is_self or self.gone)

    @handler(UserPermission.READ)
    async def load(self) -> None:
        """Load the user that the address names."""
        self._reset_messages()
        user_id = self._id()
        self.missing = user_id is None
        if user_id is None:
            return
        try:
            async with runtime.operations(UserService) as users:
                user = await users.get(user_id)
        except NotFound:
            self.missing = True
            return
        await self._show(user)

    @handler(AuditPermission.READ)
    async def load_activity(self) -> None:
        """Load what was done to this user and tried with them."""
        user_id = self._id()
        if user_id is None:
            return
        self.activity = await activity_of("user", user_id)

    @handler(UserPermission.UPDATE)
    async def save(self, form: dict[str, Any]) -> None:
        """Save the details; whoever saved in between is named, and the person chooses."""
        self._submitted = form
        version = str(form.get("version", ""))
        await self._save(form, version=int(version) if version.isdecimal() else self.user.version)

    @handler(UserPermission.UPDATE)
    async def overwrite(self) -> None:
        """Save what was typed although somebody else saved in between.

        What the person did not touch stays as the other one left it.
        """
        await self._save(self._own_changes(), version=None)

    @handler(UserPermission.READ)
    async def take_theirs(self) -> Any:
        """Drop what was typed and load what somebody else saved."""
        self.conflict = ""
        self.user = UserDetails()
        return UserRecord.load

    @handler(UserPermission.ASSIGN_ROLES)
    async def save_roles(self, form: dict[str, Any]) -> None:
        """Give the user the chosen roles."""
        names = [str(name) for name in form.get("roles", [])]
        async with runtime.operations(UserService) as users:
            user = await users.assign_roles(self._known_id(), names)
        await self._show(user)
        await self._say("Roles saved.")

    @handler(UserPermission.SUSPEND)
    async def suspend(self) -> None:
        """Keep the user from signing in."""
        async with runtime.operations(UserService) as users:
            user = await users.suspend(self._known_id())
        await self._show(user)
        await self._say(f"{user.filled().display_name} is suspended; open sessions have ended.")

    @handler(UserPermission.SUSPEND)
    async def reactivate(self) -> None:
        """Let the user sign in again."""
        async with runtime.operations(UserService) as users:
            user = await users.reactivate(self._known_id())
        await self._show(user)
        await self._say(f"{user.filled().display_name} can sign in again.")

    @handler(UserPermission.UPDATE)
    async def open_password(self) -> None:
        """Ask for the user's new password."""
        self._clear_form_problem()
        self.setting_password = True

    @handler(SIGNED_IN)
    async def close_dialogs(self) -> None:
        """Leave everything as it is."""
        self.setting_password = False
        self.deleting = False
        self.conflict = ""

    @handler(UserPermission.UPDATE)
    async def save_password(self, form: dict[str, Any]) -> None:
        """Set the user's password; their sessions end."""
        self._clear_form_problem()
        try:
            change = parse(
                UserUpdate,
                {
                    "password": form.get("password", ""),
                    "must_change_password": form.get("must_change_password", True),
                },
            )
            async with runtime.operations(UserService) as users:
                user = await users.update(self._known_id(), change)
        except Invalid as error:
            self._show_form_problem(error)
            return
        self.setting_password = False
        await self._show(user)
        await self._say("The password is set; open sessions have ended.")

    @handler(UserPermission.DELETE)
    async def ask_delete(self) -> None:
        """Say what deleting the user would entail."""
        async with runtime.operations(UserService) as users:
            found = await users.consequences_of_deletion(self._known_id())
        self.consequences = [f"{each.count:,} {each.what}" for each in found]
        self.deleting = True

    @handler(UserPermission.DELETE)
    async def delete(self) -> Any:
        """Remove the user for good."""
        name = self.user.name
        self.deleting = False
        async with runtime.operations(UserService) as users:
            await users.delete(self._known_id())
        await self._say(f"{name} is deleted.")
        return rx.redirect("/users")

    async def _save(self, form: dict[str, Any], *, version: int | None) -> None:
        self._clear_form_problem()
        self.conflict = ""
        fields = {key: form[key] for key in _FIELDS if key in form}
        try:
            change = parse(UserUpdate, {**fields, "version": version})
            async with runtime.operations(UserService) as users:
                user = await users.update(self._known_id(), change)
        except Conflict as error:
            if error.code != "user.version.conflict":
                self._show_form_problem(error)
                return
            if not await self._explain_conflict():
                await self._save(self._own_changes(), version=None)
            return
        except Invalid as error:
            self._show_form_problem(error)
            return
        await self._show(user)
        await self._say("Saved.")

    def _own_changes(self) -> dict[str, Any]:
        """What the person changed, of all that the form sent."""
        loaded = self._loaded()
        is_known = self._submitted.get("version") == str(self.user.version)
        return {
            key: self._submitted[key]
            for key in _FIELDS
            if key in self._submitted and not (is_known and self._submitted[key] == loaded[key])
        }

    def _loaded(self) -> dict[str, Any]:
        """The form's fields as they were when it was loaded."""
        user = self.user
        return {"display_name": user.name, "email": user.email, "verified": user.verified}

    async def _explain_conflict(self) -> bool:
        """Set what the other one saved beside what was typed; False when nothing differs."""
        async with runtime.operations(UserService) as users:
            theirs = await users.get(self._known_id())
        own = self._own_changes()
        saved = theirs.model_dump(include=set(_FIELDS))
        loaded = self._loaded()
        self.conflict_fields = [
            {
                "field": label_of("user", key),
                "theirs": in_words(saved[key]),
                "yours": in_words(own[key]) if key in own else "",
            }
            for key in _FIELDS
            if (key in own and own[key] != saved[key])
            or (key not in own and saved[key] != loaded[key])
        ]
        if all(own[key] == saved[key] for key in own):
            return False
        who = await last_to_change("user", theirs.id)
        self.conflict = f"{who} saved this user while you were typing."
        return True

    async def _show_problem(self, error: PlatformError) -> Any:
        """A record that is no more says so in its place; what was typed stays to be copied."""
        if isinstance(error, NotFound) and self.user.id:
            self._reset_messages()
            self.gone = True
            return None
        return await super()._show_problem(error)

    def _reset_messages(self) -> None:
        self._clear_form_problem()
        self.missing = self.gone = False
        self.conflict = ""
        self.deleting = False
        self.setting_password = False

    def _id(self) -> UUID | None:
        return record_id(self.router.url.path)

    def _known_id(self) -> UUID:
        """The user that the address names: the server may have forgotten what the tab shows."""
        user_id = self._id()
        if user_id is None:
            raise NotFound("user.not_found", "There is no such user.")
        return user_id

    async def _show(self, user: UserRead) -> None:
        user = user.filled()
        self.user = UserDetails(
            id=str(user.id),
            name=user.display_name,
            email=user.email,
            status=user.status,
            verified=user.verified,
            roles=", ".join(user.roles),
            must_change_password=user.must_change_password,
            created_at=_text(user.created_at),
            updated_at=_text(user.updated_at),
            last_sign_in_at=_text(user.last_sign_in_at),
            version=user.version,
        )
        self.tabs = record_tabs(RECORD, f"/users/{user.id}", first="Details")
        self.is_self = user.id == runtime.caller().actor.user_id
        self.role_choices = await _role_choices(user.roles, await _role_ends(user.id))


USER_RECORD = Record(name=UserRecord.user.name, address="/users/" + UserRecord.user.id)


async def _role_ends(user_id: UUID) -> dict[str, str]:
    """Until when those roles are held that are not held for good, in words."""
    async with runtime.operations(UserService) as users:
        ends = await users.role_ends(user_id)
    return {name: f"Until {in_words(end.isoformat())}." for name, end in ends.items()}


async def _role_choices(
    chosen: list[str], ends: Mapping[str, str] | None = None
) -> list[dict[str, str | bool]]:
    ends = ends or {}
    if not runtime.caller().actor.may(RolePermission.READ):
        return [
            {"value": name, "label": name, "help": ends.get(name, ""), "checked": True}
            for name in chosen
        ]
    async with runtime.operations(RoleService) as roles:
        return [
            {
                "value": role.name,
                "label": role.name,
                "help": " ".join(filter(None, [ends.get(role.name), role.description])),
                "checked": role.name in chosen,
            }
            for role in await roles.all()
        ]


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
