"""State of the roles' pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import reflex as rx
from pydantic_core import from_json

from app.core.errors import Conflict, Invalid, NotFound, PlatformError
from app.core.ids import parse_id
from app.core.module import Record
from app.core.permissions import SIGNED_IN
from app.features.audit.activity_state import ActivityState
from app.features.audit.permissions import AuditPermission
from app.features.audit.words import last_to_change
from app.features.roles.permissions import RolePermission
from app.features.roles.schemas import RoleCreate, RoleListQuery, RoleRead, RoleUpdate
from app.features.roles.service import DEFAULT_ROLES, RoleService
from app.features.roles.words import (
    change_to,
    draft_of,
    effects_of,
    granted_by,
    in_words_of,
    label_of_fact,
    permission_groups,
    spec_of,
    summary_of,
)
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.list_state import Count, ListState
from app.ui.page_state import PageState
from app.ui.record_state import RecordState

RECORD = "/roles/[role_id]"
"""Route of a role's own page."""
PREVIEW = "Preview as this role"
"""The action of a role's page that the access feature, which builds on this one, contributes."""
NO_ROLE = ("role.not_found", "There is no such role.")
"""The answer when there is none."""


@dataclass
class RoleRow:
    """A role in the list."""

    id: str
    name: str
    description: str
    members: int
    grants: int
    updated_at: str
    is_default: bool


@dataclass
class RoleDetails:
    """A role as its form starts from it."""

    id: str = ""
    name: str = ""
    description: str = ""
    includes: list[str] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)
    members: int = 0
    is_default: bool = False
    created_at: str = ""
    updated_at: str = ""
    version: int = 0


class RoleDeletion(PageState, mixin=True):
    """Asks before a role is deleted: who would lose what, by name."""

    deleting: RoleRow = RoleRow("", "", "", 0, 0, "", is_default=False)
    """The role in question; without an id nothing is asked."""
    lost: list[dict[str, Any]] = []
    lost_summary: str = ""
    kept_because: str = ""
    """Why it cannot be deleted."""

    @handler(RolePermission.DELETE)
    async def delete(self) -> Any:
        """Remove the role for good."""
        role = self.deleting
        self._forget_deletion()
        role_id = parse_id(role.id)
        if role_id is None:
            raise NotFound(*NO_ROLE)
        async with runtime.operations(RoleService) as roles:
            await roles.delete(role_id)
        await self._say(f"Role {role.name} is deleted.")
        return self._after_deletion()

    @handler(SIGNED_IN)
    async def keep(self) -> None:
        """Do not delete the role."""
        self._forget_deletion()

    async def _ask_delete(self, role_id: UUID | None) -> None:
        """Say who would lose what."""
        if role_id is None:
            raise NotFound(*NO_ROLE)
        async with runtime.operations(RoleService) as roles:
            role = await roles.get(role_id)
            found = await roles.what_if(role_id, None)
        self.lost = effects_of(found)
        self.lost_summary = summary_of(found, role.members)
        self.kept_because = found.refusal or ""
        self.deleting = _row(role)

    def _forget_deletion(self) -> None:
        self.deleting = RoleRow("", "", "", 0, 0, "", is_default=False)

    def _after_deletion(self) -> Any:
        return rx.redirect("/roles")


class RoleList(RoleDeletion, ListState, rx.State):
    """The list of roles."""

    path: ClassVar[str] = "/roles"
    column_keys: ClassVar[tuple[str, ...]] = (
        "name",
        "description",
        "members",
        "grants",
        "updated_at",
    )

    visible: list[str] = list(column_keys)
    rows: list[RoleRow] = []

    @handler(RolePermission.READ)
    async def load(self) -> None:
        """Load the page that the address names."""
        arguments = self._read_address()
        self.loading = True
        self._forget_deletion()
        request = parse(RoleListQuery, arguments)
        async with runtime.operations(RoleService) as roles:
            page = await roles.page(request)
            count = Count(await roles.count(request.q)) if self._must_count() else None
        self._show_rows([_row(role) for role in page])
        self._show_page(page, count)

    @handler(RolePermission.READ)
    async def ask_delete(self, role_id: str) -> None:
        """Ask whether one of the roles is to be deleted."""
        await self._ask_delete(parse_id(role_id))

    def _after_deletion(self) -> Any:
        return RoleList.load


class RoleForm(PageState, mixin=True):
    """What the forms of a new role and of an existing one share."""

    role: RoleDetails = RoleDetails()
    groups: list[dict[str, Any]] = []
    """Permissions by resource, as `permission_matrix` wants them."""
    others: list[dict[str, Any]] = []
    """The other roles with all that they grant in the end."""
    include_choices: list[dict[str, str | bool]] = []
    grants_error: str = ""

    async def _offer(self, name: str, included: Sequence[str]) -> None:
        """Offer what can be granted, and the roles that can be included."""
        self.groups = permission_groups()
        found: list[RoleRead] = []
        if runtime.caller().actor.may(RolePermission.READ):
            async with runtime.operations(RoleService) as roles:
                found = await roles.all()
        self.others = [each for each in granted_by(found) if each["name"] != name]
        self.include_choices = [
            {
                "value": role.name,
                "label": role.name,
                "help": role.description,
                "checked": role.name in included,
            }
            for role in found
            if role.name != name
        ]

    def _clear_form_problem(self) -> None:
        super()._clear_form_problem()
        self.grants_error = ""

    def _show_form_problem(self, error: PlatformError) -> None:
        """What is wrong with one of the grants stands above them."""
        super()._show_form_problem(error)
        about = ("grants", "permissions", "expires_at")
        wrong = [
            words for name, words in self.field_errors.items() if name.partition(".")[0] in about
        ]
        self.grants_error = wrong[0] if wrong else ""


class NewRole(RoleForm, rx.State):
    """The form for a new role, empty or like another one."""

    ready: bool = False

    @handler(RolePermission.CREATE)
    async def load(self) -> None:
        """Start empty, or with what the role has that the address names in `from`."""
        self._clear_form_problem()
        self.role = RoleDetails()
        self.ready = False
        model = parse_id(self.router.url.query_parameters.get("from", ""))
        if model is not None and runtime.caller().actor.may(RolePermission.READ):
            async with runtime.operations(RoleService) as roles:
                role = _details(await roles.get(model))
            self.role = RoleDetails(
                name=f"{role.name} copy"[:50],
                description=role.description,
                includes=role.includes,
                grants=role.grants,
            )
        await self._offer("", self.role.includes)
        self.ready = True

    @handler(RolePermission.CREATE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Create the role and open it."""
        self._clear_form_problem()
        try:
            new = parse(RoleCreate, _sent(form))
            async with runtime.operations(RoleService) as roles:
                role = await roles.create(new)
        except (Invalid, Conflict) as error:
            self._show_form_problem(error)
            return None
        await self._say(f"Role {new.name} is there; now give it to people.")
        return rx.redirect(f"/roles/{role.id}/members")

    async def _show_problem(self, error: PlatformError) -> Any:
        self.ready = True
        return await super()._show_problem(error)


class RoleRecord(ActivityState, RecordState, RoleDeletion, RoleForm, rx.State):
    """One role: what it grants, and what a change would mean before it is saved."""

    route: ClassVar[str] = RECORD
    first_tab: ClassVar[str] = "Permissions"
    nothing: ClassVar[tuple[str, str]] = NO_ROLE

    reviewing: bool = False
    effects: list[dict[str, Any]] = []
    summary: str = ""
    refusal: str = ""
    """Why the change cannot be saved."""
    _planned: dict[str, Any] = {}
    """The change that is looked at before it is saved."""

    @handler(RolePermission.READ)
    async def load(self) -> None:
        """Load the role that the address names."""
        await self._load()

    @handler(AuditPermission.READ)
    async def load_activity(self) -> None:
        """Load what was done to this role and tried with it."""
        role_id = self._id()
        if role_id is None:
            return
        await self._load_activity_of("role", role_id)

    @handler(RolePermission.UPDATE)
    async def review(self, form: dict[str, Any]) -> None:
        """Show who would gain and who would lose what; names and words alone are saved at once."""
        self._clear_form_problem()
        self._submitted = {}
        try:
            based_on = self._based(form)
            change = parse(RoleUpdate, {**_sent(form), "version": based_on or None})
        except Invalid as error:
            self._show_form_problem(error)
            return
        self._submitted = draft_of(change)
        await self._plan(change)

    @handler(RolePermission.UPDATE)
    async def save(self) -> None:
        """Save what was looked at."""
        self.reviewing = False
        if self._planned:
            await self._save(RoleUpdate.model_validate(self._planned))

    @handler(RolePermission.UPDATE)
    async def overwrite(self) -> None:
        """Go on with what was typed although somebody else saved in between.

        What the person did not touch stays as the other one left it.
        """
        self.conflict = ""
        async with runtime.operations(RoleService) as roles:
            theirs = await roles.get(self._known_id())
        await self._plan(change_to({**draft_of(theirs), **self._own_changes()}, theirs.version))

    @handler(RolePermission.READ)
    async def take_theirs(self) -> Any:
        """Drop what was typed and load what somebody else saved."""
        self._discard()
        return RoleRecord.load

    @handler(SIGNED_IN)
    async def close_dialogs(self) -> None:
        """Leave everything as it is; what was typed stays in the form."""
        self.reviewing = False
        self.conflict = ""

    @handler(RolePermission.READ)
    async def ask_delete(self) -> None:
        """Ask whether this role is to be deleted."""
        await self._ask_delete(self._id())

    async def _plan(self, change: RoleUpdate) -> None:
        """Show what the change would mean, or save it when it means nothing to anybody."""
        try:
            async with runtime.operations(RoleService) as roles:
                current = await roles.get(self._known_id())
                if change.version is None or change.version == current.version:
                    found = await roles.what_if(current.id, change)
                else:
                    found = None
        except (Invalid, Conflict) as error:
            self._show_form_problem(error)
            return
        if found is None:
            await self._settle_conflict(current)
            return
        before, after = draft_of(current), draft_of(change)
        words = ("name", "description")
        if all(before.get(key) == after.get(key) for key in before | after if key not in words):
            await self._save(change)
            return
        self._planned = change.model_dump(mode="json", exclude_unset=True)
        self.effects = effects_of(found)
        self.summary = summary_of(found, current.members)
        self.refusal = found.refusal or ""
        self.reviewing = True

    async def _save(self, change: RoleUpdate) -> None:
        try:
            async with runtime.operations(RoleService) as roles:
                role = await roles.update(self._known_id(), change)
        except Conflict as error:
            if error.code != "role.version.conflict":
                self._show_form_problem(error)
                return
            async with runtime.operations(RoleService) as roles:
                theirs = await roles.get(self._known_id())
            await self._settle_conflict(theirs)
            return
        except Invalid as error:
            self._show_form_problem(error)
            return
        await self._show(role)
        await self._say("Saved.")

    async def _settle_conflict(self, theirs: RoleRead) -> None:
        """Ask which of two changes is to stay, unless both come to the same."""
        saved = draft_of(theirs)
        if not self._differs(saved):
            await self._show(theirs)
            await self._say("Saved.", undo=False)
            return
        self.conflict_fields = [
            {
                "field": label_of_fact(key),
                "theirs": in_words_of(their),
                "yours": "" if own is ... else in_words_of(own),
            }
            for key, their, own in self._facts_in_conflict(saved)
        ]
        who = await last_to_change("role", theirs.id)
        self.conflict = f"{who} saved this role while you were at it."

    def _reset_messages(self) -> None:
        super()._reset_messages()
        self._forget_deletion()
        self.reviewing = False
        self._planned = {}

    async def _read(self, found: UUID) -> None:
        async with runtime.operations(RoleService) as roles:
            role = await roles.get(found)
        await self._show(role)

    async def _show(self, role: RoleRead) -> None:
        self._planned = {}
        self._show_record(role.id, role.version, draft_of(role))
        await self._offer(role.name, role.includes)
        self.role = _details(role)


ROLE_RECORD = Record(name=RoleRecord.role.name, address="/roles/" + RoleRecord.role.id)


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _row(role: RoleRead) -> RoleRow:
    return RoleRow(
        id=str(role.id),
        name=role.name,
        description=role.description,
        members=role.members,
        grants=len(role.grants),
        updated_at=_text(role.updated_at),
        is_default=role.name in DEFAULT_ROLES,
    )


def _details(role: RoleRead) -> RoleDetails:
    return RoleDetails(
        id=str(role.id),
        name=role.name,
        description=role.description,
        includes=list(role.includes),
        grants=[spec_of(grant) for grant in role.grants],
        members=role.members,
        is_default=role.name in DEFAULT_ROLES,
        created_at=_text(role.created_at),
        updated_at=_text(role.updated_at),
        version=role.version,
    )


def _sent(form: dict[str, Any]) -> dict[str, Any]:
    """What the form sent, as the schemas want it.

    Raises:
        Invalid: The grants are not what the page sends.
    """
    try:
        grants = from_json(str(form.get("grants") or "[]"))
    except ValueError as error:
        message = "The permissions could not be read."
        raise Invalid("form.invalid", message, fields={"grants": message}) from error
    return {
        "name": form.get("name"),
        "description": form.get("description", ""),
        "includes": form.get("includes", []),
        "grants": grants,
    }
