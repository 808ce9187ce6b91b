"""Who is signed in where, and an end to it."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
import time_machine
from pydantic import SecretStr

from app.core import clock
from app.core.actor import SYSTEM
from app.core.errors import NotFound, PermissionDenied, Unauthenticated
from app.core.ports import Authenticator
from app.features.auth.schemas import Credentials, PasswordChange
from app.features.auth.service import AuthService
from app.features.auth.session_service import KEPT_FOR, SessionService
from app.features.auth.state import UserSessions
from app.features.profile.state import OwnSessions
from app.features.users.schemas import UserRead
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Caller, Platform, SignedIn
from tests.fixtures.tab import Tab

NOBODY = UUID("01890000-0000-7000-8000-000000000000")


async def sign_in(platform: Platform, user: UserRead, address: str = "192.0.2.1") -> str:
    """Begin a console session; returns its cookie."""
    credentials = Credentials(email=user.email, password=SecretStr(PASSWORD))
    caller = platform.caller(address=address, channel="console")
    return (await caller(AuthService.sign_in, credentials)).cookie


async def is_signed_in(platform: Platform, cookie: str) -> bool:
    """Whether the cookie is still worth something."""
    authenticator = await platform.container.get(Authenticator)
    return await authenticator.from_cookie(cookie) is not None


@pytest.mark.actor("user")
class TestOwn:
    """One's own sessions."""

    async def test_lists_browsers_and_programs(
        self, call: Caller, platform: Platform, signed_in: SignedIn
    ) -> None:
        """The last used first, the one of this call marked."""
        await sign_in(platform, signed_in.user, "192.0.2.1")

        browser, program = await call(SessionService.own)

        assert (browser.kind, browser.address, browser.is_current) == (
            "console",
            "192.0.2.1",
            False,
        )
        assert (program.kind, program.id, program.is_current) == (
            "api",
            signed_in.actor.session_id,
            True,
        )

    async def test_leaves_out_what_has_ended(
        self, call: Caller, platform: Platform, signed_in: SignedIn
    ) -> None:
        """Signed out, unused for too long, and those of before a new password."""
        await sign_in(platform, signed_in.user)
        idle = timedelta(minutes=platform.settings.auth.session_idle_minutes, seconds=1)

        with time_machine.travel(clock.now() + idle, tick=False):
            live = await call(SessionService.own)

        assert [session.kind for session in live] == ["api"]

    async def test_leaves_out_those_before_a_new_password(
        self, call: Caller, platform: Platform, signed_in: SignedIn
    ) -> None:
        """A new password leaves only the session that it began."""
        await sign_in(platform, signed_in.user)
        change = PasswordChange(
            current_password=SecretStr(PASSWORD), new_password=SecretStr("another long password")
        )
        await call(AuthService.change_password_for_tokens, change)

        assert [session.kind for session in await call(SessionService.own)] == ["api"]

    async def test_nobody_elses(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Others' sessions are not listed."""
        await sign_in(platform, await make_user())

        assert len(await call(SessionService.own)) == 1


@pytest.mark.actor("user")
class TestEndOwn:
    """End one of one's own sessions."""

    async def test_ends_it(self, call: Caller, platform: Platform, signed_in: SignedIn) -> None:
        """The browser is signed out at once, the others go on, and it is recorded."""
        cookie = await sign_in(platform, signed_in.user, "192.0.2.1")
        [browser, _] = await call(SessionService.own)

        await call(SessionService.end_own, browser.id)

        assert not await is_signed_in(platform, cookie)
        assert await platform.is_live(signed_in)
        [entry] = await platform.audit(action="session.end_own", outcome="succeeded")
        assert entry.target_id == str(signed_in.user.id)
        assert entry.detail == {"sessions": 1, "addresses": ["192.0.2.1"]}

    async def test_not_somebody_elses(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Another person's session is not told from one that is not there."""
        other = await make_user()
        cookie = await sign_in(platform, other)
        [theirs] = await platform.caller(SYSTEM)(SessionService.of_user, other.id)

        with pytest.raises(NotFound):
            await call(SessionService.end_own, theirs.id)

        assert await is_signed_in(platform, cookie)
        [entry] = await platform.audit(action="session.end_own")
        assert entry.outcome == "failed"

    async def test_not_twice(self, call: Caller, platform: Platform, signed_in: SignedIn) -> None:
        """What has ended cannot be ended again."""
        await sign_in(platform, signed_in.user)
        [browser, _] = await call(SessionService.own)
        await call(SessionService.end_own, browser.id)

        with pytest.raises(NotFound):
            await call(SessionService.end_own, browser.id)


@pytest.mark.actor("user")
class TestEndOthers:
    """End all of one's own sessions but this one."""

    async def test_ends_them(self, call: Caller, platform: Platform, signed_in: SignedIn) -> None:
        """Browsers and programs end; the refresh token of a program is worth nothing."""
        cookie = await sign_in(platform, signed_in.user)
        program = await platform.sign_in(signed_in.user, PASSWORD)

        count = await call(SessionService.end_others)

        assert count == 2
        assert not await is_signed_in(platform, cookie)
        assert not await platform.is_live(program)
        refused = await platform.client().post(
            "/api/v1/auth/refresh", json={"refresh_token": program.tokens.refresh_token}
        )
        assert refused.status_code == 401
        assert await platform.is_live(signed_in)


class TestRevoke:
    """End another user's sessions."""

    @pytest.mark.actor(grants=["session.read", "session.revoke", "user.read"])
    async def test_one(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """Only the chosen one ends; the user's record shows who did it."""
        user = await make_user(email="grace@example.com")
        gone, stays = await sign_in(platform, user, "192.0.2.1"), await sign_in(platform, user)
        _, first = await call(SessionService.of_user, user.id)

        await call(SessionService.revoke, user.id, first.id)

        assert [await is_signed_in(platform, cookie) for cookie in (gone, stays)] == [False, True]
        [entry] = await platform.audit(action="session.revoke")
        assert (entry.outcome, entry.target_label) == ("succeeded", "grace@example.com")

    @pytest.mark.actor(grants=["session.revoke", "user.read"])
    async def test_all(self, call: Caller, platform: Platform, make_user: UserFactory) -> None:
        """Every browser and program of the user."""
        user = await make_user()
        cookie, program = await sign_in(platform, user), await platform.sign_in(user, PASSWORD)

        assert await call(SessionService.revoke_all, user.id) == 2

        assert not await is_signed_in(platform, cookie)
        assert not await platform.is_live(program)

    @pytest.mark.actor(grants=["session.revoke", "user.read"])
    async def test_not_of_somebody_above(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Nobody acts on somebody who may do what they may not; the attempt is recorded."""
        administrator = await make_user(roles=["admin"])
        cookie = await sign_in(platform, administrator)

        with pytest.raises(PermissionDenied) as refused:
            await call(SessionService.revoke_all, administrator.id)

        assert refused.value.code == "user.above_actor"
        assert await is_signed_in(platform, cookie)
        [entry] = await platform.audit(action="session.revoke_all")
        assert entry.outcome == "denied"

    @pytest.mark.actor("admin")
    async def test_through_another_user(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """A session is ended through its own user only."""
        user, other = await make_user(), await make_user()
        cookie = await sign_in(platform, user)
        [session] = await call(SessionService.of_user, user.id)

        with pytest.raises(NotFound):
            await call(SessionService.revoke, other.id, session.id)

        assert await is_signed_in(platform, cookie)

    @pytest.mark.actor("admin")
    async def test_missing(self, call: Caller) -> None:
        """There is nobody there."""
        for operation in (SessionService.of_user, SessionService.revoke_all):
            with pytest.raises(NotFound):
                await call(operation, NOBODY)

    async def test_the_system_has_none(self, platform: Platform) -> None:
        """The system itself is signed in nowhere."""
        with pytest.raises(Unauthenticated):
            await platform.caller(SYSTEM)(SessionService.own)


class TestApi:
    """The same for programs."""

    @pytest.mark.actor("user")
    async def test_own(
        self, client: httpx.AsyncClient, platform: Platform, signed_in: SignedIn
    ) -> None:
        """List, end one, end the others, end this one: like signing out."""
        await sign_in(platform, signed_in.user)
        await sign_in(platform, signed_in.user)
        address = "/api/v1/auth/sessions"
        first, second, this = (await client.get(address)).json()["items"]
        assert this["is_current"]
        assert first.keys() == {
            "id", "kind", "user_agent", "address", "created_at", "last_used_at", "expires_at",
            "is_current",
        }  # fmt: skip

        assert (await client.delete(f"{address}/{first['id']}")).status_code == 204
        assert (await client.delete(f"{address}/{first['id']}")).status_code == 404
        assert (await client.delete(address)).json() == {"count": 1}
        assert (await client.delete(f"{address}/{second['id']}")).status_code == 404
        assert (await client.delete(f"{address}/{this['id']}")).status_code == 204
        assert (await client.get(address)).status_code == 401

    @pytest.mark.actor("admin")
    async def test_of_a_user(
        self, client: httpx.AsyncClient, platform: Platform, make_user: UserFactory
    ) -> None:
        """An administrator sees and ends a user's sessions."""
        user = await make_user()
        await sign_in(platform, user)
        await sign_in(platform, user)
        address = f"/api/v1/users/{user.id}/sessions"
        first, _ = (await client.get(address)).json()["items"]

        assert (await client.delete(f"{address}/{first['id']}")).status_code == 204
        assert (await client.delete(address)).json() == {"count": 1}
        assert (await client.get(address)).json() == {"items": [], "next_cursor": None}


@pytest.mark.actor("admin")
class TestConsole:
    """The same on the pages."""

    async def test_own(self, tab: Tab, platform: Platform, signed_in: SignedIn) -> None:
        """Shows them, ends one, ends the others."""
        for _ in range(3):
            await sign_in(platform, signed_in.user)
        await tab.call(OwnSessions.load)
        state = await tab.of(OwnSessions)
        assert [row.is_current for row in state.sessions] == [False, False, False, True]
        assert state.sessions[-1].is_program

        await tab.call(OwnSessions.end, state.sessions[0].id)
        assert len(state.sessions) == 3
        await tab.call(OwnSessions.end_others)

        assert [row.is_current for row in state.sessions] == [True]
        assert await tab.messages() == ["1 session has ended.", "2 sessions have ended."]

    async def test_of_a_user(self, tab: Tab, platform: Platform, make_user: UserFactory) -> None:
        """The record's tab."""
        user = await make_user()
        for _ in range(3):
            await sign_in(platform, user)
        tab.at(f"/users/{user.id}/sessions")
        await tab.call(UserSessions.load)
        state = await tab.of(UserSessions)
        assert len(state.sessions) == 3

        await tab.call(UserSessions.revoke, state.sessions[0].id)
        assert len(state.sessions) == 2
        await tab.call(UserSessions.revoke_all)

        assert state.sessions == []
        assert await tab.messages() == ["1 session has ended.", "2 sessions have ended."]

    @pytest.mark.parametrize("session_id", ["", "nonsense", str(NOBODY)])
    async def test_no_such_session(self, tab: Tab, session_id: str) -> None:
        """Whatever a browser sends, it is told that there is nothing to end."""
        await tab.call(OwnSessions.end, session_id)

        [said] = await tab.messages()
        assert said in {"There is no such session.", "This session has ended already."}

    async def test_nobody_at_the_address(self, tab: Tab) -> None:
        """The record around the table says that there is nobody; the table is empty."""
        tab.at(f"/users/{NOBODY}/sessions")

        await tab.call(UserSessions.load)

        assert (await tab.of(UserSessions)).sessions == []
        assert await tab.messages() == []


class TestForgetExpired:
    """Remove what ended long ago."""

    async def test_allowed(self, platform: Platform, make_user: UserFactory) -> None:
        """Old sessions go with their tokens, and old throttles; what is younger stays."""
        user = await make_user()
        old = await platform.sign_in(user, PASSWORD)
        await platform.can_sign_in(user.email, "wrong")
        now = clock.now()
        call = platform.caller(SYSTEM)
        with time_machine.travel(now + timedelta(days=90), tick=False):
            young = await platform.sign_in(user, PASSWORD)
            assert await call(SessionService.count_expired) == 0
            assert await call(SessionService.forget_expired) == 0

        with time_machine.travel(now + KEPT_FOR + timedelta(days=8), tick=False):
            assert await call(SessionService.count_expired) == 1
            assert await call(SessionService.forget_expired) == 1

            contents = await platform.contents()
        assert str(old.actor.session_id) not in str(contents["core_sessions"])
        assert len(contents["core_sessions"]) == len(contents["core_refresh_tokens"]) == 1
        assert str(young.actor.session_id) in str(contents["core_sessions"])
        assert contents["core_sign_in_throttles"] == []

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller) -> None:
        """It is not for everybody."""
        with pytest.raises(PermissionDenied):
            await call(SessionService.forget_expired)
