"""Tables of the roles feature."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
    and_,
    column,
    not_,
    or_,
    select,
    table,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, col

from app.core import clock
from app.core.folding import order_key
from app.core.ids import new_id
from app.core.models import Table, UtcDateTime, order_column
from app.core.names import name_key
from app.core.search import Stored, Word, search_text, stands_in

USERS = table(
    "core_users",
    column("id", Uuid),
    column("email", String),
    column("display_name", String),
    column("name_order", String),
    column("email_order", String),
    column("search_text", String),
    column("status", String),
    column("must_change_password", Boolean),
    column("updated_at", UtcDateTime),
    column("version", Integer),
)
"""What this feature reads of the users, whose feature builds on this one."""


def words_in_shown(
    stored: Stored,
    words: Sequence[Word],
    showing: Callable[[Sequence[str]], ColumnElement[bool]],
) -> ColumnElement[bool]:
    """Whether the words by which users are found stand in what may be read of them.

    Args:
        stored: Their stored forms.
        words: What was typed.
        showing: Whether these fields of a user may be read.
    """
    fields = ("display_name", "email")
    return or_(
        showing(fields),
        *(
            and_(showing([field]), stands_in(stored, words, place=place, of=len(fields)))
            for place, field in enumerate(fields)
        ),
    )


MEMBERSHIP = "user.roles"
"""The fact that a user has a role, as row rules name it that depend on it."""

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
    """A named set of permissions; `name_key` is its name as names are compared."""

    __tablename__ = "core_roles"
    __table_args__ = (
        Index("ix_core_roles_name_key", "name_key", unique=True),
        Index("ix_core_roles_name_order", "name_order", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=50, unique=True)
    name_key: str | None = Field(default=None, max_length=1000)
    description: str = Field(default="", max_length=300)
    created_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )
    updated_at: datetime = Field(
        default_factory=clock.now, sa_column=Column(UtcDateTime, nullable=False)
    )
    version: int = 1
    name_order: str = Field(default="", sa_column=order_column())
    search_text: str = Field(
        default="", sa_column=Column(String(1000), nullable=False, server_default="")
    )

    def be_called(self, name: str) -> None:
        """Give the role a name, and what it is compared, sorted and found by."""
        self.name, self.name_key = name, name_key(name)
        self.name_order, self.search_text = order_key(name), search_text(name)


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


def in_force(
    table: type[UserRole] | type[RoleGrant] | type[UserGrant],
    now: ColumnElement[datetime] | None = None,
) -> ColumnElement[bool]:
    """Whether a row of the table has not ended.

    Args:
        table: The table.
        now: What stands for the current time in a prepared statement.
    """
    ends = col(table.expires_at)
    return or_(ends.is_(None), ends > (clock.now() if now is None else now))


def is_called(name: str) -> ColumnElement[bool]:
    """Whether a role has this name, or this name in another spelling and none has it as it is."""
    other = aliased(Role)
    exactly = select(col(other.id)).where(col(other.name) == name).exists()
    return or_(col(Role.name) == name, and_(col(Role.name_key) == name_key(name), not_(exactly)))
