"""*Undo* on a message, right after something was changed."""

from typing import Any
from uuid import UUID

import pytest

from app.features.audit import state
from app.features.audit.state import AuditList, Undoing
from app.features.roles.state import NewRole
from app.features.users.list_state import UserList
from app.features.users.schemas import UserRead, UserUpdate
from app.features.users.service import UserService
from app.features.users.state import UserRecord
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform
from app.ui import bulk_state
from app.ui.page_state import Console, Toast
from tests.fixtures.tab import Tab


async def toasts(tab: Tab) -> list[Toast]:
    """The messages in the corner."""
    return list((await tab.of(Console)).toasts)


async def suspend(tab: Tab, user: UserRead) -> Toast:
    """Suspend a user on their page; returns what is said."""
    tab.at(f"/users/{user.id}")
    await tab.call(UserRecord.load)
    await tab.call(UserRecord.suspend)
    [said] = await toasts(tab)
    return said


async def status_of(call: Caller, user_id: UUID) -> Any:
    """Whether a user may sign in."""
    return (await call(UserService.get, user_id)).status


@pytest.mark.actor("admin")
class TestOffer:
    """What can be taken back says so."""

    async def test_after_a_change(self, tab: Tab, make_user: UserFactory) -> None:
        """Who may take back is offered to."""
        assert (await suspend(tab, await make_user())).action == "Undo"

    @pytest.mark.actor(grants=["user.read", "user.suspend", "audit.read"])
    async def test_only_to_those_who_may(self, tab: Tab, make_user: UserFactory) -> None:
        """Nobody is offered what would be refused."""
        said = await suspend(tab, await make_user())

        assert said.message.endswith("open sessions have ended.")
        assert (said.action, said.entry) == ("", "")

    async def test_not_after_a_creation(self, tab: Tab) -> None:
        """What is new can be deleted, which says what would be lost."""
        tab.at("/roles/new")
        await tab.call(NewRole.load)
        await tab.call(NewRole.save, {"name": "Reviewers", "description": ""})

        [said] = await toasts(tab)
        assert "Reviewers" in said.message
        assert said.action == ""

    @pytest.mark.parametrize("is_slow", [False, True], ids=["at once", "one by one"])
    async def test_after_many(
        self,
        tab: Tab,
        make_user: UserFactory,
        call: Caller,
        monkeypatch: pytest.MonkeyPatch,
        *,
        is_slow: bool,
    ) -> None:
        """A bulk action is taken back as one; what somebody changed since is left and named."""
        if is_slow:
            monkeypatch.setattr(state, "SLICE_SECONDS", 0)
            monkeypatch.setattr(bulk_state, "SLICE_SECONDS", 0)
        tab.at("/users")
        users = [await make_user() for _ in range(3)]
        await tab.call(UserList.load)
        await tab.call(UserList.select, [str(user.id) for user in users], True)  # noqa: FBT003
        await tab.call(UserList.plan_bulk, "suspend")
        while any("apply_bulk" in event.name for event in await tab.call(UserList.apply_bulk)):
            pass

        [said] = await toasts(tab)
        await call(UserService.reactivate, users[1].id)
        await call(UserService.suspend, users[1].id)
        events = await tab.call(Undoing.undo, said.id)
        while any("go_on" in event.name for event in events):
            events = await tab.call(Undoing.go_on)

        assert (said.message, said.action) == ("Suspended 3 users.", "Undo")
        after = [await status_of(call, user.id) for user in users]
        assert after == ["active", "suspended", "active"]
        done, left = await tab.messages()
        assert (done, left[:32]) == ("2 taken back.", "1 not taken back: Actor changed ")
        assert await tab.call(Undoing.go_on) == []
        assert await tab.call(Undoing.undo, said.id) == []

    async def test_not_when_nothing_changed(self, tab: Tab, make_user: UserFactory) -> None:
        """Saving what is saved already leaves nothing to take back."""
        user = await make_user(display_name="Grace")
        tab.at(f"/users/{user.id}")
        await tab.call(UserRecord.load)
        await tab.call(UserRecord.save, {"display_name": "Grace", "email": user.email})

        assert [said.action for said in await toasts(tab)] == [""]


@pytest.mark.actor("admin")
class TestUndo:
    """Pressing the button."""

    async def test_takes_back_and_loads_anew(
        self, tab: Tab, make_user: UserFactory, call: Caller
    ) -> None:
        """The page shows what is true again; taking back once more is not offered."""
        user = await make_user()
        said = await suspend(tab, user)

        [event] = await tab.call(Undoing.undo, said.id)

        assert event.name == f"{UserRecord.get_full_name()}.load"
        assert await status_of(call, user.id) == "active"
        assert [(each.message, each.action) for each in await toasts(tab)] == [("Taken back.", "")]

    async def test_says_who_was_there_in_between(
        self, tab: Tab, make_user: UserFactory, call: Caller
    ) -> None:
        """What somebody changed since is not overwritten."""
        user = await make_user(display_name="Grace")
        tab.at(f"/users/{user.id}")
        await tab.call(UserRecord.load)
        await tab.call(UserRecord.save, {"display_name": "Ada", "email": user.email})
        [said] = await toasts(tab)
        await call(UserService.update, user.id, UserUpdate(display_name="Joan"))

        await tab.call(Undoing.undo, said.id)

        [message] = await tab.messages()
        assert message.startswith("Actor changed this since")
        assert (await call(UserService.get, user.id)).display_name == "Joan"

    async def test_twice_is_once(self, tab: Tab, make_user: UserFactory, call: Caller) -> None:
        """A second press finds no message any more."""
        user = await make_user()
        said = await suspend(tab, user)
        await tab.call(Undoing.undo, said.id)

        assert await tab.call(Undoing.undo, said.id) == []
        assert await tab.messages() == ["Taken back."]
        assert await status_of(call, user.id) == "active"

    @pytest.mark.parametrize("toast_id", ["", "x", "018f3a5e7c1b7d9a9f3e2b1c4d5e6f70"])
    async def test_of_nothing(self, tab: Tab, toast_id: str) -> None:
        """Only a message of one's own tab names what is taken back."""
        assert await tab.call(Undoing.undo, toast_id) == []
        assert await tab.messages() == []

    async def test_twice_in_the_trail(
        self, tab: Tab, make_user: UserFactory, platform: Platform
    ) -> None:
        """The second press of an impatient hand is not even tried."""
        await suspend(tab, await make_user())
        [entry] = await platform.audit(action="user.suspend")
        tab.at(f"/audit?entry={entry.id}")
        await tab.call(AuditList.load)
        await tab.call(AuditList.undo)

        assert await tab.call(AuditList.undo) == []
        assert len(await platform.audit(action="audit.undo")) == 1
