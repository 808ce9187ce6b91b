"""The console's one gate: before every event, whatever its name.

Default-deny. It resolves the session of the socket, binds the client's state
tree to it, refuses every handler that was not opened, and opens or refuses
pages on client navigation.
"""

from typing import Any

import reflex as rx
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

from app.core.actor import ANONYMOUS, Actor, RequestContext
from app.core.audit import Description
from app.core.errors import PermissionDenied, PlatformError, Unauthenticated
from app.core.ids import new_id, parse_id
from app.core.log import get_logger
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.ports import Authenticator
from app.core.unit_of_work import UnitOfWork
from app.ui import runtime
from app.ui.handlers import permission_of
from app.ui.page_policy import PagePolicy
from app.ui.page_state import Binding, Console
from app.ui.socket_gate import SESSION_HEADER

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
_UNOPENED = "console.handler"


class EventGuard(Middleware):
    """Runs before every event, chained and background ones included."""

    def __init__(self, policy: PagePolicy) -> None:
        self._policy = policy

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """Let the event through (None) or answer in its place."""
        del app
        router_data = EventContext.get().router_data or {}
        headers = router_data.get("headers", {})
        session_id = parse_id(headers.get(SESSION_HEADER))
        actor = await _actor(session_id)
        context = RequestContext(
            request_id=new_id().hex,
            channel="console",
            address=router_data.get("ip", ""),
            user_agent=headers.get("user-agent", "")[:300],
        )
        runtime.set_caller(runtime.Caller(actor or ANONYMOUS, context))
        root = state._get_root_state()
        # A session that ended keeps its page, but gets nothing more of its state.
        ended = session_id is not None and actor is None
        if not ended:
            await _bind(root, str(actor.user_id) if actor else "")
        if event.name in _FRAMEWORK:
            return await _answer(root, _sign_in_first(), ended=True) if ended else None
        if event.name.endswith(_NAVIGATION):
            return await self._navigate(
                root, actor, str(router_data.get("pathname", "")), router_data
            )
        registered = RegistrationContext.get().event_handlers.get(event.name)
        permission = permission_of(registered.handler.fn) if registered else None
        refusal = _refusal(permission, actor or ANONYMOUS)
        if refusal is None:
            return None
        await _record(refusal, permission or _UNOPENED, event.name)
        return await _answer(root, refusal, ended=ended)

    async def _navigate(
        self, root: BaseState, actor: Actor | None, route: str, router_data: dict[str, Any]
    ) -> StateUpdate | None:
        console: Console = await root.get_state(Console)
        console._receive(actor or ANONYMOUS)
        console.session_ended = False
        console.refused = ""
        page = self._policy.by_route(route)
        if page is None:
            return None
        asked = str(router_data.get("asPath") or route)
        target = self._policy.redirect(page, actor, asked)
        if target is not None:
            return StateUpdate(
                delta=await _delta(root),
                events=Event.from_event_type(rx.redirect(target, replace=True)),
            )
        if actor is not None and not actor.may(page.permission):
            console.refused = page.permission
            console.why = self._policy.explanation(actor, page.permission)
            if EventContext.get().parent_txid is None:
                # Else the page was loaded from the server, and the page gate has recorded it.
                await _record(
                    PermissionDenied(page.permission), page.permission, f"page {page.route}"
                )
            root.is_hydrated = True
            return StateUpdate(delta=await _delta(root))
        return None


async def _actor(session_id: Any) -> Actor | None:
    if session_id is None:
        return None
    authenticator = await runtime.current().container.get(Authenticator)
    return await authenticator.from_session(session_id)


async def _bind(root: BaseState, owner: str) -> None:
    """Tie the state tree to its user; whoever else comes with its token starts with an empty one.

    Reflex ties it to the client token alone, which a script made and a URL carries.
    """
    binding: Binding = await root.get_state(Binding)
    if binding._owner not in (None, owner):
        for state in _all_states(rx.State):
            (await root.get_state(state)).reset()  # type: ignore[no-untyped-call]  # Reflex's
    if binding._owner != owner:
        binding._owner = owner


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
        code = "auth.password.change_required"
        return PermissionDenied(permission, "Change your password first.", code=code)
    return None if actor.may(permission) else PermissionDenied(permission)


def _sign_in_first() -> Unauthenticated:
    return Unauthenticated("auth.required", "Sign in first.")


async def _record(refusal: PlatformError, permission: str, handler: str) -> None:
    """Write the refusal to the audit trail, as the gate of the services does."""
    who = runtime.caller()
    facts = {Actor: who.actor, RequestContext: who.context}
    said = Description(target_type="handler", target_id=handler[-100:])
    async with runtime.current().container(context=facts) as unit:
        uow = await unit.get(UnitOfWork)
        await uow.audit.record_refusal(permission, "denied", said, refusal.code, 0)


async def _answer(root: BaseState, refusal: PlatformError, *, ended: bool) -> StateUpdate:
    console: Console = await root.get_state(Console)
    if ended or isinstance(refusal, Unauthenticated):
        console.session_ended = True
    else:
        console._tell(refusal)
    return StateUpdate(delta=await _delta(root))


async def _delta(root: BaseState) -> Any:
    delta = await root._get_resolved_delta()
    root._clean()  # type: ignore[no-untyped-call]  # Reflex's
    return delta
