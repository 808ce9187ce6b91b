"""Operations on roles: each allowed, refused, and described in the audit trail."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.core import clock
from app.core.actor import SYSTEM
from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied, Unauthenticated
from app.features.roles import rules
from app.features.roles.schemas import (
    Grants,
    GrantSpec,
    MemberListQuery,
    RoleCreate,
    RoleListQuery,
    RoleUpdate,
)
from app.features.roles.service import DEFAULT_ROLES, RoleService
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.roles import role_named

NOBODY = UUID("01890000-0000-7000-8000-000000000001")
TOO_MANY = "role.include.too_many"
EDITOR = ["role.read", "role.update", "role.create", "role.delete", "user.read", "user.update"]


class TestCount:
    """How many roles a search finds."""

    @pytest.mark.actor(grants=["role.read"])
    async def test_allowed(self, call: Caller, make_role: RoleFactory) -> None:
        """As many as the pages of the same search have; signs of SQL are only signs."""
        await make_role(name="desk one")
        await make_role(name="Desk two")

        for search, expected in (("DESK", 2), ("%", 0), ("_", 0), ("  ", None), (None, None)):
            found = (await call(RoleService.page, RoleListQuery(q=search))).items
            assert await call(RoleService.count, search) == len(found)
            assert expected in {None, len(found)}

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller) -> None:
        """Not everybody learns how many there are."""
        with pytest.raises(PermissionDenied):
            await call(RoleService.count, None)


class TestAll:
    """All roles, by name."""

    @pytest.mark.actor(grants=["role.read"])
    async def test_allowed(self, call: Caller, make_role: RoleFactory) -> None:
        """Roles come with what they grant, both in order."""
        await make_role("user.read", "audit.read", name="zebra")

        roles = {role.name: role.permissions for role in await call(RoleService.all)}

        assert list(roles) == sorted(roles)
        assert roles["admin"] == ("*",)
        assert roles["user"] == ()
        assert roles["zebra"] == ("audit.read", "user.read")

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Not everybody sees what roles grant; the attempt is recorded."""
        with pytest.raises(PermissionDenied):
            await call(RoleService.all)

        [entry] = await platform.audit(action="role.read", outcome="denied")
        assert entry.actor_name == "Actor"

    async def test_anonymous(self, call: Caller) -> None:
        """Visitors see nothing."""
        with pytest.raises(Unauthenticated):
            await call(RoleService.all)


@pytest.mark.actor("admin")
class TestPage:
    """A page of roles."""

    async def test_goes_through_all(self, call: Caller, make_role: RoleFactory) -> None:
        """Page after page, each role once."""
        for number in range(5):
            await make_role(name=f"made {number}")

        first = await call(RoleService.page, RoleListQuery(limit=3))
        second = await call(RoleService.page, RoleListQuery(limit=3, cursor=first.next_cursor))
        third = await call(RoleService.page, RoleListQuery(limit=3, cursor=second.next_cursor))

        names = [role.name for page in (first, second, third) for role in page.items]
        assert names == ["admin", "guest", *(f"made {number}" for number in range(5)), "user"]
        assert third.next_cursor is None

    @pytest.mark.parametrize(("q", "expected"), [("ADM", ["admin"]), ("%", []), ("_", [])])
    async def test_search(self, call: Caller, q: str, expected: list[str]) -> None:
        """Part of a name; what is special in SQL is not special here."""
        page = await call(RoleService.page, RoleListQuery(q=q))

        assert [role.name for role in page.items] == expected


class TestCreate:
    """Add a role."""

    @pytest.mark.actor("admin")
    async def test_with_everything(self, call: Caller, platform: Platform) -> None:
        """Conditions, included roles, and who gave it when and why."""
        ends = clock.now() + timedelta(days=1)
        role = await call(
            RoleService.create,
            RoleCreate(
                name="  support  desk ",
                description="Helps people.",
                permissions=["audit.read"],
                grants=[
                    GrantSpec(permission="user.read", rule="own", readable=["email"]),
                    GrantSpec(permission="user.update", expires_at=ends, reason="holiday cover"),
                ],
                includes=["guest"],
            ),
        )

        assert role.name == "support desk"
        assert role.permissions == ("audit.read", "user.read", "user.update")
        assert role.includes == ("guest",)
        audit, read, update = role.grants
        assert (audit.rule, audit.readable, audit.expires_at) == ("", None, None)
        assert (read.rule, read.readable, read.writable) == ("own", ["email"], None)
        assert (update.expires_at, update.reason) == (ends, "holiday cover")
        assert {grant.granted_by for grant in role.grants} == {"Actor"}
        [entry] = await platform.audit(action="role.create")
        assert (entry.target_type, entry.target_label) == ("role", "support desk")
        changes = {change["field"]: change["after"] for change in entry.changes}
        assert [included["role"] for included in changes["includes"]] == ["guest"]
        recorded = changes["grants"][1]
        assert (recorded["permission"], recorded["rule"]) == ("user.read", "own")
        assert (recorded["readable"], recorded["granted_by"]) == (["email"], "Actor")

    @pytest.mark.actor(grants=["role.read", "user.*"])
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Without the permission nothing is made, and the attempt is recorded."""
        with pytest.raises(PermissionDenied):
            await call(RoleService.create, RoleCreate(name="mine"))

        [entry] = await platform.audit(action="role.create", outcome="denied")
        assert entry.actor_name == "Actor"

    @pytest.mark.actor(grants=EDITOR)
    @pytest.mark.parametrize("permission", ["*", "user.*", "*.read", "audit.read", "role.grant"])
    async def test_not_beyond_oneself(
        self, call: Caller, platform: Platform, permission: str
    ) -> None:
        """Nobody makes a role that may do more than they."""
        with pytest.raises(PermissionDenied) as caught:
            await call(RoleService.create, RoleCreate(name="mine", permissions=[permission]))

        assert caught.value.code == "role.beyond_actor"
        [entry] = await platform.audit(action="role.create", outcome="denied")
        assert entry.error_code == "role.beyond_actor"
        assert "mine" not in [role.name for role in await platform.caller(SYSTEM)(RoleService.all)]

    @pytest.mark.actor(grants=EDITOR)
    async def test_not_beyond_oneself_by_including(self, call: Caller) -> None:
        """Nor by including a role that may."""
        with pytest.raises(PermissionDenied):
            await call(RoleService.create, RoleCreate(name="mine", includes=["admin"]))

    @pytest.mark.actor(grants=[*EDITOR, "role.grant"])
    async def test_who_may_grant_anything(self, call: Caller) -> None:
        """`role.grant` opens what one does not hold."""
        role = await call(RoleService.create, RoleCreate(name="mine", permissions=["audit.read"]))

        assert role.permissions == ("audit.read",)

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(
        ("new", "code", "field"),
        [
            ({"permissions": ["nothing.read"]}, "role.permission.unknown", "permissions"),
            ({"permissions": ["nothing.*"]}, "role.permission.unknown", "permissions"),
            ({"grants": [{"permission": "user.read", "rule": "x"}]}, "role.rule.unknown", "grants"),
            (
                {"grants": [{"permission": "user.read", "readable": ["x"]}]},
                "role.field.unknown",
                "grants",
            ),
            (
                {"grants": [{"permission": "user.read", "expires_at": "2020-01-01T00:00:00Z"}]},
                "role.expires.past",
                "expires_at",
            ),
            ({"includes": ["nothing"]}, "role.include.unknown", "includes"),
        ],
    )
    async def test_unknown(
        self, call: Caller, new: dict[str, object], code: str, field: str
    ) -> None:
        """What no feature declares is refused at its field."""
        with pytest.raises(Invalid) as caught:
            await call(RoleService.create, RoleCreate.model_validate({"name": "made", **new}))

        assert caught.value.code == code
        assert list(caught.value.fields) == [field]

    @pytest.mark.actor("admin")
    async def test_name_taken(self, call: Caller) -> None:
        """Names are unique."""
        with pytest.raises(Conflict) as caught:
            await call(RoleService.create, RoleCreate(name="guest"))

        assert caught.value.code == "role.name.taken"

    @pytest.mark.parametrize("name", ["", " ", "a/b", "a" * 51, "a\0", "<b>", "\u202eadmin"])
    def test_bad_names(self, name: str) -> None:
        """Names are shown, sorted and put into addresses."""
        with pytest.raises(ValidationError):
            RoleCreate(name=name)

    def test_the_same_twice(self) -> None:
        """One permission with one row rule is one grant."""
        with pytest.raises(ValidationError, match="granted twice"):
            RoleCreate(
                name="x", permissions=["user.read"], grants=[GrantSpec(permission="user.read")]
            )


class TestUpdate:
    """Change a role."""

    @pytest.mark.actor("admin")
    async def test_takes_effect_at_once(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Who has the role may do what it grants now, and no longer what it granted before."""
        role = await make_role("user.read", name="desk")
        signed_in = await platform.sign_in(await make_user(roles=["desk"]), PASSWORD)

        await call(RoleService.update, role.id, RoleUpdate(permissions=["role.read"]))

        async with platform.client(signed_in.tokens.access_token) as client:
            assert (await client.get("/api/v1/roles")).status_code == 200
            assert (await client.get("/api/v1/users")).status_code == 403

    @pytest.mark.actor("admin")
    async def test_diff(self, call: Caller, platform: Platform, make_role: RoleFactory) -> None:
        """The audit trail tells what changed, and only that."""
        role = await make_role("user.read", name="desk")

        updated = await call(
            RoleService.update, role.id, RoleUpdate(name="Desk", includes=["guest"], version=1)
        )

        assert (updated.name, updated.includes, updated.version) == ("Desk", ("guest",), 2)
        assert updated.permissions == ("user.read",)
        [entry] = await platform.audit(action="role.update")
        name, includes = entry.changes
        assert name == {"field": "name", "before": "desk", "after": "Desk"}
        assert (includes["field"], includes["before"]) == ("includes", [])
        assert [included["role"] for included in includes["after"]] == ["guest"]

    @pytest.mark.actor("admin")
    async def test_nothing_changed(self, call: Caller, make_role: RoleFactory) -> None:
        """Saving what is there already is no new version."""
        role = await make_role("user.read", name="desk")

        again = await call(RoleService.update, role.id, RoleUpdate(permissions=["user.read"]))

        assert again.version == 1
        assert again.grants == role.grants

    @pytest.mark.actor("admin")
    async def test_version(self, call: Caller, make_role: RoleFactory) -> None:
        """Two people who edit at once are told."""
        role = await make_role(name="desk")
        await call(RoleService.update, role.id, RoleUpdate(description="one", version=1))

        with pytest.raises(Conflict) as caught:
            await call(RoleService.update, role.id, RoleUpdate(description="two", version=1))

        assert caught.value.code == "role.version.conflict"

    @pytest.mark.actor("admin")
    async def test_cycle(self, call: Caller, make_role: RoleFactory) -> None:
        """A role cannot include itself, however long the way."""
        one, two, three = [await make_role(name=name) for name in ("one", "two", "three")]
        await call(RoleService.update, one.id, RoleUpdate(includes=["two"]))
        await call(RoleService.update, two.id, RoleUpdate(includes=["three"]))

        for role, includes in ((three, "one"), (three, "two"), (one, "one")):
            with pytest.raises(Conflict) as caught:
                await call(RoleService.update, role.id, RoleUpdate(includes=[includes]))
            assert caught.value.code == "role.cycle"

    @pytest.mark.actor("admin")
    async def test_too_much_included(
        self, call: Caller, make_role: RoleFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A role cannot include more roles, or over more levels, than the bounds say."""
        one, two, three, _ = [await make_role(name=name) for name in ("a", "b", "c", "d")]
        await call(RoleService.update, one.id, RoleUpdate(includes=["b"]))
        await call(RoleService.update, three.id, RoleUpdate(includes=["d"]))
        monkeypatch.setattr(rules, "MOST_LEVELS", 3)
        monkeypatch.setattr(rules, "MOST_INCLUDES", 1)

        for wanted, code in ((["c"], "role.include.too_deep"), (["d", "user"], TOO_MANY)):
            with pytest.raises(Invalid) as caught:
                await call(RoleService.update, two.id, RoleUpdate(includes=wanted))
            assert caught.value.code == code
            assert list(caught.value.fields) == ["includes"]
        with pytest.raises(Invalid) as caught:
            await call(RoleService.create, RoleCreate(name="e", includes=["d", "user"]))
        assert caught.value.code == TOO_MANY
        await call(RoleService.update, two.id, RoleUpdate(includes=["d"]))

    @pytest.mark.actor("admin")
    async def test_beyond_the_bounds_already(
        self, call: Caller, make_role: RoleFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What an earlier version stored beyond the bounds may stay or shrink, but not grow."""
        for name in "abcd":
            await make_role(name=name)
        large = await call(RoleService.create, RoleCreate(name="e", includes=["a", "b", "c"]))
        monkeypatch.setattr(rules, "MOST_INCLUDES", 1)

        for wanted in (["a", "b", "d"], ["a", "b"]):
            await call(RoleService.update, large.id, RoleUpdate(includes=wanted))
        with pytest.raises(Invalid):
            await call(RoleService.update, large.id, RoleUpdate(includes=["a", "b", "c"]))

    @pytest.mark.actor(grants=EDITOR)
    async def test_nobody_raises_themselves(self, call: Caller, platform: Platform) -> None:
        """Not by granting to one's own role, nor by letting it include a stronger one."""
        mine = await role_named(platform, "as-declared")

        for change in (
            RoleUpdate(permissions=[*EDITOR, "audit.read"]),
            RoleUpdate(includes=["admin"]),
        ):
            with pytest.raises(PermissionDenied):
                await call(RoleService.update, mine.id, change)

        refused = await platform.audit(action="role.update", outcome="denied")
        assert [entry.target_label for entry in refused] == ["as-declared"] * 2
        assert await role_named(platform, "as-declared") == mine

    @pytest.mark.actor(grants=EDITOR)
    async def test_not_what_one_does_not_hold(self, call: Caller, platform: Platform) -> None:
        """Taking away from a stronger role is refused as well."""
        admin = await role_named(platform, "admin")

        with pytest.raises(PermissionDenied):
            await call(RoleService.update, admin.id, RoleUpdate(permissions=["user.read"]))

    @pytest.mark.actor("admin")
    async def test_somebody_keeps_everything(self, call: Caller, platform: Platform) -> None:
        """The last way to administration is kept: no limit, no end, no removal."""
        admin = await role_named(platform, "admin")
        ends = clock.now() + timedelta(days=1)

        for grants in (
            [],
            [GrantSpec(permission="*", expires_at=ends)],
            [GrantSpec(permission="user.*")],
        ):
            with pytest.raises(Conflict) as caught:
                await call(RoleService.update, admin.id, RoleUpdate(grants=grants))
            assert caught.value.code == "role.last_administrator"

    @pytest.mark.actor("admin")
    async def test_another_way_suffices(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Through a role that includes one with everything, say."""
        await make_role("*", name="root")
        chief = await make_role(name="chief")
        await call(RoleService.update, chief.id, RoleUpdate(includes=["root"]))
        await make_user(roles=["chief"])
        admin = await role_named(platform, "admin")

        updated = await call(RoleService.update, admin.id, RoleUpdate(permissions=["user.read"]))

        assert updated.permissions == ("user.read",)

    @pytest.mark.actor("admin")
    async def test_default_roles_keep_their_names(self, call: Caller, platform: Platform) -> None:
        """The platform looks for them by name."""
        guest = await role_named(platform, "guest")

        with pytest.raises(Conflict) as caught:
            await call(RoleService.update, guest.id, RoleUpdate(name="visitor"))

        assert caught.value.code == "role.default"

    @pytest.mark.actor("admin")
    async def test_unknown_role(self, call: Caller) -> None:
        """There is nothing to change."""
        with pytest.raises(NotFound):
            await call(RoleService.update, NOBODY, RoleUpdate(name="x"))


@pytest.mark.actor("admin")
class TestGrantAndRevoke:
    """One grant more, one less."""

    async def test_keeps_the_others(self, call: Caller, make_role: RoleFactory) -> None:
        """What is granted already stays, with who gave it."""
        role = await make_role("user.read", name="desk")

        more = await call(RoleService.grant, role.id, Grants(permissions=["role.read"]))

        assert more.permissions == ("role.read", "user.read")
        assert [grant.granted_by for grant in more.grants] == ["Actor", "system"]

        less = await call(RoleService.revoke, role.id, more.grants[0].id)
        assert less.permissions == ("user.read",)

    async def test_new_conditions_replace_the_old(
        self, call: Caller, make_role: RoleFactory
    ) -> None:
        """The same permission and rule is one grant, not two."""
        role = await make_role(GrantSpec(permission="user.read"), name="desk")

        limited = GrantSpec(permission="user.read", readable=["email"])
        changed = await call(RoleService.grant, role.id, Grants(grants=[limited]))

        [grant] = changed.grants
        assert (grant.readable, grant.granted_by) == (["email"], "Actor")

    async def test_unknown_grant(self, call: Caller, make_role: RoleFactory) -> None:
        """A role cannot lose what it does not grant."""
        role = await make_role("user.read", name="desk")

        with pytest.raises(NotFound):
            await call(RoleService.revoke, role.id, NOBODY)


@pytest.mark.actor("admin")
class TestDelete:
    """Remove a role."""

    async def test_allowed(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """It is gone from those who had it and from the roles that included it."""
        role = await make_role("user.read", name="desk")
        other = await make_role(name="other")
        await call(RoleService.update, other.id, RoleUpdate(includes=["desk"]))
        user = await make_user(roles=["desk", "user"])

        await call(RoleService.delete, role.id)

        assert (await role_named(platform, "other")).includes == ()
        assert (await call(UserService.get, user.id)).roles == ["user"]
        [entry] = await platform.audit(action="role.delete")
        assert {change["field"]: change["before"] for change in entry.changes}["name"] == "desk"

    @pytest.mark.parametrize("name", sorted(DEFAULT_ROLES))
    async def test_default_roles_stay(self, call: Caller, platform: Platform, name: str) -> None:
        """The platform needs them."""
        role = await role_named(platform, name)

        with pytest.raises(Conflict) as caught:
            await call(RoleService.delete, role.id)

        assert caught.value.code == "role.default"


class TestEnsureDefaults:
    """Create those of the default roles that are missing."""

    async def test_nothing_missing(self, platform: Platform) -> None:
        """Where all are there, nothing is made."""
        before = await platform.contents(without=["core_audit_entries"])

        assert await platform.caller(SYSTEM)(RoleService.ensure_defaults) == []

        assert await platform.contents(without=["core_audit_entries"]) == before

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller) -> None:
        """It is not for everybody."""
        with pytest.raises(PermissionDenied):
            await call(RoleService.ensure_defaults)

    async def test_on_an_empty_database(self, platform: Platform) -> None:
        """A prepared database has exactly the default roles."""
        roles = await platform.caller(SYSTEM)(RoleService.all)

        assert {role.name for role in roles} == set(DEFAULT_ROLES)
        assert [role.name for role in roles if "*" in role.permissions] == ["admin"]


@pytest.mark.actor("admin")
class TestAtOnce:
    """Two changes at the same time."""

    async def test_two_ways_to_administration(
        self, call: Caller, platform: Platform, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Taking both at once leaves one."""
        root = await make_role("*", name="root")
        await make_user(roles=["root"])
        admin = await role_named(platform, "admin")
        everybody = await call(RoleService.members, admin.id, MemberListQuery())

        results = await asyncio.gather(
            call(RoleService.update, root.id, RoleUpdate(permissions=[])),
            call(RoleService.remove_members, admin.id, [each.id for each in everybody.items]),
            return_exceptions=True,
        )

        assert [type(result) for result in results].count(Conflict) == 1
