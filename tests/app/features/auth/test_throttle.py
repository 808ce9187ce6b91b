"""How long sign-in is refused after failures."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.auth.throttle import ACCOUNT, ADDRESS, PAIR, Limit, ThrottleKeys, seconds_left

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class TestLimit:
    """The first failures are free, then the delay doubles up to a longest one."""

    @pytest.mark.parametrize(
        ("failures", "seconds"),
        [(0, 0), (2, 0), (3, 1), (4, 2), (5, 4), (6, 8), (9, 60), (1000, 60), (10**9, 60)],
    )
    def test_delay(self, failures: int, seconds: int) -> None:
        """Three free, then 1 s, 2 s, 4 s, … up to a minute."""
        limit = Limit(free=3, longest=timedelta(minutes=1))

        assert limit.delay(failures) == timedelta(seconds=seconds)

    @pytest.mark.parametrize("limit", [PAIR, ADDRESS, ACCOUNT])
    @given(failures=st.integers(0, 10**6))
    def test_delay_never_shrinks_nor_explodes(self, limit: Limit, failures: int) -> None:
        """One more failure never shortens the delay, and there is a longest one."""
        assert limit.delay(failures) <= limit.delay(failures + 1) <= limit.longest

    def test_nobody_is_locked_out_for_good(self) -> None:
        """What others can do to an account is short; what an address does to itself may be long."""
        assert ACCOUNT.longest <= timedelta(seconds=30)
        assert max(PAIR.longest, ADDRESS.longest) <= timedelta(minutes=15)
        assert PAIR.free < ACCOUNT.free < ADDRESS.free


class TestKeys:
    """The three counters that one attempt touches."""

    def test_differ_by_account_and_address(self) -> None:
        """Same account or same address share exactly the counters they should."""
        first = ThrottleKeys.of("ada@example.com", "192.0.2.1")
        elsewhere = ThrottleKeys.of("ada@example.com", "192.0.2.2")
        other = ThrottleKeys.of("grace@example.com", "192.0.2.1")

        assert (first.account == elsewhere.account, first.address == other.address) == (True, True)
        assert len({first.pair, elsewhere.pair, other.pair}) == 3
        assert len({first.address, elsewhere.address}) == 2
        assert len({first.account, other.account}) == 2
        assert len({first.pair, first.address, first.account}) == 3

    def test_count_an_ipv6_network_as_one(self) -> None:
        """A host that chooses among 2^64 addresses stays one host."""
        first = ThrottleKeys.of("ada@example.com", "2001:db8:1:2::1")
        same = ThrottleKeys.of("ada@example.com", "2001:db8:1:2:ffff:ffff:ffff:ffff")
        other = ThrottleKeys.of("ada@example.com", "2001:db8:1:3::1")

        assert first == same
        assert first.address != other.address

    @pytest.mark.parametrize(
        "address", ["", "unix:", "not an address", "::ffff:192.0.2.1", "fe80::1%eth0"]
    )
    def test_take_any_address(self, address: str) -> None:
        """Whatever the server says of the peer, there are keys that fit their column."""
        keys = ThrottleKeys.of("ada@example.com", address)

        assert [len(key) for key in keys.limits] == [64] * 3

    def test_do_not_show_the_account(self) -> None:
        """What is stored does not tell whom somebody tried to be."""
        assert "ada" not in str(ThrottleKeys.of("ada@example.com", "192.0.2.1"))

    def test_cannot_be_confused(self) -> None:
        """An account whose name looks like a pair has other counters."""
        one = ThrottleKeys.of("a:b", "c")
        other = ThrottleKeys.of("a", "b:c")

        assert one.account != other.account


class TestSecondsLeft:
    """Whole seconds until the delay is over."""

    @pytest.mark.parametrize(
        ("left", "seconds"), [(-5.0, 0), (0.0, 0), (0.001, 1), (1.0, 1), (1.001, 2), (59.5, 60)]
    )
    def test_rounds_up(self, left: float, seconds: int) -> None:
        """Whoever waits that long is not refused again."""
        assert seconds_left(NOW + timedelta(seconds=left), NOW) == seconds
