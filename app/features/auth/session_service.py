"""Operations of sessions: who is signed in where, and an end to it."""

from datetime import timedelta
from typing import cast
from uuid import UUID

from app.core import clock
from app.core.access import refuse_beyond
from app.core.errors import NotFound
from app.core.operations import Service, operation, query
from app.core.permissions import SIGNED_IN
from app.core.unit_of_work import UnitOfWork
from app.features.auth.models import UserSession
from app.features.auth.permissions import SessionPermission
from app.features.auth.repository import SessionRepository
from app.features.auth.schemas import SessionKind, SessionRead
from app.features.roles.people import People
from app.features.roles.permissions import RolePermission
from app.features.roles.repository import RoleRepository
from app.features.users.models import User
from app.features.users.repository import UserRepository
from app.settings import Settings

KEPT_FOR = timedelta(days=90)
"""Ended sessions are kept this long: they tell from where a user signed in before."""


class SessionService(Service):
    """Who is signed in where, and an end to it, within one unit of work.

    Of others only as far as `user.read` shows these people to the actor.
    """

    def __init__(  # noqa: PLR0917 - filled by the container
        self,
        uow: UnitOfWork,
        sessions: SessionRepository,
        users: UserRepository,
        roles: RoleRepository,
        people: People,
        settings: Settings,
    ) -> None:
        super().__init__(uow)
        self._sessions = sessions
        self._users = users
        self._roles = roles
        self._people = people
        self._idle = timedelta(minutes=settings.auth.session_idle_minutes)

    @query(SIGNED_IN, action="session.read_own")
    async def own(self) -> list[SessionRead]:
        """The actor's own sessions that are still good, the last used first."""
        return await self._read(self.uow.actor.require_user_id())

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
        return await self._read((await self._people.one(user_id)).id)

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
        return await self._user(self.uow.actor.require_user_id())

    async def _user(self, user_id: UUID) -> User:
        user = await self._users.get(user_id)
        if user is None:
            code = "user.not_found"
            raise NotFound(code, "There is no such user.")
        return user

    async def _reachable(self, user_id: UUID) -> User:
        await self._people.one(user_id)
        user = await self._user(user_id)
        self.uow.audit.about("user", user.id, user.email)
        held = await self._roles.access_of(user.id)
        knows_roles = RolePermission.READ in self.uow.actor.access and bool(
            await self._people.seen([user.id], showing=["roles"])
        )
        refuse_beyond(
            self.uow.actor.access,
            held.grants,
            code="user.above_actor",
            instead="" if knows_roles else SessionPermission.REVOKE,
        )
        return user
