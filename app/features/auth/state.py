"""State of the pages around sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import reflex as rx

from app.core.errors import NotFound
from app.core.ids import parse_id
from app.features.audit.words import browser
from app.features.auth.permissions import SessionPermission
from app.features.auth.schemas import SessionRead
from app.features.auth.session_service import SessionService
from app.ui import runtime
from app.ui.handlers import handler
from app.ui.page_state import PageState
from app.ui.record_tabs import record_id


@dataclass
class SessionRow:
    """A session as one line of a table."""

    id: str
    what: str
    is_program: bool
    address: str
    created_at: str
    last_used_at: str
    is_current: bool


def session_rows(sessions: Sequence[SessionRead]) -> list[SessionRow]:
    """The sessions as a table shows them."""
    return [
        SessionRow(
            id=str(session.id),
            what=browser(session.user_agent) or "Unknown",
            is_program=session.kind == "api",
            address=session.address,
            created_at=session.created_at.isoformat(),
            last_used_at=session.last_used_at.isoformat(),
            is_current=session.is_current,
        )
        for session in sessions
    ]


def session_id_of(text: str) -> UUID:
    """The id that a button of the table sends.

    Raises:
        NotFound: It is none.
    """
    session_id = parse_id(text)
    if session_id is None:
        code = "session.not_found"
        raise NotFound(code, "There is no such session.")
    return session_id


def ended_in_words(count: int) -> str:
    """How many sessions have ended, as a sentence."""
    return "1 session has ended." if count == 1 else f"{count:,} sessions have ended."


class UserSessions(PageState, rx.State):
    """Where one user is signed in."""

    loading: bool = True
    sessions: list[SessionRow] = []

    @handler(SessionPermission.READ)
    async def load(self) -> None:
        """Load the sessions of the user that the address names."""
        user_id = self._user_id()
        if user_id is None:
            return
        try:
            async with runtime.operations(SessionService) as sessions:
                self.sessions = session_rows(await sessions.of_user(user_id))
        except NotFound:
            # The record around the table says so.
            self.sessions = []
        self.loading = False

    @handler(SessionPermission.REVOKE)
    async def revoke(self, session_id: str) -> None:
        """End one of the sessions."""
        async with runtime.operations(SessionService) as sessions:
            await sessions.revoke(self._known_user_id(), session_id_of(session_id))
        self.sessions = [row for row in self.sessions if row.id != session_id]
        await self._say(ended_in_words(1))

    @handler(SessionPermission.REVOKE)
    async def revoke_all(self) -> None:
        """End all of the sessions, except the one that asks for it."""
        async with runtime.operations(SessionService) as sessions:
            count = await sessions.revoke_all(self._known_user_id())
        self.sessions = [row for row in self.sessions if row.is_current]
        await self._say(ended_in_words(count))

    def _user_id(self) -> UUID | None:
        return record_id(self.router.url.path)

    def _known_user_id(self) -> UUID:
        user_id = self._user_id()
        if user_id is None:
            raise NotFound("user.not_found", "There is no such user.")
        return user_id
