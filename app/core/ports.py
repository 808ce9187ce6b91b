"""What the core asks of others, as Protocols."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.core.actor import Actor


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


class RequestRecords(Protocol):
    """Tells the audit trail of requests; lives as long as a unit of work."""

    async def write(self, request: AnsweredRequest) -> None:
        """Record a request that could have changed something and that no operation recorded."""
