"""The audit trail of one record, page by page."""

import pytest

from app.core.actor import SYSTEM
from app.features.audit import activity_state
from app.features.users.service import UserService
from app.features.users.state import UserRecord
from app.testing.factories import UserFactory
from app.testing.platform import Platform
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


@pytest.mark.actor("admin")
class TestPages:
    """Activity of a user."""

    async def test_older_and_newer(
        self,
        tab: Tab,
        make_user: UserFactory,
        platform: Platform,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Every entry is reached once; the pages lead back."""
        monkeypatch.setattr(activity_state, "ACTIVITY_LIMIT", 2)
        user = await make_user()
        call = platform.caller(SYSTEM)
        for change in (UserService.suspend, UserService.reactivate) * 2:
            await call(change, user.id)
        address = f"/users/{user.id}/activity"

        told, addresses = [], [address]
        while addresses[-1]:
            tab.at(addresses[-1])
            await tab.call(UserRecord.load_activity)
            state = await tab.of(UserRecord)
            told.append([row.what.partition(" ")[0] for row in state.activity])
            addresses.append(state.older)
        tab.at((await tab.of(UserRecord)).newer)
        await tab.call(UserRecord.load_activity)

        state = await tab.of(UserRecord)
        assert told == [["reactivated", "suspended"], ["reactivated", "suspended"], ["created"]]
        assert [row.what.partition(" ")[0] for row in state.activity] == told[1]
        assert state.older

    async def test_damaged_address(self, tab: Tab, make_user: UserFactory) -> None:
        """It says so, and shows nothing else."""
        user = await make_user()
        tab.at(f"/users/{user.id}/activity?cursor=nonsense")

        await tab.call(UserRecord.load_activity)

        assert "damaged" in (await tab.messages())[-1]
        assert (await tab.of(UserRecord)).activity == []
