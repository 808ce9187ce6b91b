"""Choosing a password by a one-time link."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from app.core import clock
from app.core.actor import SYSTEM
from app.core.errors import Invalid, Unauthenticated
from app.features.auth.reset_service import ResetService
from app.features.auth.schemas import PasswordChange, PasswordChoice
from app.features.auth.service import AuthService
from app.features.users.credential_service import CredentialService
from app.features.users.models import PasswordReset
from app.features.users.schemas import EmailChange, ResetStart, UserCreate, UserRead
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import ORIGIN, Caller, Platform

NEW = "another long password"
pytestmark = pytest.mark.actor(grants=["user.reset_credentials", "user.read"])


@pytest.fixture
async def user(make_user: UserFactory) -> UserRead:
    """Somebody who lost their password."""
    return await make_user(must_change_password=True)


@pytest.fixture
async def token(call: Caller, user: UserRead) -> str:
    """The secret of their link."""
    return (await call(CredentialService.start_reset, user.id, ResetStart())).token


def choice(token: str, password: str = NEW) -> PasswordChoice:
    """What the page sends."""
    return PasswordChoice(token=token, new_password=SecretStr(password))


async def is_refused(platform: Platform, token: str) -> bool:
    """Whether the link is good for nothing."""
    try:
        await platform.caller()(ResetService.choose_password, choice(token))
    except Unauthenticated as refused:
        return refused.code == "auth.reset.invalid"
    return False


class TestChoose:
    """The link does what it is for, once."""

    async def test_allowed(self, platform: Platform, user: UserRead, token: str) -> None:
        """The chosen password signs in and need not be changed; the old one and sessions end."""
        session = await platform.sign_in(user, PASSWORD)

        await platform.caller()(ResetService.choose_password, choice(token))

        assert not await platform.is_live(session)
        assert not await platform.can_sign_in(user.email, PASSWORD)
        assert not (await platform.sign_in(user, NEW)).actor.must_change_password
        [entry] = await platform.audit(action="auth.password.reset")
        assert (entry.actor_id, entry.target_id) == (user.id, str(user.id))
        assert entry.changes == [
            {"field": "password", "before": "[redacted]", "after": "[redacted]"}
        ]

    @pytest.mark.actor("admin")
    async def test_invited(self, call: Caller, platform: Platform) -> None:
        """Who was made without a password signs in with the chosen one."""
        new = UserCreate(email="ada@example.com", display_name="Ada Lovelace")
        invited = await call(UserService.create, new)
        link = await call(CredentialService.start_reset, invited.id, ResetStart())

        await platform.caller()(ResetService.choose_password, choice(link.token))

        assert await platform.can_sign_in("ada@example.com", NEW)

    async def test_once(self, platform: Platform, token: str) -> None:
        """A second use is refused."""
        await platform.caller()(ResetService.choose_password, choice(token))

        assert await is_refused(platform, token)

    async def test_at_once(self, platform: Platform, token: str) -> None:
        """Of several who send it at once, one chooses."""
        visitor = platform.caller()
        results = await asyncio.gather(
            *(
                visitor(ResetService.choose_password, choice(token, f"{NEW} {number}"))
                for number in range(4)
            ),
            return_exceptions=True,
        )

        refused = [result for result in results if isinstance(result, Unauthenticated)]
        assert (results.count(None), len(refused)) == (1, 3)

    async def test_weak(self, platform: Platform, user: UserRead, token: str) -> None:
        """A weak password is refused at the field, and the link is still good."""
        with pytest.raises(Invalid) as refused:
            await platform.caller()(ResetService.choose_password, choice(token, user.email))
        await platform.caller()(ResetService.choose_password, choice(token))

        assert list(refused.value.fields) == ["new_password"]
        assert await platform.can_sign_in(user.email, NEW)


async def replaced(call: Caller, platform: Platform, user: UserRead) -> None:
    """A newer link is made."""
    await call(CredentialService.start_reset, user.id, ResetStart(end_sessions=False))


async def expired(call: Caller, platform: Platform, user: UserRead) -> None:
    """Its time runs out."""
    database = await platform.database()
    async with database.writing.begin() as connection:
        await connection.execute(
            update(PasswordReset).values(expires_at=clock.now() - timedelta(seconds=1))
        )


async def suspended(call: Caller, platform: Platform, user: UserRead) -> None:
    """The user is suspended, and reactivated later."""
    await platform.caller(SYSTEM)(UserService.suspend, user.id)
    await platform.caller(SYSTEM)(UserService.reactivate, user.id)


async def remembered(call: Caller, platform: Platform, user: UserRead) -> None:
    """The user remembers the old password and changes it."""
    actor = (await platform.sign_in(user, PASSWORD)).actor
    change = PasswordChange(
        current_password=SecretStr(PASSWORD), new_password=SecretStr("one more long password")
    )
    await platform.caller(actor)(AuthService.change_password_for_tokens, change)


async def moved(call: Caller, platform: Platform, user: UserRead) -> None:
    """The user gets another address."""
    await call(CredentialService.change_email, user.id, EmailChange(email="new@example.com"))


async def promoted(call: Caller, platform: Platform, user: UserRead) -> None:
    """The user comes to hold as much as the one who made the link."""
    await platform.caller(SYSTEM)(UserService.assign_roles, user.id, ["as-declared"])


async def demoted(call: Caller, platform: Platform, user: UserRead) -> None:
    """Whoever made the link loses the permission."""
    own = call.actor.user_id
    assert own is not None
    await platform.caller(SYSTEM)(UserService.assign_roles, own, ["user"])


async def dismissed(call: Caller, platform: Platform, user: UserRead) -> None:
    """Whoever made the link is suspended."""
    own = call.actor.user_id
    assert own is not None
    await platform.caller(SYSTEM)(UserService.suspend, own)


async def deleted(call: Caller, platform: Platform, user: UserRead) -> None:
    """Whoever made the link is deleted."""
    own = call.actor.user_id
    assert own is not None
    await platform.caller(SYSTEM)(UserService.delete, own)


class TestNoLongerGood:
    """A link is worth nothing once what it was made for has changed."""

    @pytest.mark.parametrize(
        "event",
        [
            replaced,
            expired,
            suspended,
            remembered,
            moved,
            promoted,
            demoted,
            dismissed,
            deleted,
        ],
    )
    async def test_after(
        self, call: Caller, platform: Platform, user: UserRead, token: str, event: Any
    ) -> None:
        """Refused with one answer for all reasons, and the password stays."""
        await event(call, platform, user)

        assert await is_refused(platform, token)
        assert not await platform.can_sign_in(user.email, NEW)

    async def test_made_up(self, platform: Platform, token: str) -> None:
        """So is one that never was, also a damaged one."""
        assert await is_refused(platform, "x" * 43)
        assert await is_refused(platform, token[:-1])
        assert await is_refused(platform, "")

    async def test_equal_by_role(
        self, platform: Platform, make_role: RoleFactory, user: UserRead, token: str
    ) -> None:
        """A user whose role was widened is out of reach of an older link."""
        role = await make_role("audit.read")
        await platform.caller(SYSTEM)(UserService.assign_roles, user.id, [role.name])

        assert await is_refused(platform, token)


class TestRoute:
    """`POST /session/reset-password`."""

    async def test_over_http(self, platform: Platform, user: UserRead, token: str) -> None:
        """It leads to the sign-in; the token stands in no answer and no entry."""
        form = {"token": token, "new_password": "short"}
        headers = {"Accept": "application/json", "Origin": ORIGIN}
        async with platform.client() as client:
            client.headers.update(headers)
            weak = await client.post("/session/reset-password", data=form)
            good = await client.post("/session/reset-password", data=form | {"new_password": NEW})
            again = await client.post("/session/reset-password", data=form | {"new_password": NEW})

        assert (weak.status_code, list(weak.json()["fields"])) == (422, ["new_password"])
        assert (good.status_code, good.json()) == (200, {"location": "/sign-in"})
        assert (again.status_code, again.json()["code"]) == (401, "auth.reset.invalid")
        assert token not in weak.text + good.text + again.text
        assert token not in str([entry.model_dump() for entry in await platform.audit()])

    async def test_from_elsewhere(self, platform: Platform, token: str) -> None:
        """Another site's page cannot send it."""
        form = {"token": token, "new_password": NEW}
        async with platform.client() as client:
            refused: httpx.Response = await client.post(
                "/session/reset-password", data=form, headers={"Origin": "https://evil.example"}
            )

        assert (refused.status_code, refused.json()["code"]) == (403, "request.cross_origin")
