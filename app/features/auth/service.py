"""Operations of authentication: sign in and out, tokens, one's own password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from app.core import clock, crypto
from app.core.audit import REDACTED
from app.core.emails import normalise_email
from app.core.errors import Invalid, Unauthenticated
from app.core.operations import Service, operation, query
from app.core.passwords import PasswordHasher, PasswordPolicy
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.unit_of_work import UnitOfWork
from app.features.auth.guesses import Guess, GuessBudget
from app.features.auth.repository import SessionRepository, end_session
from app.features.auth.schemas import (
    Credentials,
    Identity,
    PasswordChange,
    RefreshRequest,
    StartedSession,
    TokenPair,
)
from app.features.auth.session_start import SessionStart
from app.features.users.models import User
from app.features.users.repository import UserRepository
from app.features.users.schemas import UserStatus


class AuthService(Service):
    """Authentication within one unit of work."""

    def __init__(  # noqa: PLR0917 - filled by the container
        self,
        uow: UnitOfWork,
        sessions: SessionRepository,
        users: UserRepository,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        guesses: GuessBudget,
        start: SessionStart,
    ) -> None:
        super().__init__(uow)
        self._sessions = sessions
        self._users = users
        self._hasher = hasher
        self._policy = policy
        self._guesses = guesses
        self._start = start

    @operation(PUBLIC, action="auth.sign_in", begins_write=False)
    async def sign_in(self, credentials: Credentials) -> StartedSession:
        """Begin a console session; the one that the browser had before ends.

        Raises:
            Unauthenticated: Unknown address, wrong password or suspended: the same
                answer after the same time.
            RateLimited: Too many failures before.
        """
        user = await self._sign_in(credentials)
        replaced = self.uow.actor.session_id
        if replaced is not None:
            # Nobody sees it in this browser any more: a copy of its cookie must not live on.
            await self._sessions.end(replaced, "replaced", clock.now())
        return await self._start.console(user)

    @operation(PUBLIC, action="auth.token.issue", begins_write=False)
    async def issue_tokens(self, credentials: Credentials) -> TokenPair:
        """Begin an API session.

        Raises:
            Unauthenticated: Unknown address, wrong password or suspended: the same
                answer after the same time.
            RateLimited: Too many failures before.
        """
        return await self._start.api(await self._sign_in(credentials))

    @operation(PUBLIC, action="auth.token.refresh")
    async def refresh(self, request: RefreshRequest) -> TokenPair:
        """Exchange a refresh token for a new pair.

        Raises:
            Unauthenticated: The token is unknown, expired or used before. A second
                use ends the whole session: one of the two users is a thief. Only the same
                program gets the same answer once more, for seconds.
        """
        now = clock.now()
        found: Any = await self._sessions.by_refresh_token(crypto.hash_token(request.refresh_token))
        if found is None:
            raise _refresh_refused()
        token, session, user = found
        live = (
            session.ended_at is None
            and now < min(token.expires_at, session.expires_at, self._start.latest_end(session))
            and user.status == UserStatus.ACTIVE
            and session.created_at >= user.sessions_valid_from
        )
        if not live:
            raise _refresh_refused()
        # Not before: a token of an ended session can be sent as often as one likes, and is counted.
        self.uow.audit.about(
            "session", session.id, user.email, actor=(user.id, user.display_name, user.email)
        )
        if token.used_at is not None:
            again = await self._start.same_pair(session, token, request.refresh_token)
            if again is not None:
                return again
            session_id = session.id
            async with self.uow.aside() as aside:
                await end_session(aside, session_id, "refresh_reuse", now)
            code = "auth.refresh.reused"
            raise Unauthenticated(code, "This refresh token was used before; sign in again.")
        token.used_at = now
        session.last_seen_at = now
        return await self._start.next_pair(session, request.refresh_token)

    @operation(
        SIGNED_IN,
        action="auth.sign_out",
        allowed_before_password_change=True,
        allowed_in_preview=True,
    )
    async def sign_out(self) -> None:
        """End the session this call belongs to."""
        actor = self.uow.actor
        if actor.session_id is not None:
            await self._sessions.end(actor.session_id, "signed_out", clock.now())
        self.uow.audit.about("session", actor.session_id or "", actor.email)

    @query(SIGNED_IN, action="auth.identity", allowed_before_password_change=True)
    async def identity(self) -> Identity:
        """Who the actor is, and what they may do."""
        actor = self.uow.actor
        return Identity(
            id=actor.require_user_id(),
            email=actor.email,
            display_name=actor.name,
            roles=list(actor.roles),
            permissions=actor.access.permissions,
            must_change_password=actor.must_change_password,
        )

    @operation(
        SIGNED_IN,
        action="auth.password.change",
        allowed_before_password_change=True,
        begins_write=False,
    )
    async def change_password(self, change: PasswordChange) -> StartedSession:
        """Change one's own password; all sessions end, and a new one begins in this browser.

        Raises:
            Invalid: The current password is wrong or the new one too weak.
            RateLimited: Too many wrong guesses before.
        """
        return await self._start.console(await self._change_password(change))

    @operation(
        SIGNED_IN,
        action="auth.password.change_by_api",
        allowed_before_password_change=True,
        begins_write=False,
    )
    async def change_password_for_tokens(self, change: PasswordChange) -> TokenPair:
        """Change one's own password; all sessions end, and a new one begins for this program.

        Raises:
            Invalid: The current password is wrong or the new one too weak.
            RateLimited: Too many wrong guesses before.
        """
        return await self._start.api(await self._change_password(change))

    @operation(SIGNED_IN, action="auth.reauthenticate", begins_write=False)
    async def reauthenticate(self, password: SecretStr) -> StartedSession | None:
        """Give one's password once more; for a while, the session counts as signed in recently.

        Returns:
            The new cookie of a console session; None for the API's, which has none.

        Raises:
            Invalid: The password is wrong.
            RateLimited: Too many wrong guesses before.
        """
        actor = self.uow.actor
        user = await self._users.get(actor.require_user_id())
        if user is None or actor.session_id is None:
            raise _wrong_credentials()
        self.uow.audit.about("user", user.id, user.email)
        async with self._proven(user, password.get_secret_value(), field="password") as guess:
            await self.uow.begin_write()
        await self._sessions.authenticated(actor.session_id, clock.now())
        await self._guesses.forgive(guess)
        return await self._start.console_again(actor.session_id, user)

    @asynccontextmanager
    async def _proven(self, user: User, password: str, *, field: str) -> AsyncIterator[Guess]:
        """Go on only if the actor knows their password; guesses count wherever it is asked for.

        Raises:
            Invalid: It is wrong.
            RateLimited: Too many wrong guesses before.
        """
        async with self._guesses.guess(f"change:{user.id}", user) as guess:
            if not await guess.fits(password):
                message = "This is not your current password."
                fields = {field: message}
                raise guess.refusal or Invalid("auth.password.wrong", message, fields=fields)
            yield guess

    async def _change_password(self, change: PasswordChange) -> User:
        actor_id = self.uow.actor.require_user_id()
        user = await self._users.get(actor_id)
        if user is None:
            raise _wrong_credentials()
        self.uow.audit.about("user", user.id, user.email)
        current = change.current_password.get_secret_value()
        new = change.new_password.get_secret_value()
        self._refuse_weak(new, current, user)
        async with self._proven(user, current, field="current_password") as guess:
            password_hash = await guess.place.hash(new)
        await self.uow.begin_write()
        user = await self._users.get(actor_id, for_update=True)
        if user is None:
            raise _wrong_credentials()
        now = clock.now()
        user.password_hash = password_hash
        user.must_change_password = False
        user.sessions_valid_from = user.updated_at = now
        user.version += 1
        await self._guesses.forgive(guess)
        redacted = {"field": "password", "before": REDACTED, "after": REDACTED}
        self.uow.audit.about("user", user.id, user.email, changes=[redacted])
        return user

    def _refuse_weak(self, new: str, current: str, user: User) -> None:
        problem = self._policy.problem(new, email=user.email, name=user.display_name)
        if problem is not None:
            raise Invalid(problem.code, problem.message, fields={"new_password": problem.message})
        if new == current:
            message = "Choose a password different from the current one."
            raise Invalid("user.password.weak", message, fields={"new_password": message})

    async def _sign_in(self, credentials: Credentials) -> User:
        email = _spelled(credentials.email)
        password = credentials.password.get_secret_value()
        self.uow.audit.about("user", "", email)
        account = await self._sessions.account(email)
        async with self._guesses.guess(email, account) as guess:
            fits = await guess.fits(password)
            if account is None or not fits or account.status != UserStatus.ACTIVE:
                raise guess.refusal or _wrong_credentials()
            is_outdated = self._hasher.is_outdated(account.password_hash)
            upgraded = await guess.place.hash(password) if is_outdated else None
        await self.uow.begin_write()
        current = await self._users.get(account.id, for_update=True)
        if (
            current is None
            or current.status != UserStatus.ACTIVE
            or current.password_hash != account.password_hash
        ):
            raise _wrong_credentials()
        if upgraded is not None:
            current.password_hash = upgraded
        current.last_sign_in_at = clock.now()
        await self._guesses.forgive(guess)
        self.uow.audit.about(
            "user", current.id, email, actor=(current.id, current.display_name, current.email)
        )
        return current


def _spelled(email: str) -> str:
    """The address as it would be stored; whatever is none stays as typed and matches nobody."""
    try:
        return normalise_email(email)
    except ValueError:
        return email.strip().lower()


def _wrong_credentials() -> Unauthenticated:
    return Unauthenticated("auth.credentials.wrong", "E-mail address or password is wrong.")


def _refresh_refused() -> Unauthenticated:
    return Unauthenticated("auth.refresh.invalid", "The refresh token is not valid.")
