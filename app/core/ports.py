"""What the core asks of others, as Protocols."""

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
