"""Tables of the roles feature."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
    column,
    table,
)
from sqlmodel import Field

from app.core import clock
from app.core.ids import new_id
from app.core.models import Table, UtcDateTime

USERS = table(
    "core_users",
    column("id", Uuid),
    column("email", String),
    column("display_name", String),
    column("status", String),
    column("updated_at", UtcDateTime),
    column("version", Integer),
)
"""What this feature reads of the users, whose feature builds on this one."""

ACTIVE = "active"
"""The status of a user who may sign in."""


class Given(Table):
    """What every kind of grant records: until when, by whom, when and why."""

    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    granted_by: UUID | None = None
    granted_by_name: str = Field(default="", max_length=320)
    granted_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    reason: str = Field(default="", max_length=300)


class Granted(Given):
    """A permission or wildcard, for some rows and fields or for all of them."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    permission: str = Field(max_length=100)
    rule: str = Field(default="", max_length=50)
    readable: list[str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    writable: list[str] | None = Field(default=None, sa_type=JSON(none_as_null=True))


class Role(Table, table=True):
    """A named set of permissions."""

    __tablename__ = "core_roles"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=50, unique=True)
    description: str = Field(default="", max_length=300)
    created_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )
    updated_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )
    version: int = 1


class RoleGrant(Granted, table=True):
    """What a role grants."""

    __tablename__ = "core_role_grants"
    __table_args__ = (UniqueConstraint("role_id", "permission", "rule"),)

    role_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_roles.id", ondelete="CASCADE"), nullable=False)
    )


class UserGrant(Granted, table=True):
    """What a user holds in person, without a role."""

    __tablename__ = "core_user_grants"
    __table_args__ = (UniqueConstraint("user_id", "permission", "rule"),)

    user_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_users.id", ondelete="CASCADE"), nullable=False)
    )


class UserRole(Given, table=True):
    """A role given to a user."""

    __tablename__ = "core_user_roles"
    __table_args__ = (Index("ix_core_user_roles_role_id", "role_id", "user_id"),)

    user_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_users.id", ondelete="CASCADE"), primary_key=True)
    )
    role_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_roles.id", ondelete="CASCADE"), primary_key=True)
    )


class RoleInclude(Table, table=True):
    """A role that grants all that another one does."""

    __tablename__ = "core_role_includes"
    __table_args__ = (Index("ix_core_role_includes_included_id", "included_id", "role_id"),)

    role_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("core_roles.id", ondelete="CASCADE"), primary_key=True)
    )
    included_id: UUID = Field(
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
