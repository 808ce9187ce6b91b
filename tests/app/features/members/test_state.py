"""State of the page of a role's members."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from app.core.actor import SYSTEM
from app.features.members.state import RoleMembers
from app.features.roles.schemas import MemberListQuery, MembersAdd, RoleRead
from app.features.roles.service import RoleService
from app.testing.factories import RoleFactory, UserFactory
from app.testing.platform import Platform
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

CHOOSE = True


async def opened(tab: Tab, role: RoleRead) -> RoleMembers:
    """The page of the role's members, loaded."""
    tab.at(f"/roles/{role.id}/members")
    await tab.call(RoleMembers.load)
    return await tab.of(RoleMembers)


async def members_of(platform: Platform, role: RoleRead) -> dict[str, Any]:
    """The members by name."""
    page = await platform.caller(SYSTEM)(RoleService.members, role.id, MemberListQuery())
    return {member.display_name: member for member in page.items}


async def choose(tab: Tab, *names: str) -> None:
    """Find people by name, and choose the first of each."""
    for name in names:
        await tab.call(RoleMembers.find, name)
        found = (await tab.of(RoleMembers)).found
        await tab.call(RoleMembers.choose, found[0]["id"])


@pytest.mark.actor("admin")
class TestMembers:
    """Who has the role."""

    async def test_shows_since_by_until_and_why(
        self, tab: Tab, make_role: RoleFactory, make_user: UserFactory, platform: Platform
    ) -> None:
        """All that is known of a membership."""
        role, user = await make_role("user.read", name="desk"), await make_user(display_name="Ada")
        end = datetime(2090, 1, 1, tzinfo=UTC)
        new = MembersAdd(user_ids=[user.id], expires_at=end, reason="Cover")
        await platform.caller(SYSTEM)(RoleService.add_members, role.id, new)

        [row] = (await opened(tab, role)).rows

        assert (row.name, row.email, row.by, row.reason) == ("Ada", user.email, "system", "Cover")
        assert row.until == end.isoformat()
        assert row.since

    async def test_goes_on(
        self, tab: Tab, make_role: RoleFactory, make_user: UserFactory, platform: Platform
    ) -> None:
        """More than a page's worth follow when asked for, each once."""
        role = await make_role(name="desk")
        users = [await make_user() for _ in range(51)]
        new = MembersAdd(user_ids=[user.id for user in users])
        await platform.caller(SYSTEM)(RoleService.add_members, role.id, new)

        state = await opened(tab, role)
        first = {row.id for row in state.rows}
        assert (len(first), state.first, state.last, state.total) == (50, 1, 50, 51)
        tab.at(state.next_address)
        await tab.call(RoleMembers.load)

        state = await tab.of(RoleMembers)
        assert first | {row.id for row in state.rows} == {str(user.id) for user in users}
        assert (state.first, state.last, state.next_address) == (51, 51, "")
        assert state.previous_address

    async def test_search_and_sort(
        self, tab: Tab, make_role: RoleFactory, make_user: UserFactory, platform: Platform
    ) -> None:
        """By the address, which both come into."""
        role = await make_role(name="desk")
        users = [
            await make_user(display_name=name, email=f"{name.lower()[:3]}@one.example")
            for name in ("Bea", "Ada Berg", "Cem Berg")
        ]
        new = MembersAdd(user_ids=[user.id for user in users])
        await platform.caller(SYSTEM)(RoleService.add_members, role.id, new)
        await opened(tab, role)

        tab.at(await tab.goes_to(RoleMembers.search_for, "berg"))
        await tab.call(RoleMembers.load)
        tab.at(f"/roles/{role.id}/members?q=berg&sort=-name")
        await tab.call(RoleMembers.load)

        state = await tab.of(RoleMembers)
        assert [row.name for row in state.rows] == ["Cem Berg", "Ada Berg"]
        assert state.total == 2
        tab.at(f"/roles/{role.id}/members?sort=nonsense")
        await tab.call(RoleMembers.load)
        assert (await tab.of(RoleMembers)).problem.message

    @pytest.mark.parametrize("address", ["nope", "00000000-0000-7000-8000-000000000000"])
    async def test_missing(self, tab: Tab, address: str) -> None:
        """Without a role there is nobody, and no complaint besides the record's own."""
        tab.at(f"/roles/{address}/members")

        await tab.call(RoleMembers.load)

        state = await tab.of(RoleMembers)
        assert (state.rows, state.loading) == ([], False)
        assert await tab.messages() == []


@pytest.mark.actor("admin")
class TestAdding:
    """Giving the role to people."""

    async def test_several_at_once(
        self, tab: Tab, make_role: RoleFactory, make_user: UserFactory, platform: Platform
    ) -> None:
        """With a last day and a reason; who was left out again gets nothing."""
        role = await make_role("user.read", name="desk")
        for name in ("Ada Lovelace", "Bob Kahn", "Carol Shaw"):
            await make_user(display_name=name)
        await opened(tab, role)
        await tab.call(RoleMembers.open_adding)
        await choose(tab, "ada", "bob", "carol", "ada")
        chosen = {each["name"]: each["id"] for each in (await tab.of(RoleMembers)).chosen}
        await tab.call(RoleMembers.unchoose, chosen["Carol Shaw"])

        await tab.call(RoleMembers.add, {"expires_at": "2090-01-31T23:00:00Z", "reason": "Cover"})

        members = await members_of(platform, role)
        assert list(chosen) == ["Ada Lovelace", "Bob Kahn", "Carol Shaw"]
        assert sorted(members) == ["Ada Lovelace", "Bob Kahn"]
        assert members["Bob Kahn"].expires_at == datetime(2090, 1, 31, 23, tzinfo=UTC)
        assert members["Bob Kahn"].reason == "Cover"
        assert await tab.messages() == ["2 people have the role now."]
        assert not (await tab.of(RoleMembers)).adding

    async def test_who_has_it_keeps_it_as_it_is(
        self, tab: Tab, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """The message tells how many had it already."""
        role = await make_role("user.read", name="desk")
        await make_user(display_name="Ada", roles=["desk"])
        await make_user(display_name="Bob")
        await opened(tab, role)
        await tab.call(RoleMembers.open_adding)
        await choose(tab, "ada", "bob")

        await tab.call(RoleMembers.add, {})

        assert await tab.messages() == ["1 person has the role now; 1 had it already."]

    @pytest.mark.parametrize(
        ("form", "field"),
        [
            ({"expires_at": "never"}, "expires_at"),
            ({"expires_at": "2090-01-31"}, "expires_at"),
            ({"expires_at": "2020-01-31T23:00:00Z"}, "expires_at"),
            ({"reason": "x" * 400}, "reason"),
        ],
    )
    async def test_says_at_the_field_what_is_wrong(
        self,
        tab: Tab,
        make_role: RoleFactory,
        make_user: UserFactory,
        form: dict[str, str],
        field: str,
    ) -> None:
        """The dialog stays open, and nobody gets the role."""
        role = await make_role("user.read", name="desk")
        await make_user(display_name="Ada")
        await opened(tab, role)
        await tab.call(RoleMembers.open_adding)
        await choose(tab, "ada")

        await tab.call(RoleMembers.add, form)

        state = await tab.of(RoleMembers)
        assert (list(state.field_errors), state.adding) == ([field], True)
        await tab.call(RoleMembers.load)
        assert (await tab.of(RoleMembers)).rows == []

    async def test_nobody_chosen(self, tab: Tab, make_role: RoleFactory) -> None:
        """Choosing somebody who was not found chooses nobody."""
        await opened(tab, await make_role(name="desk"))
        await tab.call(RoleMembers.open_adding)
        await tab.call(RoleMembers.choose, str(UUID(int=7)))

        await tab.call(RoleMembers.add, {})

        assert (await tab.of(RoleMembers)).form_error == "Choose at least one person."


@pytest.mark.actor("admin")
class TestRemoving:
    """Taking the role from people."""

    async def test_names_them_first(
        self, tab: Tab, make_role: RoleFactory, make_user: UserFactory, platform: Platform
    ) -> None:
        """Those who are selected, and nobody else."""
        role = await make_role("user.read", name="desk")
        ada, bob = [await make_user(display_name=name, roles=["desk"]) for name in ("Ada", "Bob")]
        await opened(tab, role)
        await tab.call(RoleMembers.select, [str(ada.id), str(bob.id), "nonsense"], CHOOSE)
        await tab.call(RoleMembers.select, [str(bob.id)], not CHOOSE)

        await tab.call(RoleMembers.ask_remove)
        state = await tab.of(RoleMembers)
        named, asked = list(state.removing_names), state.removing
        kept = sorted(await members_of(platform, role))
        await tab.call(RoleMembers.remove)

        assert (named, asked) == (["Ada"], True)
        assert kept == ["Ada", "Bob"]
        assert sorted(await members_of(platform, role)) == ["Bob"]
        assert await tab.messages() == ["1 person has lost the role."]

    async def test_last_administrator(self, tab: Tab, platform: Platform) -> None:
        """Somebody keeps everything; the refusal is a message."""
        roles = await platform.caller(SYSTEM)(RoleService.all)
        admin = next(role for role in roles if role.name == "admin")
        state = await opened(tab, admin)
        await tab.call(RoleMembers.select, [row.id for row in state.rows], CHOOSE)

        await tab.call(RoleMembers.remove)

        [said] = await tab.messages()
        assert said.startswith("Nobody would be left")
        assert len(await members_of(platform, admin)) == len(state.rows)
