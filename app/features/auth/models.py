"""Tables of the auth feature."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Uuid
from sqlmodel import Field

from app.core import clock
from app.core.ids import new_id
from app.core.models import Table, UtcDateTime


class UserSession(Table, table=True):
    """One sign-in of one user, in a browser (`console`) or by a program (`api`)."""

    __tablename__ = "core_sessions"
    __table_args__ = (
        Index("ix_core_sessions_user_id", "user_id", "address"),
        Index("ix_core_sessions_expires_at", "expires_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_users.id", ondelete="CASCADE"), nullable=False)
    )
    kind: str = Field(max_length=10)
    cookie_hash: str | None = Field(default=None, max_length=64, unique=True)
    previous_cookie_hash: str | None = Field(default=None, max_length=64, index=True)
    rotated_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    roles_at_issue: str = Field(default="", max_length=1000)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    authenticated_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )
    """When its user gave their password last."""
    last_seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    end_reason: str = Field(default="", max_length=30)
    address: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=300)
    preview: str | None = Field(default=None, max_length=41)
    """Whose access the console shows: `user` or `role`, a colon and the id."""


class RefreshToken(Table, table=True):
    """A refresh token of an API session; good for one use."""

    __tablename__ = "core_refresh_tokens"
    __table_args__ = (Index("ix_core_refresh_tokens_session_id", "session_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    session_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_sessions.id", ondelete="CASCADE"), nullable=False)
    )
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class SignInThrottle(Table, table=True):
    """Failed sign-ins of one key: an account, an address, or both together."""

    __tablename__ = "core_sign_in_throttles"

    key: str = Field(primary_key=True, max_length=64)
    failures: int = 0
    last_failure_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    blocked_until: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
