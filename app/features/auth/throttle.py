"""How long sign-in is refused after failures.

Three counters, so that neither one guesser with many accounts nor many
guessers with one account get far, and nobody can lock an administrator out
for good: the account-wide delay stays short, does not grow by attempts made
while it lasts, and does not apply where the user has signed in before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.admission.addresses import network_of
from app.core.crypto import hash_token

FORGET_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """The first `free` failures cost nothing, then the delay doubles from 1 s to `longest`."""

    free: int
    longest: timedelta

    def delay(self, failures: int) -> timedelta:
        """How long to refuse after this many failures."""
        if failures < self.free:
            return timedelta()
        return min(timedelta(seconds=2 ** min(failures - self.free, 20)), self.longest)


PAIR = Limit(free=5, longest=timedelta(minutes=15))
ADDRESS = Limit(free=50, longest=timedelta(minutes=15))
ACCOUNT = Limit(free=20, longest=timedelta(seconds=30))


@dataclass(frozen=True, slots=True)
class ThrottleKeys:
    """The three counters that one attempt touches."""

    pair: str
    address: str
    account: str

    @classmethod
    def of(cls, email: str, address: str) -> "ThrottleKeys":
        """The keys of an attempt on an account (existing or not) from an address."""
        network = network_of(address)
        return cls(
            pair=hash_token(f"pair:{email}:{network}"),
            address=hash_token(f"address:{network}"),
            account=hash_token(f"account:{email}"),
        )

    @property
    def limits(self) -> Mapping[str, Limit]:
        """The limit of each key."""
        return {self.pair: PAIR, self.address: ADDRESS, self.account: ACCOUNT}


def seconds_left(blocked_until: datetime, now: datetime) -> int:
    """Whole seconds until the delay is over, at least 0."""
    return max(0, -int((now - blocked_until).total_seconds() // 1))
