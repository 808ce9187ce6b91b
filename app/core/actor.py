"""Who acts, and from where."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.core import clock
from app.core.access import Access
from app.core.errors import Unauthenticated
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
    recent_sign_in_until: datetime | None = None
    """Until when the last time they gave their password counts as recent; None for never."""
    previewing: Preview | None = None
    """When set, `access` is not their own, and nothing can be changed."""

    @property
    def is_signed_in(self) -> bool:
        """Whether the actor is a known user or the system."""
        return self.kind != "anonymous"

    def require_user_id(self) -> UUID:
        """The actor's own user.

        Raises:
            Unauthenticated: It is the system, which has no account.
        """
        if self.user_id is None:
            code = "auth.not_a_user"
            raise Unauthenticated(code, "The system itself has no account.")
        return self.user_id

    @property
    def has_signed_in_recently(self) -> bool:
        """Whether they have just proved who they are; the system need not."""
        until = self.recent_sign_in_until
        return self.kind == "system" or (until is not None and clock.now() < until)

    def may(self, permission: str) -> bool:
        """Whether the actor holds the permission (or it needs none)."""
        if permission == PUBLIC:
            return True
        if permission == SIGNED_IN:
            return self.is_signed_in
        return permission in self.access


ANONYMOUS = Actor(kind="anonymous", name="anonymous")
SYSTEM = Actor(kind="system", name="system", access=Access.to("*"))


def new_trace_id() -> str:
    """A trace id of W3C Trace Context, for a call that brings none."""
    return secrets.token_hex(16)


@dataclass(slots=True)
class RequestContext:
    """Where a call came from; copied into logs, audit entries and error reports.

    Attributes:
        request_id: Of this call alone; ours, so that no two calls share it.
        channel: By which way it came.
        address: From which machine.
        user_agent: With which program.
        trace_id: Of all calls, also of other systems, that belong together.
        on_behalf_of: Who is behind an actor that is no person.
        reason: Why, as far as the caller says so.
        client_request_id: What the caller calls it, if they say so.
    """

    request_id: str
    channel: Channel
    address: str = ""
    user_agent: str = ""
    trace_id: str = field(default_factory=new_trace_id)
    on_behalf_of: str = ""
    reason: str = ""
    client_request_id: str = ""
    is_recorded: bool = False
    """Whether the audit trail holds an entry of the call for good; the unit of work says so."""
