"""Tables of the users feature."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Uuid
from sqlmodel import Field

from app.core import clock
from app.core.folding import order_key
from app.core.ids import new_id
from app.core.models import Table, UtcDateTime, order_column
from app.core.search import search_text
from app.features.users.schemas import UserStatus

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for "not yet" in columns that lists sort by: a keyset cannot pass over NULLs."""


class User(Table, table=True):
    """Somebody who can sign in; `email_key` is their address as addresses are compared."""

    __tablename__ = "core_users"
    __table_args__ = (
        Index("ix_core_users_name_order", "name_order", "id"),
        Index("ix_core_users_email_order", "email_order", "id"),
        Index("ix_core_users_last_sign_in_at", "last_sign_in_at", "id"),
        Index("ix_core_users_status", "status", "id"),
        Index("ix_core_users_email_key", "email_key", unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    email: str = Field(max_length=254, unique=True)
    email_key: str | None = Field(default=None, max_length=1000)
    display_name: str = Field(max_length=100)
    password_hash: str = Field(max_length=100)
    status: str = Field(default=UserStatus.ACTIVE, max_length=20)
    verified: bool = False
    must_change_password: bool = False
    created_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )
    updated_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )
    last_sign_in_at: datetime = Field(default=NEVER, sa_column=Column(UtcDateTime, nullable=False))
    sessions_valid_from: datetime = Field(
        default=NEVER, sa_column=Column(UtcDateTime, nullable=False)
    )
    version: int = 1
    name_order: str = Field(default="", sa_column=order_column())
    email_order: str = Field(default="", sa_column=order_column())
    search_text: str = Field(max_length=1000)


def places(display_name: str, email: str) -> dict[str, str]:
    """The columns by which a user of this name and address is found and sorted."""
    return {
        "name_order": order_key(display_name),
        "email_order": order_key(email),
        "search_text": search_text(display_name, email),
    }


class PasswordReset(Table, table=True):
    """A one-time link by which a user chooses a new password; at most one for each of them."""

    __tablename__ = "core_password_resets"

    user_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_users.id", ondelete="CASCADE"), primary_key=True)
    )
    token_hash: str = Field(max_length=64, unique=True)
    started_by_id: UUID | None = Field(
        default=None, sa_column=Column(Uuid, ForeignKey("core_users.id", ondelete="CASCADE"))
    )
    """Who started it; None when the operator of the machine did."""
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
