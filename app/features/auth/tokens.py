"""Access tokens: signed, short-lived, and worth only as long as their session lives."""

from datetime import datetime, timedelta
from uuid import UUID

import jwt

from app.core.errors import Unauthenticated
from app.core.ids import parse_id

_ALGORITHM = "HS256"


class AccessTokens:
    """Issues and reads access tokens. Lives as long as the process."""

    def __init__(self, secret: str, *, lifetime: timedelta) -> None:
        self._secret = secret
        self.lifetime = lifetime

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
        try:
            claims = jwt.decode(
                token, self._secret, algorithms=[_ALGORITHM], options={"require": ["exp", "sid"]}
            )
        except jwt.ExpiredSignatureError as error:
            code = "auth.token.expired"
            raise Unauthenticated(code, "The access token has expired.") from error
        except (jwt.PyJWTError, UnicodeError, ValueError) as error:
            raise invalid_token() from error
        session_id = parse_id(claims["sid"])
        if session_id is None:
            raise invalid_token()
        return session_id


def invalid_token() -> Unauthenticated:
    """The answer to every token that is not worth anything."""
    return Unauthenticated("auth.token.invalid", "The access token is not valid.")
