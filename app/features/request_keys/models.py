"""Tables of the request keys feature."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index
from sqlmodel import Field

from app.core.models import Table, UtcDateTime


class RequestKey(Table, table=True):
    """A request that its caller has named, and its answer once there is one.

    Attributes:
        user_id: The caller.
        key_hash: Of the name that they gave it.
        fingerprint: Of the request itself; another one by the same name is refused.
        access_hash: Of what the caller held when it was answered.
        attempt: Which of several tries at it is the present one.
        started_at: When that began.
        status: Of the answer; None while there is none.
        headers: Those of the answer that matter, as JSON.
        body: Of the answer; None when that may not be kept.
        size_bytes: Of the body.
    """

    __tablename__ = "core_request_keys"
    __table_args__ = (
        Index("ix_core_request_keys_user_id", "user_id", "size_bytes"),
        Index("ix_core_request_keys_started_at", "started_at"),
    )

    user_id: UUID = Field(foreign_key="core_users.id", ondelete="CASCADE", primary_key=True)
    key_hash: str = Field(max_length=64, primary_key=True)
    fingerprint: str = Field(max_length=64)
    access_hash: str = Field(max_length=64)
    attempt: UUID
    started_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    status: int | None = None
    headers: str = Field(default="{}", max_length=4000)
    size_bytes: int = 0
    body: bytes | None = None
