"""Refused calls of people who are not signed in: counted, instead of a row of the trail for each.

Whoever need not sign in could fill the audit trail as fast as requests come. So their refusals are
counted by address, in memory, and a job writes one entry an address and minute.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.core import clock

_MOST_ADDRESSES = 1_000
_MOST_SAMPLES = 10
OTHER_ADDRESSES = "other addresses"
"""Stands for all that came after the most that are told apart."""


@dataclass(slots=True)
class RefusedCalls:
    """The refused calls from one address.

    Attributes:
        address: The network that counts as one address.
        first_at: When the first of them came.
        last_at: When the last of them came.
        codes: How many, by error code.
        samples: Some of the operations that were called.
    """

    address: str
    first_at: datetime
    last_at: datetime
    codes: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)


class StrangerRefusals:
    """Counts them until they are written. Lives as long as the process.

    Args:
        network_of: Which network an address belongs to.
    """

    def __init__(self, network_of: Callable[[str], str] = str) -> None:
        self._network_of = network_of
        self._by_address: dict[str, RefusedCalls] = {}

    def count(self, address: str, called: str, error_code: str) -> None:
        """Count one refused call."""
        now = clock.now()
        network = self._network_of(address)
        found = self._by_address.get(network)
        if found is None:
            if len(self._by_address) >= _MOST_ADDRESSES:
                network = OTHER_ADDRESSES
            found = self._by_address.setdefault(network, RefusedCalls(network, now, now))
        found.last_at = now
        found.codes[error_code] += 1
        if called not in found.samples and len(found.samples) < _MOST_SAMPLES:
            found.samples.append(called)

    def take(self) -> list[RefusedCalls]:
        """What was counted so far, to be written; counting begins anew."""
        taken, self._by_address = self._by_address, {}
        return list(taken.values())

    def put_back(self, taken: list[RefusedCalls]) -> None:
        """Count again what could not be written."""
        for calls in taken:
            since = self._by_address.setdefault(calls.address, calls)
            if since is not calls:
                since.first_at = calls.first_at
                since.codes += calls.codes
