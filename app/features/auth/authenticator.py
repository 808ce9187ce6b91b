"""Turns cookies and tokens into actors, as they are at this moment.

One SELECT per request reads the session, its user and the access stamp. What
the user may do is cached under that stamp and the user's version, so a change of
roles holds for the next request in every worker.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update
from sqlmodel import col

from app.core import clock, crypto
from app.core.access import Access
from app.core.actor import Actor, Preview
from app.core.database import Database
from app.core.ports import EndReason
from app.core.prepared import Lookup
from app.features.auth.models import UserSession
from app.features.auth.repository import PRINCIPAL
from app.features.auth.tokens import AccessTokens, invalid_token
from app.features.roles.permissions import RolePermission
from app.features.roles.resolver import AccessResolver
from app.features.users.models import User
from app.features.users.schemas import UserStatus
from app.settings import Settings

_TOUCH_EVERY = timedelta(minutes=1)
_ROTATION_GRACE = timedelta(minutes=1)
_CACHED_USERS = 10_000

_Stamp = tuple[int, int]
"""The access stamp and the user's version: together they change whenever a grant may have."""

_Row = Any
"""A row of `PRINCIPAL`."""

_BY_ID = PRINCIPAL.where(col(UserSession.id) == bindparam("session_id"))
_BY_COOKIE = PRINCIPAL.where(
    or_(
        col(UserSession.cookie_hash) == bindparam("cookie_hash"),
        col(UserSession.previous_cookie_hash) == bindparam("cookie_hash"),
    )
)


_ENDED: Any = select(
    col(UserSession.id).label("session_id"),
    col(UserSession.ended_at),
    col(UserSession.end_reason),
    col(UserSession.kind),
    col(UserSession.expires_at),
    col(UserSession.last_seen_at),
    col(UserSession.created_at),
    col(User.status),
    col(User.sessions_valid_from),
).join(User, col(User.id) == col(UserSession.user_id))
"""Any session, ended or not, with what decides whether it has."""
_AT_ONCE = 500
"""So many sessions are asked about in one query."""


class SessionAuthenticator:
    """The platform's `Authenticator`. Lives as long as the process."""

    def __init__(
        self, database: Database, tokens: AccessTokens, access: AccessResolver, settings: Settings
    ) -> None:
        self._database = database
        self._by_id = Lookup(database, _BY_ID)
        self._by_cookie = Lookup(database, _BY_COOKIE)
        self._tokens = tokens
        self._idle = timedelta(minutes=settings.auth.session_idle_minutes)
        self._recent = timedelta(minutes=settings.auth.recent_sign_in_minutes)
        self._access = access

    async def from_bearer(self, token: str) -> Actor:
        """The actor of an access token.

        Raises:
            Unauthenticated: It is forged or expired, or its session has ended.
        """
        row = await self._by_id.row(session_id=self._tokens.session_of(token))
        actor = await self._actor(row, kind="api")
        if actor is None:
            raise invalid_token()
        return actor

    async def from_cookie(self, token: str) -> Actor | None:
        """The actor of a console session cookie; None when that session is no more."""
        cookie_hash = crypto.hash_token(token)
        row = await self._by_cookie.row(cookie_hash=cookie_hash)
        return await self._actor(row, kind="console", cookie_hash=cookie_hash)

    async def from_session(self, session_id: UUID) -> Actor | None:
        """The actor of a console session by its id; None when that session is no more."""
        row = await self._by_id.row(session_id=session_id)
        return await self._actor(row, kind="console")

    async def ended(self, session_ids: Collection[UUID]) -> dict[UUID, str]:
        """Why those of the sessions have ended that have."""
        ids = list(session_ids)
        found: dict[UUID, str] = {}
        async with self._database.reading.connect() as connection:
            for start in range(0, len(ids), _AT_ONCE):
                some = ids[start : start + _AT_ONCE]
                rows = await connection.execute(_ENDED.where(col(UserSession.id).in_(some)))
                known = {row.session_id: self._why(row) for row in rows}
                # Nothing is left of the sessions of somebody who was deleted.
                found |= {each: known.get(each, EndReason.DELETED) for each in some}
        return {each: str(why) for each, why in found.items() if why}

    async def why_ended(self, token: str) -> str:
        """Why the session of a console cookie has ended; empty if nobody knows."""
        cookie_hash = crypto.hash_token(token)
        statement = _ENDED.where(
            or_(
                col(UserSession.cookie_hash) == cookie_hash,
                col(UserSession.previous_cookie_hash) == cookie_hash,
            )
        )
        async with self._database.reading.connect() as connection:
            row = (await connection.execute(statement)).first()
        return str(self._why(row)) if row is not None else ""

    async def rotated_cookie(self, token: str) -> str | None:
        """A new cookie for a session whose user's roles changed since the cookie was made.

        The old one stays good for a minute, for requests already on their way.
        """
        cookie_hash = crypto.hash_token(token)
        row = await self._by_cookie.row(cookie_hash=cookie_hash)
        if row is None or row.cookie_hash != cookie_hash:
            return None
        _, roles = await self._held(row)
        if row.roles_at_issue == ",".join(roles):
            return None
        fresh = crypto.new_token()
        async with self._database.writing.begin() as connection:
            await connection.execute(
                update(UserSession)
                .where(col(UserSession.id) == row.session_id)
                .values(
                    cookie_hash=crypto.hash_token(fresh),
                    previous_cookie_hash=cookie_hash,
                    rotated_at=clock.now(),
                    roles_at_issue=",".join(roles),
                )
            )
        return fresh

    async def _actor(
        self, row: _Row | None, *, kind: str, cookie_hash: str | None = None
    ) -> Actor | None:
        if row is None or row.kind != kind or not self._is_live(row, cookie_hash):
            return None
        access, roles = await self._held(row)
        previewing = None
        if row.preview is not None:
            access, previewing = await self._previewed(row, access)
        if clock.now() - row.last_seen_at > _TOUCH_EVERY:
            await self._touch(row.session_id)
        return Actor(
            kind="user",
            name=row.display_name,
            access=access,
            user_id=row.user_id,
            email=row.email,
            session_id=row.session_id,
            roles=roles,
            must_change_password=row.must_change_password,
            recent_sign_in_until=row.authenticated_at + self._recent,
            previewing=previewing,
        )

    async def _previewed(self, row: _Row, own: Access) -> tuple[Access, Preview]:
        """The access that the session previews; none at all once it goes beyond one's own."""
        kind, _, text = row.preview.partition(":")
        shown_id = UUID(text)
        found = await self._access.previewed(kind, shown_id, row.stamp)
        if found is None:
            return Access(), Preview("somebody who is no more")
        shown, name = found
        title = name if kind == "user" else f"the role {name}"
        preview = Preview(title, shown_id if kind == "user" else None)
        may = RolePermission.GRANT in own or own.includes_all(shown)
        return (shown if may and RolePermission.UPDATE in own else Access()), preview

    def _is_live(self, row: _Row, cookie_hash: str | None) -> bool:
        now = clock.now()
        before_rotation = cookie_hash is not None and cookie_hash != row.cookie_hash
        return bool(
            (not before_rotation or now - row.rotated_at < _ROTATION_GRACE)
            and row.status == UserStatus.ACTIVE
            and row.created_at >= row.sessions_valid_from
            and now < row.expires_at
            and (row.kind != "console" or now - row.last_seen_at < self._idle)
        )

    def _why(self, row: _Row) -> str:
        """Why a session has ended, from a row of `_ENDED`; empty when it has not."""
        now = clock.now()
        if row.status != UserStatus.ACTIVE:
            return EndReason.SUSPENDED
        if row.ended_at is not None:
            return str(row.end_reason)
        if row.created_at < row.sessions_valid_from:
            return EndReason.OUTDATED
        is_idle = row.kind == "console" and now - row.last_seen_at >= self._idle
        return EndReason.EXPIRED if is_idle or now >= row.expires_at else ""

    async def _held(self, row: _Row) -> tuple[Access, tuple[str, ...]]:
        return await self._access.of_user(row.user_id, (row.stamp, row.user_version))

    async def _touch(self, session_id: UUID) -> None:
        async with self._database.writing.begin() as connection:
            await connection.execute(
                update(UserSession)
                .where(col(UserSession.id) == session_id)
                .values(last_seen_at=clock.now())
            )
