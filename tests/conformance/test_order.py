"""Lists and whoever is to be chosen stand in the order of the alphabet, on both databases."""

from collections.abc import Awaitable, Callable

import pytest

from app.core.actor import SYSTEM
from app.features.access.service import AccessService
from app.features.roles.schemas import MemberListQuery, RoleListQuery
from app.features.roles.service import RoleService
from app.features.users.schemas import UserListQuery, UserUpdate
from app.features.users.service import UserService
from app.testing.factories import RoleFactory, UserFactory
from app.testing.platform import Caller, Platform

NAMES = ["adam", "Bea", "d'Arcy", "Łukasz", "Ömer", "Øystein", "Zoë", "Ёлка", "Жан", "山田"]
SHUFFLED = [NAMES[number * 7 % len(NAMES)] for number in range(len(NAMES))]

Listing = Callable[[Caller], Awaitable[list[str]]]


async def users(call: Caller) -> list[str]:
    """Users by name, page by page."""
    names: list[str] = []
    cursor = None
    while True:
        query = UserListQuery(q="order", sort="display_name", limit=3, cursor=cursor)
        page = await call(UserService.page, query)
        names += [user.display_name for user in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return names


async def users_backwards(call: Caller) -> list[str]:
    """The same from the end."""
    query = UserListQuery(q="order", sort="-display_name", limit=100)
    return [user.display_name for user in (await call(UserService.page, query)).items][::-1]


async def addresses(call: Caller) -> list[str]:
    """Users by address, which begins like the name."""
    query = UserListQuery(q="order", sort="email", limit=100)
    return [user.display_name for user in (await call(UserService.page, query)).items]


async def found(call: Caller) -> list[str]:
    """Whom a picker of users offers."""
    return [user.display_name for user in await call(UserService.find, "order", most=100)]


async def explained(call: Caller) -> list[str]:
    """Whom the page that explains access offers."""
    return [person.name for person in await call(AccessService.people, "order")]


async def members(call: Caller) -> list[str]:
    """Who has a role, page by page."""
    [role] = [role for role in await call(RoleService.all) if role.name == "user"]
    names: list[str] = []
    cursor = None
    while True:
        query = MemberListQuery(q="order", sort="name", limit=3, cursor=cursor)
        page = await call(RoleService.members, role.id, query)
        names += [member.name for member in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return names


async def roles(call: Caller) -> list[str]:
    """Roles by name, page by page."""
    names: list[str] = []
    cursor = None
    while True:
        page = await call(RoleService.page, RoleListQuery(limit=3, cursor=cursor))
        names += [role.name for role in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return names


async def all_roles(call: Caller) -> list[str]:
    """All roles, to choose from."""
    return [role.name for role in await call(RoleService.all)]


async def matrix(call: Caller) -> list[str]:
    """The columns of the table of permissions."""
    return [role.name for role in (await call(AccessService.matrix)).roles]


async def roles_of_a_user(call: Caller) -> list[str]:
    """The roles of somebody who has all of them."""
    page = await call(UserService.page, UserListQuery(email="holder@example.com"))
    return page.items[0].roles


LISTINGS: dict[str, Listing] = {
    each.__name__: each
    for each in (
        users,
        users_backwards,
        addresses,
        found,
        explained,
        members,
        roles,
        all_roles,
        matrix,
        roles_of_a_user,
    )
}


class TestOrder:
    """Everything that is sorted by a name."""

    @pytest.fixture
    async def call(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> Caller:
        """On behalf of the platform, with people and roles that were not made in order."""
        for name in SHUFFLED:
            await make_user(email=f"{name.replace(chr(39), '')}@order.example", display_name=name)
            await make_role(name=name)
        await make_user(email="holder@example.com", roles=SHUFFLED)
        return platform.caller(SYSTEM)

    async def test_by_the_alphabet(self, call: Caller) -> None:
        """Capitals and accents do not count; other alphabets come after."""
        wrong = {}
        for what, listing in LISTINGS.items():
            names = [name for name in await listing(call) if name in NAMES]
            if names != NAMES:
                wrong[what] = names

        assert wrong == {}

    async def test_follows_changes(self, platform: Platform, make_user: UserFactory) -> None:
        """Who gets another name gets another place."""
        call = platform.caller(SYSTEM)
        first = await make_user(email="a@order.example", display_name="Ada")
        await make_user(email="b@order.example", display_name="Bea")

        await call(UserService.update, first.id, UserUpdate(display_name="Ćada"))

        assert await users(call) == ["Bea", "Ćada"]
