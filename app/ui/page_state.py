"""What the states of all pages share: who is signed in, messages, and how errors are shown."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_base.event.context import EventContext

from app.core.actor import Actor
from app.core.errors import Invalid, PermissionDenied, PlatformError, Unauthenticated
from app.core.ids import new_id
from app.core.module import Found
from app.core.permissions import PUBLIC, SIGNED_IN
from app.settings import AuthSettings
from app.ui import runtime
from app.ui.handlers import handler, permission_of
from app.ui.socket_gate import SOCKET_HEADER

_LONGEST_SEARCH = 100
_SHOWN_AT_ONCE = 3
_LONGEST_PILE = 20


@dataclass
class Toast:
    """A short message in the corner; `action` is the word on its button, if any."""

    id: str
    kind: str
    message: str
    action: str = ""
    entry: str = ""
    """Id of the audit entry that its button takes back."""
    why: str = ""
    """Where a refusal is explained, for those who may know."""


@dataclass
class Problem:
    """Why a page shows no content."""

    code: str = ""
    title: str = ""
    message: str = ""
    permission: str = ""
    request_id: str = ""


class Binding(rx.State):
    """Whose state tree this is; see the event guard."""

    _owner: str | None = None
    """The user's id, "" for nobody, None before the first event."""


class Console(rx.State):
    """The frame around every page: the person, their permissions, messages."""

    name: str = ""
    email: str = ""
    roles: list[str] = []
    may: dict[str, bool] = {}
    refused: str = ""
    """The permission that the current page needs and the person lacks."""
    previewing: str = ""
    """Whose access the console shows; empty for one's own."""
    why: str = ""
    """Where that is explained, for those who may know."""
    session_ended: bool = False
    toasts: list[Toast] = []
    password_min_length: int = AuthSettings.model_fields["password_min_length"].default
    found: list[dict[str, str]] = []
    """What the search found, as the palette's lines."""

    def _receive(self, actor: Actor) -> None:
        """Show who is signed in and what they may do."""
        if self.name != actor.name:
            self.name = actor.name
        if self.email != actor.email:
            self.email = actor.email
        if self.roles != list(actor.roles):
            self.roles = list(actor.roles)
        previewing = actor.previewing.title if actor.previewing is not None else ""
        if self.previewing != previewing:
            self.previewing = previewing
        names = [str(name) for name in runtime.current().registry.permissions]
        may = {name: actor.may(name) for name in names}
        if self.may != may:
            self.may = may
        length = runtime.current().settings.auth.password_min_length
        if self.password_min_length != length:
            self.password_min_length = length

    def _tell(self, error: PlatformError) -> None:
        """Show why something was not done."""
        why = ""
        if isinstance(error, PermissionDenied):
            why = runtime.current().policy.explanation(runtime.caller().actor, error.permission)
        self._say(error.message, kind="danger", why=why)

    def _say(self, message: str, *, kind: str = "success", entry: str = "", why: str = "") -> str:
        """Show a message; returns its id.

        The same again takes the place of what is there. Failures stay until they are dismissed,
        of the others only the newest few.

        Args:
            message: A sentence.
            kind: As `components.toasts` knows it.
            entry: Id of the audit entry that can be taken back by a button.
            why: Where it is explained.
        """
        action = "Undo" if entry else ""
        toast = Toast(new_id().hex, kind, message, action, entry, why)
        others = [each for each in self.toasts if (each.kind, each.message) != (kind, message)]
        passing = [each for each in others if each.kind != "danger"]
        fewer = {each.id for each in passing[: -(_SHOWN_AT_ONCE - 1)]}
        kept = [each for each in others if each.id not in fewer][-_LONGEST_PILE:]
        self.toasts = [*kept, toast]
        return toast.id

    @handler(PUBLIC)
    async def enter(self) -> None:
        """A page was opened; the event guard has done what there is to do."""

    @handler(SIGNED_IN)
    async def find(self, text: str) -> None:
        """Search records by name, among those the person may see."""
        text = text.strip()[:_LONGEST_SEARCH]
        actor = runtime.caller().actor
        found: list[Found] = []
        for finder in runtime.current().registry.finders:
            if text and actor.may(finder.permission):
                async with runtime.unit() as unit:
                    found += await finder.find(unit, text)
        self.found = [
            {
                "id": each.href,
                "label": each.title,
                "group": each.group,
                "detail": each.detail,
                "href": each.href,
            }
            for each in found
        ]

    @handler(SIGNED_IN)
    async def run(self, action_id: str) -> Any:
        """Do what an action of the palette stands for, if the person may."""
        actor = runtime.caller().actor
        for action in runtime.current().registry.actions:
            if action.id == action_id and action.event is not None and actor.may(action.permission):
                return action.event
        return None

    @handler(PUBLIC)
    async def dismiss(self, toast_id: str) -> None:
        """Remove a message."""
        self.toasts = [toast for toast in self.toasts if toast.id != toast_id]

    @handler(PUBLIC)
    async def resume(self) -> None:
        """Go on after signing in again elsewhere: the socket comes back with the new cookie."""
        self.session_ended = False
        headers = (EventContext.get().router_data or {}).get("headers", {})
        runtime.current().connections.close(headers.get(SOCKET_HEADER, ""))

    async def _show_problem(self, error: PlatformError) -> None:
        """Show an error of one of this state's own handlers."""
        self._tell(error)


class PageState(rx.State, mixin=True):
    """Base of a page's state: loading, errors, forms."""

    problem: Problem = Problem()
    field_errors: dict[str, str] = {}
    form_error: str = ""
    saving: bool = False

    async def _say(self, message: str, *, kind: str = "success", undo: bool = True) -> None:
        """Show a message in the corner.

        Args:
            message: A sentence.
            kind: As `components.toasts` knows it.
            undo: Offer to take back what this event changed last, if it can be, to those who may.
        """
        console = await self.get_state(Console)
        entry = _undoable() if undo and kind == "success" else ""
        console._say(message, kind=kind, entry=entry)

    async def _show_problem(self, error: PlatformError) -> Any:
        """Show an error that a handler did not expect: the one place that maps errors to screens.

        A page that could not be loaded says so in its place; anything else is a message.
        """
        self.saving = False
        if isinstance(error, Unauthenticated):
            console = await self.get_state(Console)
            console.session_ended = True
            return
        (await self.get_state(Console))._tell(error)

    def _show_page_problem(self, error: PlatformError) -> None:
        """Show in the page's place why it has no content."""
        self.problem = Problem(
            code=error.code,
            title=error.title,
            message=error.message,
            permission=error.permission if isinstance(error, PermissionDenied) else "",
            request_id=runtime.caller().context.request_id,
        )

    def _show_form_problem(self, error: PlatformError) -> None:
        """Show an error at the fields it is about, or above the form."""
        self.saving = False
        fields = error.fields if isinstance(error, Invalid) else error.details.get("fields")
        self.field_errors = {str(k): str(v) for k, v in dict(fields or {}).items()}  # type: ignore[call-overload]  # fields are a mapping
        self.form_error = "" if self.field_errors else error.message

    def _clear_form_problem(self) -> None:
        """Start a form without messages."""
        self.field_errors = {}
        self.form_error = ""


def _undoable() -> str:
    """Id of the entry that this event recorded last, if the caller may take it back."""
    who, registry = runtime.caller(), runtime.current().registry
    if not who.recorded or registry.take_back is None:
        return ""
    last = who.recorded[-1]
    undo = registry.undo(last.target_type)
    may = who.actor.may(permission_of(registry.take_back.fn) or "")
    can = undo is not None and undo.takes_back(last.action, last.fields)
    return str(last.entry_id) if may and can else ""
