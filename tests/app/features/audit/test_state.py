"""State of the audit list."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import pytest
import time_machine
from sqlalchemy import delete, update

from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.errors import Invalid
from app.features.audit.service import SealService
from app.features.audit.state import AuditList, TrailCheck, moment
from app.features.users.schemas import UserUpdate
from app.features.users.service import UserService
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.tab import Tab

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.actor("admin")
class TestLoad:
    """Loading the list."""

    async def test_shows_newest_first(self, tab: Tab, make_user: UserFactory) -> None:
        """What happened last stands on top, told in words."""
        await make_user(email="grace@example.com")
        tab.at("/audit")

        await tab.call(AuditList.load)

        state = await tab.of(AuditList)
        assert state.rows[0].title == "Created user grace@example.com"
        assert state.rows[0].who == "System"
        assert not state.rows[0].is_person
        assert (state.first, state.last) == (1, state.total)
        assert not state.loading

    async def test_takes_filters_from_address(self, tab: Tab, make_user: UserFactory) -> None:
        """A link names the action, the outcome and the time; the chips say so in words."""
        await make_user()
        tab.at("/audit?action=user.create&outcome=succeeded&since=24h")

        await tab.call(AuditList.load)

        state = await tab.of(AuditList)
        assert {row.action for row in state.rows} == {"user.create"}
        assert [chip["value"] for chip in state.chips] == [
            "last 24 hours",
            "Succeeded",
            "Created a user",
        ]

    async def test_counts_no_more_than_it_lists(self, tab: Tab, make_user: UserFactory) -> None:
        """Count and rows look at the same entries, page by page."""
        for _ in range(3):
            await make_user()
        tab.at("/audit?action=user.create&limit=2")
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        newest = [row.id for row in state.rows]

        tab.at(await tab.goes_to(AuditList.go_next))
        await tab.call(AuditList.load)

        assert len(newest) == 2
        assert state.total == 4  # The actor of this test was created too.
        assert (state.first, state.last) == (3, 4)
        assert not set(newest) & {row.id for row in state.rows}

    async def test_names_actor_and_target_on_chips(self, tab: Tab, make_user: UserFactory) -> None:
        """Nobody knows people by their ids."""
        user = await make_user(email="grace@example.com")
        tab.at(f"/audit?target_type=user&target_id={user.id}")

        await tab.call(AuditList.load)

        state = await tab.of(AuditList)
        assert {"key": "target_id", "label": "About", "value": "grace@example.com"} in state.chips

    @pytest.mark.parametrize("query", ["since=yesterday", "actor_id=1", "outcome=x", "cursor=x"])
    async def test_says_what_is_wrong_with_an_address(self, tab: Tab, query: str) -> None:
        """A mistyped address shows neither everything nor what was there before."""
        await tab.call(AuditList.load)
        tab.at(f"/audit?{query}")

        await tab.call(AuditList.load)

        state = await tab.of(AuditList)
        assert state.problem.title == "Invalid input"
        assert state.rows == []
        assert not state.loading

    @pytest.mark.parametrize(
        ("since", "is_all"),
        [
            ("0001-01-01T00:00+14:00", True),
            ("9999-12-31T23:59-12:00", False),
            ("9999d", True),
        ],
    )
    async def test_knows_no_impossible_time(self, tab: Tab, since: str, is_all: bool) -> None:
        """The beginning and the end of all times are times too."""
        tab.at(f"/audit?{urlencode({'since': since})}")

        await tab.call(AuditList.load)

        state = await tab.of(AuditList)
        assert state.problem.message == ""
        assert bool(state.rows) == is_all

    @pytest.mark.actor(grants=["user.read"])
    async def test_is_refused_without_permission(self, tab: Tab) -> None:
        """The service decides, whatever the event guard let through."""
        await tab.call(AuditList.load)

        state = await tab.of(AuditList)
        assert state.problem.permission == "audit.read"
        assert state.rows == []


@pytest.mark.actor("admin")
class TestEntry:
    """The entry that is open beside the list."""

    async def test_opens_by_address(self, tab: Tab, make_user: UserFactory, call: Caller) -> None:
        """The address of an entry shows its changes and circumstances."""
        user = await make_user(display_name="Grace")
        await call(UserService.update, user.id, UserUpdate(display_name="Grace Hopper"))
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        tab.at("/audit?entry=" + state.rows[0].id)

        await tab.call(AuditList.load)

        assert state.entry.who == "Actor"
        assert state.entry.changes == [
            {"field": "Name", "before": "Grace", "after": "Grace Hopper"}
        ]
        assert {"name": "Through", "value": "REST API", "exact": ""} in state.entry.facts
        assert state.entry.target_href == f"/users/{user.id}"

    async def test_shows_values_of_what_is_new_or_gone(
        self, tab: Tab, make_user: UserFactory, call: Caller
    ) -> None:
        """Nobody compares with nothing, nor reads an id twice."""
        user = await make_user(display_name="Grace")
        await call(UserService.delete, user.id)
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        deleted, created = [
            row.id for row in state.rows if row.action in ("user.delete", "user.create")
        ][:2]
        tab.at("/audit?entry=" + created)
        await tab.call(AuditList.load)
        new = state.entry
        tab.at("/audit?entry=" + deleted)

        await tab.call(AuditList.load)

        assert new.changes == state.entry.changes == []
        assert not new.is_gone
        assert state.entry.is_gone
        for values in (new.contents, state.entry.contents):
            assert {"name": "Name", "value": "Grace"} in values
            assert "Id" not in [value["name"] for value in values]

    async def test_leaves_the_list_alone(self, tab: Tab, make_user: UserFactory) -> None:
        """What happened since does not move the rows while one reads an entry."""
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        before = list(state.rows)
        await make_user()
        tab.at("/audit?entry=" + before[0].id)

        await tab.call(AuditList.load)

        assert state.rows == before

    async def test_reload_shows_what_is_new(self, tab: Tab, make_user: UserFactory) -> None:
        """The same address again loads the list again."""
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        before = list(state.rows)
        await make_user()

        await tab.call(AuditList.load)

        assert len(state.rows) == len(before) + 1

    async def test_closes_to_the_same_page_of_the_list(self, tab: Tab) -> None:
        """Filters and page stay."""
        tab.at("/audit?outcome=succeeded")
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        tab.at("/audit?outcome=succeeded&entry=" + state.rows[0].id)
        await tab.call(AuditList.load)

        where = await tab.goes_to(AuditList.close_entry)

        assert where == "/audit?outcome=succeeded"
        assert state.entry.id == ""

    @pytest.mark.parametrize("entry_id", ["x", "018f3a5e-7c1b-7d9a-9f3e-2b1c4d5e6f70"])
    async def test_unknown_entry_is_said(self, tab: Tab, entry_id: str) -> None:
        """The list is shown, with a message."""
        tab.at(f"/audit?entry={entry_id}")

        await tab.call(AuditList.load)

        assert await tab.messages() == ["There is no such audit entry."]
        assert (await tab.of(AuditList)).rows

    async def test_wrong_address_does_not_keep_it_open(self, tab: Tab) -> None:
        """An entry does not stay open over a list that cannot be shown."""
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        tab.at("/audit?entry=" + state.rows[0].id)
        await tab.call(AuditList.load)
        tab.at("/audit?since=yesterday")

        await tab.call(AuditList.load)

        assert state.entry.id == ""


@pytest.mark.actor("admin")
class TestFindRequest:
    """Finding what one request did."""

    async def test_goes_to_its_entries(self, tab: Tab) -> None:
        """An id pasted with spaces around it is found."""
        await tab.call(AuditList.load)

        assert await tab.goes_to(AuditList.find_request, " abc ") == "/audit?request_id=abc"

    async def test_does_nothing_twice(self, tab: Tab) -> None:
        """The search field says its text once more when the page was loaded."""
        tab.at("/audit?request_id=abc")
        await tab.call(AuditList.load)

        assert await tab.call(AuditList.find_request, "abc") == []


@pytest.mark.actor("admin")
class TestChips:
    """The filters in force, in words."""

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("since=30d", "last 30 days"),
            ("since=48h", "last 48 hours"),
            ("since=2026-01-31", "since 2026-01-31"),
            ("outcome=failed", "Failed"),
            ("actor_id=018f3a5e-7c1b-7d9a-9f3e-2b1c4d5e6f70", "018f3a5e…"),
            ("request_id=abc", "abc"),
        ],
    )
    async def test_are_words(self, tab: Tab, query: str, words: str) -> None:
        """Periods and outcomes as on the menus; unknown ids are cut."""
        tab.at(f"/audit?{query}")

        await tab.call(AuditList.load)

        assert [chip["value"] for chip in (await tab.of(AuditList)).chips] == [words]

    async def test_name_the_actor(self, tab: Tab) -> None:
        """Whose doings are listed is said by name."""
        tab.at(f"/audit?actor_id={tab.actor.user_id}")

        await tab.call(AuditList.load)

        assert [chip["value"] for chip in (await tab.of(AuditList)).chips] == ["Actor"]


class TestMoment:
    """The time that a list begins with."""

    @time_machine.travel(NOW, tick=False)
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1h", NOW - timedelta(hours=1)),
            ("30d", NOW - timedelta(days=30)),
            ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
            ("2026-01-31T10:00+02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ],
    )
    def test_is_read(self, text: str, expected: datetime) -> None:
        """A period ending now, a day in UTC, or a moment."""
        assert moment(text) == expected

    @pytest.mark.parametrize("text", ["", "h", "99999d", "1w", "2026-13-01", "٣d"])
    def test_nonsense_is_refused(self, text: str) -> None:
        """What is no time says how to write one."""
        with pytest.raises(Invalid, match="2026-01-31"):
            moment(text)


@pytest.mark.actor("admin")
class TestCheck:
    """Verifying the trail."""

    async def run(self, tab: Tab) -> TrailCheck:
        """Press the button, and wait until it is done."""
        events = await tab.call(TrailCheck.start)
        while events:
            assert [event.name.rpartition(".")[2] for event in events] == ["go_on"]
            events = await tab.call(TrailCheck.go_on)
        return await tab.of(TrailCheck)

    async def test_sound(self, tab: Tab, platform: Platform, make_user: UserFactory) -> None:
        """A trail as it was written is said to be one, and what waits is counted."""
        await platform.caller(SYSTEM)(SealService.seal)
        await make_user()

        check = await self.run(tab)

        assert (check.is_open, check.is_running, check.faults, check.done) == (True, False, 0, 1000)
        assert re.fullmatch(
            r"\d+ entries verified\. 1 new entry waits for the next seal\.", check.sentence
        )

    async def test_findings(self, tab: Tab, platform: Platform) -> None:
        """What was altered is listed and leads to the entry; what is gone leads nowhere."""
        await platform.caller(SYSTEM)(SealService.seal)
        first, second, *_ = await platform.audit()
        async with (await platform.database()).writing.begin() as connection:
            await connection.execute(
                update(AuditEntry).where(AuditEntry.id == first.id).values(actor_name="Mallory")
            )
            await connection.execute(delete(AuditEntry).where(AuditEntry.id == second.id))

        check = await self.run(tab)

        assert check.faults == 2
        assert [found["href"] for found in check.findings] == [f"/audit?entry={first.id}", ""]

    async def test_can_be_stopped(self, tab: Tab) -> None:
        """A closed dialog does not go on, and opens anew from the beginning."""
        await tab.call(TrailCheck.start)
        await tab.call(TrailCheck.close)

        assert await tab.call(TrailCheck.go_on) == []
        assert not (await tab.of(TrailCheck)).is_open


@pytest.mark.actor("admin")
async def test_export_follows_the_filters(tab: Tab) -> None:
    """The export's address has what the list is narrowed to, with the moment as the API wants."""
    tab.at("/audit?since=24h&outcome=denied")
    with time_machine.travel(NOW, tick=False):
        await tab.call(AuditList.load)
        exported = (await tab.of(AuditList)).exported

    assert parse_qs(exported) == {
        "since": ["2026-03-03T12:00:00+00:00"],
        "outcome": ["denied"],
    }
