"""Who sent the event that is being handled."""

from typing import Any

from reflex_base.event import Event
from reflex_base.event.context import EventContext

from app.core import days
from app.core.actor import ANONYMOUS, Actor, RequestContext
from app.core.ids import new_id, parse_id
from app.core.ports import Authenticator
from app.ui import runtime
from app.ui.connections import ADDRESS_HEADER, SESSION_HEADER, ZONE_HEADER

_LONGEST_USER_AGENT = 300


async def identify(event: Event | None = None) -> runtime.Caller:
    """Resolve the session of the event's socket anew, and remember whose event it is.

    Outside of any event it is nobody's.
    """
    router_data = _router_data()
    headers = router_data.get("headers", {})
    session_id = parse_id(headers.get(SESSION_HEADER))
    actor: Actor | None = None
    why = ""
    if session_id is not None:
        authenticator = await runtime.current().container.get(Authenticator)
        actor = await authenticator.from_session(session_id)
        if actor is None:
            why = (await authenticator.ended([session_id])).get(session_id, "")
    context = RequestContext(
        request_id=new_id().hex,
        channel="console",
        address=headers.get(ADDRESS_HEADER, ""),
        user_agent=headers.get("user-agent", "")[:_LONGEST_USER_AGENT],
    )
    caller = runtime.Caller(
        actor or ANONYMOUS,
        context,
        event,
        has_ended=session_id is not None and actor is None,
        ended_because=why,
    )
    runtime.set_caller(caller)
    days.read_in(headers.get(ZONE_HEADER, ""))
    return caller


def _router_data() -> dict[str, Any]:
    try:
        return EventContext.get().router_data or {}
    except LookupError:
        return {}
