"""Operations of authentication: sign in and out, tokens, one's own password."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from app.core import clock, crypto
from app.core.access import refuse_beyond
from app.core.audit import REDACTED
from app.core.errors import Invalid, NotFound, RateLimited, Unauthenticated
from app.core.operations import Service, operation, query
from app.core.passwords import PasswordHasher, PasswordPolicy
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.unit_of_work import UnitOfWork
from app.features.auth.models import RefreshToken, UserSession
from app.features.auth.permissions import SessionPermission
from app.features.auth.repository import Account, SessionRepository, count_failure, end_session
from app.features.auth.schemas import (
    Credentials,
    Identity,
    PasswordChange,
    RefreshRequest,
    SessionKind,
    SessionRead,
    StartedSession,
    TokenPair,
)
from app.features.auth.throttle import FORGET_AFTER, ThrottleKeys, seconds_left
from app.features.auth.tokens import AccessTokens
from app.features.roles.repository import RoleRepository
from app.features.users.models import User
from app.features.users.repository import UserRepository
from app.features.users.schemas import UserStatus, normalise_email
from app.settings import Settings

KEPT_FOR = timedelta(days=90)
"""Ended sessions are kept this long: they tell from where a user signed in before."""

_LONGEST_USER_AGENT = 300


class AuthService(Service):
    """Authentication within one unit of work."""

    def __init__(  # noqa: PLR0917 - filled by the container
        self,
        uow: UnitOfWork,
        sessions: SessionRepository,
        users: UserRepository,
        roles: RoleRepository,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        tokens: AccessTokens,
        settings: Settings,
    ) -> None:
        super().__init__(uow)
        self._sessions = sessions
        self._users = users
        self._roles = roles
        self._hasher = hasher
        self._policy = policy
        self._tokens = tokens
        self._settings = settings.auth

    @operation(PUBLIC, action="auth.sign_in", begins_write=False)
    async def sign_in(self, credentials: Credentials) -> StartedSession:
        """Begin a console session.

        Raises:
            Unauthenticated: Unknown address, wrong password or suspended: the same
                answer after the same time.
            RateLimited: Too many failures before.
        """
        user, session = await self._begin("console", credentials)
        return await self._start_console(user, session)

    @operation(PUBLIC, action="auth.token.issue", begins_write=False)
    async def issue_tokens(self, credentials: Credentials) -> TokenPair:
        """Begin an API session.

        Raises:
            Unauthenticated: Unknown address, wrong password or suspended: the same
                answer after the same time.
            RateLimited: Too many failures before.
        """
        _, session = await self._begin("api", credentials)
        return await self._issue(session)

    @operation(PUBLIC, action="auth.token.refresh")
    async def refresh(self, request: RefreshRequest) -> TokenPair:
        """Exchange a refresh token for a new pair.

        Raises:
            Unauthenticated: The token is unknown, expired or used before. A second
                use ends the whole session: one of the two users is a thief.
        """
        now = clock.now()
        found: Any = await self._sessions.by_refresh_token(crypto.hash_token(request.refresh_token))
        if found is None:
            raise _refresh_refused()
        token, session, user = found
        self.uow.audit.about(
            "session", session.id, user.email, actor=(user.id, user.display_name, user.email)
        )
        live = (
            session.ended_at is None
            and now < min(token.expires_at, session.expires_at)
            and user.status == UserStatus.ACTIVE
            and session.created_at >= user.sessions_valid_from
        )
        if not live:
            raise _refresh_refused()
        if token.used_at is not None:
            session_id = session.id
            async with self.uow.aside() as aside:
                await end_session(aside, session_id, "refresh_reuse", now)
            code = "auth.refresh.reused"
            raise Unauthenticated(code, "This refresh token was used before; sign in again.")
        token.used_at = now
        session.last_seen_at = now
        return await self._issue(session)

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
            id=_user_id(actor.user_id),
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
        user = await self._change_password(change)
        return await self._start_console(user, self._new_session("console", user))

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
        user = await self._change_password(change)
        return await self._issue(self._new_session("api", user))

    @query(SessionPermission.PURGE, action="session.count_expired")
    async def count_expired(self) -> int:
        """How many sessions are so old that they can be forgotten."""
        return await self._sessions.count_expired(clock.now() - KEPT_FOR)

    @operation(SessionPermission.PURGE)
    async def forget_expired(self) -> int:
        """Remove sessions, their tokens and throttles that ended long ago; returns how many."""
        count = await self._sessions.delete_expired(clock.now() - KEPT_FOR)
        label = f"{count:,} expired sessions"
        self.uow.audit.about("session", "", label, detail={"sessions": count})
        return count

    async def _change_password(self, change: PasswordChange) -> User:
        actor_id = _user_id(self.uow.actor.user_id)
        user = await self._users.get(actor_id)
        if user is None:
            raise _wrong_credentials()
        self.uow.audit.about("user", user.id, user.email)
        keys = ThrottleKeys.of(f"change:{user.id}", self.uow.context.address)
        await self._refuse_throttled(keys, user)
        current = change.current_password.get_secret_value()
        new = change.new_password.get_secret_value()
        await self.uow.release()
        fits = await self._hasher.verify(current, user.password_hash)
        await self._refuse_throttled(keys, user)
        await self.uow.release()
        if not fits:
            await self._count_failure(keys)
            message = "This is not your current password."
            raise Invalid("auth.password.wrong", message, fields={"current_password": message})
        problem = self._policy.problem(new, email=user.email, name=user.display_name)
        if problem is not None:
            raise Invalid(problem.code, problem.message, fields={"new_password": problem.message})
        if new == current:
            message = "Choose a password different from the current one."
            raise Invalid("user.password.weak", message, fields={"new_password": message})
        password_hash = await self._hasher.hash(new)
        await self.uow.begin_write()
        user = await self._users.get(actor_id, for_update=True)
        if user is None:
            raise _wrong_credentials()
        now = clock.now()
        user.password_hash = password_hash
        user.must_change_password = False
        user.sessions_valid_from = user.updated_at = now
        user.version += 1
        await self._sessions.forget_failures([keys.pair])
        redacted = {"field": "password", "before": REDACTED, "after": REDACTED}
        self.uow.audit.about("user", user.id, user.email, changes=[redacted])
        return user

    async def _begin(self, kind: SessionKind, credentials: Credentials) -> tuple[User, UserSession]:
        email = _spelled(credentials.email)
        password = credentials.password.get_secret_value()
        self.uow.audit.about("user", "", email)
        keys = ThrottleKeys.of(email, self.uow.context.address)
        user = await self._sessions.account(email)
        await self._refuse_throttled(keys, user)
        await self.uow.release()
        fits = await self._hasher.verify(password, user.password_hash if user else None)
        # Once more, and whether it fits or not: guesses sent all at once passed the first check
        # before any of them had failed.
        has_failed = await self._refuse_throttled(keys, user)
        await self.uow.release()
        if user is None or not fits or user.status != UserStatus.ACTIVE:
            await self._count_failure(keys)
            raise _wrong_credentials()
        upgraded = (
            await self._hasher.hash(password)
            if self._hasher.is_outdated(user.password_hash)
            else None
        )
        await self.uow.begin_write()
        current = await self._users.get(user.id, for_update=True)
        if (
            current is None
            or current.status != UserStatus.ACTIVE
            or current.password_hash != user.password_hash
        ):
            raise _wrong_credentials()
        if upgraded is not None:
            current.password_hash = upgraded
        session = self._new_session(kind, current)
        current.last_sign_in_at = session.created_at
        if has_failed:
            await self._sessions.forget_failures([keys.pair, keys.account])
        self.uow.audit.about(
            "user", current.id, email, actor=(current.id, current.display_name, current.email)
        )
        return current, session

    def _new_session(self, kind: SessionKind, user: User) -> UserSession:
        now = clock.now()
        lifetime = (
            timedelta(hours=self._settings.session_absolute_hours)
            if kind == "console"
            else timedelta(days=self._settings.refresh_token_days)
        )
        return UserSession(
            user_id=user.id,
            kind=kind,
            created_at=now,
            last_seen_at=now,
            expires_at=now + lifetime,
            address=self.uow.context.address,
            user_agent=self.uow.context.user_agent[:_LONGEST_USER_AGENT],
        )

    async def _start_console(self, user: User, session: UserSession) -> StartedSession:
        cookie = crypto.new_token()
        session.cookie_hash = crypto.hash_token(cookie)
        roles = await self._roles.names_of_users([user.id])
        session.roles_at_issue = ",".join(roles.get(user.id, []))
        await self._sessions.add(session)
        return StartedSession(
            cookie=cookie,
            lifetime_seconds=self._settings.session_absolute_hours * 3600,
            must_change_password=user.must_change_password,
        )

    async def _issue(self, session: UserSession) -> TokenPair:
        now = clock.now()
        refresh = crypto.new_token()
        # The family ends when nobody refreshed for the lifetime of a refresh token.
        session.expires_at = now + timedelta(days=self._settings.refresh_token_days)
        await self._sessions.add(session)
        await self._sessions.add_refresh_token(
            RefreshToken(
                session_id=session.id,
                token_hash=crypto.hash_token(refresh),
                created_at=now,
                expires_at=session.expires_at,
            )
        )
        return TokenPair(
            access_token=self._tokens.issue(session.id, session.user_id, now),
            refresh_token=refresh,
            expires_in=int(self._tokens.lifetime.total_seconds()),
        )

    async def _refuse_throttled(self, keys: ThrottleKeys, user: User | Account | None) -> bool:
        """Whether there were failures before at all."""
        known = await self._sessions.throttles(keys.pair, keys.address, keys.account)
        if not known:
            return False
        if (
            keys.account in known
            and user is not None
            and await self._sessions.is_known_address(user.id, self.uow.context.address)
        ):
            # Where the user has signed in before, others' guesses do not keep them out.
            del known[keys.account]
        now = clock.now()
        seconds = max((seconds_left(row.blocked_until, now) for row in known.values()), default=0)
        if seconds:
            message = f"Too many failed attempts. Try again in {seconds} s."
            raise RateLimited("auth.throttled", message, retry_after_seconds=seconds)
        return True

    async def _count_failure(self, keys: ThrottleKeys) -> None:
        now = clock.now()
        async with self.uow.aside() as session:
            for key, limit in sorted(keys.limits.items()):
                await count_failure(
                    session, key, at=now, since=now - FORGET_AFTER, delay=limit.delay
                )


class SessionService(Service):
    """Who is signed in where, and an end to it, within one unit of work."""

    def __init__(
        self,
        uow: UnitOfWork,
        sessions: SessionRepository,
        users: UserRepository,
        roles: RoleRepository,
        settings: Settings,
    ) -> None:
        super().__init__(uow)
        self._sessions = sessions
        self._users = users
        self._roles = roles
        self._idle = timedelta(minutes=settings.auth.session_idle_minutes)

    @query(SIGNED_IN, action="session.read_own")
    async def own(self) -> list[SessionRead]:
        """The actor's own sessions that are still good, the last used first."""
        return await self._read(_user_id(self.uow.actor.user_id))

    @operation(SIGNED_IN, action="session.end_own")
    async def end_own(self, session_id: UUID) -> None:
        """End one of the actor's own sessions.

        Raises:
            NotFound: It has ended, or is somebody else's.
        """
        await self._end(await self._own_user(), session_id, "ended_by_user")

    @operation(SIGNED_IN, action="session.end_others")
    async def end_others(self) -> int:
        """End all of the actor's own sessions but this one; returns how many."""
        return await self._end_all(await self._own_user(), "ended_by_user")

    @query(SessionPermission.READ)
    async def of_user(self, user_id: UUID) -> list[SessionRead]:
        """A user's sessions that are still good, the last used first.

        Raises:
            NotFound: No such user.
        """
        return await self._read((await self._user(user_id)).id)

    @operation(SessionPermission.REVOKE)
    async def revoke(self, user_id: UUID, session_id: UUID) -> None:
        """End one of a user's sessions.

        Raises:
            NotFound: No such user, or the session has ended.
            PermissionDenied: The user may do what the actor may not.
        """
        await self._end(await self._reachable(user_id), session_id, "revoked")

    @operation(SessionPermission.REVOKE, action="session.revoke_all")
    async def revoke_all(self, user_id: UUID) -> int:
        """End all of a user's sessions, except the one that asks for it; returns how many.

        Raises:
            NotFound: No such user.
            PermissionDenied: The user may do what the actor may not.
        """
        return await self._end_all(await self._reachable(user_id), "revoked")

    async def _read(self, user_id: UUID) -> list[SessionRead]:
        return [
            SessionRead(
                id=session.id,
                kind=cast("SessionKind", session.kind),
                user_agent=session.user_agent,
                address=session.address,
                created_at=session.created_at,
                last_used_at=session.last_seen_at,
                expires_at=session.expires_at,
                is_current=session.id == self.uow.actor.session_id,
            )
            for session in await self._live(user_id)
        ]

    async def _live(self, user_id: UUID) -> list[UserSession]:
        return await self._sessions.live(user_id, now=clock.now(), idle=self._idle)

    async def _end(self, user: User, session_id: UUID, reason: str) -> None:
        live = {session.id: session for session in await self._live(user.id)}
        if session_id not in live:
            code = "session.not_found"
            raise NotFound(code, "This session has ended already.")
        await self._sessions.end(session_id, reason, clock.now())
        self._say(user, [live[session_id]])

    async def _end_all(self, user: User, reason: str) -> int:
        ended = [each for each in await self._live(user.id) if each.id != self.uow.actor.session_id]
        for session in ended:
            await self._sessions.end(session.id, reason, clock.now())
        self._say(user, ended)
        return len(ended)

    def _say(self, user: User, ended: list[UserSession]) -> None:
        detail = {
            "sessions": len(ended),
            "addresses": sorted({session.address for session in ended}),
        }
        self.uow.audit.about("user", user.id, user.email, detail=detail)

    async def _own_user(self) -> User:
        return await self._user(_user_id(self.uow.actor.user_id))

    async def _user(self, user_id: UUID) -> User:
        user = await self._users.get(user_id)
        if user is None:
            code = "user.not_found"
            raise NotFound(code, "There is no such user.")
        return user

    async def _reachable(self, user_id: UUID) -> User:
        user = await self._user(user_id)
        self.uow.audit.about("user", user.id, user.email)
        held = await self._roles.access_of(user.id)
        refuse_beyond(self.uow.actor.access, held.grants, code="user.above_actor")
        return user


def _spelled(email: str) -> str:
    """The address as it would be stored; whatever is none stays as typed and matches nobody."""
    try:
        return normalise_email(email)
    except ValueError:
        return email.strip().lower()


def _user_id(user_id: UUID | None) -> UUID:
    if user_id is None:
        code = "auth.not_a_user"
        raise Unauthenticated(code, "The system itself has no account.")
    return user_id


def _wrong_credentials() -> Unauthenticated:
    return Unauthenticated("auth.credentials.wrong", "E-mail address or password is wrong.")


def _refresh_refused() -> Unauthenticated:
    return Unauthenticated("auth.refresh.invalid", "The refresh token is not valid.")
