"""State of the page that gives and takes grants in person."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.actor import SYSTEM
from app.features.grants.state import UserAccess
from app.features.roles.schemas import GrantRead, Grants, GrantSpec
from app.features.roles.service import RoleService
from app.features.users.schemas import UserRead
from app.features.users.state import UserRecord
from app.testing.factories import UserFactory
from app.testing.platform import Platform
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


async def opened(tab: Tab, user: UserRead) -> UserAccess:
    """The page of the user's access, loaded."""
    tab.at(f"/users/{user.id}/access")
    await tab.call(UserRecord.load)
    await tab.call(UserAccess.load)
    return await tab.of(UserAccess)


async def held(platform: Platform, user: UserRead) -> dict[str, GrantRead]:
    """What the user holds in person, by permission."""
    grants = await platform.caller(SYSTEM)(RoleService.own_grants, user.id)
    return {grant.permission: grant for grant in grants}


async def give(platform: Platform, user: UserRead, *grants: GrantSpec) -> None:
    """Let somebody else make these the user's grants in person."""
    await platform.caller(SYSTEM)(RoleService.set_own_grants, user.id, Grants(grants=[*grants]))


def sent(state: UserAccess, permission: str, **more: Any) -> dict[str, Any]:
    """What the form sends."""
    return {"permission": permission, "version": state.version, **more}


@pytest.mark.actor("admin")
class TestGrants:
    """Given and taken, one at a time."""

    async def test_conditions(self, tab: Tab, make_user: UserFactory, platform: Platform) -> None:
        """Rows, some fields, an end and a reason; all fields are no limit."""
        user = await make_user()
        state = await opened(tab, user)
        await tab.call(UserAccess.choose_permission, "user.update")
        every = [each["value"] for each in state.readable_options]
        settable = [each["value"] for each in state.writable_options]
        assert set(settable) - set(every) == {"password"}
        assert set(every) - set(settable) == {"created_at", "updated_at", "last_sign_in_at"}
        form = sent(
            state,
            "user.update",
            rule="own",
            readable_offered=str(len(every)),
            writable_offered=str(len(settable)),
            readable=every,
            writable=["display_name"],
            expires_at="2090-01-31T23:00:00Z",
            reason="Cover",
        )

        await tab.call(UserAccess.grant, form)

        grant = (await held(platform, user))["user.update"]
        assert (grant.rule, grant.readable, grant.writable) == ("own", None, ["display_name"])
        assert grant.expires_at == datetime(2090, 1, 31, 23, tzinfo=UTC)
        [row] = (await tab.of(UserAccess)).own
        assert (row.rows, row.fields) == ("Their own record", "Write Name")
        assert not (await tab.of(UserAccess)).granting

    async def test_no_field(self, tab: Tab, make_user: UserFactory, platform: Platform) -> None:
        """None chosen is none, also in a tab that the server has forgotten."""
        user = await make_user()
        tab.at(f"/users/{user.id}/access")
        form = {"permission": "user.read", "readable_offered": "8", "writable_offered": "7"}

        await tab.call(UserAccess.grant, form)

        grant = (await held(platform, user))["user.read"]
        assert (grant.readable, grant.writable) == ([], [])

    async def test_taken_back(self, tab: Tab, make_user: UserFactory, platform: Platform) -> None:
        """Only that one."""
        user = await make_user()
        grants = [GrantSpec(permission=name) for name in ("user.read", "audit.read")]
        await give(platform, user, *grants)
        state = await opened(tab, user)

        await tab.call(UserAccess.revoke, "user.read", state.version)

        assert (await held(platform, user)).keys() == {"audit.read"}

    @pytest.mark.parametrize(
        ("form", "field"),
        [
            ({"permission": "nothing.read"}, "permission"),
            ({"permission": "user.read", "expires_at": "2020-01-31T23:00:00Z"}, "expires_at"),
            ({"permission": "user.read", "expires_at": "never"}, "expires_at"),
            ({"permission": "user.read", "reason": "x" * 301}, ""),
        ],
    )
    async def test_says_at_the_field_what_is_wrong(
        self,
        tab: Tab,
        make_user: UserFactory,
        platform: Platform,
        form: dict[str, str],
        field: str,
    ) -> None:
        """And keeps the form open; too long a reason is cut as the field would."""
        user = await make_user()
        await opened(tab, user)
        await tab.call(UserAccess.ask_grant)

        await tab.call(UserAccess.grant, form)

        state = await tab.of(UserAccess)
        assert set(state.field_errors) == ({field} if field else set())
        assert state.granting is bool(field)
        assert bool(await held(platform, user)) is not bool(field)


@pytest.mark.actor("admin")
class TestTwoPeople:
    """Two people change what one user holds in person."""

    @pytest.fixture
    async def behind(self, tab: Tab, make_user: UserFactory, platform: Platform) -> UserRead:
        """A user whose grants somebody else changed since the tab showed them."""
        user = await make_user()
        await give(platform, user, GrantSpec(permission="user.read"))
        await opened(tab, user)
        await give(platform, user, GrantSpec(permission="audit.read"))
        return user

    async def test_the_second_is_asked(
        self, tab: Tab, behind: UserRead, platform: Platform
    ) -> None:
        """Nothing is saved before; then both changes stay."""
        state = await tab.of(UserAccess)

        await tab.call(UserAccess.grant, sent(state, "role.read"))
        asked = (await tab.of(UserAccess)).conflict
        fields = {each["field"]: each for each in (await tab.of(UserAccess)).conflict_fields}
        before = (await held(platform, behind)).keys()
        await tab.call(UserAccess.overwrite)

        assert asked == "system changed these grants while you were at it."
        assert fields.keys() == {"User: read", "Audit: read", "Role: read"}
        assert (fields["User: read"]["theirs"], fields["User: read"]["yours"]) == ("no", "")
        assert before == {"audit.read"}
        assert (await held(platform, behind)).keys() == {"audit.read", "role.read"}
        assert (await tab.of(UserAccess)).conflict == ""

    async def test_takes_theirs(self, tab: Tab, behind: UserRead, platform: Platform) -> None:
        """Then nothing is changed, and the page shows what is."""
        await tab.call(UserAccess.grant, sent(await tab.of(UserAccess), "role.read"))

        await tab.call(UserAccess.take_theirs)

        assert (await held(platform, behind)).keys() == {"audit.read"}
        assert [row.permission for row in (await tab.of(UserAccess)).own] == ["audit.read"]

    async def test_the_same_twice(self, tab: Tab, behind: UserRead, platform: Platform) -> None:
        """What both did is no conflict."""
        state = await tab.of(UserAccess)

        await tab.call(UserAccess.revoke, "user.read", state.version)

        assert (await tab.of(UserAccess)).conflict == ""
        assert (await held(platform, behind)).keys() == {"audit.read"}
