"""How a session begins: in a browser with a cookie, for a program with a pair of tokens."""

from datetime import datetime, timedelta
from uuid import UUID

from app.admission.addresses import network_of
from app.core import clock, crypto
from app.core.unit_of_work import UnitOfWork
from app.features.auth.models import RefreshToken, UserSession
from app.features.auth.repository import SessionRepository
from app.features.auth.schemas import SessionKind, StartedSession, TokenPair
from app.features.auth.tokens import AccessTokens
from app.features.roles.repository import RoleRepository
from app.features.users.models import User
from app.settings import Settings

_LONGEST_USER_AGENT = 300


class SessionStart:
    """Begins sessions within one unit of work; who may have one is decided before."""

    def __init__(
        self,
        uow: UnitOfWork,
        sessions: SessionRepository,
        roles: RoleRepository,
        tokens: AccessTokens,
        settings: Settings,
    ) -> None:
        self._uow = uow
        self._sessions = sessions
        self._roles = roles
        self._tokens = tokens
        self._settings = settings.auth

    async def console(self, user: User) -> StartedSession:
        """Begin a session of a browser."""
        cookie = crypto.new_token()
        lifetime = timedelta(hours=self._settings.session_absolute_hours)
        session = self._new("console", user, lifetime)
        session.cookie_hash = crypto.hash_token(cookie)
        roles = await self._roles.names_of_users([user.id])
        session.roles_at_issue = ",".join(roles.get(user.id, []))
        await self._sessions.add(session)
        return self._started(cookie, user)

    async def console_again(self, session_id: UUID, user: User) -> StartedSession | None:
        """Give a session of a browser another cookie; None if it is one of a program."""
        cookie = crypto.new_token()
        is_console = await self._sessions.rotate_cookie(
            session_id, crypto.hash_token(cookie), clock.now()
        )
        return self._started(cookie, user) if is_console else None

    def _started(self, cookie: str, user: User) -> StartedSession:
        lifetime = timedelta(hours=self._settings.session_absolute_hours)
        return StartedSession(
            cookie=cookie,
            lifetime_seconds=int(lifetime.total_seconds()),
            must_change_password=user.must_change_password,
        )

    async def api(self, user: User) -> TokenPair:
        """Begin a session of a program."""
        session = self._new("api", user, timedelta(days=self._settings.api_session_absolute_days))
        return await self._give(session, crypto.new_token())

    def latest_end(self, session: UserSession) -> datetime:
        """When a program's session is over, however often it was refreshed."""
        return session.created_at + timedelta(days=self._settings.api_session_absolute_days)

    async def next_pair(self, session: UserSession, used: str) -> TokenPair:
        """The pair of tokens that follows a refresh token, which was not used before."""
        return await self._give(session, self._successor(used))

    async def same_pair(
        self, session: UserSession, used: RefreshToken, token: str
    ) -> TokenPair | None:
        """The pair that followed a refresh token, once more; None if it is not to be had any more.

        It is for the program that used the token and sends it again within seconds, because it did
        so twice at once or because the answer was lost. It gets the same refresh token as before,
        so there are never two that are good: whoever uses that one first makes it worthless for
        the other, whose later use of it ends the session.

        Args:
            session: Of the token.
            used: The token as it was stored.
            token: As it was sent.
        """
        now = clock.now()
        grace = timedelta(seconds=self._settings.refresh_grace_seconds)
        if used.used_at is None or now - used.used_at >= grace:
            return None
        successor = self._successor(token)
        if not await self._sessions.is_unused(session.id, crypto.hash_token(successor)):
            return None
        return self._pair(session, successor, now)

    def _successor(self, token: str) -> str:
        """The refresh token that follows one. Only this program can ask for it again."""
        context = self._uow.context
        asker = f"{network_of(context.address)}\n{context.user_agent}\n{token}"
        return self._tokens.successor(asker)

    async def _give(self, session: UserSession, refresh: str) -> TokenPair:
        now = clock.now()
        # The session ends when nobody refreshed for the lifetime of a refresh token.
        unused_until = now + timedelta(days=self._settings.refresh_token_days)
        session.expires_at = min(unused_until, self.latest_end(session))
        await self._sessions.add(session)
        await self._sessions.add_refresh_token(
            RefreshToken(
                session_id=session.id,
                token_hash=crypto.hash_token(refresh),
                created_at=now,
                expires_at=session.expires_at,
            )
        )
        return self._pair(session, refresh, now)

    def _pair(self, session: UserSession, refresh: str, now: datetime) -> TokenPair:
        return TokenPair(
            access_token=self._tokens.issue(session.id, session.user_id, now),
            refresh_token=refresh,
            expires_in=int(self._tokens.lifetime.total_seconds()),
        )

    def _new(self, kind: SessionKind, user: User, lifetime: timedelta) -> UserSession:
        now = clock.now()
        return UserSession(
            user_id=user.id,
            kind=kind,
            created_at=now,
            last_seen_at=now,
            expires_at=now + lifetime,
            address=self._uow.context.address,
            user_agent=self._uow.context.user_agent[:_LONGEST_USER_AGENT],
        )
