"""Whoever types a password makes a guess; it is charged before it is checked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.admission.addresses import network_of
from app.core import clock
from app.core.errors import PlatformError, RateLimited
from app.core.hash_queue import too_busy
from app.core.passwords import PasswordHasher, PlaceInQueue
from app.core.unit_of_work import UnitOfWork
from app.features.auth.models import SignInThrottle
from app.features.auth.repository import (
    NEVER_BLOCKED,
    Account,
    SessionRepository,
    lock_throttles,
)
from app.features.auth.throttle import FORGET_AFTER, ThrottleKeys, seconds_left

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess that may be checked, and counts as a failure until it is forgiven.

    Attributes:
        place: Its place in the queue of the hasher, also for passwords that follow from it.
        refusal: What somebody unknown would have been answered here. Whoever is known gets this
            answer to a wrong password too: another one would tell that they are known.
        account: Whose password it is.
        keys: The counters of the guess.
        charged: Which of them were charged, and until when each refuses because of it.
    """

    place: PlaceInQueue
    refusal: PlatformError | None
    account: Account | None
    keys: ThrottleKeys
    charged: dict[str, datetime]

    async def fits(self, password: str) -> bool:
        """Whether the password is the account's; takes as long when there is no account."""
        return await self.place.fits(password, self.account.password_hash if self.account else None)


class GuessBudget:
    """Lets so many passwords be tried and no more, within one unit of work.

    Of any number of guesses at once no more are checked than are allowed, however slow the machine
    or the database is and however many workers there are: each is charged in a transaction of its
    own before it is checked, and forgiven in the transaction of the success.
    """

    def __init__(
        self, uow: UnitOfWork, sessions: SessionRepository, hasher: PasswordHasher
    ) -> None:
        self._uow = uow
        self._sessions = sessions
        self._hasher = hasher

    @asynccontextmanager
    async def guess(self, name: str, account: Account | None) -> AsyncIterator[Guess]:
        """Charge a guess; call it before anything was changed in the unit of work.

        Args:
            name: What is guessed at: the e-mail address, or a name of the operation's own with the
                user's id, so that failures of one are not held against the other.
            account: Whose password it is; None if there is no such account.

        Raises:
            RateLimited: Too many guesses were wrong before, or are being checked.
            Unavailable: Too many passwords are being checked.
        """
        address = self._uow.context.address
        keys = ThrottleKeys.of(name, address)
        # Most of a flood ends here, without a transaction.
        await self._refuse_blocked(keys)
        is_known = await self._sessions.is_known_address(
            account.id if account else _NOBODY, address
        )
        await self._uow.release()
        strangers, network = self._hasher.queue.strangers, network_of(address)
        refusal: PlatformError | None = too_busy() if strangers.is_full_for(network) else None
        if account is not None and is_known:
            line, whose = self._hasher.queue.known, str(account.id)
        else:
            line, whose = strangers, network
        if line is strangers and refusal is not None:
            await self._hasher.linger()
            raise refusal
        with self._hasher.place(line, whose) as place:
            charged, seconds = await self._charge(keys)
            if seconds:
                refusal = _throttled(seconds)
            if refusal is None or is_known:
                yield Guess(place, refusal, account, keys, charged)
                return
        await self._hasher.linger()
        raise refusal

    async def forgive(self, guess: Guess) -> None:
        """Give back what the guess was charged, and forget the failures of this account."""
        keys = {guess.keys.account, *guess.charged}
        throttles = await lock_throttles(self._uow.session, keys, clock.now())
        for key, throttle in throttles.items():
            # Failures with other accounts stay: an account of one's own must not clear them.
            if key == guess.keys.address and throttle.failures > 1:
                throttle.failures -= 1
                if throttle.blocked_until == guess.charged[key]:
                    throttle.blocked_until = NEVER_BLOCKED
            else:
                await self._uow.session.delete(throttle)
        await self._uow.session.flush()

    async def _refuse_blocked(self, keys: ThrottleKeys) -> None:
        throttles = await self._sessions.throttles(keys.pair, keys.address, keys.account)
        now = clock.now()
        if keys.pair in throttles and seconds_left(throttles[keys.pair].blocked_until, now):
            raise _throttled(
                max(seconds_left(each.blocked_until, now) for each in throttles.values())
            )

    async def _charge(self, keys: ThrottleKeys) -> tuple[dict[str, datetime], int]:
        """Count a failure.

        Returns:
            Until when each charged counter refuses now, and for how many seconds the counters of
            the address and the account refuse whoever is not known.

        Raises:
            RateLimited: The counter of the account at this address refuses everybody.
        """
        async with self._uow.aside() as session:
            throttles = await lock_throttles(session, keys.limits, clock.now())
            now = clock.now()
            left = {key: seconds_left(each.blocked_until, now) for key, each in throttles.items()}
            seconds = max(left.values())
            if left[keys.pair]:
                raise _throttled(seconds)
            # What refuses does not grow by attempts in the meantime.
            charged = [keys.pair] if seconds else list(throttles)
            for key in charged:
                _count(throttles[key], keys, now)
            return {key: throttles[key].blocked_until for key in charged}, seconds


def _count(throttle: SignInThrottle, keys: ThrottleKeys, now: datetime) -> None:
    if throttle.last_failure_at < now - FORGET_AFTER:
        throttle.failures = 0
    throttle.failures += 1
    throttle.last_failure_at = now
    delay = keys.limits[throttle.key].delay(throttle.failures)
    if delay:
        throttle.blocked_until = now + delay


def _throttled(seconds: int) -> RateLimited:
    message = f"Too many failed attempts. Try again in {seconds} s."
    return RateLimited("auth.throttled", message, retry_after_seconds=seconds)
