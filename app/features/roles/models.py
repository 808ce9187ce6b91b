"""Tables of the roles feature."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Uuid
from sqlmodel import Field

from app.core import clock
from app.core.ids import new_id
from app.core.models import Table, UtcDateTime


class Role(Table, table=True):
    """A named set of permissions."""

    __tablename__ = "core_roles"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=50, unique=True)
    description: str = Field(default="", max_length=300)
    created_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )


class RoleGrant(Table, table=True):
    """One permission or wildcard of a role."""

    __tablename__ = "core_role_grants"

    role_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_roles.id", ondelete="CASCADE"), primary_key=True)
    )
    permission: str = Field(primary_key=True, max_length=100)


class UserRole(Table, table=True):
    """A role given to a user."""

    __tablename__ = "core_user_roles"
    __table_args__ = (Index("ix_core_user_roles_role_id", "role_id", "user_id"),)

    user_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_users.id", ondelete="CASCADE"), primary_key=True)
    )
    role_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_roles.id", ondelete="CASCADE"), primary_key=True)
    )


class AccessStamp(Table, table=True):
    """A counter raised by every change of what a role grants.

    Every worker compares it, together with the user's version, with what its
    cached permissions were read at. A change of a user's own roles raises only
    that user's version, so such changes do not wait for each other.
    """

    __tablename__ = "core_access_stamp"

    id: int = Field(default=1, primary_key=True)
    version: int = 0
