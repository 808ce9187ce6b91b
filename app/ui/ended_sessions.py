"""Tabs whose session ends elsewhere are told so, and why."""

import asyncio
from contextlib import suppress
from uuid import UUID

from reflex_base.constants.state import FIELD_MARKER
from sqlalchemy.exc import DBAPIError

from app.core.errors import PlatformError
from app.core.ports import Authenticator, EndReason
from app.ui.connections import Connections
from app.ui.page_state import Console
from app.ui.socket_messages import written_event

EVERY_SECONDS = 3.0
"""A tab shows its data so long at most after its session has ended."""

SENTENCES = {
    EndReason.EXPIRED: "You were signed out because your session had reached its end.",
    EndReason.SIGNED_OUT: "You signed out in another tab.",
    EndReason.ENDED_BY_USER: "You ended this session from another browser or device.",
    EndReason.REVOKED: "An administrator ended your session.",
    EndReason.REPLACED: "Somebody signed in again in another tab of this browser.",
    EndReason.SUSPENDED: "Your account is suspended. An administrator can tell you why.",
    EndReason.OUTDATED: "All your sessions were ended, as happens with a new password or address.",
    EndReason.DELETED: "Your account is no more. An administrator can tell you why.",
}
"""Why somebody is signed out, to that person."""


async def watch_sessions(
    connections: Connections, authenticator: Authenticator, *, every_seconds: float = EVERY_SECONDS
) -> None:
    """Tell tabs whose session has ended, from time to time and for good.

    Whoever ends a session may do so in another worker or by the command line, or nobody does: it
    runs out.
    """
    while True:
        await asyncio.sleep(every_seconds)
        # The next round asks again.
        with suppress(PlatformError, DBAPIError, OSError):
            await tell_ended(connections, authenticator)


async def tell_ended(connections: Connections, authenticator: Authenticator) -> None:
    """Tell those tabs whose session has ended that do not know yet."""
    asked = {UUID(each.session_id) for each in connections.untold()}
    if not asked:
        return
    ended = await authenticator.ended(asked)
    for socket in connections.untold():
        why = ended.get(UUID(socket.session_id))
        if why is not None:
            await socket.tell(_ended_frame(why))


def _ended_frame(why: str) -> str:
    values = {f"session_ended{FIELD_MARKER}": True, f"ended_because{FIELD_MARKER}": why}
    return written_event({"delta": {Console.get_full_name(): values}})
