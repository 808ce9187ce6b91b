"""What is held for a time is handed on for that time only, and memberships change their end."""

from datetime import datetime, timedelta

import pytest

from app.core import clock
from app.core.actor import SYSTEM
from app.core.errors import Conflict, PermissionDenied
from app.features.roles.schemas import (
    Grants,
    GrantSpec,
    MemberListQuery,
    MembersAdd,
    RoleCreate,
    RoleUpdate,
)
from app.features.roles.service import RoleService
from app.features.users.schemas import UserCreate, UserRead
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.roles import role_named

DAY = timedelta(days=1)
MANAGING = ["role.read", "role.update", "user.read"]


async def having(
    platform: Platform, user: UserRead, role: str, *, until: timedelta | None = None
) -> Caller:
    """Calls by the user, who has the role for so long."""
    given = MembersAdd(user_ids=[user.id], expires_at=clock.now() + until if until else None)
    found = await role_named(platform, role)
    await platform.caller(SYSTEM)(RoleService.add_members, found.id, given)
    return platform.caller((await platform.sign_in(user, PASSWORD)).actor)


class TestHandingOn:
    """Somebody who holds something until a moment."""

    async def test_for_less_long(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """The holder of a role until the fifth gives it until the first, but not for longer."""
        await make_user(roles=["admin"])
        role = await make_role(*MANAGING, name="desk")
        call = await having(platform, await make_user(roles=[]), "desk", until=5 * DAY)
        other = await make_user(roles=[])

        for end in (None, clock.now() + 6 * DAY):
            new = MembersAdd(user_ids=[other.id], expires_at=end)
            with pytest.raises(PermissionDenied) as caught:
                await call(RoleService.add_members, role.id, new)
            assert "which you hold until" in caught.value.message
        new = MembersAdd(user_ids=[other.id], expires_at=clock.now() + DAY)
        assert await call(RoleService.add_members, role.id, new) == 1
        assert await call(RoleService.remove_members, role.id, [other.id]) == 1

    async def test_by_an_administrator_for_a_time(
        self, platform: Platform, make_user: UserFactory
    ) -> None:
        """An administrator until the fifth makes nobody administrator for longer, by no way."""
        await make_user(roles=["admin"])
        user, other = await make_user(roles=[]), await make_user(roles=[])
        call = await having(platform, user, "admin", until=5 * DAY)
        admin = await role_named(platform, "admin")
        new_user = {"email": "n@example.com", "display_name": "N", "password": PASSWORD}
        made = UserCreate.model_validate({**new_user, "roles": ["admin"]})
        everything = Grants(permissions=["*"])

        for attempt in (
            lambda: call(RoleService.set_own_grants, user.id, everything),
            lambda: call(RoleService.set_own_grants, other.id, everything),
            lambda: call(RoleService.add_members, admin.id, MembersAdd(user_ids=[other.id])),
            lambda: call(RoleService.create, RoleCreate(name="all", includes=["admin"])),
            lambda: call(RoleService.create, RoleCreate(name="all", permissions=["user.read"])),
            lambda: call(UserService.create, made),
            lambda: call(UserService.assign_roles, other.id, ["admin"]),
        ):
            with pytest.raises(PermissionDenied):
                await attempt()
        end = clock.now() + DAY
        until = MembersAdd(user_ids=[other.id], expires_at=end)
        assert await call(RoleService.add_members, admin.id, until) == 1
        given = Grants(grants=[GrantSpec(permission="*", expires_at=end)])
        await call(RoleService.set_own_grants, user.id, given)
        await call(UserService.create, UserCreate.model_validate({**new_user, "roles": ["user"]}))


class TestAddingAgain:
    """Somebody who has the role already."""

    @pytest.mark.actor("admin")
    async def test_changes_the_end(
        self, call: Caller, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """The new end and reason count, and the trail tells the end before and after."""
        role = await make_role("user.read", name="desk")
        user, fresh = await make_user(roles=["desk"]), await make_user(roles=[])
        end = clock.now() + DAY
        new = MembersAdd(user_ids=[user.id, fresh.id], expires_at=end, reason="For the fair")

        assert await call(RoleService.add_members, role.id, new) == 2
        assert await call(RoleService.add_members, role.id, new) == 0

        page = await call(RoleService.members, role.id, MemberListQuery())
        assert [(each.expires_at, each.reason) for each in page.items] == [(end, new.reason)] * 2
        entry = (await platform.audit(action="role.add_members"))[0]
        [change] = entry.changes
        [before] = change["before"]
        assert (before["email"], before.get("expires_at")) == (user.email, None)
        assert [each["email"] for each in change["after"]] == [user.email, fresh.email]
        ends = {datetime.fromisoformat(each["expires_at"]) for each in change["after"]}
        assert ends == {end}
        assert entry.detail == {"user_ids": sorted([str(fresh.id), str(user.id)])}

    async def test_takes_nothing_that_is_not_held(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """Who has a role for a time does not shorten a membership for good."""
        await make_user(roles=["admin"])
        role = await make_role(*MANAGING, name="desk")
        call = await having(platform, await make_user(roles=[]), "desk", until=5 * DAY)
        other = await make_user(roles=["desk"])

        new = MembersAdd(user_ids=[other.id], expires_at=clock.now() + DAY)
        with pytest.raises(PermissionDenied):
            await call(RoleService.add_members, role.id, new)
        with pytest.raises(PermissionDenied):
            await call(RoleService.remove_members, role.id, [other.id])

    @pytest.mark.actor("admin")
    async def test_keeps_an_administrator(self, call: Caller, platform: Platform) -> None:
        """The last administrator for good does not become one for a time."""
        admin = await role_named(platform, "admin")
        assert call.actor.user_id is not None
        new = MembersAdd(user_ids=[call.actor.user_id], expires_at=clock.now() + DAY)

        with pytest.raises(Conflict) as caught:
            await call(RoleService.add_members, admin.id, new)

        assert caught.value.code == "role.last_administrator"


class TestRolesAbove:
    """Roles that grant what the actor does not hold."""

    @pytest.mark.actor(grants=MANAGING)
    @pytest.mark.parametrize(
        "change",
        [
            RoleUpdate(name="other"),
            RoleUpdate(description="Something else."),
            RoleUpdate(includes=["guest"]),
            RoleUpdate(permissions=["user.delete", "user.read"]),
        ],
    )
    async def test_are_left_alone(
        self, call: Caller, make_role: RoleFactory, change: RoleUpdate
    ) -> None:
        """They are neither renamed nor described nor extended."""
        role = await make_role("user.delete", name="strong")

        with pytest.raises(PermissionDenied) as caught:
            await call(RoleService.update, role.id, change)

        assert caught.value.code == "role.beyond_actor"
        more = Grants(permissions=["user.read"])
        with pytest.raises(PermissionDenied):
            await call(RoleService.grant, role.id, more)

    async def test_held_for_a_time_is_not_above(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """A role that one has until the fifth can be described."""
        await make_user(roles=["admin"])
        role = await make_role(*MANAGING, name="desk")
        call = await having(platform, await make_user(roles=[]), "desk", until=5 * DAY)

        changed = await call(RoleService.update, role.id, RoleUpdate(description="The desk."))

        assert changed.description == "The desk."
