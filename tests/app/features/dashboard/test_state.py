"""State of the overview."""

import pytest

from app.core.actor import ANONYMOUS
from app.core.errors import Unavailable
from app.core.health import ComponentHealth, HealthChecks
from app.features.dashboard.state import Overview
from app.features.users.service import UserService
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform
from app.ui.page_state import Console
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


class TestLoad:
    """Loading the overview."""

    @pytest.mark.actor("admin")
    async def test_shows_everything_to_administrators(
        self, tab: Tab, call: Caller, make_user: UserFactory
    ) -> None:
        """Numbers, chart, health and what happened last."""
        user = await make_user(email="grace@example.com")
        await call(UserService.suspend, user.id)

        await tab.call(Overview.load)

        state = await tab.of(Overview)
        assert state.active_users == "1"
        assert state.suspended == "1 suspended"
        assert len(state.days) == 30
        assert [row.name for row in state.components] == [
            "Server",
            "Database",
            "Migrations",
            "Writes",
        ]
        assert state.recent[0].title == "Suspended user grace@example.com"
        assert not state.loading

    @pytest.mark.actor("user")
    async def test_shows_others_their_own(self, tab: Tab, platform: Platform) -> None:
        """A plain user sees what they did, and is refused nothing."""
        await tab.call(Overview.load)

        state = await tab.of(Overview)
        assert [row.title for row in state.recent] == ["Signed in through the API"]
        assert state.active_users == ""
        assert state.days == []
        assert state.components == []
        assert await platform.audit(outcome="denied") == []

    @pytest.mark.actor("admin")
    async def test_numbers_lead_to_their_lists(self, tab: Tab) -> None:
        """The list behind a number begins on the day that the number begins."""
        await tab.call(Overview.load)

        state = await tab.of(Overview)
        assert state.failed_href.endswith("&outcome=failed")
        assert "action=auth.sign_in,auth.token.issue&since=20" in state.succeeded_href

    async def test_says_why_there_is_nothing(self, tab: Tab) -> None:
        """A session that ended in between is said once, over the page."""
        tab.actor = ANONYMOUS

        await tab.call(Overview.load)

        state = await tab.of(Overview)
        assert state.problem.message == ""
        assert state.loading

    @pytest.mark.actor("admin")
    async def test_failure_is_shown_in_place(
        self, tab: Tab, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A defect of ours shows the id to quote, not an old number."""

        async def broken(_self: HealthChecks) -> dict[str, ComponentHealth]:
            message = "no such thing"
            raise ZeroDivisionError(message)

        monkeypatch.setattr(HealthChecks, "run", broken)

        await tab.call(Overview.load)

        state = await tab.of(Overview)
        assert state.problem.message == "Something went wrong on our side."
        assert state.problem.request_id
        assert not state.loading
        [error] = platform.reports
        assert isinstance(error, ZeroDivisionError)
        platform.reports.clear()


@pytest.mark.actor("admin")
class TestRefresh:
    """News while somebody looks on."""

    async def test_follows_what_happens(self, tab: Tab, make_user: UserFactory) -> None:
        """The numbers change without the page being opened again, and nothing waits."""
        await tab.call(Overview.load)
        await make_user()

        await tab.call(Overview.refresh)

        state = await tab.of(Overview)
        assert state.active_users == "2"
        assert not state.loading

    async def test_waits_for_the_first_load(self, tab: Tab) -> None:
        """A page that is still being opened is not loaded twice."""
        await tab.call(Overview.refresh)

        assert (await tab.of(Overview)).active_users == ""

    async def test_failure_leaves_what_was_there(
        self, tab: Tab, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody asked, so nobody is told; the next time may go well."""
        await tab.call(Overview.load)

        async def away(_self: HealthChecks) -> dict[str, ComponentHealth]:
            raise Unavailable("database.away", "The database does not answer.")

        monkeypatch.setattr(HealthChecks, "run", away)

        await tab.call(Overview.refresh)

        state = await tab.of(Overview)
        assert (state.problem.message, state.active_users) == ("", "1")
        assert await tab.messages() == []

    async def test_says_when_the_session_has_ended(self, tab: Tab) -> None:
        """The page would otherwise look alive for ever."""
        await tab.call(Overview.load)
        tab.actor = ANONYMOUS

        await tab.call(Overview.refresh)

        assert (await tab.of(Console)).session_ended


@pytest.mark.actor("admin")
class TestCheckHealth:
    """Asking the components once more."""

    async def test_says_that_all_is_well(self, tab: Tab) -> None:
        """The answer is read aloud too."""
        await tab.call(Overview.check_health)

        assert await tab.messages() == ["All components answer."]
        assert (await tab.of(Overview)).is_healthy

    async def test_names_what_is_down(self, tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
        """The problem stands beside the component."""

        async def ill(_self: HealthChecks) -> dict[str, ComponentHealth]:
            return {"database": ComponentHealth("down", 3000, "no answer within 3 s")}

        monkeypatch.setattr(HealthChecks, "run", ill)

        await tab.call(Overview.check_health)

        state = await tab.of(Overview)
        assert await tab.messages() == ["A component is down."]
        assert state.components[0].detail == "no answer within 3 s"
        assert not state.is_healthy
