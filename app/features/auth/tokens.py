"""Access tokens: signed, short-lived, and worth only as long as their session lives."""

from datetime import datetime, timedelta
from uuid import UUID

import jwt

from app.core import clock
from app.core.errors import Unauthenticated
from app.core.ids import parse_id

_ALGORITHM = "HS256"
_REMEMBERED = 10_000


class AccessTokens:
    """Issues and reads access tokens. Lives as long as the process."""

    def __init__(self, secret: str, *, lifetime: timedelta) -> None:
        self._secret = secret
        self.lifetime = lifetime
        # The same text verifies to the same claims; a program sends it for all of its lifetime.
        self._verified: dict[str, tuple[UUID, float]] = {}

    def issue(self, session_id: UUID, user_id: UUID, at: datetime) -> str:
        """A token for the session, valid from now for `lifetime`."""
        issued = int(at.timestamp())
        claims = {
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": issued,
            "exp": issued + int(self.lifetime.total_seconds()),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def session_of(self, token: str) -> UUID:
        """The session that a token belongs to.

        Raises:
            Unauthenticated: The token is forged, damaged or expired.
        """
        known = self._verified.get(token)
        if known is None:
            known = self._verify(token)
            if len(self._verified) == _REMEMBERED:
                del self._verified[next(iter(self._verified))]
            self._verified[token] = known
        session_id, expires_at = known
        if expires_at <= clock.now().timestamp():
            raise _expired()
        return session_id

    def _verify(self, token: str) -> tuple[UUID, float]:
        """The session, and until when the token is good."""
        try:
            claims = jwt.decode(
                token, self._secret, algorithms=[_ALGORITHM], options={"require": ["exp", "sid"]}
            )
        except jwt.ExpiredSignatureError as error:
            raise _expired() from error
        except (jwt.PyJWTError, UnicodeError, ValueError) as error:
            raise invalid_token() from error
        session_id = parse_id(claims["sid"])
        if session_id is None:
            raise invalid_token()
        return session_id, float(claims["exp"])


def _expired() -> Unauthenticated:
    return Unauthenticated("auth.token.expired", "The access token has expired.")


def invalid_token() -> Unauthenticated:
    """The answer to every token that is not worth anything."""
    return Unauthenticated("auth.token.invalid", "The access token is not valid.")
