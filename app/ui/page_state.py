"""What the states of all pages share: who is signed in, messages, and how errors are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import reflex as rx
from reflex_base.event import Event
from reflex_base.event.context import EventContext

from app.core.actor import Actor
from app.core.errors import (
    Invalid,
    PermissionDenied,
    PlatformError,
    ReauthenticationRequired,
    Unauthenticated,
)
from app.core.ids import new_id, parse_id
from app.core.module import Finder, Found
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.registry import Registry, icon_name
from app.settings import AuthSettings
from app.ui import runtime
from app.ui.connections import SOCKET_HEADER
from app.ui.handlers import handler, permission_of

_LONGEST_SEARCH = 100
_SHORTEST_VERB = 3
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
    by_address: bool = False
    """Whether the address is the reason: the same again would fail again."""


@dataclass
class Notice:
    """A line at the top of the page; only `notices` sends one, without running an event."""

    id: str = ""
    text: str = ""
    lasting: bool = False


@dataclass
class NounItem:
    """A resource in the sidebar and the palette."""

    label: str
    singular: str
    href: str
    icon: str
    may_create: bool


@dataclass
class NounSection:
    """The resources of a module that the person may see."""

    label: str
    links: list[NounItem]


class Binding(rx.State):
    """Whose state tree this is; see the event guard."""

    _owner: str | None = None
    """The session's id, "" for nobody, None before the first event."""
    _page: str = ""
    """Path of the page that the tab is on."""


class Console(rx.State):
    """The frame around every page: the person, their permissions, messages."""

    name: str = ""
    email: str = ""
    roles: list[str] = []
    may: dict[str, bool] = {}
    refused: str = ""
    """The permission that the current page needs and the person lacks."""
    nowhere: bool = False
    """Whether there is nothing at the current address, though a page would show what is."""
    nouns: list[NounSection] = []
    """The resources whose records the person may see, by the headings of the sidebar."""
    granted_by: str = ""
    """Whom the person can ask for it, by name; empty when they may see nobody who can grant it."""
    previewing: str = ""
    """Whose access the console shows; empty for one's own."""
    why: str = ""
    """Where that is explained, for those who may know."""
    session_ended: bool = False
    ended_because: str = ""
    """Why, as `app.core.ports.EndReason` names it; empty when that is not known."""
    confirming: bool = False
    """Whether the person is asked for their password before something is done."""
    notice: Notice = Notice()
    toasts: list[Toast] = []
    password_min_length: int = AuthSettings.model_fields["password_min_length"].default
    found: list[dict[str, str]] = []
    """What the search found, as the palette's lines."""
    _refused_event: dict[str, Any] = {}
    """What is done once the person has given their password: an event's name and payload."""
    _batches: dict[str, list[UUID]] = {}
    """The entries that the button of a message takes back, by its id, where they are several."""

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
        nouns = _noun_sections(runtime.current().registry, actor)
        if self.nouns != nouns:
            self.nouns = nouns
        length = runtime.current().settings.auth.password_min_length
        if self.password_min_length != length:
            self.password_min_length = length

    def _confirm_identity(self, refused: Event | None) -> None:
        """Ask for the person's password; what was refused is done afterwards.

        An event that carries a secret is not kept: the person sends it again.
        """
        self.confirming = True
        is_kept = refused is not None and not _holds_a_secret(refused.payload)
        self._refused_event = (
            {"name": refused.name, "payload": refused.payload} if refused and is_kept else {}
        )

    def _tell(self, error: PlatformError) -> None:
        """Show why something was not done."""
        why = ""
        if isinstance(error, PermissionDenied):
            why = runtime.current().policy.explanation(runtime.caller().actor, error.permission)
        self._say(error.message, kind="danger", why=why)

    def _say(
        self,
        message: str,
        *,
        kind: str = "success",
        entries: Sequence[UUID] = (),
        why: str = "",
    ) -> str:
        """Show a message; returns its id.

        The same again takes the place of what is there. Failures stay until they are dismissed,
        of the others only the newest few.

        Args:
            message: A sentence.
            kind: As `components.toasts` knows it.
            entries: Ids of the audit entries that can be taken back by a button.
            why: Where it is explained.
        """
        action = "Undo" if entries else ""
        entry = str(entries[0]) if entries else ""
        toast = Toast(new_id().hex, kind, message, action, entry, why)
        others = [each for each in self.toasts if (each.kind, each.message) != (kind, message)]
        passing = [each for each in others if each.kind != "danger"]
        fewer = {each.id for each in passing[: -(_SHOWN_AT_ONCE - 1)]}
        kept = [each for each in others if each.id not in fewer][-_LONGEST_PILE:]
        self.toasts = [*kept, toast]
        batches = {each.id: self._batches[each.id] for each in kept if each.id in self._batches}
        self._batches = batches | ({toast.id: list(entries)} if len(entries) > 1 else {})
        return toast.id

    def _entries_to_undo(self, toast_id: str) -> list[UUID]:
        """Hand out what a message's button takes back; the message goes, so it does so once."""
        toast = next((each for each in self.toasts if each.id == toast_id), None)
        entry_id = parse_id(toast.entry) if toast else None
        if entry_id is None:
            return []
        self.toasts = [each for each in self.toasts if each.id != toast_id]
        return self._batches.get(toast_id, [entry_id])

    @handler(PUBLIC)
    async def enter(self) -> None:
        """A page was opened; the event guard has done what there is to do."""

    @handler(SIGNED_IN)
    async def find(self, text: str) -> None:
        """Search records by name, among those the person may see."""
        text = text.strip()[:_LONGEST_SEARCH]
        registry = runtime.current().registry
        found = await _found_by(registry.finders, text)
        lines = [{"id": each.href, "href": each.href, **_line(each)} for each in found]
        self.found = await _record_actions(registry, text) + lines

    @handler(SIGNED_IN)
    async def run(self, action_id: str) -> Any:
        """Do what an action of the palette stands for, if the person may."""
        actor = runtime.caller().actor
        for action in runtime.current().registry.actions:
            if action.id == action_id and action.event is not None and actor.may(action.permission):
                return action.event
        for each in runtime.current().registry.record_actions:
            record_id = action_id.removeprefix(f"{each.id} ")
            if record_id != action_id and parse_id(record_id) and actor.may(each.permission):
                return each.event(record_id)
        return None

    @handler(PUBLIC)
    async def dismiss(self, toast_id: str) -> None:
        """Remove a message."""
        self.toasts = [toast for toast in self.toasts if toast.id != toast_id]

    @handler(PUBLIC)
    async def resume(self) -> None:
        """Go on after signing in again elsewhere: the socket comes back with the new cookie."""
        headers = (EventContext.get().router_data or {}).get("headers", {})
        runtime.current().connections.close(headers.get(SOCKET_HEADER, ""))

    @handler(SIGNED_IN)
    async def go_on(self) -> Any:
        """Do what was refused: the browser has given the password where passwords go."""
        self.confirming = False
        refused, self._refused_event = self._refused_event, {}
        if refused:
            return Event(name=refused["name"], payload=refused["payload"])
        self._say("Thank you. Now do again what you wanted to do; nothing you typed is lost.")
        return None

    @handler(SIGNED_IN)
    async def leave_it(self) -> None:
        """Leave undone what was refused."""
        self.confirming = False
        self._refused_event = {}

    async def _show_problem(self, error: PlatformError) -> None:
        """Show an error of one of this state's own handlers."""
        if isinstance(error, ReauthenticationRequired):
            self._confirm_identity(runtime.caller().event)
            return
        self._tell(error)


class PageState(rx.State, mixin=True):
    """Base of a page's state: loading, errors, forms."""

    problem: Problem = Problem()
    field_errors: dict[str, str] = {}
    form_error: str = ""
    saving: bool = False

    async def _entries_to_undo(self, toast_id: str) -> list[UUID]:
        """Hand out what a message's button takes back; the message goes, so it does so once."""
        console = await self.get_state(Console)
        return console._entries_to_undo(toast_id)

    async def _say(
        self,
        message: str,
        *,
        kind: str = "success",
        undo: bool = True,
        entries: Sequence[UUID] | None = None,
    ) -> None:
        """Show a message in the corner.

        Args:
            message: A sentence.
            kind: As `components.toasts` knows it.
            undo: Offer to take back what this event changed last, if it can be, to those who may.
            entries: What to take back instead, as `undoable_entries` gives it.
        """
        console = await self.get_state(Console)
        if entries is None:
            entries = undoable_entries()[-1:] if undo and kind == "success" else []
        console._say(message, kind=kind, entries=entries)

    async def _show_problem(self, error: PlatformError) -> Any:
        """Show an error that a handler did not expect: the one place that maps errors to screens.

        A page that could not be loaded says so in its place; anything else is a message.
        """
        self.saving = False
        console = await self.get_state(Console)
        if isinstance(error, ReauthenticationRequired):
            console._confirm_identity(runtime.caller().event)
        elif isinstance(error, Unauthenticated):
            console.session_ended = True
        else:
            console._tell(error)

    def _show_page_problem(self, error: PlatformError) -> None:
        """Show in the page's place why it has no content."""
        self.problem = Problem(
            code=error.code,
            title=error.title,
            message=error.message,
            permission=error.permission if isinstance(error, PermissionDenied) else "",
            request_id=runtime.caller().context.request_id,
            by_address=isinstance(error, Invalid),
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


def _noun_sections(registry: Registry, actor: Actor) -> list[NounSection]:
    """The resources that have drawn pages and that the actor may see, by module."""
    sections = []
    for module in registry.modules:
        metas = [
            (service, service.resource.meta)
            for service in module.services
            if registry.service_at(service.resource.meta.path) is service
        ]
        links = [
            NounItem(
                label=meta.plural.capitalize(),
                singular=meta.singular,
                href=meta.path,
                icon=icon_name(meta.icon),
                may_create="create" in service.operations and actor.may(meta.permission("create")),
            )
            for service, meta in metas
            if actor.may(meta.permission("read"))
        ]
        if links:
            sections.append(NounSection(module.heading, links))
    return sections


async def _found_by(finders: Sequence[Finder], text: str) -> list[Found]:
    """What these finders find for the caller."""
    found: list[Found] = []
    for finder in finders:
        if text and runtime.caller().actor.may(finder.permission):
            async with runtime.unit() as unit:
                found += await finder.find(unit, text)
    return found


async def _record_actions(registry: Registry, text: str) -> list[dict[str, str]]:
    """What can be done with records that were found, when the text begins with its verb."""
    verb, _, name = text.partition(" ")
    return [
        {
            **_line(each),
            "id": f"{action.id} {each.href.rpartition('/')[2]}",
            "label": f"{action.verb} {each.title}",
            "group": "Actions",
            "mark": "",
        }
        for action in registry.record_actions
        if len(verb) >= _SHORTEST_VERB and action.verb.lower().startswith(verb.lower())
        if runtime.caller().actor.may(action.permission)
        for each in await _found_by(registry.finders_of(action.target_type), name.strip())
        if each.mark == action.mark
    ]


def _line(found: Found) -> dict[str, str]:
    return {
        "label": found.title,
        "group": found.group,
        "detail": found.detail,
        "mark": found.mark,
    }


def _holds_a_secret(payload: Any) -> bool:
    """Whether a form that an event carries has a field for a password."""
    if isinstance(payload, dict):
        return any("password" in str(k) or _holds_a_secret(v) for k, v in payload.items())
    return isinstance(payload, list) and any(map(_holds_a_secret, payload))


def undoable_entries() -> list[UUID]:
    """Ids of the entries that this event recorded last and the caller may take back.

    Empty when the last one cannot be taken back: what came before would not be all of it.
    """
    who, registry = runtime.caller(), runtime.current().registry
    if not who.recorded or registry.take_back is None:
        return []
    may = who.actor.may(permission_of(registry.take_back.fn) or "")
    found: list[UUID] = []
    for each in reversed(who.recorded):
        undo = registry.undo(each.target_type)
        if not may or undo is None or not undo.takes_back(each.action, each.fields):
            break
        found.insert(0, each.entry_id)
    return found
