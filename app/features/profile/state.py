"""State of one's own profile."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from app.core.errors import Conflict, Invalid, PlatformError, Unauthenticated
from app.core.permissions import SIGNED_IN
from app.features.auth.session_service import SessionService
from app.features.auth.state import SessionRow, ended_in_words, session_id_of, session_rows
from app.features.users.schemas import UserRead, UserUpdate
from app.features.users.service import UserService
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.page_state import Console, PageState, Problem


@dataclass
class PermissionRow:
    """A permission the person holds."""

    code: str
    description: str


class Profile(PageState, rx.State):
    """Who one is here, and what one may do."""

    loading: bool = True
    name: str = ""
    email: str = ""
    is_verified: bool = False
    roles: list[str] = []
    permissions: list[PermissionRow] = []
    holds_all: bool = False
    form_version: int = 0
    """Raised when the form is to start anew."""
    _version: int = 0

    @handler(SIGNED_IN)
    async def load(self) -> Any:
        """Load one's own details; say so after the password was changed."""
        self.problem = Problem()
        self._clear_form_problem()
        async with runtime.operations(UserService) as users:
            user = await users.own()
        self._show(user)
        actor = runtime.caller().actor
        self.roles = list(actor.roles)
        self.permissions = [
            PermissionRow(str(permission), permission.description)
            for permission in sorted(runtime.current().registry.permissions)
            if actor.may(permission)
        ]
        self.holds_all = actor.access.is_administrator
        self.loading = False
        if self.router.url.query_parameters.get("password") == "changed":
            await self._say("Your password is changed. All your other sessions have ended.")
            return rx.redirect("/profile", replace=True)
        return None

    @handler(SIGNED_IN)
    async def save(self, form: dict[str, Any]) -> None:
        """Change one's own name."""
        self._clear_form_problem()
        try:
            change = parse(
                UserUpdate,
                {"display_name": form.get("display_name") or "", "version": self._version},
            )
            async with runtime.operations(UserService) as users:
                user = await users.update_own_name(change)
        except Conflict as error:
            self._show_form_problem(error)
            await self._adopt_version()
            return
        except Invalid as error:
            self._show_form_problem(error)
            return
        self._show(user)
        console = await self.get_state(Console)
        console.name = user.display_name
        await self._say("Your name is saved.")

    async def _adopt_version(self) -> None:
        """Name what somebody else saved; saving again then is a choice, and goes through."""
        async with runtime.operations(UserService) as users:
            current = await users.own()
        self._version = current.version
        self.form_error = (
            "Somebody else changed your account in the meantime; the name is now "
            f"“{current.display_name}”. Save again to use yours."
        )

    def _show(self, user: UserRead) -> None:
        self.name = user.display_name
        self.email = user.email
        self.is_verified = user.verified
        self._version = user.version
        self.form_version += 1

    async def _show_problem(self, error: PlatformError) -> Any:
        if self.loading and not isinstance(error, Unauthenticated):
            self._show_page_problem(error)
            return None
        return await super()._show_problem(error)


class OwnSessions(PageState, rx.State):
    """Where one is signed in."""

    loading: bool = True
    sessions: list[SessionRow] = []

    @handler(SIGNED_IN)
    async def load(self) -> None:
        """Load one's own sessions."""
        async with runtime.operations(SessionService) as sessions:
            self.sessions = session_rows(await sessions.own())
        self.loading = False

    @handler(SIGNED_IN)
    async def end(self, session_id: str) -> None:
        """End one of them."""
        async with runtime.operations(SessionService) as sessions:
            await sessions.end_own(session_id_of(session_id))
        self.sessions = [row for row in self.sessions if row.id != session_id]
        await self._say(ended_in_words(1))

    @handler(SIGNED_IN)
    async def end_others(self) -> None:
        """End all of them but this one."""
        async with runtime.operations(SessionService) as sessions:
            count = await sessions.end_others()
        self.sessions = [row for row in self.sessions if row.is_current]
        await self._say(ended_in_words(count))
