"""What the states of all pages share."""

import pytest

from app.core.actor import SYSTEM
from app.features.users.service import UserService
from app.features.users.state import UserCommand, UserRecord
from app.testing.factories import UserFactory
from app.testing.platform import Platform
from app.ui.page_state import Console
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


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


class TestFind:
    """What the command palette finds for words."""

    @pytest.mark.actor("admin")
    async def test_people(self, tab: Tab, make_user: UserFactory, platform: Platform) -> None:
        """Who is suspended is marked."""
        user = await make_user(display_name="Ada Berg")
        await platform.caller(SYSTEM)(UserService.suspend, user.id)

        await tab.call(Console.find, "ada berg")

        [line] = (await tab.of(Console)).found
        assert (line["label"], line["mark"], line["href"]) == (
            "Ada Berg",
            "Suspended",
            f"/users/{user.id}",
        )

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("words", ["user.delete", "delete users"])
    async def test_permissions(self, tab: Tab, words: str) -> None:
        """By name or in words; they lead to those who hold them."""
        await tab.call(Console.find, words)

        found = {line["label"]: line["href"] for line in (await tab.of(Console)).found}
        assert found["user.delete"] == "/access/holders?permission=user.delete"

    @pytest.mark.actor("admin")
    async def test_what_to_do(self, tab: Tab, make_user: UserFactory, platform: Platform) -> None:
        """A verb and a name: it is done at once, and only what makes sense is offered."""
        user = await make_user(display_name="Ada Berg")

        await tab.call(Console.find, "susp ada")
        [line] = [each for each in (await tab.of(Console)).found if each["group"] == "Actions"]
        [event] = await tab.call(Console.run, line["id"])
        await tab.call(UserCommand.suspend, str(user.id))
        await tab.call(Console.find, "suspend ada")
        again = [each["label"] for each in (await tab.of(Console)).found]
        await tab.call(Console.find, "reactivate ada")
        back = [each["label"] for each in (await tab.of(Console)).found]

        assert line["label"] == "Suspend Ada Berg"
        assert event.name == f"{UserCommand.get_full_name()}.suspend"
        assert (await platform.caller(SYSTEM)(UserService.get, user.id)).status == "suspended"
        assert "Suspend Ada Berg" not in again
        assert back == ["Reactivate Ada Berg"]

    @pytest.mark.actor(grants=["user.read"])
    async def test_needs_permission(self, tab: Tab, make_user: UserFactory) -> None:
        """Who may not suspend is offered nothing, and a call by its name does nothing."""
        user = await make_user(display_name="Ada Berg")

        await tab.call(Console.find, "suspend ada")

        assert (await tab.of(Console)).found == []
        assert await tab.call(Console.run, f"Suspend user {user.id}") == []

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("user_id", ["", "nobody", "00000000-0000-7000-8000-000000000000"])
    async def test_nobody(self, tab: Tab, user_id: str) -> None:
        """There is no such user, and it says so."""
        await tab.call(UserCommand.suspend, user_id)

        assert await tab.messages() == ["There is no such user."]
