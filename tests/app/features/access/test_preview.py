"""Looking through the access of others: what one sees, what one cannot do, how it ends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from pydantic import SecretStr

from app.core.actor import Actor
from app.core.errors import Conflict, NotFound, PermissionDenied
from app.core.ports import Authenticator
from app.features.access.schemas import PreviewStart
from app.features.access.service import PreviewService
from app.features.access.state import Previewing
from app.features.auth.schemas import Credentials
from app.features.auth.service import AuthService
from app.features.roles.schemas import GrantSpec, RoleUpdate
from app.features.roles.service import RoleService
from app.features.roles.state import PREVIEW, RECORD
from app.features.users.schemas import UserListQuery
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform, SignedIn
from app.ui.page_state import Console as Kit
from tests.fixtures.tab import Tab

NOBODY = UUID("01890000-0000-7000-8000-000000000001")


@dataclass
class Console:
    """Somebody's console session, whose actor is made anew for every call."""

    platform: Platform
    cookie: str

    async def actor(self) -> Actor:
        """Who acts now."""
        authenticator = await self.platform.container.get(Authenticator)
        actor: Actor | None = await authenticator.from_cookie(self.cookie)
        assert actor is not None
        return actor

    async def caller(self) -> Caller:
        """Calls operations as the console would."""
        return self.platform.caller(await self.actor(), channel="console")


SignIn = Callable[..., Awaitable[Console]]


@pytest.fixture
def sign_in(platform: Platform, make_user: UserFactory) -> SignIn:
    """Sign in to the console as somebody with these roles."""

    async def sign_in(*roles: str) -> Console:
        user = await make_user(roles=roles)
        credentials = Credentials(email=user.email, password=SecretStr(PASSWORD))
        started = await platform.caller(channel="console")(AuthService.sign_in, credentials)
        return Console(platform, started.cookie)

    return sign_in


async def test_as_user(
    platform: Platform, sign_in: SignIn, make_role: RoleFactory, make_user: UserFactory
) -> None:
    """Their rows, with their own record as theirs; one's own name; nothing changes; then back."""
    await make_role(GrantSpec(permission="user.read", rule="own"), "user.update", name="desk")
    ada = await make_user(display_name="Ada", roles=["desk"])
    console = await sign_in("admin")
    own = await console.actor()

    await (await console.caller())(PreviewService.start, PreviewStart(kind="user", id=ada.id))
    actor = await console.actor()
    call = await console.caller()
    seen = await call(UserService.page, UserListQuery())
    with pytest.raises(PermissionDenied) as refused:
        await call(UserService.suspend, ada.id)
    with pytest.raises(PermissionDenied):
        await call(PreviewService.start, PreviewStart(kind="user", id=ada.id))
    await call(PreviewService.stop)
    after = await console.actor()

    assert (actor.user_id, actor.name) == (own.user_id, own.name)
    assert actor.previewing is not None
    assert (actor.previewing.title, actor.previewing.user_id) == ("Ada", ada.id)
    assert actor.access.permissions == ["user.read", "user.update"]
    assert [user.id for user in seen.items] == [ada.id]
    assert refused.value.code == "preview.read_only"
    assert after.previewing is None
    assert after.access.is_administrator
    [started] = await platform.audit(action="preview.start", outcome="succeeded")
    assert (started.actor_id, started.target_id) == (own.user_id, str(ada.id))
    assert [e.error_code for e in await platform.audit(action="user.suspend")] == [
        "preview.read_only"
    ]


async def test_as_role(sign_in: SignIn, make_role: RoleFactory) -> None:
    """What the role grants now, not what it granted at the start."""
    role = await make_role("audit.read", name="watch")
    console = await sign_in("admin")
    other = await sign_in("admin")

    await (await console.caller())(PreviewService.start, PreviewStart(kind="role", id=role.id))
    before = await console.actor()
    await (await other.caller())(
        RoleService.update, role.id, RoleUpdate(permissions=["audit.read", "user.read"])
    )
    after = await console.actor()
    await (await other.caller())(RoleService.delete, role.id)
    gone = await console.actor()

    assert before.previewing is not None
    assert before.previewing.title == "the role watch"
    assert before.access.permissions == ["audit.read"]
    assert after.access.permissions == ["audit.read", "user.read"]
    assert gone.previewing is not None
    assert gone.access.permissions == []


async def test_not_beyond_oneself(sign_in: SignIn, make_role: RoleFactory) -> None:
    """Who does not hold all of it cannot start, and a preview that outgrows them shows nothing."""
    await make_role("role.update", "role.read", "audit.read", name="keeper")
    small = await make_role("audit.read", name="small")
    large = await make_role("user.delete", name="large")
    console = await sign_in("keeper")
    admin = await sign_in("admin")

    with pytest.raises(PermissionDenied) as refused:
        await (await console.caller())(PreviewService.start, PreviewStart(kind="role", id=large.id))
    await (await console.caller())(PreviewService.start, PreviewStart(kind="role", id=small.id))
    await (await admin.caller())(
        RoleService.update, small.id, RoleUpdate(permissions=["audit.read", "user.delete"])
    )

    actor = await console.actor()
    assert refused.value.code == "preview.beyond_actor"
    assert actor.previewing is not None
    assert actor.access.permissions == []


@pytest.mark.actor("admin")
async def test_impossible(call: Caller, signed_in: SignedIn, make_role: RoleFactory) -> None:
    """What is not there cannot be previewed, and a program's session shows nothing."""
    role = await make_role(name="small")

    for kind in ("user", "role"):
        with pytest.raises(NotFound):
            await call(PreviewService.start, PreviewStart(kind=kind, id=NOBODY))
    with pytest.raises(Conflict):
        await call(PreviewService.start, PreviewStart(kind="role", id=role.id))


@pytest.mark.actor("admin")
async def test_action_of_a_role(tab: Tab, make_role: RoleFactory) -> None:
    """The role's page finds the action by its name, and it is about the role of the address."""
    role = await make_role("user.read", name="desk")
    tab.at(f"/roles/{role.id}")

    [event] = await tab.call(Kit.run, f"{RECORD} {PREVIEW}")
    await tab.call(Previewing.start_this_role)

    assert event.name.endswith("previewing.start_this_role")
    # A tab without a browser has no console session; the role was found.
    assert await tab.messages() == ["Only the console can show a preview."]
