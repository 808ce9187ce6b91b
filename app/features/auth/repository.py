"""Queries of the auth feature."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, insert, or_, update
from sqlalchemy import select as sa_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.admission.addresses import network_of
from app.core import clock
from app.core.prepared import Prepared
from app.core.repository import Repository
from app.features.auth.models import RefreshToken, SignInThrottle, UserSession
from app.features.roles.models import AccessStamp
from app.features.users.models import User

_STAMP = select(AccessStamp.version).where(AccessStamp.id == 1).scalar_subquery()

_PRINCIPAL_COLUMNS: tuple[Any, ...] = (
    UserSession.id.label("session_id"),  # type: ignore[attr-defined]  # a column at run time
    UserSession.kind,
    UserSession.last_seen_at,
    UserSession.expires_at,
    UserSession.created_at,
    UserSession.authenticated_at,
    UserSession.roles_at_issue,
    UserSession.preview,
    UserSession.cookie_hash,
    UserSession.rotated_at,
    User.id.label("user_id"),  # type: ignore[attr-defined]  # likewise
    User.email,
    User.display_name,
    User.status,
    User.must_change_password,
    User.sessions_valid_from,
    User.version.label("user_version"),  # type: ignore[attr-defined]  # likewise
    _STAMP.label("stamp"),
)

PRINCIPAL: Select[Any] = (
    sa_select(*_PRINCIPAL_COLUMNS)
    .join(User, col(User.id) == col(UserSession.user_id))
    .where(col(UserSession.ended_at).is_(None))
)
"""A live session with its user and the access stamp; the caller adds which session."""


_ACCOUNT = Prepared(
    sa_select(col(User.id), col(User.password_hash), col(User.status)).where(
        col(User.email) == bindparam("email")
    )
)
_INSERT_TOKEN = Prepared(insert(RefreshToken))
_THROTTLES = Prepared(
    sa_select(col(SignInThrottle.key), col(SignInThrottle.blocked_until)).where(
        col(SignInThrottle.key).in_([bindparam("pair"), bindparam("address"), bindparam("account")])
    )
)


NEVER_BLOCKED = datetime(1970, 1, 1, tzinfo=UTC)
"""Until when a counter refuses that has not reached its limit; past on every machine's clock."""


class Account(Protocol):
    """What a sign-in needs of a user before the password fits."""

    id: UUID
    password_hash: str
    status: str


class SessionRepository(Repository[UserSession]):
    """Sessions, refresh tokens and sign-in throttles within one unit of work."""

    model = UserSession

    async def by_refresh_token(self, token_hash: str) -> Row[Any] | None:
        """The refresh token with its live session and user, locked for change; None if unknown."""
        statement = (
            select(RefreshToken, UserSession, User)
            .join(UserSession, col(UserSession.id) == col(RefreshToken.session_id))
            .join(User, col(User.id) == col(UserSession.user_id))
            .where(RefreshToken.token_hash == token_hash)
            .with_for_update(of=RefreshToken)
        )
        return (await self.session.execute(statement)).one_or_none()

    async def is_unused(self, session_id: UUID, token_hash: str) -> bool:
        """Whether this is a refresh token of the session that nobody has used."""
        statement = select(RefreshToken.id).where(
            RefreshToken.session_id == session_id,
            RefreshToken.token_hash == token_hash,
            col(RefreshToken.used_at).is_(None),
        )
        return (await self.session.exec(statement)).one_or_none() is not None

    async def end(self, session_id: UUID, reason: str, at: datetime) -> None:
        """End a session, if it has not ended yet."""
        await end_session(self.session, session_id, reason, at)

    async def authenticated(self, session_id: UUID, at: datetime) -> None:
        """Remember that the session's user has given their password."""
        await self.session.execute(
            update(UserSession).where(col(UserSession.id) == session_id).values(authenticated_at=at)
        )

    async def rotate_cookie(self, session_id: UUID, cookie_hash: str, at: datetime) -> bool:
        """Give a console session another cookie; the old one stays good for a minute.

        Returns:
            Whether it is one of the console's.
        """
        changed = await self.session.execute(
            update(UserSession)
            .where(col(UserSession.id) == session_id, col(UserSession.cookie_hash).is_not(None))
            .values(
                cookie_hash=cookie_hash,
                previous_cookie_hash=col(UserSession.cookie_hash),
                rotated_at=at,
            )
            .returning(col(UserSession.id))
        )
        return changed.first() is not None

    async def live(self, user_id: UUID, *, now: datetime, idle: timedelta) -> list[UserSession]:
        """The user's sessions that are still good, the last used first.

        Args:
            user_id: Whose.
            now: The moment that counts.
            idle: How long a console session lasts without being used.
        """
        statement = (
            select(UserSession)
            .join(User, col(User.id) == col(UserSession.user_id))
            .where(
                UserSession.user_id == user_id,
                col(UserSession.ended_at).is_(None),
                col(UserSession.expires_at) > now,
                col(UserSession.created_at) >= col(User.sessions_valid_from),
                or_(col(UserSession.kind) != "console", col(UserSession.last_seen_at) > now - idle),
            )
            .order_by(col(UserSession.last_seen_at).desc(), col(UserSession.id).desc())
        )
        return list((await self.session.exec(statement)).all())

    async def is_known_address(self, user_id: UUID, address: str) -> bool:
        """Whether the user has signed in from this address, or its IPv6 network, before."""
        network = network_of(address)
        statement = select(UserSession.address).where(UserSession.user_id == user_id).distinct()
        known = {network_of(each) for each in await self.session.exec(statement)}
        return network in known - {""}

    async def account(self, email: str) -> Account | None:
        """Whoever signs in with this (normalised) address, or None."""
        rows: list[Any] = await _ACCOUNT.run(self.session, email=email)
        return rows[0] if rows else None

    async def add_refresh_token(self, token: RefreshToken) -> None:
        """Insert a token, which nobody changes in this unit of work."""
        await _INSERT_TOKEN.run(self.session, **token.model_dump())

    async def throttles(self, pair: str, address: str, account: str) -> dict[str, Any]:
        """Until when each of these keys is blocked, if it ever failed."""
        rows = await _THROTTLES.run(self.session, pair=pair, address=address, account=account)
        return {row.key: row for row in rows}

    async def forget_failures(self, keys: Collection[str]) -> None:
        """Start counting anew after a success."""
        for throttle in (await lock_throttles(self.session, keys, clock.now())).values():
            await self.session.delete(throttle)

    async def count_live(self, user_id: UUID) -> int:
        """How many sessions of the user have not ended."""
        statement = select(func.count()).select_from(UserSession)
        statement = statement.where(
            UserSession.user_id == user_id, col(UserSession.ended_at).is_(None)
        )
        return (await self.session.exec(statement)).one()

    async def count_expired(self, before: datetime) -> int:
        """How many sessions ended before."""
        statement = select(func.count()).select_from(UserSession).where(_ended(before))
        return (await self.session.exec(statement)).one()

    async def delete_expired(self, before: datetime) -> int:
        """Remove sessions (with their tokens) and throttles that ended before; returns how many."""
        gone = await self.session.execute(delete(UserSession).where(_ended(before)))
        await self.session.execute(
            delete(SignInThrottle).where(col(SignInThrottle.last_failure_at) < before)
        )
        return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result


def _ended(before: datetime) -> ColumnElement[bool]:
    return or_(col(UserSession.expires_at) < before, col(UserSession.ended_at) < before)


async def end_session(session: AsyncSession, session_id: UUID, reason: str, at: datetime) -> None:
    """End a session in the given transaction, if it has not ended yet."""
    await session.execute(
        update(UserSession)
        .where(col(UserSession.id) == session_id, col(UserSession.ended_at).is_(None))
        .values(ended_at=at, end_reason=reason)
    )


async def lock_throttles(
    session: AsyncSession, keys: Collection[str], at: datetime
) -> dict[str, SignInThrottle]:
    """The counters of these keys, made where there are none, locked until the transaction ends."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    # In order, so that two who lock the same never wait for each other.
    fresh = [
        {"key": key, "failures": 0, "last_failure_at": at, "blocked_until": NEVER_BLOCKED}
        for key in sorted(keys)
    ]
    # Two attempts at once may both be the first, and a success may delete the row at any moment:
    # an update that changes nothing makes, locks and reads it in one step.
    made = dialect.insert(SignInThrottle).values(fresh)
    locked = made.on_conflict_do_update(
        index_elements=["key"], set_={"key": made.excluded.key}
    ).returning(SignInThrottle)
    rows = await session.scalars(locked, execution_options={"populate_existing": True})
    return {row.key: row for row in rows}
