"""Tables of the users feature."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Column, Index
from sqlmodel import Field

from app.core import clock
from app.core.ids import new_id
from app.core.models import Table, UtcDateTime
from app.features.users.schemas import UserStatus

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for "not yet" in columns that lists sort by: a keyset cannot pass over NULLs."""


class User(Table, table=True):
    """Somebody who can sign in."""

    __tablename__ = "core_users"
    __table_args__ = (
        Index("ix_core_users_display_name", "display_name", "id"),
        Index("ix_core_users_last_sign_in_at", "last_sign_in_at", "id"),
        Index("ix_core_users_status", "status", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    email: str = Field(max_length=254, unique=True)
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
    search_text: str = Field(max_length=1000)
