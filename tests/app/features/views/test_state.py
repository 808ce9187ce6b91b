"""Saved views in a list, shown on the list of users."""

from typing import Any

import pytest

from app.core.actor import Actor
from app.features.users.list_state import UserList
from app.features.views.schemas import ViewCreate
from app.features.views.service import ViewService
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform
from tests.fixtures.tab import Tab

pytestmark = [pytest.mark.actor("admin"), pytest.mark.one_engine]

LOOK = "/users?status=active&sort=email&density=compact&widths=email.240"


async def open_at(tab: Tab, address: str) -> UserList:
    """Load the list at an address."""
    tab.at(address)
    await tab.call(UserList.load)
    return await tab.of(UserList)


async def save(tab: Tab, name: str = "Mine", **form: Any) -> str:
    """Save the list as it looks; the address afterwards."""
    await tab.call(UserList.ask_view, "save")
    where = await tab.goes_to(UserList.save_view, {"name": name, **form})
    await open_at(tab, where)
    return where


async def test_saved_view_is_in_force(tab: Tab) -> None:
    """The address names it besides all that it stands for, and survives a reload."""
    await open_at(tab, LOOK)

    where = await save(tab)

    state = await tab.of(UserList)
    assert where == f"{LOOK}&view={state.view_id}"
    assert (state.view_name, state.view_is_own, state.view_is_shared) == ("Mine", True, False)
    assert not state.view_is_modified
    assert state.view_dialog == ""
    assert [view["label"] for view in state.views] == ["Mine"]


async def test_modified_until_it_is_updated(tab: Tab) -> None:
    """A list that differs from its view says so; the view can be made to follow."""
    await open_at(tab, LOOK)
    where = await save(tab)

    state = await open_at(tab, where.replace("active", "suspended"))
    modified = (state.view_name, state.view_is_modified)
    await tab.call(UserList.update_view)
    updated = state.view_is_modified
    back = state.views[0]["address"]

    assert modified == ("Mine", True)
    assert not updated
    assert "status=suspended" in back


async def test_choosing(tab: Tab) -> None:
    """A view brings all of its look."""
    await open_at(tab, LOOK)
    where = await save(tab)
    state = await open_at(tab, "/users?q=somebody")

    assert state.views[0]["address"] == where


@pytest.mark.parametrize("view", ["nonsense", "01890000-0000-7000-8000-000000000001"])
async def test_unknown_view(tab: Tab, view: str) -> None:
    """A link to a view that is gone still shows what its address says."""
    state = await open_at(tab, f"/users?sort=email&view={view}")

    assert (state.view_id, state.view_name, state.sort) == ("", "", "email")
    assert state.problem.message == ""


async def test_name_is_asked_for(tab: Tab) -> None:
    """What is wrong with a name stands at its field, and the dialog stays."""
    await open_at(tab, LOOK)
    await save(tab)
    await tab.call(UserList.ask_view, "save")

    for name in ("", "Mine"):
        assert await tab.call(UserList.save_view, {"name": name}) == []
        state = await tab.of(UserList)
        assert list(state.field_errors) == ["name"]
        assert state.view_dialog == "save"


async def test_rename_share_and_delete(tab: Tab) -> None:
    """One's own view is renamed, shared, kept to oneself and deleted."""
    await open_at(tab, LOOK)
    await save(tab, shared=True)
    state = await tab.of(UserList)
    shared = [state.view_is_shared]

    await tab.call(UserList.rename_view, {"name": "Ours"})
    renamed = state.view_name
    await tab.call(UserList.unshare_view)
    shared.append(state.view_is_shared)
    await tab.call(UserList.share_view)
    shared.append(state.view_is_shared)
    where = await tab.goes_to(UserList.delete_view)

    assert renamed == "Ours"
    assert shared == [True, False, True]
    assert where == LOOK
    assert state.views == []


@pytest.mark.actor(grants=["user.read"])
async def test_sharing_needs_a_permission(tab: Tab) -> None:
    """Without it neither a new view is shared nor an old one, and nothing is half done."""
    await open_at(tab, LOOK)

    await tab.call(UserList.save_view, {"name": "Mine", "shared": True})
    state = await open_at(tab, LOOK)

    assert state.views == []
    assert await tab.messages() == ["This needs the permission view.share."]


async def test_somebody_elses(
    tab: Tab, platform: Platform, make_user: UserFactory, actor: Actor
) -> None:
    """A shared view of somebody else can be used, not changed."""
    user = await make_user(roles=["admin"])
    theirs = platform.caller((await platform.sign_in(user, PASSWORD)).actor)
    new = ViewCreate(path="/users", name="Theirs", query="status=suspended")
    view = await theirs(ViewService.create, new)
    await theirs(ViewService.share, view.id)

    state = await open_at(tab, f"/users?status=suspended&view={view.id}")
    used = (state.view_name, state.view_is_own, state.view_is_modified)
    await tab.call(UserList.delete_view)

    assert used == ("Theirs", False, False)
    assert await tab.messages() == ["You have no such view."]
