"""Whatever can be searched finds the same names by the same words, on both databases.

One table of names and of what is typed, run against everything that finds people or roles, also
for people who may see some fields only.
"""

import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from app.bootstrap import build_registry
from app.core.actor import SYSTEM
from app.core.search import is_found, search_text
from app.features.access.service import AccessService
from app.features.audit.schemas import AuditListQuery
from app.features.audit.service import AuditService
from app.features.members.state import RoleMembers
from app.features.roles.schemas import GrantSpec, MemberListQuery, RoleListQuery
from app.features.roles.service import RoleService
from app.features.users.schemas import UserFilter, UserListQuery
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.roles import role_named
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.slow

# A stored name, what finds it, and what does not.
NAMES: dict[str, tuple[list[str], list[str]]] = {
    "Łukasz Żółtowski": (["lukasz", "ŁUKASZ", "zoltowski", "kasz", "zółt", "owski luk"], ["lucas"]),
    "Søren Ødegård": (["soren", "odegard", "SØREN", "degår"], ["sorensen"]),
    "Đặng Thị": (["dang", "Đặng", "dăng"], ["dong"]),
    "Ægir Ström": (["aegir", "strom", "ström", "trö", "Ægir strom"], ["agir"]),
    "Ågot Ångström": (["angstrom", "gstr", "A\u030angstro\u0308m"], ["engstrom"]),
    "Jörg Weiß": (["weiss", "weiß", "WEISS", "WEIẞ", "jorg"], ["weisz"]),
    "ılker İnan": (["ilker", "ILKER", "İLKER", "inan", "ınan"], ["alker"]),
    "Conan O\u2019Brien": (["o'brien", "o\u2019brien", "obrien", "rien", "O´Brien"], ["abrien"]),
    "J.R.R. Tolkien": (["jrr", "j.r.r.", "tolk", "j. r. r."], ["jrrt"]),
    "Mary-Jane Watson": (["maryjane", "mary-jane", "mary jane", "jane", "yja"], ["janet"]),
    "Anna Maria Lind": (["anna-maria", "maria lind", "nna"], ["annamaria"]),
    "Édouard Zoë": (["douard", "edouard", "zoe", "E\u0301douard", "ÉDOUARD"], ["eduard"]),
    "王小明": (["小明", "王", "明", "王小明", "王 小明"], ["王明"]),
    "田中 太郎": (["太郎", "田中太郎", "郎", "太郎 田中"], ["田郎"]),
    "김민준": (["민준", "김", "준", "김 민준"], ["김준"]),
    "たなか ハナコ": (["はなこ", "ハナ", "ﾊﾅｺ", "タナカ"], ["ばなこ"]),
    "Ａｄａ Ｗｉｄｅ": (["ada wide", "Ｗｉｄｅ", "wid"], ["wade"]),
    "Фёдор Йовчев": (["федор", "ФЁДОР", "дор", "йовч"], ["федя"]),
    "Қайрат": (["кайрат", "ҚАЙРАТ", "айра"], ["кайрет"]),
    "Οδυσσεύς": (["οδυσσευς", "ΟΔΥΣΣΕΥΣ", "υσσ"], ["οδος"]),
    "मीरा हिन्दी": (["मीरा", "हिन्दी", "न्दी"], ["मारा"]),
    "ผู้ดูแล สมชาย": (["สมชาย", "ชาย", "ดูแล"], ["ดีแล"]),
    "مُحرّر كريم": (["محرر", "مُحرّر", "کریم", "حرر"], ["محمد"]),
    "می\u200cرود": (["میرود", "می\u200cرود", "رود"], ["مرود"]),
    "ﬁne ﬂuff ٣٤٥": (["fine", "fluff", "345"], ["fluf3"]),
}
ROWS = [
    (stored, typed, found)
    for stored, lists in NAMES.items()
    for found, typed_ones in zip((True, False), lists, strict=True)
    for typed in typed_ones
]


@dataclass
class World:
    """People and roles of all these names, and who looks for them."""

    platform: Platform
    system: Caller
    names_only: Caller
    tab: Tab
    everybody: UUID
    """The role that all of them have."""
    viewer: str
    """Who may read names only, and all of their own record."""
    people: dict[str, str] = field(default_factory=dict)
    """Names by ids."""


Search = Callable[[World, str], Awaitable[set[str]]]


async def users(world: World, typed: str) -> set[str]:
    """The list of users."""
    return names(await world.system(UserService.page, UserListQuery(q=typed)))


async def users_by_name_only(world: World, typed: str) -> set[str]:
    """The list of users for whom addresses are hidden."""
    return names(await world.names_only(UserService.page, UserListQuery(q=typed)))


async def roles(world: World, typed: str) -> set[str]:
    """The list of roles."""
    page = await world.system(RoleService.page, RoleListQuery(q=typed))
    return {role.name for role in page.items}


async def explain(world: World, typed: str) -> set[str]:
    """The person field of the page that explains access."""
    return {each.name for each in await world.system(AccessService.people, typed)}


async def explain_by_name_only(world: World, typed: str) -> set[str]:
    """The same for whom addresses are hidden."""
    return {each.name for each in await world.names_only(AccessService.people, typed)}


async def has_role(world: World, typed: str) -> set[str]:
    """The members of a role."""
    query = MemberListQuery(q=typed)
    page = await world.system(RoleService.members, world.everybody, query)
    return {member.name for member in page.items}


async def members(world: World, typed: str) -> set[str]:
    """Choosing new members of a role."""
    await world.tab.call(RoleMembers.find, typed)
    state = await world.tab.of(RoleMembers)
    return {each["name"] for each in state.found}


async def palette(world: World, typed: str) -> set[str]:
    """The console's search, which asks every feature."""
    found: set[str] = set()
    for finder in build_registry().finders:
        async with world.system.unit() as unit:
            found |= {each.title for each in await finder.find(unit, typed)}
    return found


async def trail(world: World, typed: str) -> set[str]:
    """The audit trail, of what was done to somebody."""
    page = await world.system(AuditService.page, AuditListQuery(text=typed, action="user.create"))
    return {world.people[entry.target_id] for entry in page.items if entry.target_id}


SEARCHES: dict[str, Search] = {
    each.__name__: each
    for each in (
        users,
        users_by_name_only,
        roles,
        explain,
        explain_by_name_only,
        has_role,
        members,
        palette,
        trail,
    )
}


def names(page: Any) -> set[str]:
    """What is shown of those on a page."""
    return {user.display_name for user in page.items}


@pytest.fixture
async def world(
    platform: Platform, make_user: UserFactory, make_role: RoleFactory, tab: Tab
) -> World:
    """Everybody, and a role called like each."""
    readable = ["display_name", "status", "roles"]
    await make_role("role.read", GrantSpec(permission="user.read", readable=readable), name="some")
    viewer = await make_user(email="viewer@people.example", roles=["some"])
    signed_in = await platform.sign_in(viewer, PASSWORD)
    callers = (platform.caller(SYSTEM), platform.caller(signed_in.actor))
    everybody = await role_named(platform, "user")
    world = World(platform, *callers, tab, everybody.id, viewer.display_name)
    world.people[str(viewer.id)] = viewer.display_name
    for number, name in enumerate(NAMES):
        user = await make_user(email=f"{number}@people.example", display_name=name)
        world.people[str(user.id)] = user.display_name
        await make_role(name=name)
    return world


@pytest.mark.actor("admin")
class TestSearch:
    """Everything that is searched."""

    async def test_finds_alike(self, world: World) -> None:
        """Each word finds the name that it is part of, and nothing finds what it should not."""
        wrong = []
        for what, search in SEARCHES.items():
            for stored, typed, found in ROWS:
                shown = unicodedata.normalize("NFC", stored)
                if (shown in await search(world, typed)) != found:
                    wrong.append((what, stored, typed, found))

        assert wrong == []

    async def test_hidden_addresses_find_nobody(self, world: World) -> None:
        """Who may not read addresses finds nobody by one, and everybody else does."""
        for search in (users_by_name_only, explain_by_name_only):
            assert await search(world, "people.example") <= {world.viewer}
        assert await explain(world, "people.exam") != set()
        assert await users(world, "ople.exa") >= {"Łukasz Żółtowski"}

    async def test_an_address_is_found_exactly(self, world: World, make_user: UserFactory) -> None:
        """The filter for an address takes any spelling of it, and finds nobody else."""
        for email in ("n1@bücher.example", "n10@bücher.example", "rené@x.example"):
            await make_user(email=email, display_name=email)
        spellings = {
            "N1@BÜCHER.example": {"n1@bücher.example"},
            "n1@xn--bcher-kva.example": {"n1@bücher.example"},
            "n1@bu\u0308cher.example": {"n1@bücher.example"},
            " rene\u0301@x.example ": {"rené@x.example"},
            "n@bücher.example": set(),
        }
        for spelling, expected in spellings.items():
            page = await world.system(UserService.page, UserListQuery(email=spelling))
            count = await world.system(UserService.count, UserFilter(email=spelling))
            hidden = await world.names_only(UserService.page, UserListQuery(email=spelling))

            assert names(page) == expected
            assert count.count == len(expected)
            assert names(hidden) == set()
            for name in expected:
                assert (await world.system(AccessService.person, spelling)).name == name


class TestForms:
    """The same in Python."""

    @pytest.mark.parametrize(("stored", "typed", "found"), ROWS)
    def test_agree(self, stored: str, typed: str, found: bool) -> None:
        """What the databases look for is what this says."""
        assert is_found(search_text(stored), typed) == found
