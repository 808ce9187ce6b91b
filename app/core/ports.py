"""What the core asks of others, as Protocols."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Protocol
from uuid import UUID

from app.core.actor import Actor
from app.core.audit import Outcome

_LONGEST_PATH = 200


class EndReason(StrEnum):
    """Why somebody is not signed in any more."""

    EXPIRED = "expired"
    SIGNED_OUT = "signed_out"
    ENDED_BY_USER = "ended_by_user"
    REVOKED = "revoked"
    REPLACED = "replaced"
    """Somebody signed in again in the same browser."""
    SUSPENDED = "suspended"
    OUTDATED = "outdated"
    """All of the user's sessions ended, as with a new password."""
    DELETED = "deleted"


class Authenticator(Protocol):
    """Turns a proof of identity into the actor it stands for, as they are right now."""

    async def from_bearer(self, token: str) -> Actor:
        """The actor of an access token.

        Raises:
            Unauthenticated: It is forged, expired, or its session has ended.
        """

    async def from_cookie(self, token: str) -> Actor | None:
        """The actor of a console session cookie; None when that session is no more."""

    async def from_session(self, session_id: UUID) -> Actor | None:
        """The actor of a console session by its id; None when that session is no more."""

    async def ended(self, session_ids: Collection[UUID]) -> dict[UUID, str]:
        """Why those of the sessions have ended that have, as `EndReason` values."""

    async def why_ended(self, token: str) -> str:
        """Why the session of a console cookie has ended, an `EndReason`; empty if nobody knows."""

    async def rotated_cookie(self, token: str) -> str | None:
        """A new cookie when the user's roles changed since this one was made, else None."""


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A request and how it was answered.

    Attributes:
        method: Its method.
        path: Its path, without what follows a question mark.
        route: The route's path with the names of its parameters; empty when no route has it.
        status: Of the answer.
        error_code: Of the answer; empty when it is no error.
        duration_ms: How long it took.
    """

    method: str
    path: str
    route: str
    status: int
    error_code: str
    duration_ms: int

    @property
    def target(self) -> tuple[str, str, str]:
        """What audit entries call it: kind, id and label."""
        # A name by the path would let anybody make up as many as they like.
        name = f"{self.method} {self.route or 'to an unknown address'}"
        return "request", name, name

    @property
    def facts(self) -> dict[str, Any]:
        """What audit entries tell of it, as JSON."""
        return {
            "method": self.method,
            "route": self.route,
            "path": self.path[:_LONGEST_PATH],
            "status": self.status,
        }

    @property
    def outcome(self) -> Outcome:
        """How it ended, by the status of its answer."""
        if self.status < HTTPStatus.BAD_REQUEST:
            return "succeeded"
        refusals = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        return "denied" if self.status in refusals else "failed"


class RequestRecords(Protocol):
    """Tells the audit trail of requests; lives as long as a unit of work."""

    async def write(self, request: AnsweredRequest) -> None:
        """Record a request that could have changed something and that no operation recorded."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """How a request was answered that its caller has named.

    Attributes:
        status: Of the answer.
        headers: Those that matter to the caller.
        body: None when it may not be kept.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | None


class RequestKeys(Protocol):
    """Remembers requests by the key that their callers gave them, for a day.

    Lives as long as a unit of work, and knows one request in it.
    """

    async def begin(self, key: str, request: bytes) -> KeptAnswer | None:
        """Take a request on, or tell how it was answered before.

        Args:
            key: What the caller calls it.
            request: All of it that must be the same the next time.

        Raises:
            Invalid: The caller has called another request so.
            Conflict: It is being answered right now, or its answer may not be shown again.
            RateLimited: The caller has named too many.
        """

    async def keep(self, answer: KeptAnswer) -> None:
        """Remember the answer, in the transaction of the operation that gave it.

        Raises:
            Conflict: It took so long that it is being tried anew.
        """

    async def keep_refusal(self, answer: KeptAnswer) -> None:
        """Remember a refusal, in a transaction of its own: the operation has been rolled back."""

    async def release(self) -> None:
        """Forget the request: it was not answered, and may be tried again at once."""
