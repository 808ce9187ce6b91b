"""The console's one gate: before every event, whatever its name.

Default-deny. It binds the client's state tree to the session of the socket,
refuses every handler that was not opened and arguments that it does not
declare, and opens or refuses pages on client navigation.
"""

from typing import Any

import reflex as rx
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

from app.core import clock
from app.core.actor import Actor
from app.core.audit import Description
from app.core.errors import Invalid, PermissionDenied, PlatformError, Unauthenticated
from app.core.log import get_logger
from app.core.metrics import EVENTS, outcome_of
from app.core.operations import password_change_required
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.reads import REQUEST, Look, ReadRecords
from app.core.unit_of_work import UnitOfWork, open_unit
from app.ui import runtime
from app.ui.arguments import fits
from app.ui.handlers import permission_of
from app.ui.page_policy import PagePolicy
from app.ui.page_state import Binding, Console

log = get_logger(__name__)

_FRAMEWORK = frozenset(
    {
        "reflex___state____state.hydrate",
        "reflex___state____state.hydrate_and_load",
        "reflex___state____state.set_is_hydrated",
        "reflex___state____state.reflex___state____on_load_internal_state.set_is_hydrated",
    }
)
_NAVIGATION = "on_load_internal_state.on_load_internal"
_OPENINGS = ("reflex___state____state.hydrate", "reflex___state____state.hydrate_and_load")
"""A tab begins, or comes back after its connection was lost."""
_UNOPENED = "console.handler"
_ARGUMENTS = "console.arguments"


class EventGuard(Middleware):
    """Runs before every event, chained and background ones included."""

    def __init__(self, policy: PagePolicy) -> None:
        self._policy = policy

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """Let the event through (None) or answer in its place."""
        del app
        caller = runtime.caller()
        root = state._get_root_state()
        handler = RegistrationContext.get().event_handlers[event.name].handler
        if caller.has_ended and not _is_for_ended(event.name, handler):
            # The page keeps what was typed, but gets nothing more.
            return await _say_ended(root, caller.ended_because)
        await _bind(root, str(caller.actor.session_id or ""))
        if event.name in _OPENINGS:
            await _begin(root)
        elif await _is_left_behind(root, event):
            return await _say_left_behind(root)
        if event.name.endswith(_NAVIGATION):
            return await self._navigate(root, caller)
        if event.name not in _FRAMEWORK:
            permission = permission_of(handler.fn)
            refusal = _refusal(permission, caller.actor)
            if refusal is not None:
                EVENTS.labels(outcome_of(refusal)).inc()
                await _record(refusal, permission or _UNOPENED, event.name)
                return await _answer(root, refusal)
        if not fits(handler.fn, event.payload):
            log.warning("console.wrong_arguments", handler=event.name[-100:])
            EVENTS.labels("failed").inc()
            refused = Invalid(_ARGUMENTS, "This cannot be called with that.")
            await _note("handler", event.name, refused)
            return await _answer(root, refused)
        if event.name not in _FRAMEWORK and EventContext.get().parent_txid is None:
            # What follows from it was not sent by anybody.
            await _note("handler", event.name)
        return None

    async def _navigate(self, root: BaseState, caller: runtime.Caller) -> StateUpdate | None:
        console: Console = await root.get_state(Console)
        console._receive(caller.actor)
        actor = caller.actor if caller.actor.is_signed_in else None
        router_data = EventContext.get().router_data or {}
        route = str(router_data.get("pathname", ""))
        console.session_ended = False
        console.refused = ""
        console.nowhere = False
        page = self._policy.by_route(route)
        if page is None:
            return None
        asked = str(router_data.get("asPath") or route)
        target = self._policy.redirect(page, actor, asked, why=caller.ended_because)
        if target is not None:
            return StateUpdate(
                delta=await _delta(root),
                events=Event.from_event_type(rx.redirect(target, replace=True)),
            )
        permission = self._policy.permission(page, asked.partition("#")[0].partition("?")[0])
        if permission is None:
            console.nowhere = True
            root.is_hydrated = True
            return StateUpdate(delta=await _delta(root))
        if actor is not None and not actor.may(permission):
            console.refused = permission
            console.why = self._policy.explanation(actor, permission)
            console.granted_by = await _granted_by(permission)
            if EventContext.get().parent_txid is None:
                # Else the page was loaded from the server, and the page gate has recorded it.
                await _record(PermissionDenied(permission), permission, f"page {page.route}")
            root.is_hydrated = True
            return StateUpdate(delta=await _delta(root))
        await _note("page", asked.partition("?")[0])
        return None


async def _granted_by(permission: str) -> str:
    """Whom the caller can ask for a permission: *Ada Okafor or another administrator*."""
    granters = runtime.current().registry.granters
    if granters is None:
        return ""
    async with runtime.unit() as unit:
        names = await granters(unit, permission)
    return ", ".join(names) + " or another administrator" if names else ""


def _is_for_ended(name: str, handler: Any) -> bool:
    """Whether somebody whose session has ended may do it: be led to the sign-in, or come back."""
    return name.endswith(_NAVIGATION) or handler.fn is Console.resume.fn


async def _bind(root: BaseState, owner: str) -> None:
    """Tie the state tree to its session; whoever else brings its token starts with an empty one.

    Reflex ties it to the client token alone, which a script made and a URL carries.
    """
    binding: Binding = await root.get_state(Binding)
    if binding._owner not in (None, owner):
        for state in _all_states(rx.State):
            (await root.get_state(state)).reset()  # type: ignore[no-untyped-call]  # Reflex's
    if binding._owner != owner:
        binding._owner = owner


def _path() -> str:
    """Of the page on which the event was made."""
    asked = str((EventContext.get().router_data or {}).get("asPath", ""))
    return asked.partition("#")[0].partition("?")[0]


async def _begin(root: BaseState) -> None:
    """Remember where the tab is; messages of before its reload are old."""
    (await root.get_state(Binding))._page = _path()
    console: Console = await root.get_state(Console)
    if console.toasts:
        console.toasts = []


async def _is_left_behind(root: BaseState, event: Event) -> bool:
    """Whether a form was sent from a page that the tab has left before the server had it.

    It waited for a lost connection. What is done with it is to be seen by whoever sent it: they
    have been told that it is lost when they go.
    """
    binding: Binding = await root.get_state(Binding)
    if event.name.endswith(_NAVIGATION):
        binding._page = _path()
    is_form = any(isinstance(value, dict) for value in event.payload.values())
    is_sent = EventContext.get().parent_txid is None and event.name not in _FRAMEWORK
    return is_form and is_sent and binding._page not in ("", _path())


async def _say_left_behind(root: BaseState) -> StateUpdate:
    EVENTS.labels("failed").inc()
    console: Console = await root.get_state(Console)
    console._say(
        "What you sent from the page before is not saved: you had left it before the server had "
        "it. Go back to do it again.",
        kind="danger",
    )
    return StateUpdate(delta=await _delta(root))


def _all_states(state: type[BaseState]) -> list[type[BaseState]]:
    return [state, *(s for child in state.get_substates() for s in _all_states(child))]


def _refusal(permission: str | None, actor: Actor) -> PlatformError | None:
    if permission is None:
        return PermissionDenied(_UNOPENED, "This cannot be called.")
    if permission == PUBLIC:
        return None
    if not actor.is_signed_in:
        return _sign_in_first()
    if actor.must_change_password and permission != SIGNED_IN:
        return password_change_required()
    return None if actor.may(permission) else PermissionDenied(permission)


def _sign_in_first() -> Unauthenticated:
    return Unauthenticated("auth.required", "Sign in first.")


async def _record(refusal: PlatformError, permission: str, handler: str) -> None:
    """Write the refusal to the audit trail, as the gate of the services does."""
    who = runtime.caller()
    said = Description(target_type="handler", target_id=handler[-100:])
    async with open_unit(runtime.current().container, who.actor, who.context) as unit:
        uow = await unit.get(UnitOfWork)
        await uow.audit.record_refusal(permission, "denied", said, refusal.code, 0)


async def _note(kind: str, name: str, refusal: PlatformError | None = None) -> None:
    """Let the audit trail tell of what somebody signed in asked for, where it tells of all."""
    who = runtime.caller()
    reads = await runtime.current().container.get(ReadRecords)
    if reads.requests and who.actor.is_signed_in:
        now = clock.now()
        target = (kind, name[-100:], _short(name))
        outcome = ("failed", refusal.code, 0) if refusal else ("succeeded", "", 0)
        reads.note(Look(who.actor, who.context, REQUEST, target, now, now, outcome=outcome))


def _short(name: str) -> str:
    """A handler as one reads it, *user_list.load*; an address stays as it is."""
    return name.rpartition("____")[2]


async def _answer(root: BaseState, refusal: PlatformError) -> StateUpdate:
    if isinstance(refusal, Unauthenticated):
        return await _say_ended(root)
    console: Console = await root.get_state(Console)
    console._tell(refusal)
    return StateUpdate(delta=await _delta(root))


async def _say_ended(root: BaseState, because: str = "") -> StateUpdate:
    console: Console = await root.get_state(Console)
    console.session_ended = True
    console.ended_because = because
    return StateUpdate(delta=await _delta(root))


async def _delta(root: BaseState) -> Any:
    delta = await root._get_resolved_delta()
    root._clean()  # type: ignore[no-untyped-call]  # Reflex's
    return delta
