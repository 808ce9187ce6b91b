"""How many sockets somebody may have, and how much may be sent through them."""

from enum import StrEnum

from app.admission.budgets import Counters, Rate
from app.settings import RateLimitingSettings

_STRANGERS = 1000
_STRANGERS_OF_AN_ADDRESS = 50
_STRANGERS_HANDSHAKES = Rate(120, 60)
"""Each brings a client token of its own."""
_FAR_OVER = 2
"""So many times its budget, and a socket is closed."""
_MALFORMED = 20
"""So many malformed messages, and a socket is closed."""


class Verdict(StrEnum):
    """What becomes of an event."""

    GO_ON = "go on"
    REFUSE = "refuse"
    CLOSE = "close"


class SocketQuotas:
    """The quotas of this process; each worker has its own.

    Strangers, who are not signed in, have a session id of "" and share what their address has.

    Args:
        settings: The rates.
        counters: Where they are counted.
    """

    def __init__(self, settings: RateLimitingSettings, counters: Counters) -> None:
        self._settings = settings
        self._counters = counters
        self._events = Rate.parse(settings.events_per_session)

    def has_room(self, *, of_address: int, of_session: int, is_stranger: bool) -> bool:
        """Whether one more socket may be opened.

        Args:
            of_address: How many are open from its network.
            of_session: How many its session has open; of a stranger, how many all strangers have.
            is_stranger: Whether it has no session.
        """
        if not self._settings.enabled:
            return True
        if is_stranger:
            return of_session < _STRANGERS and of_address < _STRANGERS_OF_AN_ADDRESS
        return (
            of_address < self._settings.sockets_per_ip
            and of_session < self._settings.sockets_per_session
        )

    async def may_connect(self, address: str, session_id: str) -> bool:
        """Whether a handshake may go on; it counts."""
        if not self._settings.enabled:
            return True
        if not session_id:
            key = f"socket:{address}"
            return not (await self._counters.spend(key, _STRANGERS_HANDSHAKES)).is_exceeded
        return await self.judge(address, session_id) is Verdict.GO_ON

    async def judge(self, address: str, session_id: str) -> Verdict:
        """What becomes of an event; it counts."""
        if not self._settings.enabled:
            return Verdict.GO_ON
        key = f"events:{session_id or address}"
        budget = await self._counters.spend(key, self._events)
        if not budget.is_exceeded:
            return Verdict.GO_ON
        return Verdict.CLOSE if budget.spent > budget.limit * _FAR_OVER else Verdict.REFUSE

    def judge_malformed(self, count: int) -> Verdict:
        """What becomes of a socket that has sent so many malformed messages."""
        too_many = self._settings.enabled and count >= _MALFORMED
        return Verdict.CLOSE if too_many else Verdict.REFUSE
