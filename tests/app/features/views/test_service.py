"""Saved views: one's own, and shared ones."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.core.actor import SYSTEM
from app.core.errors import Conflict, NotFound, PermissionDenied
from app.features.users.service import UserService
from app.features.views import service
from app.features.views.schemas import ViewCreate, ViewRead, ViewRename, ViewReplace
from app.features.views.service import ViewService
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Caller, Platform, SignedIn

pytestmark = pytest.mark.actor(grants=["user.*", "view.share"])

USERS = "/users"
NOBODY = UUID("01890000-0000-7000-8000-000000000001")


def new(name: str = "Suspended", query: str = "status=suspended") -> ViewCreate:
    """A view of the users."""
    return ViewCreate(path=USERS, name=name, query=query)


@pytest.fixture
async def theirs(platform: Platform, make_user: UserFactory) -> Caller:
    """Somebody else who sees the same list."""
    user = await make_user(roles=["admin"])
    return platform.caller((await platform.sign_in(user, PASSWORD)).actor)


async def names(call: Caller) -> list[str]:
    """The views somebody is offered."""
    return [view.name for view in await call(ViewService.of_list, USERS)]


class TestCreate:
    """Save a view."""

    async def test_is_ones_own(self, call: Caller, theirs: Caller, platform: Platform) -> None:
        """It is kept for oneself, and recorded."""
        view = await call(ViewService.create, new())

        assert await call(ViewService.of_list, USERS) == [view]
        assert (view.is_own, view.is_shared) == (True, False)
        assert await names(theirs) == []
        [entry] = await platform.audit(action="view.create")
        assert (entry.target_id, entry.target_label) == (str(view.id), "Suspended")

    async def test_leaves_out_the_place(self, call: Caller) -> None:
        """A view is how a list looks, not where one is in it."""
        view = await call(ViewService.create, new(query="q=a%20b&cursor=x&from=51&view=y&entry=z"))

        assert view.query == "q=a+b"

    async def test_name_taken(self, call: Caller, theirs: Caller) -> None:
        """Two of one's own have different names; others may have the same."""
        await call(ViewService.create, new())
        await theirs(ViewService.create, new())

        with pytest.raises(Conflict) as refused:
            await call(ViewService.create, new("  Suspended "))

        assert refused.value.code == "view.name.taken"
        assert len(await names(call)) == 1

    async def test_too_many(self, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        """There is an end to it."""
        monkeypatch.setattr(service, "MOST", 1)
        await call(ViewService.create, new("One"))

        with pytest.raises(Conflict):
            await call(ViewService.create, new("Two"))

    async def test_no_such_list(self, call: Caller) -> None:
        """Only lists have views."""
        with pytest.raises(NotFound):
            await call(ViewService.create, ViewCreate(path="/nope", name="x", query=""))

    @pytest.mark.parametrize("path", ["/audit"])
    async def test_list_not_allowed(self, call: Caller, path: str) -> None:
        """Whoever may not see a list has no views of it, and sees none."""
        with pytest.raises(PermissionDenied):
            await call(ViewService.create, ViewCreate(path=path, name="x", query=""))
        with pytest.raises(PermissionDenied):
            await call(ViewService.of_list, path)

    async def test_not_a_user(self, platform: Platform) -> None:
        """The system looks at nothing."""
        with pytest.raises(Conflict):
            await platform.caller(SYSTEM)(ViewService.create, new())

    @pytest.mark.parametrize(
        "wrong",
        [{"name": " "}, {"name": "x" * 61}, {"name": "a\0b"}, {"query": "q=" + "x" * 2000}],
    )
    def test_wrong(self, wrong: dict[str, Any]) -> None:
        """A name is one line, and a view is no store of data."""
        with pytest.raises(ValidationError):
            ViewCreate.model_validate({"path": USERS, "name": "x", "query": ""} | wrong)


class TestShare:
    """Let others use a view."""

    async def test_all_who_see_the_list(
        self, call: Caller, theirs: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """They are offered it as somebody else's, until it is kept to oneself again."""
        view = await call(ViewService.create, new())

        shared = await call(ViewService.share, view.id)
        [seen] = await theirs(ViewService.of_list, USERS)
        await call(ViewService.unshare, view.id)

        assert shared.is_shared
        assert seen == shared.model_copy(update={"is_own": False})
        assert await names(theirs) == []

    @pytest.mark.actor(grants=["user.read"])
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Sharing needs a permission of its own; the refusal is recorded."""
        view = await call(ViewService.create, new())

        with pytest.raises(PermissionDenied):
            await call(ViewService.share, view.id)

        [entry] = await platform.audit(outcome="denied")
        assert entry.action == "view.share"
        assert not (await call(ViewService.of_list, USERS))[0].is_shared


class TestChange:
    """Change and delete one's own."""

    async def test_all_of_it(self, call: Caller) -> None:
        """Name and contents; the others stay as they are."""
        view = await call(ViewService.create, new())
        await call(ViewService.create, new("Other"))

        await call(ViewService.rename, view.id, ViewRename(name="Blocked"))
        after = await call(ViewService.replace, view.id, ViewReplace(query="sort=email"))
        with pytest.raises(Conflict):
            await call(ViewService.rename, view.id, ViewRename(name="Other"))

        assert (after.name, after.query) == ("Blocked", "sort=email")
        assert await names(call) == ["Blocked", "Other"]

    async def test_delete(self, call: Caller, platform: Platform) -> None:
        """It is gone, and what it was stays in the trail."""
        view = await call(ViewService.create, new())

        await call(ViewService.delete, view.id)

        assert await names(call) == []
        [entry] = await platform.audit(action="view.delete")
        assert {"field": "name", "before": "Suspended", "after": None} in entry.changes

    @pytest.mark.parametrize("is_shared", [False, True])
    async def test_only_ones_own(self, call: Caller, theirs: Caller, is_shared: bool) -> None:
        """Others use a shared view; nobody but its owner changes it."""
        view = await call(ViewService.create, new())
        if is_shared:
            view = await call(ViewService.share, view.id)

        await self._check_missing(theirs, view.id)

        assert await call(ViewService.of_list, USERS) == [view]

    async def test_missing(self, call: Caller) -> None:
        """There is nothing to change where nothing is."""
        await self._check_missing(call, NOBODY)

    async def _check_missing(self, call: Caller, view_id: UUID) -> None:
        for operation, arguments in (
            (ViewService.rename, (ViewRename(name="Mine"),)),
            (ViewService.replace, (ViewReplace(query=""),)),
            (ViewService.share, ()),
            (ViewService.unshare, ()),
            (ViewService.delete, ()),
        ):
            with pytest.raises(NotFound):
                await call(operation, view_id, *arguments)


async def test_go_with_their_owner(
    call: Caller, platform: Platform, signed_in: SignedIn, theirs: Caller
) -> None:
    """Whoever deletes a user is told of their views, which go with them."""
    view: ViewRead = await call(ViewService.create, new())
    await call(ViewService.share, view.id)
    system = platform.caller(SYSTEM)

    said = await system(UserService.consequences_of_deletion, signed_in.user.id)
    await system(UserService.delete, signed_in.user.id)

    assert "1 saved view is deleted" in [f"{each.count} {each.what}" for each in said]
    assert await names(theirs) == []
