"""Quotas of sockets."""

import pytest

from app.admission.budgets import MemoryCounters
from app.admission.sockets import SocketQuotas, Verdict
from app.settings import RateLimitingSettings

ADDRESS = "192.0.2.1"


def quotas(**changes: object) -> SocketQuotas:
    """Quotas with small numbers."""
    given: dict[str, object] = {
        "enabled": True,
        "events_per_session": "3/day",
        "sockets_per_session": 2,
        "sockets_per_ip": 4,
    }
    return SocketQuotas(RateLimitingSettings.model_validate(given | changes), MemoryCounters())


class TestHasRoom:
    """How many sockets may be open."""

    @pytest.mark.parametrize(
        ("of_address", "of_session", "is_stranger", "has_room"),
        [
            (0, 0, False, True),
            (3, 1, False, True),
            (4, 1, False, False),
            (3, 2, False, False),
            (49, 999, True, True),
            (50, 999, True, False),
            (0, 1000, True, False),
        ],
    )
    def test_limits(
        self, of_address: int, of_session: int, is_stranger: bool, has_room: bool
    ) -> None:
        """An address, a session and all strangers together have a limit each."""
        answer = quotas().has_room(
            of_address=of_address, of_session=of_session, is_stranger=is_stranger
        )

        assert answer is has_room

    def test_switched_off(self) -> None:
        """Without rate limiting there is always room."""
        off = quotas(enabled=False)

        assert off.has_room(of_address=10**6, of_session=10**6, is_stranger=True)


class TestJudge:
    """How much may be sent."""

    async def test_events(self) -> None:
        """Beyond its budget a session is refused, far beyond it its socket is closed."""
        spender = quotas()
        verdicts = [await spender.judge(ADDRESS, "a") for _ in range(7)]

        assert verdicts == [Verdict.GO_ON] * 3 + [Verdict.REFUSE] * 3 + [Verdict.CLOSE]
        assert await spender.judge(ADDRESS, "b") is Verdict.GO_ON

    async def test_strangers_share(self) -> None:
        """Strangers of one address share a budget."""
        spender = quotas()
        for _ in range(4):
            last = await spender.judge(ADDRESS, "")

        assert last is Verdict.REFUSE
        assert await spender.judge("192.0.2.2", "") is Verdict.GO_ON

    async def test_switched_off(self) -> None:
        """Without rate limiting nothing is refused."""
        off = quotas(enabled=False)

        assert {await off.judge(ADDRESS, "a") for _ in range(100)} == {Verdict.GO_ON}
        assert await off.may_connect(ADDRESS, "")
        assert off.judge_malformed(10**6) is Verdict.REFUSE

    async def test_handshakes(self) -> None:
        """Strangers may knock so often; somebody signed in spends of the budget of events."""
        knocker = quotas()
        strangers = [await knocker.may_connect(ADDRESS, "") for _ in range(121)]
        signed_in = [await knocker.may_connect(ADDRESS, "a") for _ in range(4)]

        assert strangers.count(True) in (120, 121)
        assert signed_in == [True, True, True, False]

    def test_malformed(self) -> None:
        """Each malformed message is refused; with the twentieth the socket is closed."""
        assert quotas().judge_malformed(19) is Verdict.REFUSE
        assert quotas().judge_malformed(20) is Verdict.CLOSE
