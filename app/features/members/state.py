"""State of the page of a role's members."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import reflex as rx

from app.core.errors import Invalid, NotFound
from app.core.permissions import SIGNED_IN
from app.features.roles.permissions import RolePermission
from app.features.roles.schemas import MemberListQuery, MemberRead, MembersAdd, unseen
from app.features.roles.service import RoleService
from app.features.roles.state import NO_ROLE, RoleRecord
from app.features.users.permissions import UserPermission
from app.features.users.service import UserService
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.list_state import Count, ListState
from app.ui.record_tabs import record_id

_NO_ID = UUID(int=0)
_MOST_CHOSEN = 100
_LONGEST_SEARCH = 100
_FOUND = 8


@dataclass
class MemberRow:
    """Somebody who has the role."""

    id: str
    name: str
    email: str
    since: str
    by: str
    until: str
    reason: str


class RoleMembers(ListState, rx.State):
    """Who has a role themselves; given and taken here."""

    rows: list[MemberRow] = []
    unseen: str = ""
    """How many others have the role, in words; empty for none."""
    adding: bool = False
    removing: bool = False
    removing_names: list[str] = []
    looked_for: str = ""
    """Whom one looks for to add."""
    found: list[dict[str, str]] = []
    """Whom the search found, as `{"id", "name", "email"}`."""
    chosen: list[dict[str, str]] = []

    @handler(RolePermission.READ)
    async def load(self) -> None:
        """Load the members that the address asks for."""
        arguments = self._read_address()
        self.adding = self.removing = False
        self.loading = True
        role_id = record_id(self.router.url.path)
        try:
            request = parse(MemberListQuery, arguments)
            async with runtime.operations(RoleService) as roles:
                page = await roles.members(role_id or _NO_ID, request)
        except NotFound:
            # The record above says so.
            self.rows, self.unseen = [], ""
            self.loading = False
            return
        self._show_rows([_row(member) for member in page.items])
        self.unseen = unseen(page.hidden)
        self._show_page(page, Count(page.count))

    @handler(SIGNED_IN)
    async def select(self, ids: list[str], chosen: bool) -> None:  # noqa: FBT001 - an event's argument
        """Select members, or take them out of the selection."""
        others = [one for one in self.selected if one not in ids]
        known = {row.id for row in self.rows}
        self.selected = [*others, *(one for one in ids if one in known)] if chosen else others

    @handler(RolePermission.UPDATE)
    async def open_adding(self) -> None:
        """Ask whom to give the role to."""
        self._clear_form_problem()
        self.looked_for = ""
        self.found, self.chosen = [], []
        self.adding = True

    @handler(UserPermission.READ)
    async def find(self, text: str) -> None:
        """Find people by name or address, among those one may see."""
        self.looked_for = text.strip()[:_LONGEST_SEARCH]
        self.found = []
        if not self.looked_for:
            return
        async with runtime.operations(UserService) as users:
            found = await users.find(self.looked_for, most=_FOUND)
        self.found = [
            {"id": str(user.id), "name": user.display_name, "email": user.email}
            for user in (user.filled() for user in found)
        ]

    @handler(RolePermission.UPDATE)
    async def choose(self, user_id: str) -> None:
        """Take somebody who was found among those who get the role."""
        known = [each["id"] for each in self.chosen]
        if user_id not in known and len(known) < _MOST_CHOSEN:
            self.chosen += [each for each in self.found if each["id"] == user_id]

    @handler(RolePermission.UPDATE)
    async def unchoose(self, user_id: str) -> None:
        """Do not give the role to somebody after all."""
        self.chosen = [each for each in self.chosen if each["id"] != user_id]

    @handler(RolePermission.UPDATE)
    async def add(self, form: dict[str, Any]) -> Any:
        """Give the role to those who were chosen."""
        self._clear_form_problem()
        if not self.chosen:
            self.form_error = "Choose at least one person."
            return None
        given = {
            "user_ids": [each["id"] for each in self.chosen],
            "reason": form.get("reason", ""),
            "expires_at": form.get("expires_at") or None,
        }
        try:
            new = parse(MembersAdd, given)
            async with runtime.operations(RoleService) as roles:
                count = await roles.add_members(self._role_id(), new)
        except Invalid as error:
            self._show_form_problem(error)
            return None
        self.adding = False
        already = len(self.chosen) - count
        words = f"{count:,} {'person has' if count == 1 else 'people have'} the role now"
        await self._say(f"{words}; {already:,} had it already." if already else f"{words}.")
        return [RoleMembers.load, RoleRecord.load]

    @handler(RolePermission.UPDATE)
    async def ask_remove(self) -> None:
        """Name those from whom the role would be taken."""
        self.removing_names = [row.name for row in self.rows if row.id in self.selected]
        self.removing = bool(self.removing_names)

    @handler(RolePermission.UPDATE)
    async def remove(self) -> Any:
        """Take the role from those who are selected."""
        self.removing = False
        user_ids = [UUID(row.id) for row in self.rows if row.id in self.selected]
        if not user_ids:
            return None
        async with runtime.operations(RoleService) as roles:
            count = await roles.remove_members(self._role_id(), user_ids)
        await self._say(f"{count:,} {'person has' if count == 1 else 'people have'} lost the role.")
        return [RoleMembers.load, RoleRecord.load]

    @handler(SIGNED_IN)
    async def close_dialogs(self) -> None:
        """Leave everything as it is."""
        self.adding = self.removing = False

    def _path(self) -> str:
        return self.router.url.path.rstrip("/")

    def _role_id(self) -> UUID:
        role_id = record_id(self.router.url.path)
        if role_id is None:
            raise NotFound(*NO_ROLE)
        return role_id


def _row(member: MemberRead) -> MemberRow:
    return MemberRow(
        id=str(member.id),
        name=member.name,
        email=member.email or "",
        since=_moment(member.granted_at),
        by=member.granted_by,
        until=_moment(member.expires_at),
        reason=member.reason,
    )


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""
