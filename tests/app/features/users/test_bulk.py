"""Many users suspended and reactivated at once."""

from typing import Any

import pytest

from app.core import bulk
from app.core.actor import SYSTEM
from app.core.bulk import BulkPreview
from app.core.errors import PermissionDenied
from app.features.users.bulk_service import UserBulkService
from app.features.users.list_state import UserList
from app.features.users.schemas import UserFilter, UserRead, UserStatus
from app.features.users.service import UserService
from app.testing.factories import RoleFactory, UserFactory
from app.testing.platform import Caller, Platform, SignedIn
from app.ui import bulk_state
from tests.fixtures.tab import Tab

CHOOSE = True
ACTIVE, SUSPENDED = UserStatus.ACTIVE, UserStatus.SUSPENDED
KIM = UserFilter(q="kim")


def told(preview: BulkPreview) -> dict[str, str]:
    """Who is skipped, by reason."""
    return {reason: group.in_words for reason, group in preview.skipped.items()}


async def make_kims(make_user: UserFactory, count: int) -> list[UserRead]:
    """Users with names of their own."""
    return [await make_user(display_name=f"Kim {number}") for number in range(count)]


async def status_of(platform: Platform, users: list[UserRead]) -> list[str]:
    """Their statuses now."""
    call = platform.caller(SYSTEM)
    return [(await call(UserService.get, user.id)).status for user in users]


class TestRoles:
    """Roles given to many and taken from many."""

    @pytest.fixture(autouse=True)
    def all_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One event does all of it, however slow the machine is."""
        monkeypatch.setattr(bulk_state, "SLICE_SECONDS", 600)

    @pytest.mark.actor("admin")
    async def test_give_and_take(
        self, tab: Tab, make_user: UserFactory, make_role: RoleFactory, platform: Platform
    ) -> None:
        """Who has it already is left alone; a role is chosen first, and all of it is undone."""
        await make_role("user.read", name="Reader")
        kims = await make_kims(make_user, 3)
        admin = platform.caller(SYSTEM)
        await admin(UserService.add_roles, kims[0].id, ["Reader"])
        tab.at("/users?q=kim")
        await tab.call(UserList.load)
        await tab.call(UserList.select_all)
        await tab.call(UserList.ask_role, "give")
        await tab.call(UserList.plan_role, {"role": "Unknown"})
        state = await tab.of(UserList)
        assert state.field_errors == {"role": "Choose a role."}
        await tab.call(UserList.plan_role, {"role": "Reader"})
        assert (state.bulk_action, state.bulk_count) == ("give", 2)
        assert state.bulk_skipped == ["1 skipped, has the role Reader: Kim 0."]
        await tab.call(UserList.apply_bulk)
        roles = [(await admin(UserService.get, kim.id)).roles for kim in kims]
        assert all("Reader" in each for each in roles)
        await tab.call(UserList.load)
        await tab.call(UserList.select, [str(kims[1].id)], CHOOSE)
        await tab.call(UserList.ask_role, "take")
        await tab.call(UserList.plan_role, {"role": "Reader"})
        assert not state.bulk_is_harmless
        await tab.call(UserList.apply_bulk)
        roles = [(await admin(UserService.get, kim.id)).roles for kim in kims]
        assert ["Reader" in each for each in roles] == [True, False, True]

    @pytest.mark.actor(grants=["user.read", "role.read"])
    async def test_not_allowed(self, tab: Tab, call: Caller, make_role: RoleFactory) -> None:
        """Who may not give roles is not even told whom it would concern."""
        await make_role("user.read", name="Reader")
        with pytest.raises(PermissionDenied):
            await call(UserBulkService.preview_role, "Reader", KIM, give=True)


class TestPreview:
    """What it would change."""

    @pytest.mark.actor("admin")
    async def test_all_that_match(
        self, call: Caller, make_user: UserFactory, platform: Platform
    ) -> None:
        """Everybody who matches, whatever the page shows; nothing is changed."""
        kims = await make_kims(make_user, 4)
        await make_user(display_name="Somebody else")
        await call(UserService.suspend, kims[0].id)
        before = await status_of(platform, kims)

        suspension = await call(UserBulkService.preview_status, SUSPENDED, KIM)
        reactivation = await call(UserBulkService.preview_status, ACTIVE, KIM)

        assert set(suspension.ids) == {user.id for user in kims[1:]}
        assert suspension.changed.names == ["Kim 3", "Kim 2", "Kim 1"]
        assert told(suspension) == {"suspended already": "Kim 0"}
        assert reactivation.ids == [kims[0].id]
        assert told(reactivation) == {"active already": "Kim 3, Kim 2, Kim 1"}
        assert await status_of(platform, kims) == before

    @pytest.mark.actor("admin")
    async def test_oneself(self, call: Caller, make_user: UserFactory) -> None:
        """Nobody locks themselves out among all the others."""
        other = await make_user()

        preview = await call(UserBulkService.preview_status, SUSPENDED, UserFilter())

        assert preview.ids == [other.id]
        assert told(preview) == {"you yourself": "Actor"}

    async def test_last_administrator(self, platform: Platform, make_user: UserFactory) -> None:
        """One of them stays, even for the platform itself."""
        admins = [await make_user(display_name=f"A{n}", roles=["admin"]) for n in range(3)]

        preview = await platform.caller(SYSTEM)(
            UserBulkService.preview_status, SUSPENDED, [user.id for user in admins]
        )

        assert preview.ids == [admins[2].id, admins[1].id]
        assert told(preview) == {"the last administrator": "A0"}

    @pytest.mark.actor(grants=["user.read", "user.suspend"])
    async def test_above(
        self, call: Caller, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """Who may do more than oneself is left alone."""
        role = await make_role("user.delete")
        above = await make_user(display_name="Above", roles=[role.name])
        beside = await make_user(display_name="Beside", roles=[])

        preview = await call(UserBulkService.preview_status, SUSPENDED, [above.id, beside.id])

        assert preview.ids == [beside.id]
        assert told(preview) == {"may do what you may not": "Above"}

    @pytest.mark.actor("admin")
    async def test_too_many(
        self, call: Caller, make_user: UserFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beyond the limit it says that there are more."""
        monkeypatch.setattr(bulk, "MOST", 2)
        await make_kims(make_user, 3)

        cut = await call(UserBulkService.preview_status, SUSPENDED, KIM)
        whole = await call(UserBulkService.preview_status, SUSPENDED, UserFilter(q="kim 1"))

        assert (len(cut.ids), cut.is_cut) == (2, True)
        assert (len(whole.ids), whole.is_cut) == (1, False)

    @pytest.mark.actor("admin")
    async def test_names_the_first_few(self, call: Caller, make_user: UserFactory) -> None:
        """A long list is counted, not written out."""
        kims = await make_kims(make_user, 7)

        preview = await call(UserBulkService.preview_status, SUSPENDED, KIM)
        for user in kims:
            await call(UserService.suspend, user.id)
        again = await call(UserBulkService.preview_status, SUSPENDED, KIM)

        assert preview.changed.in_words == "Kim 6, Kim 5, Kim 4, Kim 3, Kim 2 and 2 more"
        assert told(again) == {"suspended already": preview.changed.in_words}

    @pytest.mark.actor(grants=["user.read"])
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Who may not suspend learns nothing of it, and the trail does."""
        with pytest.raises(PermissionDenied):
            await call(UserBulkService.preview_status, SUSPENDED, UserFilter())

        [entry] = await platform.audit(outcome="denied")
        assert entry.action == "user.suspend.preview"


@pytest.mark.actor("admin")
class TestConsole:
    """All that match, from the list."""

    @pytest.fixture(autouse=True)
    def one_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each event changes one user."""
        monkeypatch.setattr(bulk_state, "SLICE_SECONDS", 0)

    async def _select_all(self, tab: Tab, address: str) -> UserList:
        tab.at(address)
        await tab.call(UserList.load)
        state = await tab.of(UserList)
        await tab.call(UserList.select, [row.id for row in state.rows], CHOOSE)
        await tab.call(UserList.select_all)
        await tab.call(UserList.plan_bulk, "suspend")
        return state

    async def _run(self, tab: Tab) -> list[tuple[int, int]]:
        """Do what the browser is told until it ends; how far it was each time."""
        state, seen = await tab.of(UserList), []
        while any(event.name.endswith("apply_bulk") for event in await self._go_on(tab)):
            seen.append((state.bulk_done, state.bulk_count))
        return seen

    async def _go_on(self, tab: Tab) -> list[Any]:
        return await tab.call(UserList.apply_bulk)

    async def test_other_pages_too(
        self, tab: Tab, make_user: UserFactory, platform: Platform
    ) -> None:
        """What another page shows is changed as well, with visible progress."""
        kims = await make_kims(make_user, 4)
        state = await self._select_all(tab, "/users?q=kim&limit=2")
        asked = (state.bulk_count, list(state.bulk_names))

        progress = await self._run(tab)

        assert asked == (4, ["Kim 3", "Kim 2", "Kim 1", "Kim 0"])
        assert progress == [(1, 4), (2, 4), (3, 4)]
        assert await status_of(platform, kims) == ["suspended"] * 4
        assert await tab.messages() == ["Suspended 4 users."]
        assert (state.bulk_action, state.bulk_working) == ("", False)
        assert len(await platform.audit(action="user.suspend", outcome="succeeded")) == 4

    async def test_stopped(self, tab: Tab, make_user: UserFactory, platform: Platform) -> None:
        """Who stops it keeps what is done, and is told what is not."""
        kims = await make_kims(make_user, 3)
        state = await self._select_all(tab, "/users?q=kim")
        await self._go_on(tab)

        await tab.call(UserList.cancel_bulk)
        after = await self._go_on(tab)

        assert after == []
        assert sorted(await status_of(platform, kims)) == ["active", "active", "suspended"]
        assert await tab.messages() == ["Suspended 1 user; stopped before 2 more."]
        assert not state.bulk_working

    async def test_each_for_itself(
        self, tab: Tab, make_user: UserFactory, platform: Platform
    ) -> None:
        """One that is gone meanwhile does not keep the others from being changed."""
        kims = await make_kims(make_user, 3)
        await self._select_all(tab, "/users?q=kim")
        await platform.caller(SYSTEM)(UserService.delete, kims[1].id)

        await self._run(tab)

        assert await status_of(platform, [kims[0], kims[2]]) == ["suspended"] * 2
        assert await tab.messages() == ["Suspended 2 users.", "1 skipped: There is no such user."]

    async def test_progress_survives_a_reload(self, tab: Tab, make_user: UserFactory) -> None:
        """Loading the page anew neither stops nor forgets what is under way."""
        await make_kims(make_user, 2)
        state = await self._select_all(tab, "/users?q=kim")
        await self._go_on(tab)

        await tab.call(UserList.load)

        assert (state.bulk_working, state.bulk_done, state.bulk_count) == (True, 1, 2)

    async def test_oneself_is_told(self, tab: Tab, signed_in: SignedIn) -> None:
        """A question that would change nobody says why."""
        state = await self._select_all(tab, "/users")

        assert state.bulk_count == 0
        assert state.bulk_skipped == ["1 skipped, you yourself: Actor."]

    async def test_unknown_action(self, tab: Tab) -> None:
        """There is nothing else to do with many users."""
        await tab.call(UserList.plan_bulk, "delete")

        assert (await tab.of(UserList)).bulk_action == ""
