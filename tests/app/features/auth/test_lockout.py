"""Guessing passwords: slowed down from every side, and no weapon against the owner."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pydantic import SecretStr

from app.core.errors import RateLimited, Unauthenticated
from app.core.refusals import StrangerRefusals
from app.features.auth.schemas import Credentials
from app.features.auth.service import AuthService
from app.features.auth.throttle import ACCOUNT, ADDRESS, PAIR
from app.features.users.schemas import UserRead
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still unless it is moved."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
async def ada(clock: time_machine.Traveller, make_user: UserFactory) -> UserRead:
    """Whose password is guessed."""
    return await make_user(email="ada@example.com")


class Door:
    """Tries passwords, and says what came of it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    async def knock(
        self, password: str, *, email: str = "ada@example.com", address: str = HOME
    ) -> str:
        """One attempt: `in`, `wrong`, or the seconds to wait."""
        credentials = Credentials(email=email, password=SecretStr(password))
        try:
            await self.platform.caller(address=address)(AuthService.issue_tokens, credentials)
        except Unauthenticated:
            return "wrong"
        except RateLimited as error:
            return str(error.retry_after_seconds)
        return "in"

    async def fail(self, times: int, **where: str) -> None:
        """Fail some times; all of them must be answered as wrong."""
        assert [await self.knock("wrong", **where) for _ in range(times)] == ["wrong"] * times


@pytest.fixture
def door(platform: Platform) -> Door:
    """The door to the platform."""
    return Door(platform)


class TestPair:
    """One address guessing at one account."""

    async def test_first_failures_are_free(self, door: Door, ada: UserRead) -> None:
        """Whoever mistypes a few times is not delayed."""
        await door.fail(PAIR.free - 1)

        assert await door.knock(PASSWORD) == "in"

    async def test_delay_doubles(
        self, door: Door, ada: UserRead, clock: time_machine.Traveller
    ) -> None:
        """After that each failure doubles the wait, up to a quarter of an hour."""
        await door.fail(PAIR.free)
        waits = []
        for _ in range(12):
            wait = int(await door.knock("wrong"))
            waits.append(wait)
            clock.shift(timedelta(seconds=wait))
            await door.fail(1)

        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]

    async def test_right_password_waits_too(
        self, door: Door, ada: UserRead, clock: time_machine.Traveller
    ) -> None:
        """While the delay lasts, nobody learns whether a guess is right."""
        await door.fail(PAIR.free)

        assert await door.knock(PASSWORD) == "1"
        clock.shift(timedelta(seconds=1))
        assert await door.knock(PASSWORD) == "in"

    async def test_attempts_in_the_meantime_do_not_count(
        self, door: Door, ada: UserRead, clock: time_machine.Traveller
    ) -> None:
        """An impatient user does not make it worse."""
        await door.fail(PAIR.free + 0)
        assert [await door.knock("wrong") for _ in range(20)] == ["1"] * 20

        clock.shift(timedelta(seconds=1))
        assert await door.knock(PASSWORD) == "in"

    async def test_success_starts_anew(self, door: Door, ada: UserRead) -> None:
        """After a success the first failures are free again."""
        await door.fail(PAIR.free - 1)
        assert await door.knock(PASSWORD) == "in"

        await door.fail(PAIR.free - 1)

        assert await door.knock(PASSWORD) == "in"

    async def test_is_forgotten_after_an_hour(
        self, door: Door, ada: UserRead, clock: time_machine.Traveller
    ) -> None:
        """Failures of long ago do not count."""
        await door.fail(PAIR.free - 1)
        clock.shift(timedelta(minutes=61))

        await door.fail(PAIR.free - 1)

        assert await door.knock(PASSWORD) == "in"

    async def test_other_spellings_are_the_same_account(self, door: Door, ada: UserRead) -> None:
        """Writing the address differently is no new chance."""
        for email in ("ADA@example.com", " ada@example.com", "Ada@EXAMPLE.com", "adA@example.com"):
            await door.fail(1, email=email)
        await door.fail(1)

        assert await door.knock("wrong", email="aDa@example.com") == "1"

    async def test_neighbours_in_an_ipv6_network_are_one(self, door: Door, ada: UserRead) -> None:
        """A host with many addresses is one host."""
        for number in range(PAIR.free):
            await door.fail(1, address=f"2001:db8:0:1::{number}")

        assert await door.knock(PASSWORD, address="2001:db8:0:1:ffff::1") == "1"

    async def test_unknown_account_is_delayed_alike(self, door: Door, ada: UserRead) -> None:
        """The delay does not tell whether there is an account."""
        await door.fail(PAIR.free, email="nobody@example.com")

        assert await door.knock("wrong", email="nobody@example.com") == "1"

    async def test_is_recorded(self, platform: Platform, door: Door, ada: UserRead) -> None:
        """Each wrong password is in the audit trail; who is not even looked at is counted."""
        await door.fail(PAIR.free)
        await door.knock(PASSWORD)

        entries = await platform.audit(action="auth.token.issue", outcome="failed")
        assert {entry.error_code for entry in entries} == {"auth.credentials.wrong"}
        assert {entry.target_label for entry in entries} == {"ada@example.com"}
        assert len(entries) == PAIR.free
        [calls] = (await platform.container.get(StrangerRefusals)).take()
        assert calls.codes == {"auth.throttled": 1}


class TestAccount:
    """Many addresses guessing at one account."""

    async def distributed_failures(self, door: Door, times: int) -> None:
        """Fail once from each of many addresses."""
        for number in range(times):
            await door.fail(1, address=f"203.0.113.{number}")

    async def test_is_delayed_everywhere(self, door: Door, ada: UserRead) -> None:
        """After some failures from anywhere, a new address has to wait."""
        await self.distributed_failures(door, ACCOUNT.free)

        assert await door.knock(PASSWORD, address=ELSEWHERE) == "1"

    async def test_owner_gets_in_where_they_were_before(self, door: Door, ada: UserRead) -> None:
        """Where the owner has signed in before, others' guesses do not keep them out."""
        assert await door.knock(PASSWORD, address=HOME) == "in"
        await self.distributed_failures(door, ACCOUNT.free)
        assert await door.knock(PASSWORD, address=ELSEWHERE) == "1"

        assert await door.knock(PASSWORD, address=HOME) == "in"

    async def test_owner_gets_in_from_the_same_ipv6_network(
        self, door: Door, ada: UserRead
    ) -> None:
        """An IPv6 network counts as the same place, because hosts change addresses within it."""
        assert await door.knock(PASSWORD, address="2001:db8:0:1::a") == "in"
        await self.distributed_failures(door, ACCOUNT.free)
        assert await door.knock(PASSWORD, address="2001:db8:0:2::a") == "1"

        assert await door.knock(PASSWORD, address="2001:db8:0:1::b") == "in"

    async def test_nobody_is_locked_out_for_good(
        self, door: Door, ada: UserRead, clock: time_machine.Traveller
    ) -> None:
        """However many guesses, a new address waits half a minute at most, and then gets in."""
        for number in range(40):
            answer = await door.knock("wrong", address=f"203.0.{number // 250}.{number % 250}")
            if answer != "wrong":
                assert int(answer) <= 30
                clock.shift(timedelta(seconds=int(answer)))

        wait = await door.knock(PASSWORD, address=ELSEWHERE)
        if wait != "in":
            clock.shift(timedelta(seconds=30))
            assert await door.knock(PASSWORD, address=ELSEWHERE) == "in"

    async def test_delay_does_not_reach_other_accounts(
        self, door: Door, ada: UserRead, make_user: UserFactory
    ) -> None:
        """Somebody else is not delayed."""
        await make_user(email="grace@example.com")
        await self.distributed_failures(door, ACCOUNT.free)

        assert await door.knock(PASSWORD, email="grace@example.com") == "in"


class TestAddress:
    """One address guessing at many accounts."""

    async def test_is_delayed_for_all(self, door: Door, ada: UserRead) -> None:
        """After some failures with any accounts, the address has to wait."""
        for number in range(ADDRESS.free):
            await door.fail(1, email=f"user{number}@example.org", address=ELSEWHERE)

        assert await door.knock(PASSWORD, address=ELSEWHERE) == "1"
        assert await door.knock(PASSWORD, address=HOME) == "in"

    async def test_does_not_reach_whoever_is_known_there(
        self, door: Door, ada: UserRead, clock: time_machine.Traveller
    ) -> None:
        """Somebody who has signed in from the address before gets in; others there have to wait."""
        assert await door.knock(PASSWORD, address=ELSEWHERE) == "in"
        for number in range(ADDRESS.free):
            await door.fail(1, email=f"user{number}@example.org", address=ELSEWHERE)

        assert await door.knock(PASSWORD, email="new@example.org", address=ELSEWHERE) == "1"
        assert await door.knock(PASSWORD, address=ELSEWHERE) == "in"

    @pytest.mark.parametrize("counter", ["address", "account"])
    async def test_does_not_tell_who_is_known_there(
        self, door: Door, ada: UserRead, make_user: UserFactory, counter: str
    ) -> None:
        """While it lasts, wrong passwords get the same answers with known and unknown accounts."""
        assert await door.knock(PASSWORD, address=ELSEWHERE) == "in"
        await make_user(email="grace@example.com")
        emails = ["ada@example.com", "grace@example.com", "nobody@example.com"]
        if counter == "address":
            for number in range(ADDRESS.free):
                await door.fail(1, email=f"user{number}@example.org", address=ELSEWHERE)
        else:
            for email in emails:
                for number in range(ACCOUNT.free):
                    await door.fail(1, email=email, address=f"203.0.113.{number}")

        answers = {
            email: [
                await door.knock("wrong", email=email, address=ELSEWHERE)
                for _ in range(PAIR.free + 2)
            ]
            for email in emails
        }

        assert answers["ada@example.com"] == answers["grace@example.com"]
        assert answers["ada@example.com"] == answers["nobody@example.com"]
        assert "wrong" not in answers["ada@example.com"]

    async def test_own_account_does_not_clear_it(
        self, door: Door, ada: UserRead, clock: time_machine.Traveller
    ) -> None:
        """Signing in with an account of one's own in between does not reset the counter."""
        for number in range(ADDRESS.free - 1):
            await door.fail(1, email=f"user{number}@example.org", address=ELSEWHERE)
        assert await door.knock(PASSWORD, address=ELSEWHERE) == "in"

        await door.fail(1, email="last@example.org", address=ELSEWHERE)

        assert await door.knock("wrong", email="next@example.org", address=ELSEWHERE) == "1"
