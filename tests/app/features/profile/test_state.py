"""State of one's own profile."""

import pytest

from app.core.actor import ANONYMOUS, SYSTEM
from app.features.profile.state import Profile
from app.features.users.schemas import UserUpdate
from app.features.users.service import UserService
from app.testing.platform import Platform, SignedIn
from app.ui.page_state import Console
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


class TestLoad:
    """Opening one's profile."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_shows_who_one_is(self, tab: Tab) -> None:
        """Name, address, roles, and each permission in words."""
        await tab.call(Profile.load)

        state = await tab.of(Profile)
        assert (state.name, state.email) == ("Actor", "actor@example.com")
        assert state.roles == ["as-declared"]
        assert [(row.code, row.description) for row in state.permissions] == [
            ("user.read", "See users")
        ]
        assert not state.holds_all

    @pytest.mark.actor("admin")
    async def test_says_when_one_may_do_everything(self, tab: Tab, platform: Platform) -> None:
        """Administrators hold what is declared and what will be."""
        await tab.call(Profile.load)

        state = await tab.of(Profile)
        assert state.holds_all
        assert len(state.permissions) == len(platform.registry.permissions)

    @pytest.mark.actor("user")
    async def test_confirms_a_new_password(self, tab: Tab) -> None:
        """Said once: a reload does not say it again."""
        tab.at("/profile?password=changed")

        where = await tab.goes_to(Profile.load)

        assert where == "/profile"
        assert await tab.messages() == [
            "Your password is changed. All your other sessions have ended."
        ]

    async def test_the_system_has_none(self, tab: Tab) -> None:
        """Why there is no profile stands in its place."""
        tab.actor = SYSTEM

        await tab.call(Profile.load)

        state = await tab.of(Profile)
        assert state.problem.message == "The system itself has no profile."

    async def test_needs_somebody(self, tab: Tab) -> None:
        """A session that has ended is said over the page."""
        tab.actor = ANONYMOUS

        await tab.call(Profile.load)

        assert (await tab.of(Console)).session_ended


@pytest.mark.actor("user")
class TestSave:
    """Changing one's own name."""

    async def test_changes_the_name(self, tab: Tab, platform: Platform) -> None:
        """The new name shows everywhere at once, and in the trail."""
        await tab.call(Profile.load)
        before = (await tab.of(Profile)).form_version

        await tab.call(Profile.save, {"display_name": "Ada  Lovelace"})

        state = await tab.of(Profile)
        assert state.name == "Ada Lovelace"
        assert state.form_version > before
        assert (await tab.of(Console)).name == "Ada Lovelace"
        assert await tab.messages() == ["Your name is saved."]
        [entry] = await platform.audit(action="user.update_own")
        assert [change["field"] for change in entry.changes] == ["display_name"]

    @pytest.mark.parametrize("name", ["", "  ", "x" * 101, None])
    async def test_says_at_the_field_what_is_wrong(self, tab: Tab, name: str | None) -> None:
        """What was typed stays: the form does not start anew."""
        await tab.call(Profile.load)
        before = (await tab.of(Profile)).form_version

        await tab.call(Profile.save, {"display_name": name})

        state = await tab.of(Profile)
        assert list(state.field_errors) == ["display_name"]
        assert state.form_version == before

    async def test_names_what_somebody_else_saved(
        self, tab: Tab, platform: Platform, signed_in: SignedIn
    ) -> None:
        """The second save is a choice, and goes through."""
        await tab.call(Profile.load)
        change = UserUpdate(display_name="Renamed")
        await platform.caller(SYSTEM)(UserService.update, signed_in.user.id, change)

        await tab.call(Profile.save, {"display_name": "Mine"})
        state = await tab.of(Profile)
        said = state.form_error
        await tab.call(Profile.save, {"display_name": "Mine"})

        assert "Renamed" in said
        assert state.form_error == ""
        assert state.name == "Mine"
