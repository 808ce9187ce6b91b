"""Operations of authentication: sign in and out, tokens, one's own password."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from pydantic import SecretStr

from app.core import clock
from app.core.actor import ANONYMOUS, SYSTEM
from app.core.errors import Invalid, PermissionDenied, RateLimited, Unauthenticated
from app.core.passwords import PasswordHasher, PlaceInQueue
from app.core.ports import Authenticator
from app.features.auth.schemas import (
    Credentials,
    Identity,
    PasswordChange,
    RefreshRequest,
    TokenPair,
)
from app.features.auth.service import AuthService
from app.features.users.credential_service import CredentialService
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Caller, Platform, SignedIn

NEW_PASSWORD = "another long password"


def credentials(email: str, password: str = PASSWORD) -> Credentials:
    """What somebody types."""
    return Credentials(email=email, password=SecretStr(password))


def change(current: str = PASSWORD, new: str = NEW_PASSWORD) -> PasswordChange:
    """One's own password, old and new."""
    return PasswordChange(current_password=SecretStr(current), new_password=SecretStr(new))


async def refresh(platform: Platform, token: str) -> TokenPair:
    """Exchange a refresh token."""
    return await platform.caller()(AuthService.refresh, RefreshRequest(refresh_token=token))


async def is_good(platform: Platform, access_token: str) -> bool:
    """Whether an access token is worth something."""
    try:
        await (await platform.container.get(Authenticator)).from_bearer(access_token)
    except Unauthenticated:
        return False
    return True


async def set_password(platform: Platform, user_id: UUID) -> None:
    """Give a user another password, as the operator of the machine does."""
    call = platform.caller(SYSTEM)
    await call(CredentialService.set_password, user_id, SecretStr(NEW_PASSWORD), must_change=False)


def later(**by: float) -> time_machine.travel:
    """The clock, set forward by so much and standing still."""
    return time_machine.travel(clock.now() + timedelta(**by), tick=False)


class TestSignIn:
    """Begin a console session."""

    async def test_replaces(self, platform: Platform, make_user: UserFactory) -> None:
        """The session that the browser had ends, whoever it belonged to; no other one does."""
        authenticator = await platform.container.get(Authenticator)
        ada, grace = await make_user(), await make_user()
        elsewhere = await platform.caller(channel="console")(
            AuthService.sign_in, credentials(ada.email)
        )
        before = await platform.caller(channel="console")(
            AuthService.sign_in, credentials(ada.email)
        )
        actor = await authenticator.from_cookie(before.cookie)
        assert actor is not None

        after = await platform.caller(actor, channel="console")(
            AuthService.sign_in, credentials(grace.email)
        )

        assert await authenticator.from_cookie(before.cookie) is None
        assert await authenticator.from_cookie(elsewhere.cookie) is not None
        assert await authenticator.from_cookie(after.cookie) is not None
        assert "replaced" in str((await platform.contents())["core_sessions"])

    async def test_refused_replaces_nothing(
        self, platform: Platform, make_user: UserFactory
    ) -> None:
        """A wrong password leaves the session that the browser has alone."""
        authenticator = await platform.container.get(Authenticator)
        user = await make_user()
        before = await platform.caller(channel="console")(
            AuthService.sign_in, credentials(user.email)
        )
        actor = await authenticator.from_cookie(before.cookie)
        assert actor is not None

        with pytest.raises(Unauthenticated):
            await platform.caller(actor, channel="console")(
                AuthService.sign_in, credentials(user.email, "wrong")
            )

        assert await authenticator.from_cookie(before.cookie) is not None


class TestIssueTokens:
    """Begin an API session."""

    async def test_allowed(self, platform: Platform, make_user: UserFactory) -> None:
        """The right password opens a session, which is recorded as the user's doing."""
        user = await make_user(display_name="Ada")

        pair = await platform.caller()(AuthService.issue_tokens, credentials(user.email))

        assert (pair.token_type, pair.expires_in) == ("bearer", 900)
        assert await is_good(platform, pair.access_token)
        [entry] = await platform.audit(action="auth.token.issue")
        assert (entry.outcome, entry.actor_kind) == ("succeeded", "user")
        assert (entry.actor_id, entry.actor_name) == (user.id, "Ada")
        assert (entry.target_type, entry.target_label) == ("user", user.email)

    @pytest.mark.parametrize(
        "typed", ["JOSÉ@example.com", "jose\u0301@EXAMPLE.com", "  josé@example.com "]
    )
    async def test_any_spelling(
        self, platform: Platform, make_user: UserFactory, typed: str
    ) -> None:
        """Case, space and composition of the address do not matter."""
        await make_user(email="josé@example.com")

        assert await platform.can_sign_in(typed, PASSWORD)

    async def test_stores_no_token(self, platform: Platform, make_user: UserFactory) -> None:
        """Whoever reads the database cannot call the API with what they find."""
        signed_in = await platform.sign_in(await make_user(), PASSWORD)

        stored = str(await platform.contents())
        assert signed_in.tokens.access_token not in stored
        assert signed_in.tokens.refresh_token not in stored
        assert PASSWORD not in stored

    async def test_upgrades_an_old_hash(self, platform: Platform, make_user: UserFactory) -> None:
        """A hash of another cost is replaced at the next sign-in, which leaves sessions alone."""
        user = await make_user()
        signed_in = await platform.sign_in(user, PASSWORD)
        hasher = await platform.container.get(PasswordHasher)
        hasher._rounds = 5

        assert await platform.can_sign_in(user.email, PASSWORD)

        hashes = [row for row in (await platform.contents())["core_users"] if user.email in row]
        assert "$2b$05$" in str(hashes)
        assert await platform.can_sign_in(user.email, PASSWORD)
        assert await platform.is_live(signed_in)


class TestRefusedSignIn:
    """Whatever the reason, the answer is the same."""

    async def answers(self, platform: Platform, make_user: UserFactory) -> list[Any]:
        """What is said to a wrong password, an unknown address and a suspended user."""
        await make_user(email="known@example.com")
        suspended = await make_user(email="suspended@example.com")
        await platform.caller(SYSTEM)(UserService.suspend, suspended.id)
        answers = []
        for typed in (
            credentials("known@example.com", "wrong"),
            credentials("unknown@example.com"),
            credentials("suspended@example.com"),
            credentials("suspended@example.com", "wrong"),
            credentials("not an address"),
            credentials("", ""),
        ):
            with pytest.raises(Unauthenticated) as refused:
                await platform.caller()(AuthService.issue_tokens, typed)
            answers.append((refused.value.code, refused.value.message, refused.value.details))
        return answers

    async def test_same_answer(self, platform: Platform, make_user: UserFactory) -> None:
        """Nobody learns which addresses have an account, nor who is suspended."""
        answers = await self.answers(platform, make_user)

        assert all(answer == answers[0] for answer in answers)
        assert answers[0][0] == "auth.credentials.wrong"

    async def test_is_recorded(self, platform: Platform, make_user: UserFactory) -> None:
        """Each failure is recorded with the address that was typed and never a password."""
        await self.answers(platform, make_user)

        entries = await platform.audit(action="auth.token.issue", outcome="failed")
        assert {entry.error_code for entry in entries} == {"auth.credentials.wrong"}
        assert [entry.target_label for entry in entries][:3] == [
            "known@example.com",
            "unknown@example.com",
            "suspended@example.com",
        ]
        assert {entry.actor_kind for entry in entries} == {"anonymous"}
        assert PASSWORD not in str(await platform.contents())

    async def test_opens_nothing(self, platform: Platform, make_user: UserFactory) -> None:
        """A refused sign-in leaves no session and no trace at the user."""
        await make_user(email="known@example.com")
        before = await platform.contents(without=["core_audit_entries", "core_sign_in_throttles"])

        assert not await platform.can_sign_in("known@example.com", "wrong")

        assert before == await platform.contents(
            without=["core_audit_entries", "core_sign_in_throttles"]
        )

    async def test_changed_while_hashing(
        self, platform: Platform, make_user: UserFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A password that is changed while it is being checked does not open a session."""
        user = await make_user()
        check = PlaceInQueue.fits

        async def check_slowly(place: PlaceInQueue, password: str, stored: str | None) -> bool:
            fits = await check(place, password, stored)
            await set_password(platform, user.id)
            return fits

        # The moment cannot be met otherwise.
        monkeypatch.setattr(PlaceInQueue, "fits", check_slowly)

        assert not await platform.can_sign_in(user.email, PASSWORD)


class TestRefresh:
    """Exchange a refresh token for a new pair."""

    @pytest.fixture
    async def signed_in(self, platform: Platform, make_user: UserFactory) -> SignedIn:
        """A user with an open API session."""
        return await platform.sign_in(await make_user(), PASSWORD)

    async def test_allowed(self, platform: Platform, signed_in: SignedIn) -> None:
        """A new pair is given out; the session stays the same one."""
        pair = await refresh(platform, signed_in.tokens.refresh_token)

        assert pair.refresh_token != signed_in.tokens.refresh_token
        authenticator = await platform.container.get(Authenticator)
        actor = await authenticator.from_bearer(pair.access_token)
        assert actor.session_id == signed_in.actor.session_id
        [entry] = await platform.audit(action="auth.token.refresh")
        assert (entry.outcome, entry.actor_id) == ("succeeded", signed_in.user.id)

    async def test_many_times(self, platform: Platform, signed_in: SignedIn) -> None:
        """Whoever refreshes once a week stays signed in."""
        token = signed_in.tokens.refresh_token
        now = clock.now()

        for days in range(6, 60, 6):
            with time_machine.travel(now + timedelta(days=days), tick=False):
                pair = await refresh(platform, token)
                assert await is_good(platform, pair.access_token)
            token = pair.refresh_token

    async def test_absolute_end(self, platform: Platform, signed_in: SignedIn) -> None:
        """However often it was refreshed, a session of a program ends after 90 days."""
        token, access_token = signed_in.tokens.refresh_token, ""
        now = clock.now()
        for days in range(6, 90, 6):
            with time_machine.travel(now + timedelta(days=days), tick=False):
                pair = await refresh(platform, token)
            token = pair.refresh_token
        with time_machine.travel(now + timedelta(days=89.999), tick=False):
            pair = await refresh(platform, token)
            access_token, token = pair.access_token, pair.refresh_token
            assert await is_good(platform, access_token)

        with time_machine.travel(now + timedelta(days=90, minutes=1), tick=False):
            assert not await is_good(platform, access_token)
            with pytest.raises(Unauthenticated) as refused:
                await refresh(platform, token)

        assert refused.value.code == "auth.refresh.invalid"

    async def test_second_use(self, platform: Platform, signed_in: SignedIn) -> None:
        """A token used again later ends the whole family: one of the two users is a thief."""
        pair = await refresh(platform, signed_in.tokens.refresh_token)

        with later(seconds=11), pytest.raises(Unauthenticated) as refused:
            await refresh(platform, signed_in.tokens.refresh_token)

        assert refused.value.code == "auth.refresh.reused"
        assert not await is_good(platform, signed_in.tokens.access_token)
        assert not await is_good(platform, pair.access_token)
        with pytest.raises(Unauthenticated):
            await refresh(platform, pair.refresh_token)
        entries = await platform.audit(action="auth.token.refresh", outcome="failed")
        # What is tried with an ended session afterwards is counted.
        assert [entry.error_code for entry in entries] == ["auth.refresh.reused"]
        assert entries[0].actor_id == signed_in.user.id

    async def test_second_use_at_once(self, platform: Platform, signed_in: SignedIn) -> None:
        """Of several uses at the same moment all are answered with the same refresh token."""
        pairs = await asyncio.gather(
            *(refresh(platform, signed_in.tokens.refresh_token) for _ in range(4))
        )

        assert len({pair.refresh_token for pair in pairs}) == 1
        for pair in pairs:
            assert await is_good(platform, pair.access_token)
        assert await is_good(
            platform, (await refresh(platform, pairs[0].refresh_token)).access_token
        )

    async def test_lost_answer(self, platform: Platform, signed_in: SignedIn) -> None:
        """Sent again within seconds, a token gets the answer that was lost."""
        lost = await refresh(platform, signed_in.tokens.refresh_token)

        with later(seconds=9):
            pair = await refresh(platform, signed_in.tokens.refresh_token)

        assert pair.refresh_token == lost.refresh_token
        with later(seconds=60):
            assert await is_good(
                platform, (await refresh(platform, pair.refresh_token)).access_token
            )

    async def test_successor_in_use(self, platform: Platform, signed_in: SignedIn) -> None:
        """Once the new token was used, the answer was not lost: the old one ends the family."""
        pair = await refresh(platform, signed_in.tokens.refresh_token)
        following = await refresh(platform, pair.refresh_token)

        with pytest.raises(Unauthenticated) as refused:
            await refresh(platform, signed_in.tokens.refresh_token)

        assert refused.value.code == "auth.refresh.reused"
        assert not await is_good(platform, following.access_token)

    async def test_from_elsewhere(self, platform: Platform, signed_in: SignedIn) -> None:
        """From another address a token gets no second answer, also within seconds."""
        pair = await refresh(platform, signed_in.tokens.refresh_token)
        request = RefreshRequest(refresh_token=signed_in.tokens.refresh_token)

        with pytest.raises(Unauthenticated) as refused:
            await platform.caller(address="198.51.100.66")(AuthService.refresh, request)

        assert refused.value.code == "auth.refresh.reused"
        assert not await is_good(platform, pair.access_token)

    async def test_one_branch_after_the_grace(
        self, platform: Platform, signed_in: SignedIn
    ) -> None:
        """Who shares the answer of the grace does not share the session for long."""
        first = await refresh(platform, signed_in.tokens.refresh_token)
        second = await refresh(platform, signed_in.tokens.refresh_token)
        following = await refresh(platform, first.refresh_token)

        with later(seconds=11), pytest.raises(Unauthenticated) as refused:
            await refresh(platform, second.refresh_token)

        assert refused.value.code == "auth.refresh.reused"
        assert not await is_good(platform, following.access_token)

    async def test_other_sessions_live_on(self, platform: Platform, signed_in: SignedIn) -> None:
        """A stolen token costs its own session, not the user's others."""
        other = await platform.sign_in(signed_in.user, PASSWORD)
        await refresh(platform, signed_in.tokens.refresh_token)

        with later(seconds=11), pytest.raises(Unauthenticated):
            await refresh(platform, signed_in.tokens.refresh_token)

        assert await platform.is_live(other)

    @pytest.mark.parametrize(("days", "good"), [(6.9, True), (7.1, False), (400, False)])
    async def test_lifetime(
        self, platform: Platform, signed_in: SignedIn, days: float, *, good: bool
    ) -> None:
        """A refresh token is good for a week."""
        with time_machine.travel(clock.now() + timedelta(days=days), tick=False):
            try:
                await refresh(platform, signed_in.tokens.refresh_token)
            except Unauthenticated as error:
                code = error.code
            else:
                code = "good"

        assert code == ("good" if good else "auth.refresh.invalid")

    @pytest.mark.parametrize("how", ["sign out", "suspend", "delete", "password"])
    async def test_ended_session(self, platform: Platform, signed_in: SignedIn, how: str) -> None:
        """What ended a session cannot be refreshed away."""
        call = platform.caller(SYSTEM)
        if how == "sign out":
            await platform.caller(signed_in.actor)(AuthService.sign_out)
        elif how == "suspend":
            await call(UserService.suspend, signed_in.user.id)
        elif how == "delete":
            await call(UserService.delete, signed_in.user.id)
        else:
            await set_password(platform, signed_in.user.id)

        with pytest.raises(Unauthenticated) as refused:
            await refresh(platform, signed_in.tokens.refresh_token)

        assert refused.value.code == "auth.refresh.invalid"

    @pytest.mark.parametrize("token", ["", "x", "x" * 200, "' OR 1=1 --"])
    async def test_invented(self, platform: Platform, signed_in: SignedIn, token: str) -> None:
        """A token that was never given out is nobody's."""
        with pytest.raises(Unauthenticated) as refused:
            await refresh(platform, token)

        assert refused.value.code == "auth.refresh.invalid"
        assert await platform.is_live(signed_in)

    async def test_access_token_instead(self, platform: Platform, signed_in: SignedIn) -> None:
        """An access token does not refresh anything."""
        with pytest.raises(Unauthenticated):
            await refresh(platform, signed_in.tokens.access_token[:200])


class TestSignOut:
    """End the session."""

    @pytest.mark.actor("user")
    async def test_allowed(self, call: Caller, platform: Platform, signed_in: SignedIn) -> None:
        """Access and refresh token are worth nothing from now on."""
        await call(AuthService.sign_out)

        assert not await platform.is_live(signed_in)
        [entry] = await platform.audit(action="auth.sign_out")
        assert (entry.outcome, entry.actor_id) == ("succeeded", signed_in.user.id)

    async def test_refused(self, call: Caller) -> None:
        """Whoever is not signed in cannot sign out."""
        with pytest.raises(Unauthenticated):
            await call(AuthService.sign_out)


class TestIdentity:
    """Who the caller is."""

    @pytest.mark.actor("guest", grants=["user.read"])
    async def test_allowed(self, call: Caller, signed_in: SignedIn) -> None:
        """Name, address, roles and permissions."""
        assert await call(AuthService.identity) == Identity(
            id=signed_in.user.id,
            email="actor@example.com",
            display_name="Actor",
            roles=["as-declared", "guest"],
            permissions=["user.read"],
            must_change_password=False,
        )

    async def test_refused(self, call: Caller) -> None:
        """A visitor is nobody."""
        assert call.actor is ANONYMOUS
        with pytest.raises(Unauthenticated):
            await call(AuthService.identity)


class TestChangePassword:
    """Change one's own password."""

    @pytest.mark.actor("user")
    async def test_allowed(self, call: Caller, platform: Platform, signed_in: SignedIn) -> None:
        """All other sessions end; this browser goes on with a new one."""
        other = await platform.sign_in(signed_in.user, PASSWORD)

        started = await call(AuthService.change_password, change())

        assert not await platform.is_live(signed_in)
        assert not await platform.is_live(other)
        authenticator = await platform.container.get(Authenticator)
        assert await authenticator.from_cookie(started.cookie) is not None
        assert await platform.can_sign_in(signed_in.user.email, NEW_PASSWORD)
        assert not await platform.can_sign_in(signed_in.user.email, PASSWORD)
        [entry] = await platform.audit(action="auth.password.change")
        assert entry.changes == [
            {"field": "password", "before": "[redacted]", "after": "[redacted]"}
        ]

    async def test_forced(self, platform: Platform, make_user: UserFactory) -> None:
        """Somebody who must change their password may do nothing else until they have."""
        user = await make_user(must_change_password=True, roles=["admin"])
        signed_in = await platform.sign_in(user, PASSWORD)
        call = platform.caller(signed_in.actor)
        with pytest.raises(PermissionDenied):
            await call(UserService.own)
        assert (await call(AuthService.identity)).must_change_password

        started = await call(AuthService.change_password, change())

        assert not started.must_change_password
        actor = await (await platform.container.get(Authenticator)).from_cookie(started.cookie)
        assert actor is not None
        assert not (await platform.caller(actor)(UserService.own)).must_change_password

    @pytest.mark.actor("user")
    async def test_wrong_current_password(
        self, call: Caller, platform: Platform, signed_in: SignedIn
    ) -> None:
        """Without the current password nothing changes."""
        with pytest.raises(Invalid) as refused:
            await call(AuthService.change_password, change(current="wrong"))

        assert refused.value.code == "auth.password.wrong"
        assert refused.value.fields.keys() == {"current_password"}
        assert await platform.is_live(signed_in)
        [entry] = await platform.audit(action="auth.password.change")
        assert (entry.outcome, entry.error_code) == ("failed", "auth.password.wrong")

    @pytest.mark.actor("user")
    async def test_guessing(self, call: Caller, platform: Platform, signed_in: SignedIn) -> None:
        """Whoever holds a stolen session cannot try passwords for ever."""
        for _ in range(5):
            with pytest.raises(Invalid):
                await call(AuthService.change_password, change(current="wrong"))

        with pytest.raises(RateLimited):
            await call(AuthService.change_password, change())

        assert await platform.can_sign_in(signed_in.user.email, PASSWORD)

    @pytest.mark.actor("user")
    @pytest.mark.parametrize(
        ("new", "code"),
        [
            ("short", "user.password.weak"),
            ("aaaaaaaaaaaa", "user.password.weak"),
            (PASSWORD, "user.password.weak"),
            ("actor@example.com", "user.password.guessable"),
            ("Password1!", "user.password.guessable"),
        ],
    )
    async def test_weak(
        self, call: Caller, platform: Platform, signed_in: SignedIn, new: str, code: str
    ) -> None:
        """A weak password, or the same one again, is refused."""
        with pytest.raises(Invalid) as refused:
            await call(AuthService.change_password, change(new=new))

        assert refused.value.code == code
        assert refused.value.fields.keys() == {"new_password"}
        assert await platform.is_live(signed_in)
