"""One entry with all that is known of it."""

import httpx
import pytest

from app.features.audit.state import AuditList
from app.features.users.schemas import UserUpdate
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


async def why(tab: Tab, platform: Platform, make_user: UserFactory, path: str) -> tuple[str, str]:
    """Where a refusal is explained, and who was refused; they tried this on somebody."""
    guest = await platform.sign_in(await make_user(roles=["guest"]), PASSWORD)
    user = await make_user()
    async with platform.client(guest.tokens.access_token) as client:
        await client.request(*path.format(user.id).split(" "))
    [entry] = await platform.audit(outcome="denied", actor_id=guest.user.id)
    tab.at(f"/audit?entry={entry.id}")
    await tab.call(AuditList.load)
    state = await tab.of(AuditList)
    assert state.entry.id == str(entry.id)
    return state.entry.why, str(guest.user.id)


@pytest.mark.actor("admin")
class TestTakingBack:
    """What is said before and after the button."""

    async def test_says_what_would_be_put_back(
        self, tab: Tab, platform: Platform, make_user: UserFactory, call: Caller
    ) -> None:
        """The former values, under the names of the form."""
        user = await make_user(display_name="Grace")
        await call(UserService.update, user.id, UserUpdate(display_name="Ada"))
        [entry] = await platform.audit(action="user.update")
        tab.at(f"/audit?entry={entry.id}")
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)

        assert state.entry.put_back == [{"name": "Name", "value": "Grace"}]
        [event] = await tab.call(AuditList.undo)
        assert event.name == f"{AuditList.get_full_name()}.load"
        assert (await call(UserService.get, user.id)).display_name == "Grace"

    async def test_says_what_was_changed_since(
        self, tab: Tab, platform: Platform, make_user: UserFactory, call: Caller
    ) -> None:
        """By whom, and where that is told; nothing is overwritten."""
        user = await make_user(display_name="Grace")
        await call(UserService.update, user.id, UserUpdate(display_name="Ada"))
        await call(UserService.update, user.id, UserUpdate(display_name="Joan"))
        first, second = await platform.audit(action="user.update")
        tab.at(f"/audit?entry={first.id}")
        await tab.call(AuditList.load)
        state = await tab.of(AuditList)

        assert await tab.call(AuditList.undo) == []
        assert state.conflict.startswith("Actor changed this since")
        assert state.changed_since == [
            {
                "field": "Name",
                "now": "Joan",
                "who": "Actor",
                "at": second.at.isoformat(),
                "href": f"/audit?entry={second.id}",
            }
        ]
        assert (await call(UserService.get, user.id)).display_name == "Joan"
        tab.at(f"/audit?entry={second.id}")
        await tab.call(AuditList.load)
        assert (state.conflict, state.changed_since) == ("", [])


class TestWhy:
    """A refusal leads to its explanation."""

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(
        ("path", "permission"),
        [
            ("POST /api/v1/users/{}/suspend", "user.suspend"),
            # The action is called otherwise than the permission.
            ("DELETE /api/v1/users/{}/sessions", "session.revoke"),
        ],
    )
    async def test_with_user_and_permission(
        self, tab: Tab, platform: Platform, make_user: UserFactory, path: str, permission: str
    ) -> None:
        """What the entry needed, not what it is called."""
        href, user_id = await why(tab, platform, make_user, path)

        assert href == f"/access/explain?user={user_id}&permission={permission}"

    @pytest.mark.actor(grants=["audit.read"])
    async def test_only_for_those_who_may(
        self, tab: Tab, platform: Platform, make_user: UserFactory
    ) -> None:
        """Who may not open the page gets no link to it."""
        href, _ = await why(tab, platform, make_user, "POST /api/v1/users/{}/suspend")

        assert href == ""

    @pytest.mark.actor("admin")
    async def test_not_of_what_was_allowed(
        self, tab: Tab, platform: Platform, make_user: UserFactory
    ) -> None:
        """There is nothing to explain."""
        await make_user()
        [*_, entry] = await platform.audit(action="user.create")
        tab.at(f"/audit?entry={entry.id}")
        await tab.call(AuditList.load)

        assert (await tab.of(AuditList)).entry.why == ""


@pytest.mark.actor("admin")
async def test_tells_why_and_in_which_trace(
    tab: Tab, platform: Platform, make_user: UserFactory, client: httpx.AsyncClient
) -> None:
    """What the request said of itself stands among the circumstances."""
    user = await make_user()
    headers = {"X-Audit-Reason": "Left the company", "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    (await client.post(f"/api/v1/users/{user.id}/suspend", headers=headers)).raise_for_status()
    [entry] = await platform.audit(action="user.suspend")
    tab.at(f"/audit?entry={entry.id}")
    await tab.call(AuditList.load)

    facts = {fact["name"]: fact["value"] for fact in (await tab.of(AuditList)).entry.facts}
    assert facts["Reason given"] == "Left the company"
    assert facts["Trace"] == "ab" * 16
    assert facts["Module"] == "users"
