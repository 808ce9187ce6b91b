"""Who acts, and from where."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from app.core.access import Access
from app.core.permissions import PUBLIC, SIGNED_IN

Channel = Literal["api", "console", "cli", "system"]


@dataclass(frozen=True, slots=True)
class Preview:
    """Whose access somebody looks through, without being them.

    `user_id` is None when it is that of a role.
    """

    title: str
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """The one on whose authority an operation runs. Lives as long as one request.

    `user_id` is None for anonymous visitors and for the system itself.
    """

    kind: Literal["user", "anonymous", "system"]
    name: str
    access: Access = field(default_factory=Access)
    user_id: UUID | None = None
    email: str = ""
    session_id: UUID | None = None
    roles: tuple[str, ...] = ()
    must_change_password: bool = False
    previewing: Preview | None = None
    """When set, `access` is not their own, and nothing can be changed."""

    @property
    def is_signed_in(self) -> bool:
        """Whether the actor is a known user or the system."""
        return self.kind != "anonymous"

    def may(self, permission: str) -> bool:
        """Whether the actor holds the permission (or it needs none)."""
        if permission == PUBLIC:
            return True
        if permission == SIGNED_IN:
            return self.is_signed_in
        return permission in self.access


ANONYMOUS = Actor(kind="anonymous", name="anonymous")
SYSTEM = Actor(kind="system", name="system", access=Access.to("*"))


@dataclass(slots=True)
class RequestContext:
    """Where a call came from; copied into logs, audit entries and error reports."""

    request_id: str
    channel: Channel
    address: str = ""
    user_agent: str = ""
    is_recorded: bool = False
    """Whether the audit trail holds an entry of the call for good; the unit of work says so."""
