"""Cookies and tokens become actors, as they are at this moment."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pydantic import SecretStr
from sqlalchemy import select
from sqlmodel import col

from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.errors import Unauthenticated
from app.core.ports import Authenticator
from app.features.auth.authenticator import SessionAuthenticator
from app.features.auth.models import UserSession
from app.features.auth.schemas import Credentials
from app.features.auth.service import AuthService
from app.features.auth.session_service import SessionService
from app.features.roles.resolver import AccessResolver
from app.features.users.credential_service import CredentialService
from app.features.users.schemas import UserRead
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Platform


@pytest.fixture
async def authenticator(platform: Platform) -> SessionAuthenticator:
    """The platform's authenticator."""
    found: SessionAuthenticator = await platform.container.get(Authenticator)
    return found


async def console_cookie(platform: Platform, user: UserRead) -> str:
    """Sign in to the console and return the cookie."""
    credentials = Credentials(email=user.email, password=SecretStr(PASSWORD))
    started = await platform.caller(channel="console")(AuthService.sign_in, credentials)
    return started.cookie


async def session_of(platform: Platform, user: UserRead) -> Any:
    """The user's only session as it is stored."""
    async with (await platform.database()).reading.connect() as connection:
        statement = select(UserSession).where(col(UserSession.user_id) == user.id)
        return (await connection.execute(statement)).one()


class TestFromBearer:
    """An access token."""

    async def test_signed_in(
        self,
        platform: Platform,
        authenticator: SessionAuthenticator,
        make_user: UserFactory,
        make_role: RoleFactory,
    ) -> None:
        """The actor has the user's name, address, roles and grants."""
        await make_role("user.read", "role.*", name="reader")
        user = await make_user(display_name="Ada", roles=["reader", "guest"])
        signed_in = await platform.sign_in(user, PASSWORD)

        actor = await authenticator.from_bearer(signed_in.tokens.access_token)

        assert (actor.kind, actor.name, actor.email) == ("user", "Ada", user.email)
        assert actor.user_id == user.id
        assert actor.roles == ("guest", "reader")
        assert actor.access.permissions == ["role.*", "user.read"]
        assert actor.session_id is not None
        assert not actor.must_change_password

    async def test_must_change_password(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """The actor knows that a new password is due."""
        user = await make_user(must_change_password=True)
        signed_in = await platform.sign_in(user, PASSWORD)

        actor = await authenticator.from_bearer(signed_in.tokens.access_token)

        assert actor.must_change_password

    async def test_console_session(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """A console session is not opened by a token, even one that we signed."""
        user = await make_user()
        await console_cookie(platform, user)
        session = await session_of(platform, user)
        token = authenticator._tokens.issue(session.id, user.id, clock.now())

        with pytest.raises(Unauthenticated):
            await authenticator.from_bearer(token)

    async def test_renamed_role_reaches_open_sessions(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """What an administrator changes holds for the next call, whatever was cached."""
        user = await make_user(roles=["user"])
        token = (await platform.sign_in(user, PASSWORD)).tokens.access_token
        assert not (await authenticator.from_bearer(token)).may("user.read")

        await platform.caller(SYSTEM)(UserService.assign_roles, user.id, ["admin"])

        assert (await authenticator.from_bearer(token)).may("user.read")

    async def test_another_worker_learns_of_changes(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """A second process, with a cache of its own, does not lag behind."""
        await make_user(roles=["admin"])
        user = await make_user(roles=["admin"])
        token = (await platform.sign_in(user, PASSWORD)).tokens.access_token
        other = SessionAuthenticator(
            authenticator._database,
            authenticator._tokens,
            AccessResolver(authenticator._database),
            platform.settings,
        )
        assert (await other.from_bearer(token)).may("user.read")

        await platform.caller(SYSTEM)(UserService.assign_roles, user.id, [])

        assert not (await other.from_bearer(token)).may("user.read")


class TestFromCookie:
    """A console session cookie."""

    async def test_signed_in(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """The cookie stands for its user."""
        user = await make_user()
        cookie = await console_cookie(platform, user)

        actor = await authenticator.from_cookie(cookie)

        assert actor is not None
        assert actor.user_id == user.id

    @pytest.mark.parametrize("cookie", ["", "x", "\ud800", "\0", "x" * 10_000, "' OR 1=1 --"])
    async def test_invented(self, authenticator: SessionAuthenticator, cookie: str) -> None:
        """A cookie that was never given out is nobody's."""
        assert await authenticator.from_cookie(cookie) is None

    async def test_is_not_stored(self, platform: Platform, make_user: UserFactory) -> None:
        """Whoever reads the database cannot sign in with what they find."""
        cookie = await console_cookie(platform, await make_user())

        assert cookie not in str(await platform.contents())

    async def test_api_session(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """An API session has no cookie, and its id opens no console."""
        user = await make_user()
        signed_in = await platform.sign_in(user, PASSWORD)

        assert signed_in.actor.session_id is not None
        assert await authenticator.from_session(signed_in.actor.session_id) is None

    @pytest.mark.parametrize(
        ("minutes", "good"), [(0, True), (119, True), (121, False), (60 * 24, False)]
    )
    async def test_idle(
        self,
        platform: Platform,
        authenticator: SessionAuthenticator,
        make_user: UserFactory,
        minutes: int,
        *,
        good: bool,
    ) -> None:
        """A console session ends when nothing was done for two hours."""
        cookie = await console_cookie(platform, await make_user())

        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False):
            assert (await authenticator.from_cookie(cookie) is not None) is good

    async def test_kept_alive(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """Whoever keeps working stays signed in, until the session's absolute end."""
        cookie = await console_cookie(platform, await make_user())
        began = clock.now()

        for hour in range(1, 12):
            with time_machine.travel(began + timedelta(hours=hour), tick=False):
                assert await authenticator.from_cookie(cookie) is not None
        with time_machine.travel(began + timedelta(hours=12, minutes=1), tick=False):
            assert await authenticator.from_cookie(cookie) is None

    async def test_why_it_ended(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """Whoever was signed in learns why they are not; others learn nothing."""
        system = platform.caller(SYSTEM)
        users = [await make_user() for _ in range(5)]
        cookies = [await console_cookie(platform, user) for user in users]
        ids = [(await session_of(platform, user)).id for user in users]
        _live, ended, suspended, outdated, deleted = users

        await system(SessionService.revoke_all, ended.id)
        await system(UserService.suspend, suspended.id)
        await system(UserService.suspend, outdated.id)
        await system(UserService.reactivate, outdated.id)
        await system(UserService.delete, deleted.id)
        by_id = await authenticator.ended(ids)
        by_cookie = [await authenticator.why_ended(cookie) for cookie in [*cookies, "invented"]]
        with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
            later = await authenticator.why_ended(cookies[0])

        assert [by_id.get(each, "") for each in ids] == [
            "",
            "revoked",
            "suspended",
            "outdated",
            "deleted",
        ]
        assert by_cookie == ["", "revoked", "suspended", "outdated", "", ""]
        assert later == "expired"

    async def test_use_is_noted_once_a_minute(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """A click is no write; the first one after a minute is."""
        user = await make_user()
        cookie = await console_cookie(platform, user)
        seen = (await session_of(platform, user)).last_seen_at

        with time_machine.travel(seen + timedelta(seconds=50), tick=False):
            await authenticator.from_cookie(cookie)
        assert (await session_of(platform, user)).last_seen_at == seen

        with time_machine.travel(seen + timedelta(seconds=70), tick=False):
            await authenticator.from_cookie(cookie)
        assert (await session_of(platform, user)).last_seen_at == seen + timedelta(seconds=70)


class TestEndedSession:
    """What ends a session ends it at once, for cookies as for tokens."""

    async def alive(
        self, authenticator: SessionAuthenticator, cookie: str, token: str
    ) -> tuple[bool, bool]:
        """Whether the cookie and the token still stand for somebody."""
        try:
            bearer: Actor | None = await authenticator.from_bearer(token)
        except Unauthenticated:
            bearer = None
        return await authenticator.from_cookie(cookie) is not None, bearer is not None

    @pytest.mark.parametrize("how", ["suspend", "delete", "password"])
    async def test_by_an_administrator(
        self,
        platform: Platform,
        authenticator: SessionAuthenticator,
        make_user: UserFactory,
        how: str,
    ) -> None:
        """Suspending, deleting or a new password leaves no session."""
        user = await make_user()
        cookie = await console_cookie(platform, user)
        token = (await platform.sign_in(user, PASSWORD)).tokens.access_token
        assert await self.alive(authenticator, cookie, token) == (True, True)

        call = platform.caller(SYSTEM)
        if how == "suspend":
            await call(UserService.suspend, user.id)
        elif how == "delete":
            await call(UserService.delete, user.id)
        else:
            await call(
                CredentialService.set_password,
                user.id,
                SecretStr("another long password"),
                must_change=False,
            )

        assert await self.alive(authenticator, cookie, token) == (False, False)

    async def test_by_signing_out(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """Signing out ends this session and no other."""
        user = await make_user()
        cookie = await console_cookie(platform, user)
        token = (await platform.sign_in(user, PASSWORD)).tokens.access_token
        actor = await authenticator.from_cookie(cookie)
        assert actor is not None

        await platform.caller(actor)(AuthService.sign_out)

        assert await self.alive(authenticator, cookie, token) == (False, True)


class TestRotatedCookie:
    """A change of roles changes the cookie."""

    async def test_not_without_a_change(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """As long as the roles are the same, so is the cookie."""
        cookie = await console_cookie(platform, await make_user())

        assert await authenticator.rotated_cookie(cookie) is None
        assert await authenticator.rotated_cookie("invented") is None

    async def test_after_a_change(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """New roles bring a new cookie; the old one is good for a minute, for what is under way."""
        user = await make_user(roles=["user"])
        cookie = await console_cookie(platform, user)
        await platform.caller(SYSTEM)(UserService.assign_roles, user.id, ["user", "guest"])

        fresh = await authenticator.rotated_cookie(cookie)

        assert fresh is not None
        assert fresh != cookie
        assert await authenticator.from_cookie(fresh) is not None
        assert await authenticator.from_cookie(cookie) is not None
        with time_machine.travel(clock.now() + timedelta(seconds=61), tick=False):
            assert await authenticator.from_cookie(fresh) is not None
            assert await authenticator.from_cookie(cookie) is None

    async def test_once(
        self, platform: Platform, authenticator: SessionAuthenticator, make_user: UserFactory
    ) -> None:
        """The old cookie does not bring a second new one."""
        user = await make_user(roles=["user"])
        cookie = await console_cookie(platform, user)
        await platform.caller(SYSTEM)(UserService.assign_roles, user.id, ["guest"])
        fresh = await authenticator.rotated_cookie(cookie)
        assert fresh is not None

        assert await authenticator.rotated_cookie(cookie) is None
        assert await authenticator.rotated_cookie(fresh) is None
