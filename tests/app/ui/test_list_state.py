"""What all lists do alike, shown on the list of users."""

from typing import Any

import pytest
import reflex as rx
from reflex.state import BaseState

from app.bootstrap import build_registry
from app.features.resources.list_state import ResourceList
from app.features.users.list_state import UserList
from app.testing.factories import RoleFactory, UserFactory
from app.ui.list_state import ListState
from tests.fixtures.tab import Tab

pytestmark = [pytest.mark.actor("admin"), pytest.mark.one_engine]

CHOOSE, DROP = True, False


class TestWidths:
    """Widths of columns stand in the address."""

    async def test_from_the_address(self, tab: Tab) -> None:
        """Known columns get their width, within what can be drawn."""
        tab.at("/users?widths=email.240~status.9999~roles.10~nonsense.300~display_name.wide")

        await tab.call(UserList.load)

        state = await tab.of(UserList)
        assert state.widths == {"email": 240, "status": 1000, "roles": 64}

    async def test_into_the_address(self, tab: Tab) -> None:
        """A width that was changed joins the others; columns that do not exist have none."""
        tab.at("/users?widths=status.90&sort=email")
        await tab.call(UserList.load)

        where = await tab.goes_to(UserList.resize_column, "email", 240)
        unknown = await tab.call(UserList.resize_column, "nonsense", 240)

        assert where == "/users?sort=email&widths=email.240~status.90"
        assert unknown == []

    async def test_reset(self, tab: Tab) -> None:
        """Columns as they were meant have no width of their own."""
        tab.at("/users?widths=status.90")
        await tab.call(UserList.load)

        assert await tab.goes_to(UserList.reset_columns) == "/users"


class TestSelection:
    """What is selected."""

    @pytest.mark.parametrize(
        ("handler", "arguments"),
        [(UserList.resize_column, ("email", 240)), (UserList.toggle_compact, ())],
    )
    async def test_survives_another_look(
        self, tab: Tab, handler: Any, arguments: tuple[Any, ...]
    ) -> None:
        """The same rows in another shape stay selected; the next load starts without."""
        tab.at("/users")
        await tab.call(UserList.load)
        chosen = [row.id for row in (await tab.of(UserList)).rows]
        await tab.call(UserList.select, chosen, CHOOSE)

        tab.at(await tab.goes_to(handler, *arguments))
        await tab.call(UserList.load)
        kept = list((await tab.of(UserList)).selected)
        await tab.call(UserList.load)

        assert kept == chosen
        assert (await tab.of(UserList)).selected == []

    async def test_all_that_match(self, tab: Tab, make_user: UserFactory) -> None:
        """All of them until one is taken out or the selection is cleared."""
        await make_user()
        tab.at("/users")
        await tab.call(UserList.load)
        state = await tab.of(UserList)
        ids = [row.id for row in state.rows]
        await tab.call(UserList.select, ids, CHOOSE)

        await tab.call(UserList.select_all)
        everything = state.all_selected
        await tab.call(UserList.select, ids[:1], DROP)
        without_one = (state.all_selected, list(state.selected))
        await tab.call(UserList.select_all)
        await tab.call(UserList.clear_selection)

        assert everything
        assert without_one == (False, ids[1:])
        assert (state.all_selected, state.selected) == (False, [])


async def test_no_stale_rows_below_an_error(tab: Tab) -> None:
    """A list that could not be loaded anew shows why, and none of the rows of before."""
    tab.at("/users")
    await tab.call(UserList.load)
    before = len((await tab.of(UserList)).rows)

    tab.at("/users?sort=nope")
    await tab.call(UserList.load)

    state = await tab.of(UserList)
    assert before == 1
    assert state.rows == []
    assert "nope" in state.problem.message
    assert await tab.messages() == []


def _lists() -> list[type[BaseState]]:
    """The states of all lists there are, by their names."""
    build_registry()
    found: list[type[BaseState]] = []
    waiting: list[type[BaseState]] = [rx.State]
    while waiting:
        for state in waiting.pop().get_substates():
            waiting.append(state)
            # What is drawn from descriptions is tried where something is described.
            if issubclass(state, ListState) and state is not ResourceList:
                found.append(state)
    return sorted(found, key=lambda state: state.__name__)


_BAD = ("sort=-nonsense", "cursor=x", "cursor=&sort=%00", "status=zzz", "outcome=zzz")


@pytest.mark.parametrize("state", _lists(), ids=lambda state: str(state.__name__))
class TestAddress:
    """An address that cannot be read, on every list."""

    async def test_start_over(self, tab: Tab, state: Any, make_role: RoleFactory) -> None:
        """What would fail again is not tried again: another address is offered, and it works."""
        wrong = 0
        path = getattr(state, "path", "")
        if not path:
            # The list of a record.
            path = f"/roles/{(await make_role('user.read')).id}/members"
        for query in _BAD:
            tab.at(f"{path}?{query}&density=compact")
            await tab.call(state.load)
            if not (await tab.of(state)).problem.message:
                # A filter that this list does not have.
                continue
            wrong += 1
            assert (await tab.of(state)).problem.by_address, query
            tab.at(await tab.goes_to(state.start_over))
            await tab.call(state.load)
            assert (await tab.of(state)).problem.message == "", query
            assert (await tab.of(state)).compact

        assert wrong >= 2
