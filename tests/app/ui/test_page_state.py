"""What the states of all pages share."""

import pytest

from app.features.users.state import UserRecord
from app.ui.page_state import Console
from tests.fixtures.tab import Tab


@pytest.mark.actor("admin")
class TestMessages:
    """The corner of the page."""

    async def test_the_same_again_is_one(self, tab: Tab) -> None:
        """Three clicks on Save say once that it is saved."""
        console = await tab.of(Console)
        console._say("Saved.")
        console._say("Another.")
        console._say("Saved.")

        assert await tab.messages() == ["Another.", "Saved."]

    async def test_older_ones_make_room(self, tab: Tab) -> None:
        """At most three that pass by themselves."""
        console = await tab.of(Console)
        for number in range(5):
            console._say(f"Number {number}")

        assert await tab.messages() == ["Number 2", "Number 3", "Number 4"]

    async def test_failures_stay(self, tab: Tab) -> None:
        """Successes do not push a failure away that nobody has read."""
        console = await tab.of(Console)
        console._say("It failed.", kind="danger")
        for number in range(5):
            console._say(f"Number {number}")

        assert (await tab.messages())[0] == "It failed."
        await tab.call(Console.dismiss, (await tab.of(Console)).toasts[0].id)
        assert "It failed." not in await tab.messages()


class TestRun:
    """Actions of the command palette."""

    @pytest.mark.actor("admin")
    async def test_calls_the_handler(self, tab: Tab) -> None:
        """The handler is called as if its button had been pressed."""
        [event] = await tab.call(Console.run, "/users/[user_id] Suspend this user")

        assert event.name == f"{UserRecord.get_full_name()}.suspend"

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("action", ["", "New user", "/users/[user_id] Promote", "x" * 9999])
    async def test_nothing_else(self, tab: Tab, action: str) -> None:
        """What is no action, or leads to a page, calls nothing."""
        assert await tab.call(Console.run, action) == []

    @pytest.mark.actor(grants=["user.read"])
    async def test_needs_permission(self, tab: Tab) -> None:
        """Who may not is not even sent to the handler."""
        assert await tab.call(Console.run, "/users/[user_id] Suspend this user") == []
