"""State of the audit list."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode

import pytest
import time_machine

from app.core.actor import SYSTEM
from app.core.unit_of_work import UnitOfWork
from app.features.audit.state import AuditList
from app.features.users.schemas import UserUpdate
from app.features.users.service import UserService
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

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
            "Created a user",
            "Succeeded",
        ]

    async def test_counts_no_more_than_it_lists(self, tab: Tab, make_user: UserFactory) -> None:
        """Count and rows look at the same entries, page by page."""
        for _ in range(3):
            await make_user()
        tab.at("/audit?action=user.create&limit=2")
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        newest = [row.id for row in state.rows]

        tab.at(state.next_address)
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
            {
                "field": "Name",
                "before": "Grace",
                "after": "Grace Hopper",
            }
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
class TestChips:
    """The filters in force, in words."""

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("since=30d", "last 30 days"),
            ("since=48h", "last 48 hours"),
            ("since=2026-01-31", "2026-01-31"),
            ("until=2026-01-31T10:00:00%2B00:00", "2026-01-31 10:00:00 UTC"),
            ("module=users,roles", "Users, Roles"),
            ("target_type=handler", "Console call"),
            ("access_only=true", "changes to permissions"),
            ("reads=none", "Left out"),
            ("q=ada", "ada"),
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


@pytest.mark.actor("admin")
class TestPeriod:
    """Choosing a time."""

    async def test_a_preset_takes_the_place_of_days(self, tab: Tab) -> None:
        """The last hour does not end a year ago."""
        tab.at("/audit?since=2026-01-01&until=2026-01-31&outcome=denied")
        await tab.call(AuditList.load)

        assert await tab.goes_to(AuditList.choose_period, "1h") == "/audit?since=1h&outcome=denied"
        assert await tab.goes_to(AuditList.choose_period, "") == "/audit?outcome=denied"

    async def test_days(self, tab: Tab) -> None:
        """From one day to another; either may be open."""
        await tab.call(AuditList.load)
        await tab.call(AuditList.ask_days)

        both = {"since": "2026-01-01", "until": "2026-01-31"}
        address = "/audit?since=2026-01-01&until=2026-01-31"
        assert await tab.goes_to(AuditList.choose_days, both) == address
        assert not (await tab.of(AuditList)).choosing_days
        one = {"since": "", "until": "2026-01-31"}
        assert await tab.goes_to(AuditList.choose_days, one) == "/audit?until=2026-01-31"

    @pytest.mark.parametrize(
        ("form", "field"),
        [
            ({"since": "2026-01-31", "until": "2026-01-30"}, "until"),
            ({"since": "soon"}, "since"),
            ({"until": "9999-12-31"}, "until"),
        ],
    )
    async def test_impossible_days(self, tab: Tab, form: dict[str, str], field: str) -> None:
        """The field says what is wrong; the list stays as it is."""
        await tab.call(AuditList.load)

        assert await tab.call(AuditList.choose_days, form) == []
        assert list((await tab.of(AuditList)).field_errors) == [field]

    async def test_a_bar(self, tab: Tab) -> None:
        """What the chart counts is listed; the outcome stays where the bar is of all."""
        tab.at("/audit?module=users")
        await tab.call(AuditList.load)
        start, end = "2026-01-31T10:00:00Z", "2026-01-31T11:00:00Z"

        where = await tab.goes_to(AuditList.choose_bar, start, end, "denied")

        assert parse_qs(where.partition("?")[2]) == {
            "module": ["users"],
            "since": [start],
            "until": [end],
            "outcome": ["denied"],
        }
        assert "outcome" not in await tab.goes_to(AuditList.choose_bar, start, end, "")


@pytest.mark.actor("admin")
class TestNews:
    """What comes while one looks."""

    async def test_is_counted_and_not_shown(self, tab: Tab, make_user: UserFactory) -> None:
        """The rows stay; asking again counts nothing twice."""
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        before = list(state.rows)
        await make_user()
        await make_user()

        await tab.call(AuditList.look_for_news)
        await tab.call(AuditList.look_for_news)

        assert state.news == 2
        assert state.rows == before

    async def test_is_shown_when_asked_for(self, tab: Tab, make_user: UserFactory) -> None:
        """Then there is no news any more."""
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        count = len(state.rows)
        await make_user()
        await tab.call(AuditList.look_for_news)
        [event] = await tab.call(AuditList.show_news)

        await tab.call(AuditList.load)

        assert event.name == f"{AuditList.get_full_name()}.load"
        assert (state.news, len(state.rows)) == (0, count + 1)

    @pytest.mark.parametrize("query", ["outcome=denied", "sort=at", "q=nobody", "since=yesterday"])
    async def test_of_something_else(self, tab: Tab, make_user: UserFactory, query: str) -> None:
        """What would not be on top of this very list is no news."""
        tab.at(f"/audit?{query}")
        await tab.call(AuditList.load)
        await make_user()

        await tab.call(AuditList.look_for_news)

        assert (await tab.of(AuditList)).news == 0


@pytest.mark.actor("admin")
class TestActivity:
    """The charts."""

    async def test_count_what_is_listed(self, tab: Tab, make_user: UserFactory) -> None:
        """Bars, actions and people of the same entries; another list is another version."""
        await make_user()
        tab.at("/audit?action=user.create")
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        version = state.charted
        await tab.call(AuditList.load_activity)

        assert state.counted == state.total == 2
        assert sum(bar["succeeded"] for bar in state.bars) == 2
        assert state.frequent_actions == [
            {"value": "user.create", "label": "Created a user", "count": 2}
        ]
        tab.at("/audit?action=user.delete")
        await tab.call(AuditList.load)
        assert state.charted not in ("", version)


@pytest.mark.actor("admin")
class TestPeople:
    """Finding somebody to filter by."""

    async def test_are_found_by_name(self, tab: Tab, make_user: UserFactory) -> None:
        """Who is chosen is named on the chip, though they have done nothing."""
        user = await make_user(display_name="Grace Hopper", email="grace@example.com")
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)

        await tab.call(AuditList.find_people, "hopp")

        assert state.may_find_people
        assert state.people_options == [
            {
                "value": str(user.id),
                "label": "Grace Hopper",
                "detail": "grace@example.com",
                "group": "",
            }
        ]
        tab.at(f"/audit?actor_id={user.id}")
        await tab.call(AuditList.load)
        assert [chip["value"] for chip in state.chips] == ["Grace Hopper"]

    @pytest.mark.actor(grants=["audit.read"])
    async def test_only_by_those_who_may_see_them(self, tab: Tab, make_user: UserFactory) -> None:
        """Others find nobody, and are not asked to look."""
        await make_user(display_name="Grace Hopper")
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)

        await tab.call(AuditList.find_people, "hopp")

        assert not state.may_find_people
        assert state.people_options == []


@pytest.mark.actor("admin")
class TestNeighbours:
    """What stands beside the open entry."""

    async def test_above_and_below(self, tab: Tab, make_user: UserFactory) -> None:
        """The list's own order; nothing beyond its ends, or for what is not in it."""
        await make_user()
        await make_user()
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)
        ids = [row.id for row in state.rows]

        async def beside(entry_id: str, query: str = "") -> tuple[str, str]:
            tab.at(f"/audit?{query}entry={entry_id}")
            await tab.call(AuditList.load)
            assert state.entry.id == entry_id
            return state.newer_id, state.older_id

        assert await beside(ids[0]) == ("", ids[1])
        assert await beside(ids[1]) == (ids[0], ids[2])
        assert await beside(ids[-1]) == (ids[-2], "")
        assert await beside(ids[0], "outcome=denied&") == ("", "")

    async def test_of_the_same_request(
        self, tab: Tab, platform: Platform, make_user: UserFactory
    ) -> None:
        """The others, oldest first, without the open one; at most twenty."""
        user = await make_user()
        async with platform.caller(SYSTEM).unit() as unit:
            users = await unit.get(UserService)
            for number in range(22):
                await users.update(user.id, UserUpdate(display_name=f"Name {number}"))
            await (await unit.get(UnitOfWork)).commit()
        entries = await platform.audit(action="user.update")
        tab.at(f"/audit?entry={entries[1].id}")
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)

        expected = [str(each.id) for each in (entries[0], *entries[2:21])]
        assert [row.id for row in state.neighbours] == expected
        assert state.has_more_neighbours
