"""Lists of users: sorted, filtered and counted."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.features.users import repository
from app.features.users.schemas import (
    UserFilter,
    UserListQuery,
)
from app.features.users.service import UserService
from app.testing.factories import UserFactory
from app.testing.platform import Caller

MANAGER = ["user.*", "role.read"]
Actions = tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]
NOBODY = UUID("01890000-0000-7000-8000-000000000001")


class TestPage:
    """List users."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_newest_first(self, call: Caller, make_user: UserFactory) -> None:
        """Unasked, the newest come first."""
        users = [await make_user() for _ in range(3)]

        page = await call(UserService.page, UserListQuery(limit=3))

        assert page.items == list(reversed(users))

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("sort", ["created_at", "email", "display_name", "last_sign_in_at"])
    async def test_every_sort_walks_the_whole_list(
        self, call: Caller, make_user: UserFactory, sort: str
    ) -> None:
        """Each order shows everybody once, page by page, and is the reverse of its reverse."""
        for number in range(6):
            await make_user(display_name=f"Same {number % 2}")

        async def walk(sort: str) -> list[UUID]:
            page = await call(UserService.page, UserListQuery(sort=sort, limit=2))
            found = list(page.items)
            while page.next_cursor:
                query = UserListQuery(sort=sort, limit=2, cursor=page.next_cursor)
                page = await call(UserService.page, query)
                found += page.items
            return [user.id for user in found]

        up, down = await walk(sort), await walk(f"-{sort}")

        assert len(up) == len(set(up)) == 7
        assert up == down[::-1]

    @pytest.mark.actor("admin")
    async def test_filters(self, call: Caller, make_user: UserFactory) -> None:
        """Status, role and words narrow the list together."""
        ada = await make_user(display_name="Ada", roles=["guest"])
        await make_user(display_name="Ada", roles=["user"])
        grace = await make_user(display_name="Grace", roles=["guest"])
        await call(UserService.suspend, grace.id)

        async def ids(**query: Any) -> set[UUID]:
            page = await call(UserService.page, UserListQuery.model_validate(query))
            return {user.id for user in page.items}

        assert await ids(role="guest") == {ada.id, grace.id}
        assert await ids(role="guest", status="suspended") == {grace.id}
        assert await ids(role="guest", q="ada") == {ada.id}
        assert await ids(role="nobody") == set()
        assert len(await ids(q="   ")) == 4


class TestCount:
    """How many users match."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_exact(self, call: Caller, make_user: UserFactory) -> None:
        """Few are counted exactly, with the filters of the list."""
        for _ in range(3):
            await make_user(display_name="Ada")

        counted = await call(UserService.count, UserFilter(q="ada"))

        assert (counted.count, counted.is_exact) == (3, True)

    @pytest.mark.actor(grants=["user.read"])
    async def test_many(
        self, call: Caller, make_user: UserFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beyond the limit it is only said that there are more."""
        monkeypatch.setattr("app.features.users.repository.COUNT_LIMIT", 2)
        monkeypatch.setattr("app.features.users.service.COUNT_LIMIT", 2)
        for _ in range(3):
            await make_user()

        counted = await call(UserService.count, UserFilter())

        assert (counted.count, counted.is_exact) == (2, False)

    @pytest.mark.actor(grants=["user.read"])
    async def test_many_found(
        self, call: Caller, make_user: UserFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A search that looks at some matches only does not claim to have counted all."""
        monkeypatch.setattr(repository, "SEARCH_LIMIT", 2)
        for _ in range(3):
            await make_user(display_name="Ada")

        counted = await call(UserService.count, UserFilter(q="ada"))

        assert (counted.count, counted.is_exact) == (2, False)
