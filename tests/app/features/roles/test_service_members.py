"""Who has a role, and what users hold in person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core import clock
from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from app.features.roles.schemas import (
    Grants,
    GrantSpec,
    MemberListQuery,
    MemberRead,
    MembersAdd,
    version_of,
)
from app.features.roles.service import RoleService
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.roles import role_named

NOBODY = UUID("01890000-0000-7000-8000-000000000001")


@pytest.mark.actor("admin")
class TestMembers:
    """Who has a role."""

    async def test_add_and_remove(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Those who have it already are left as they are; each change is felt at once."""
        role = await make_role("user.read", name="desk")
        ada, bob = await make_user(roles=["desk"]), await make_user(roles=["user"])

        added = await call(
            RoleService.add_members,
            role.id,
            MembersAdd(user_ids=[ada.id, bob.id], reason="new team"),
        )

        assert added == 1
        page = await call(RoleService.members, role.id, MemberListQuery())
        assert [(member.id, member.reason) for member in page.items] == [
            (ada.id, ""),
            (bob.id, "new team"),
        ]
        [entry] = await platform.audit(action="role.add_members")
        [change] = entry.changes
        [member] = change["after"]
        assert (change["field"], change["before"]) == ("members", [])
        assert (member["email"], member["user_id"]) == (bob.email, str(bob.id))
        assert (member["reason"], member["granted_by"]) == ("new team", "Actor")

        assert await call(RoleService.remove_members, role.id, [ada.id, bob.id, NOBODY]) == 2
        assert (await call(RoleService.members, role.id, MemberListQuery())).items == []

    @pytest.mark.parametrize("sort", ["created", "name", "since", "until"])
    async def test_pages(
        self, call: Caller, make_role: RoleFactory, make_user: UserFactory, sort: str
    ) -> None:
        """In either order they lead through all members once, and back; a search narrows them."""
        role = await make_role("user.read", name="desk")
        names = ("Bea Berg", "Ada", "Cem Berg", "Ada", "Eve Bergson")
        for days, name in enumerate(names):
            user = await make_user(display_name=name, email=f"m{days}@one.example")
            ends = clock.now() + timedelta(days=9 - days) if days % 2 else None
            await call(
                RoleService.add_members, role.id, MembersAdd(user_ids=[user.id], expires_at=ends)
            )

        async def walk(**asked: Any) -> list[MemberRead]:
            page = await call(RoleService.members, role.id, MemberListQuery(limit=2, **asked))
            found = list(page.items)
            while page.next_cursor:
                query = MemberListQuery(limit=2, cursor=page.next_cursor, **asked)
                page = await call(RoleService.members, role.id, query)
                found += page.items
                assert page.previous_cursor
            return found

        rising, falling = await walk(sort=sort), await walk(sort=f"-{sort}")

        assert [each.id for each in rising] == [each.id for each in reversed(falling)]
        assert len({each.id for each in rising}) == len(names)
        values: dict[str, list[Any]] = {
            "created": [each.id for each in rising],
            "name": [each.name for each in rising],
            "since": [each.granted_at for each in rising],
            "until": [(each.expires_at is None, each.expires_at) for each in rising],
        }
        if sort != "until":
            assert values[sort] == sorted(values[sort])
        assert [is_for_good for is_for_good, _ in values["until"]].count(True) == 3
        found = await walk(sort=sort, q="berg")
        assert {each.name for each in found} == {"Bea Berg", "Cem Berg", "Eve Bergson"}
        page = await call(RoleService.members, role.id, MemberListQuery(q="berg", limit=1))
        assert page.count == 3

    async def test_hidden_names(
        self, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Nobody is found or sorted by what may not be read of them."""
        grant = GrantSpec(permission="user.read", readable=["email", "roles"])
        role = await make_role("role.read", grant, name="limited")
        limited = await make_user(display_name="Ada", roles=["limited"])
        await make_user(display_name="Adam", roles=["limited"])
        call = platform.caller((await platform.sign_in(limited, PASSWORD)).actor)

        with pytest.raises(Invalid) as caught:
            await call(RoleService.members, role.id, MemberListQuery(sort="-name"))
        found = await call(RoleService.members, role.id, MemberListQuery(q="ada"))

        assert caught.value.code == "page.sort.hidden"
        assert [each.id for each in found.items] == [limited.id]

    async def test_ends_by_itself(
        self,
        call: Caller,
        platform: Platform,
        make_role: RoleFactory,
        make_user: UserFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """After its end the role is as if it had never been given; it can be given anew."""
        role = await make_role("user.read", name="desk")
        user = await make_user(roles=["user"])
        signed_in = await platform.sign_in(user, PASSWORD)
        ends = clock.now() + timedelta(minutes=5)
        await call(
            RoleService.add_members, role.id, MembersAdd(user_ids=[user.id], expires_at=ends)
        )

        async with platform.client(signed_in.tokens.access_token) as client:
            assert (await client.get("/api/v1/users")).status_code == 200
            now = clock.now
            monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=6))
            assert (await client.get("/api/v1/users")).status_code == 403
            me = (await client.get("/api/v1/auth/me")).json()

        assert me["roles"] == ["user"]
        assert (await call(UserService.get, user.id)).roles == ["user"]
        assert (await call(RoleService.get, role.id)).members == 0
        again = await call(RoleService.add_members, role.id, MembersAdd(user_ids=[user.id]))
        assert again == 1

    async def test_unknown_user(self, call: Caller, make_role: RoleFactory) -> None:
        """All or nothing."""
        role = await make_role(name="desk")

        with pytest.raises(Invalid):
            await call(RoleService.add_members, role.id, MembersAdd(user_ids=[NOBODY]))

    async def test_the_last_administrator_stays(
        self, call: Caller, platform: Platform, actor: object
    ) -> None:
        """Somebody keeps everything."""
        admin = await role_named(platform, "admin")
        page = await call(RoleService.members, admin.id, MemberListQuery())

        with pytest.raises(Conflict) as caught:
            await call(RoleService.remove_members, admin.id, [each.id for each in page.items])

        assert caught.value.code == "role.last_administrator"


@pytest.mark.actor("admin")
class TestOwnGrants:
    """What a user holds in person."""

    async def test_takes_effect_at_once(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Without any role, and until it is taken back."""
        user = await make_user(roles=["guest"])
        signed_in = await platform.sign_in(user, PASSWORD)
        async with platform.client(signed_in.tokens.access_token) as client:
            wanted = Grants(grants=[GrantSpec(permission="user.read", reason="audit season")])
            [grant] = await call(RoleService.set_own_grants, user.id, wanted)

            assert (grant.granted_by, grant.reason) == ("Actor", "audit season")
            assert (await client.get("/api/v1/users")).status_code == 200

            assert await call(RoleService.set_own_grants, user.id, Grants()) == []
            assert (await client.get("/api/v1/users")).status_code == 403

        entries = await platform.audit(action="user.set_grants")
        assert {entry.target_id for entry in entries} == {str(user.id)}
        assert await call(RoleService.own_grants, user.id) == []

    async def test_another_version(self, call: Caller, make_user: UserFactory) -> None:
        """Two people who start from the same list do not overwrite each other."""
        user = await make_user()
        start = version_of(await call(RoleService.own_grants, user.id))
        first = Grants(permissions=["user.read"])
        await call(RoleService.set_own_grants, user.id, first, version=start)

        with pytest.raises(Conflict) as caught:
            await call(RoleService.set_own_grants, user.id, Grants(), version=start)

        assert caught.value.code == "user.grants.conflict"
        [kept] = await call(RoleService.own_grants, user.id)
        assert caught.value.details["current_version"] == version_of([kept])
        assert await call(RoleService.set_own_grants, user.id, Grants()) == []

    async def test_unknown_user(self, call: Caller) -> None:
        """There is nobody to give it to."""
        with pytest.raises(NotFound):
            await call(RoleService.set_own_grants, NOBODY, Grants(permissions=["user.read"]))
        with pytest.raises(NotFound):
            await call(RoleService.own_grants, NOBODY)


@pytest.mark.actor(grants=["role.read", "role.update", "user.read"])
class TestOwnGrantsBeyond:
    """Nobody gives in person what they do not hold."""

    async def test_refused(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """To others or to oneself."""
        user = await make_user(roles=["guest"])

        for user_id in (user.id, call.actor.user_id):
            assert user_id is not None
            with pytest.raises(PermissionDenied):
                await call(RoleService.set_own_grants, user_id, Grants(permissions=["user.*"]))

        assert len(await platform.audit(action="user.set_grants", outcome="denied")) == 2
