"""Counting the trail: the charts above its list, and what is new in it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import insert

from app.core.audit import AuditEntry
from app.core.errors import PermissionDenied
from app.core.ids import first_id_at
from app.features.audit import activity
from app.features.audit.activity import ActivityService
from app.features.audit.schemas import Activity, AuditFilter
from app.features.roles.schemas import GrantSpec
from app.testing.platform import Caller, Platform

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
ADA, BO = UUID(int=0xADA), UUID(int=0xB0)
NAMES = {ADA: "Ada", BO: "Bo", None: "Somebody"}


async def happen(platform: Platform, *happenings: dict[str, Any]) -> list[UUID]:
    """Write entries of an action that nothing else has; returns their ids."""
    rows = []
    for number, each in enumerate(happenings):
        at = each.get("at", NOW)
        actor_id = each.get("actor_id", ADA)
        rows.append(
            {
                "id": UUID(int=first_id_at(at).int + number),
                "at": at,
                "action": each.get("action", "test.happen"),
                "outcome": each.get("outcome", "succeeded"),
                "actor_kind": "user",
                "actor_id": actor_id,
                "actor_name": NAMES[actor_id],
                "changes": [],
                "detail": {},
                "request_id": "",
                "channel": "api",
            }
        )
    async with (await platform.database()).writing.begin() as connection:
        await connection.execute(insert(AuditEntry), rows)
    return [row["id"] for row in rows]


async def count(call: Caller, **filters: Any) -> Activity:
    """What the entries of the test are made of."""
    request = AuditFilter(**{"action": "test.happen", **filters})
    found: Activity = await call(ActivityService.activity, request)
    return found


@pytest.mark.actor("admin")
class TestBars:
    """Entries over time."""

    @time_machine.travel(NOW, tick=False)
    async def test_without_gaps(self, platform: Platform, call: Caller) -> None:
        """Each hour has a bar, until now, by outcome."""
        await happen(
            platform,
            {"at": NOW - timedelta(hours=30)},
            {"at": NOW - timedelta(hours=2), "outcome": "denied"},
            {"at": NOW - timedelta(hours=2), "outcome": "failed"},
            {"at": NOW - timedelta(hours=2), "outcome": "succeeded"},
        )

        found = await count(call)

        assert (found.count, found.is_cut) == (4, False)
        assert found.since == NOW - timedelta(hours=30)
        assert [bar.start for bar in found.bars] == [
            datetime(2026, 3, 3, 6, tzinfo=UTC) + timedelta(hours=number) for number in range(31)
        ]
        assert all(bar.end == bar.start + timedelta(hours=1) for bar in found.bars)
        assert sum(bar.succeeded for bar in found.bars) == 2
        busy = found.bars[-3]
        assert (busy.succeeded, busy.denied, busy.failed) == (1, 1, 1)

    @time_machine.travel(NOW, tick=False)
    @pytest.mark.parametrize(
        ("ago", "width"),
        [
            (timedelta(minutes=20), timedelta(minutes=1)),
            (timedelta(hours=20), timedelta(hours=1)),
            (timedelta(days=20), timedelta(hours=12)),
            (timedelta(days=40), timedelta(days=1)),
            (timedelta(days=3000), timedelta(days=91)),
        ],
    )
    async def test_are_as_wide_as_the_time_wants(
        self, platform: Platform, call: Caller, ago: timedelta, width: timedelta
    ) -> None:
        """Minutes, hours, days; never more bars than can be told apart."""
        await happen(platform, {"at": NOW - ago}, {"at": NOW})

        bars = (await count(call)).bars

        assert {bar.end - bar.start for bar in bars} == {width}
        assert len(bars) <= 60
        assert (bars[0].succeeded, bars[-1].succeeded) == (1, 1)

    @time_machine.travel(NOW, tick=False)
    async def test_cover_the_period(self, platform: Platform, call: Caller) -> None:
        """What was asked for is shown also where nothing happened."""
        await happen(platform, {"at": NOW - timedelta(hours=1)})
        since, until = NOW - timedelta(hours=10), NOW - timedelta(minutes=30)

        bars = (await count(call, since=since, until=until)).bars

        assert bars[0].start <= since < bars[0].end
        assert bars[-1].start <= until <= bars[-1].end

    async def test_of_nothing(self, call: Caller) -> None:
        """There are none."""
        found = await count(call)

        assert (found.count, found.since, found.bars) == (0, None, [])

    async def test_are_of_the_newest(
        self, platform: Platform, call: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beyond a limit older entries are not read, and that is said."""
        monkeypatch.setattr(activity, "MOST", 3)
        moments = [NOW - timedelta(days=days) for days in range(5)]
        await happen(platform, *({"at": at} for at in moments))

        found = await count(call)

        assert (found.count, found.is_cut) == (3, True)
        assert found.since == moments[2]
        assert sum(bar.succeeded for bar in found.bars) == 3


@pytest.mark.actor("admin")
class TestShares:
    """What and who is most frequent."""

    async def test_most_frequent_first(self, platform: Platform, call: Caller) -> None:
        """The actions and people of the same entries; what no person did counts for nobody."""
        await happen(
            platform,
            {"action": "test.rare", "actor_id": BO},
            *[{"action": "test.often"}] * 3,
            {"action": "test.often", "actor_id": None},
        )

        found = await count(call, action="test.often,test.rare")

        assert [(each.value, each.count) for each in found.actions] == [
            ("test.often", 4),
            ("test.rare", 1),
        ]
        assert [(each.value, each.name, each.count) for each in found.people] == [
            (str(ADA), "Ada", 3),
            (str(BO), "Bo", 1),
        ]

    async def test_only_what_matches(self, platform: Platform, call: Caller) -> None:
        """The filters of the list are those of the charts."""
        await happen(platform, {}, {"outcome": "denied", "actor_id": BO})

        found = await count(call, outcome="denied")

        assert found.count == 1
        assert [each.name for each in found.people] == ["Bo"]


@pytest.mark.actor("admin")
class TestNewer:
    """What came after an entry."""

    async def test_oldest_first(self, platform: Platform, call: Caller) -> None:
        """Only what matches and only what is beyond."""
        ids = await happen(platform, {}, {"outcome": "denied"}, {}, {})

        request = AuditFilter(action="test.happen", outcome="succeeded")

        assert await call(ActivityService.newer, request, ids[0]) == [ids[2], ids[3]]

    async def test_is_limited(
        self, platform: Platform, call: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a night there may be many."""
        monkeypatch.setattr(activity, "MOST_NEWS", 2)
        ids = await happen(platform, {}, {}, {})

        newer = await call(ActivityService.newer, AuditFilter(action="test.happen"), UUID(int=0))

        assert newer == ids[:2]


class TestAccess:
    """Who may count."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_needs_the_permission(self, platform: Platform, call: Caller) -> None:
        """Refused, and recorded once each."""
        with pytest.raises(PermissionDenied):
            await call(ActivityService.activity, AuditFilter())
        with pytest.raises(PermissionDenied):
            await call(ActivityService.newer, AuditFilter(), UUID(int=0))

        assert len(await platform.audit(action="audit.read", outcome="denied")) == 2

    @pytest.mark.actor(grants=[GrantSpec(permission="audit.read", rule="own")])
    async def test_counts_what_may_be_seen(self, platform: Platform, call: Caller) -> None:
        """A grant that is limited to some entries counts these only."""
        await happen(platform, {}, {"actor_id": BO})

        assert (await count(call)).count == 0
        request = AuditFilter(action="test.happen")
        assert await call(ActivityService.newer, request, UUID(int=0)) == []

    @pytest.mark.actor(
        grants=[
            GrantSpec(permission="audit.read"),
            GrantSpec(permission="user.read", readable=["email"]),
        ]
    )
    async def test_names_nobody_whose_name_is_hidden(
        self, platform: Platform, call: Caller
    ) -> None:
        """What a list of entries hides no chart shows."""
        await happen(platform, {}, {"actor_id": BO})

        found = await count(call)

        assert found.count == 2
        assert found.people == []
