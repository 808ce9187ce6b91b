"""State of the roles' pages."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core import clock
from app.core.actor import SYSTEM
from app.features.roles.schemas import GrantSpec, RoleRead, RoleUpdate
from app.features.roles.service import RoleService
from app.features.roles.state import NewRole, RoleList, RoleRecord
from app.testing.factories import RoleFactory, UserFactory
from app.testing.platform import Platform
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


def sent(role: RoleRead | None = None, *grants: str | dict[str, Any], **fields: Any) -> Any:
    """What the form sends."""
    every = [{"permission": each} if isinstance(each, str) else each for each in grants]
    base: dict[str, Any] = {"description": "", "includes": []}
    if role is not None:
        base |= {"name": role.name, "version": str(role.version)}
    return {**base, "grants": json.dumps(every), **fields}


async def opened(tab: Tab, role: RoleRead) -> RoleRecord:
    """The role's page, loaded."""
    tab.at(f"/roles/{role.id}")
    await tab.call(RoleRecord.load)
    return await tab.of(RoleRecord)


async def stored(platform: Platform, role: RoleRead) -> RoleRead:
    """The role as it is now."""
    return await platform.caller(SYSTEM)(RoleService.get, role.id)


@pytest.mark.actor("admin")
class TestList:
    """The list follows its address."""

    async def test_shows_the_page_of_the_address(self, tab: Tab, make_role: RoleFactory) -> None:
        """Search, sort and size come from the address; numbers stand in the rows."""
        for number in range(3):
            await make_role(*["user.read", "audit.read"][:number], name=f"kind {number}")
        tab.at("/roles?q=KIND&sort=-name&limit=2")

        await tab.call(RoleList.load)

        state = await tab.of(RoleList)
        assert [(row.name, row.grants) for row in state.rows] == [("kind 2", 2), ("kind 1", 1)]
        assert (state.first, state.last, state.total) == (1, 2, 3)
        assert state.next_address

    async def test_members_are_counted(self, tab: Tab, make_user: UserFactory) -> None:
        """How many have each role, and which are the platform's own."""
        await make_user(roles=["guest"])
        tab.at("/roles")

        await tab.call(RoleList.load)

        rows = {row.name: row for row in (await tab.of(RoleList)).rows}
        assert rows["guest"].members == 1
        assert rows["guest"].is_default

    async def test_a_wrong_address_says_so(self, tab: Tab) -> None:
        """A damaged link shows what is wrong in the list's place."""
        tab.at("/roles?sort=nope")

        await tab.call(RoleList.load)

        state = await tab.of(RoleList)
        assert state.problem.message
        assert not state.loading

    async def test_delete_names_who_loses_what(
        self, tab: Tab, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """The question tells by name and number; the answer deletes."""
        role = await make_role("user.read", name="doomed")
        for name in ("Ada", "Bob", "Cyd", "Dan", "Eve", "Flo", "Gus"):
            await make_user(display_name=name, roles=["doomed"])
        tab.at("/roles?q=doomed")
        await tab.call(RoleList.load)

        await tab.call(RoleList.ask_delete, str(role.id))
        state = await tab.of(RoleList)
        lost, summary = list(state.lost), state.lost_summary
        await tab.call(RoleList.delete)
        await tab.call(RoleList.load)

        [effect] = lost
        assert effect["who"] == "Ada, Bob, Cyd, Dan, Eve and 2 more"
        assert [each["code"] for each in effect["loses"]] == ["user.read"]
        assert summary == "7 people are affected, as soon as this is done."
        assert (await tab.of(RoleList)).rows == []
        assert await tab.messages() == ["Role doomed is deleted."]

    async def test_what_cannot_be_deleted_says_why(self, tab: Tab, platform: Platform) -> None:
        """Without the role nobody could do everything any more."""
        roles = await platform.caller(SYSTEM)(RoleService.all)
        admin = next(role for role in roles if role.name == "admin")

        await tab.call(RoleList.ask_delete, str(admin.id))

        assert "Nobody would be left" in (await tab.of(RoleList)).kept_because

    @pytest.mark.parametrize("role_id", ["nope", "00000000-0000-7000-8000-000000000000", ""])
    async def test_no_such_role(self, tab: Tab, role_id: str) -> None:
        """Nothing is asked about a role that is not there."""
        tab.at("/roles")
        await tab.call(RoleList.load)

        await tab.call(RoleList.ask_delete, role_id)

        assert (await tab.of(RoleList)).deleting.id == ""
        assert await tab.messages() == ["There is no such role."]


@pytest.mark.actor("admin")
class TestNewRole:
    """The form for a new role."""

    async def test_creates_and_goes_on_to_its_members(self, tab: Tab, platform: Platform) -> None:
        """Grants with conditions are stored as they were sent."""
        tab.at("/roles/new")
        await tab.call(NewRole.load)
        narrow = {"permission": "user.read", "rule": "own", "readable": ["email"], "reason": "x"}

        where = await tab.goes_to(
            NewRole.save, sent(None, narrow, "audit.*", name="Desk", includes=["guest"])
        )

        role = await platform.caller(SYSTEM)(RoleService.get, UUID(where.split("/")[2]))
        assert where == f"/roles/{role.id}/members"
        assert (role.name, role.includes) == ("Desk", ("guest",))
        assert [(each.permission, each.rule, each.readable) for each in role.grants] == [
            ("audit.*", "", None),
            ("user.read", "own", ["email"]),
        ]

    async def test_like_another_one(self, tab: Tab, make_role: RoleFactory) -> None:
        """A duplicate starts with all that the other one has, under another name."""
        role = await make_role(GrantSpec(permission="user.read", rule="own"), name="model")
        tab.at(f"/roles/new?from={role.id}")

        await tab.call(NewRole.load)

        state = await tab.of(NewRole)
        assert (state.role.name, state.role.id) == ("model copy", "")
        assert [(each["permission"], each["rule"]) for each in state.role.grants] == [
            ("user.read", "own")
        ]
        assert state.ready

    async def test_offers_every_permission(self, tab: Tab, platform: Platform) -> None:
        """By resource, with its wildcard, row rules and fields."""
        tab.at("/roles/new")
        await tab.call(NewRole.load)

        groups = (await tab.of(NewRole)).groups
        codes = [row["code"] for group in groups for row in group["permissions"]]
        users = next(group for group in groups if group["name"] == "user")
        assert {str(name) for name in platform.registry.permissions} <= set(codes)
        assert len(codes) == len(set(codes))
        assert users["permissions"][0]["code"] == "user.*"
        assert {"name": "own", "title": "Their own record"} in users["rules"]
        assert "email" in [each["name"] for each in users["readable"]]
        assert "created_at" not in [each["name"] for each in users["writable"]]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": " "}, "name"),
            ({"name": "admin"}, "name"),
            ({"name": None}, "name"),
            ({"includes": ["nobody"]}, "includes"),
            ({"includes": "guest"}, "includes"),
            ({"grants": "not json"}, "grants"),
            ({"grants": "[" * 5_000}, "grants"),
            ({"grants": '{"permission": "user.read"}'}, "grants"),
            ({"grants": '[{"permission": "no.such"}]'}, "permissions"),
            ({"grants": '[{"permission": "user.read", "rule": "no"}]'}, "grants"),
            ({"grants": '[{"permission": "user.read", "readable": ["no"]}]'}, "grants"),
            (
                {"grants": '[{"permission": "user.read", "expires_at": "2020-01-01T00:00:00Z"}]'},
                "expires_at",
            ),
        ],
    )
    async def test_says_at_the_field_what_is_wrong(
        self, tab: Tab, change: dict[str, Any], field: str
    ) -> None:
        """The message stands at the field, that about a grant above the grants."""
        tab.at("/roles/new")
        await tab.call(NewRole.load)

        told = await tab.call(NewRole.save, {**sent(None, name="Desk"), **change})

        state = await tab.of(NewRole)
        assert told == []
        assert [name.partition(".")[0] for name in state.field_errors] == [field]
        assert bool(state.grants_error) == (field in {"grants", "permissions", "expires_at"})


@pytest.mark.actor("admin")
class TestRecord:
    """One role's page."""

    async def test_shows_the_role(self, tab: Tab, make_role: RoleFactory) -> None:
        """Its grants, what the others grant and by which way, and its tabs."""
        base = await make_role("audit.read", name="base")
        role = await make_role("user.read", name="desk")
        await tab.call(RoleRecord.load)

        state = await opened(tab, role)

        others = {each["name"]: each["grants"] for each in state.others}
        assert [each["permission"] for each in state.role.grants] == ["user.read"]
        assert role.name not in others
        assert [(each["permission"], each["source"]) for each in others[base.name]] == [
            ("audit.read", "base")
        ]
        assert [each["label"] for each in state.tabs] == ["Permissions", "Members", "Activity"]

    @pytest.mark.parametrize("address", ["nope", "00000000-0000-7000-8000-000000000000", "%00"])
    async def test_missing(self, tab: Tab, address: str) -> None:
        """An address that leads to no role says so."""
        tab.at(f"/roles/{address}")

        await tab.call(RoleRecord.load)

        assert (await tab.of(RoleRecord)).missing

    async def test_nothing_is_saved_before_the_look(
        self, tab: Tab, make_role: RoleFactory, make_user: UserFactory, platform: Platform
    ) -> None:
        """Who would gain and lose what is told by name; then it is saved."""
        role = await make_role("user.read", name="desk")
        await make_user(display_name="Ada", roles=["desk"])
        await make_user(display_name="Bob", roles=["desk"])
        await opened(tab, role)

        await tab.call(RoleRecord.review, sent(role, "audit.read"))
        state = await tab.of(RoleRecord)
        [effect] = state.effects
        looked_at = (await stored(platform, role)).permissions
        await tab.call(RoleRecord.save)

        assert state.summary.startswith("2 people are affected")
        assert effect["who"] == "Ada and Bob"
        assert [each["code"] for each in effect["gains"]] == ["audit.read"]
        assert [each["code"] for each in effect["loses"]] == ["user.read"]
        assert looked_at == ("user.read",)
        assert (await stored(platform, role)).permissions == ("audit.read",)
        assert not (await tab.of(RoleRecord)).reviewing
        assert await tab.messages() == ["Saved."]

    async def test_less_of_a_permission(
        self, tab: Tab, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """A row rule narrows, and nobody is said to lose it."""
        role = await make_role("user.read", name="desk")
        await make_user(display_name="Ada", roles=["desk"])
        await opened(tab, role)

        await tab.call(RoleRecord.review, sent(role, {"permission": "user.read", "rule": "own"}))

        [effect] = (await tab.of(RoleRecord)).effects
        assert (effect["who"], [each["code"] for each in effect["narrows"]]) == (
            "Ada",
            ["user.read"],
        )
        assert (effect["gains"], effect["loses"], effect["widens"]) == ([], [], [])

    async def test_words_alone_are_saved_at_once(
        self, tab: Tab, make_role: RoleFactory, platform: Platform
    ) -> None:
        """A new name concerns nobody's access."""
        grant = GrantSpec(permission="user.read", expires_at=clock.now() + timedelta(days=1))
        role = await make_role(grant, name="desk")
        state = await opened(tab, role)

        await tab.call(RoleRecord.review, sent(role, *state.role.grants, name="Front desk"))

        assert not (await tab.of(RoleRecord)).reviewing
        assert (await stored(platform, role)).name == "Front desk"
        assert (await stored(platform, role)).grants == role.grants

    async def test_nobody_has_it(self, tab: Tab, make_role: RoleFactory) -> None:
        """A change that concerns nobody says so."""
        role = await make_role("user.read", name="desk")
        await opened(tab, role)

        await tab.call(RoleRecord.review, sent(role))

        state = await tab.of(RoleRecord)
        assert state.summary == "Nobody has this role, so nobody's access changes."
        assert state.reviewing

    async def test_what_would_be_refused_says_so(self, tab: Tab, platform: Platform) -> None:
        """Nobody would be left who may do everything: known before saving."""
        roles = await platform.caller(SYSTEM)(RoleService.all)
        admin = next(role for role in roles if role.name == "admin")
        await opened(tab, admin)

        await tab.call(RoleRecord.review, sent(admin, "user.read"))

        assert "Nobody would be left" in (await tab.of(RoleRecord)).refusal

    async def test_cycle(self, tab: Tab, make_role: RoleFactory, platform: Platform) -> None:
        """A role that would include itself is refused at the field."""
        one, two = await make_role(name="one"), await make_role(name="two")
        await platform.caller(SYSTEM)(RoleService.update, two.id, RoleUpdate(includes=["one"]))
        await opened(tab, one)

        await tab.call(RoleRecord.review, sent(one, includes=["two"]))

        state = await tab.of(RoleRecord)
        assert "would include itself" in state.field_errors["includes"]
        assert not state.reviewing

    async def test_default_roles_keep_their_names(self, tab: Tab, platform: Platform) -> None:
        """The name of one of the platform's own roles stays, whatever is sent."""
        roles = await platform.caller(SYSTEM)(RoleService.all)
        guest = next(role for role in roles if role.name == "guest")
        await opened(tab, guest)

        await tab.call(RoleRecord.review, sent(guest, name="visitor"))

        assert "cannot be renamed" in (await tab.of(RoleRecord)).form_error
        assert (await stored(platform, guest)).name == "guest"

    async def test_conflict(self, tab: Tab, make_role: RoleFactory, platform: Platform) -> None:
        """The second to save is told what the first changed; what they did not touch stays."""
        role = await make_role("user.read", "audit.read", name="desk")
        await opened(tab, role)
        theirs = RoleUpdate(permissions=["user.read", "view.share"], description="Theirs")
        await platform.caller(SYSTEM)(RoleService.update, role.id, theirs)

        mine = sent(role, "user.read", "audit.read", "session.read", description="Mine")
        await tab.call(RoleRecord.review, mine)
        state = await tab.of(RoleRecord)
        said, fields = state.conflict, {each["field"]: each for each in state.conflict_fields}
        await tab.call(RoleRecord.overwrite)
        reviewing = (await tab.of(RoleRecord)).reviewing
        await tab.call(RoleRecord.save)

        assert said == "system saved this role while you were at it."
        assert (fields["Description"]["theirs"], fields["Description"]["yours"]) == (
            "Theirs",
            "Mine",
        )
        assert (fields["Audit: read"]["theirs"], fields["Audit: read"]["yours"]) == ("no", "")
        assert reviewing
        after = await stored(platform, role)
        assert after.permissions == ("session.read", "user.read", "view.share")
        assert after.description == "Mine"

    async def test_same_change_twice_is_no_conflict(
        self, tab: Tab, make_role: RoleFactory, platform: Platform
    ) -> None:
        """Nobody is asked to choose between two equal things."""
        role = await make_role("user.read", name="desk")
        await opened(tab, role)
        await platform.caller(SYSTEM)(RoleService.update, role.id, RoleUpdate(description="Both"))

        await tab.call(RoleRecord.review, sent(role, "user.read", description="Both"))

        state = await tab.of(RoleRecord)
        assert (state.conflict, state.reviewing, state.role.version) == ("", False, 2)

    async def test_take_theirs(self, tab: Tab, make_role: RoleFactory, platform: Platform) -> None:
        """What was typed goes, and what the other one saved comes."""
        role = await make_role("user.read", name="desk")
        await opened(tab, role)
        await platform.caller(SYSTEM)(RoleService.update, role.id, RoleUpdate(description="Theirs"))
        await tab.call(RoleRecord.review, sent(role, "user.read", description="Mine"))

        await tab.call(RoleRecord.take_theirs)
        await tab.call(RoleRecord.load)

        assert (await tab.of(RoleRecord)).role.description == "Theirs"

    async def test_deleted_meanwhile(
        self, tab: Tab, make_role: RoleFactory, platform: Platform
    ) -> None:
        """The page says that there is nothing to save any more."""
        role = await make_role("user.read", name="desk")
        await opened(tab, role)
        await platform.caller(SYSTEM)(RoleService.delete, role.id)

        await tab.call(RoleRecord.review, sent(role, "audit.read"))

        state = await tab.of(RoleRecord)
        assert state.gone
        assert state.role.name == "desk"
        assert await tab.messages() == []

    async def test_delete_leads_back_to_the_list(self, tab: Tab, make_role: RoleFactory) -> None:
        """From the role's own page."""
        role = await make_role("user.read", name="desk")
        await opened(tab, role)

        await tab.call(RoleRecord.ask_delete)

        assert (await tab.of(RoleRecord)).deleting.name == "desk"
        assert await tab.goes_to(RoleRecord.delete) == "/roles"

    async def test_activity(self, tab: Tab, make_role: RoleFactory, platform: Platform) -> None:
        """What was done to the role is told, and how it changed."""
        role = await make_role("user.read", name="desk")
        await platform.caller(SYSTEM)(
            RoleService.update, role.id, RoleUpdate(permissions=["audit.read"])
        )
        await opened(tab, role)

        await tab.call(RoleRecord.load_activity)

        [row] = (await tab.of(RoleRecord)).activity
        assert row.what == "changed this role"
        [change] = row.changes
        assert change["field"] == "Grants"
        assert change["before"].startswith("user.read (given by system, ")
        assert change["after"].startswith("audit.read (given by system, ")


@pytest.mark.actor(grants=["role.read", "role.update", "user.read"])
class TestWithinLimits:
    """Somebody who may change roles, but not beyond what they hold."""

    async def test_review_tells_the_refusal(
        self, tab: Tab, make_role: RoleFactory, platform: Platform
    ) -> None:
        """What would go too far is said before saving, and refused when it is tried."""
        role = await make_role("user.read", name="desk")
        await opened(tab, role)

        await tab.call(RoleRecord.review, sent(role, "user.read", "user.delete"))
        refusal = (await tab.of(RoleRecord)).refusal
        await tab.call(RoleRecord.save)

        assert refusal == "The role desk grants user.delete, which you do not hold."
        assert (await stored(platform, role)).permissions == ("user.read",)
        assert await tab.messages() == [refusal]

    async def test_tabs_need_permission(self, tab: Tab, make_role: RoleFactory) -> None:
        """The activity is for those who may read the audit trail."""
        state = await opened(tab, await make_role(name="desk"))

        assert [each["label"] for each in state.tabs] == ["Permissions", "Members"]
