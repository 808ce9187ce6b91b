"""State of the users' pages."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import reflex as rx

from app.core import days
from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from app.core.ids import parse_id
from app.core.module import Record
from app.core.permissions import SIGNED_IN
from app.features.audit.activity_state import ActivityState
from app.features.audit.permissions import AuditPermission
from app.features.audit.words import (
    capitalised,
    in_words,
    label_of,
    last_to_change,
)
from app.features.roles.permissions import RolePermission
from app.features.roles.service import RoleService
from app.features.users.credential_service import CredentialService
from app.features.users.permissions import UserPermission
from app.features.users.schemas import (
    FIELDS,
    EmailChange,
    UserCreate,
    UserRead,
    UserStatus,
    UserUpdate,
)
from app.features.users.service import UserService
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.page_state import PageState
from app.ui.record_state import RecordState

RECORD = "/users/[user_id]"
"""Route of a user's own page."""
_FIELDS = ("display_name",)
"""The fields of a record's form."""
_NEEDED = ("display_name", "email")
"""The fields that a new user cannot do without."""


@dataclass
class UserDetails:
    """A user's record as the form starts from it; what may not be seen is empty."""

    id: str = ""
    title: str = ""
    """What they are called, by what may be seen of them."""
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


class NewUser(PageState, rx.State):
    """The form for a new user."""

    role_choices: list[dict[str, str | bool]] = []
    writable: dict[str, bool] = {}
    """Which fields of a new user the person may set."""
    locked: list[str] = []
    """What a new user needs and the person may not set."""

    @handler(UserPermission.CREATE)
    async def load(self) -> None:
        """Start without messages; the browser starts with empty fields."""
        self._clear_form_problem()
        async with runtime.operations(UserService) as users:
            self.writable = _by_field(await users.creatable())
        self.locked = [FIELDS[name] for name in _NEEDED if not self.writable[name]]
        self.role_choices = await _role_choices(["user"])

    @handler(UserPermission.CREATE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Create the user and open the record, which goes on to make the link."""
        self._clear_form_problem()
        by_link = form.pop("first_sign_in", "") == "link"
        if by_link:
            form.pop("password", None)
        else:
            form.setdefault("password", "")
        try:
            may = self.writable
            new = parse(UserCreate, {k: v for k, v in form.items() if may.get(k, True)})
            async with runtime.operations(UserService) as users:
                user = await users.create(new)
        except (Invalid, Conflict) as error:
            self._show_form_problem(error)
            if by_link and "password" in self.field_errors:
                self.field_errors = {"first_sign_in": self.field_errors["password"]}
            return None
        if by_link:
            record = await self.get_state(UserRecord)
            record.invited = str(user.id)
        else:
            await self._say(f"{new.display_name} can sign in now.")
        return rx.redirect(f"/users/{user.id}")


class UserRecord(ActivityState, RecordState, rx.State):
    """One user: details, roles, and what may be done with them."""

    route: ClassVar[str] = RECORD
    nothing: ClassVar[tuple[str, str]] = ("user.not_found", "There is no such user.")

    user: UserDetails = UserDetails()
    readable: dict[str, bool] = {}
    """Which fields of the user may be seen; the others are left out."""
    writable: dict[str, bool] = {}
    """Which of them may be changed; the others are locked."""
    role_choices: list[dict[str, str | bool]] = []
    is_self: bool = False
    consequences: list[str] = []
    deleting: bool = False
    resetting: bool = False
    invited: str = ""
    """The user who was just made and needs a link to sign in."""
    changing_email: bool = False

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

    @rx.var
    def may_be_reset(self) -> bool:
        """Whether starting a password reset makes sense."""
        return self._is_another and self.user.status == UserStatus.ACTIVE

    @property
    def _is_another(self) -> bool:
        return bool(self.user.id) and not (self.is_self or self.gone)

    @rx.var
    def may_change_details(self) -> bool:
        """Whether any field of the form is open."""
        return any(self.writable.get(name) and self.readable.get(name) for name in _FIELDS)

    @handler(UserPermission.READ)
    async def load(self) -> None:
        """Load the user that the address names."""
        await self._load()
        if self.invited != self.user.id:
            self.invited = ""
        elif runtime.caller().actor.may(UserPermission.RESET_CREDENTIALS):
            self.resetting = self.may_be_reset

    @handler(AuditPermission.READ)
    async def load_activity(self) -> None:
        """Load what was done to this user and tried with them."""
        user_id = self._id()
        if user_id is None:
            return
        await self._load_activity_of("user", user_id)

    @handler(UserPermission.UPDATE)
    async def save(self, form: dict[str, Any]) -> None:
        """Save the details; whoever saved in between is named, and the person chooses.

        Fields that may not be changed are not sent on.
        """
        version = self._based(form)
        async with runtime.operations(UserService) as users:
            may = await users.writable(self._known_id())
        sent = {key: form[key] for key in _FIELDS if key in form and key in may}
        self._submitted = {**(self._loaded if str(version) == self._version else {}), **sent}
        await self._save(sent, version=version)

    @handler(UserPermission.UPDATE)
    async def overwrite(self) -> None:
        """Save what was typed although somebody else saved in between.

        What the person did not touch stays as the other one left it.
        """
        await self._save(self._own_changes(), version=None)

    @handler(UserPermission.READ)
    async def take_theirs(self) -> Any:
        """Drop what was typed and load what somebody else saved."""
        self._discard()
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
        await self._say(f"{user.title} is suspended; open sessions have ended.")

    @handler(UserPermission.SUSPEND)
    async def reactivate(self) -> None:
        """Let the user sign in again."""
        async with runtime.operations(UserService) as users:
            user = await users.reactivate(self._known_id())
        await self._show(user)
        await self._say(f"{user.title} can sign in again.")

    @handler(UserPermission.RESET_CREDENTIALS)
    async def ask_reset(self) -> None:
        """Say what a password reset is, if the person may start one for this user."""
        async with runtime.operations(CredentialService) as credentials:
            await credentials.check_reset(self._known_id())
        self.resetting = True

    @handler(UserPermission.RESET_CREDENTIALS)
    async def ask_email(self) -> None:
        """Ask for the user's new address."""
        self._clear_form_problem()
        self.changing_email = True

    @handler(SIGNED_IN)
    async def close_dialogs(self) -> None:
        """Leave everything as it is."""
        self.resetting = False
        self.invited = ""
        self.changing_email = False
        self.deleting = False
        self.conflict = ""

    @handler(UserPermission.RESET_CREDENTIALS)
    async def save_email(self, form: dict[str, Any]) -> None:
        """Change the address that the user signs in with; their sessions end."""
        self._clear_form_problem()
        try:
            change = parse(
                EmailChange, {name: form[name] for name in ("email", "verified") if name in form}
            )
            async with runtime.operations(CredentialService) as credentials:
                user = await credentials.change_email(self._known_id(), change)
        except (Conflict, Invalid, PermissionDenied) as error:
            self._show_form_problem(error)
            return
        self.changing_email = False
        await self._show(user)
        await self._say("The address is saved.")

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
        name = self.user.title
        self.deleting = False
        async with runtime.operations(UserService) as users:
            await users.delete(self._known_id())
        await self._say(f"{name} is deleted.")
        return rx.redirect("/users")

    async def _save(self, fields: dict[str, Any], *, version: int | None) -> None:
        self._clear_form_problem()
        self.conflict = ""
        try:
            change = parse(UserUpdate, {**fields, "version": version})
            async with runtime.operations(UserService) as users:
                user = await users.update(self._known_id(), change)
        except Conflict as error:
            if error.code != "user.version.conflict":
                self._show_form_problem(error)
                return
            await self._settle_conflict()
            return
        except Invalid as error:
            self._show_form_problem(error)
            return
        await self._show(user)
        await self._say("Saved.")

    async def _settle_conflict(self) -> None:
        """Ask which of two changes is to stay, unless both come to the same."""
        async with runtime.operations(UserService) as users:
            theirs = await users.get(self._known_id())
        saved = _facts(theirs)
        if not self._differs(saved):
            await self._show(theirs)
            await self._say("Saved.", undo=False)
            return
        self.conflict_fields = [
            {
                "field": label_of("user", key),
                "theirs": in_words(their),
                "yours": "" if own is ... else in_words(own),
            }
            for key, their, own in self._facts_in_conflict(saved)
        ]
        who = await last_to_change("user", theirs.id)
        self.conflict = f"{who} saved this user while you were typing."

    def _reset_messages(self) -> None:
        super()._reset_messages()
        self.deleting = False
        self.resetting = False
        self.changing_email = False

    async def _read(self, found: UUID) -> None:
        async with runtime.operations(UserService) as users:
            user = await users.get(found)
        await self._show(user)

    async def _show(self, user: UserRead) -> None:
        async with runtime.operations(UserService) as users:
            self.writable = _by_field(await users.writable(user.id))
        self.readable = {name: user.has(name) for name in FIELDS}
        seen = dict(user)
        self.user = UserDetails(
            id=str(user.id),
            title=user.title,
            name=seen.get("display_name", ""),
            email=seen.get("email", ""),
            status=seen.get("status", ""),
            verified=seen.get("verified", False),
            roles=", ".join(seen.get("roles", [])),
            must_change_password=seen.get("must_change_password", False),
            created_at=_text(seen.get("created_at")),
            updated_at=_text(seen.get("updated_at")),
            last_sign_in_at=_text(seen.get("last_sign_in_at")),
            version=user.version,
        )
        self._show_record(user.id, user.version, _facts(user))
        self.is_self = user.id == runtime.caller().actor.user_id
        self.role_choices = await _role_choices(seen.get("roles", []), await _role_ends(user.id))


class UserCommand(PageState, rx.State):
    """What the command palette does with a user who was found there, on whatever page."""

    @handler(UserPermission.SUSPEND)
    async def suspend(self, user_id: str) -> Any:
        """Keep the user from signing in."""
        async with runtime.operations(UserService) as users:
            user = await users.suspend(_id_of(user_id))
        await self._say(f"{user.title} is suspended; open sessions have ended.")
        return self._anew()

    @handler(UserPermission.SUSPEND)
    async def reactivate(self, user_id: str) -> Any:
        """Let the user sign in again."""
        async with runtime.operations(UserService) as users:
            user = await users.reactivate(_id_of(user_id))
        await self._say(f"{user.title} can sign in again.")
        return self._anew()

    def _anew(self) -> Any:
        """What loads the page that is open: it may show the user."""
        page = runtime.current().policy.by_path(self.router.url.path)
        return list(page.on_load) if page else None


def _id_of(user_id: str) -> UUID:
    found = parse_id(user_id)
    if found is None:
        raise NotFound(*UserRecord.nothing)
    return found


USER_RECORD = Record(name=UserRecord.user.title, address="/users/" + UserRecord.user.id)


def _facts(user: UserRead) -> dict[str, Any]:
    """The fields of the form, as far as they may be seen."""
    return {name: getattr(user, name) for name in _FIELDS if user.has(name)}


def _by_field(names: Collection[str]) -> dict[str, bool]:
    return {name: name in names for name in FIELDS}


async def _role_ends(user_id: UUID) -> dict[str, str]:
    """Until when those roles are held that are not held for good, in words."""
    async with runtime.operations(UserService) as users:
        ends = await users.role_ends(user_id)
    return {name: f"{capitalised(days.until(end))}." for name, end in ends.items()}


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
        choices: list[dict[str, str | bool]] = [
            {
                "value": role.name,
                "label": role.name,
                "help": " ".join(filter(None, [ends.get(role.name), role.description])),
                "checked": role.name in chosen,
            }
            for role in await roles.all()
        ]
    # What is held comes first; each part stays in the order of names.
    return sorted(choices, key=lambda each: not each["checked"])


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
