"""Access tokens: signed, short-lived, and worth only as long as their session lives."""

import base64
from datetime import datetime, timedelta
from uuid import UUID

import jwt

from app.core import clock, crypto
from app.core.errors import Unauthenticated
from app.core.ids import parse_id

_ALGORITHM = "HS256"
_AUDIENCE = "atrium.api"
_REQUIRED = ["aud", "exp", "iat", "iss", "sid"]
LEEWAY = timedelta(seconds=10)
"""How far the clocks of two hosts may be apart."""
_REMEMBERED = 10_000


class AccessTokens:
    """Issues and reads access tokens. Lives as long as the process.

    Args:
        secret: Signs them.
        lifetime: How long one is good.
        issuer: Which installation this is; it takes no tokens of another one, even if both were
            given the same secret.
    """

    def __init__(self, secret: str, *, lifetime: timedelta, issuer: str = "atrium") -> None:
        self._secret = secret
        self._issuer = issuer
        self.lifetime = lifetime
        # The same text verifies to the same claims; a program sends it for all of its lifetime.
        self._verified: dict[str, tuple[UUID, float]] = {}

    def issue(self, session_id: UUID, user_id: UUID, at: datetime) -> str:
        """A token for the session, valid from now for `lifetime`."""
        issued = int(at.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": _AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": issued,
            "exp": issued + int(self.lifetime.total_seconds()),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def successor(self, text: str) -> str:
        """A refresh token that is the same for the same text, and that nobody else can compute."""
        mac = crypto.sign(self._secret, "refresh", text.encode("utf-8", "surrogatepass"))
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def session_of(self, token: str) -> UUID:
        """The session that a token belongs to.

        Raises:
            Unauthenticated: The token is forged, damaged, expired, not valid yet, or of another
                installation.
        """
        known = self._verified.get(token)
        if known is None:
            known = self._verify(token)
            if len(self._verified) == _REMEMBERED:
                del self._verified[next(iter(self._verified))]
            self._verified[token] = known
        session_id, expires_at = known
        if expires_at + LEEWAY.total_seconds() <= clock.now().timestamp():
            raise _expired()
        return session_id

    def _verify(self, token: str) -> tuple[UUID, float]:
        """The session, and until when the token is good."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": _REQUIRED},
            )
        except jwt.ExpiredSignatureError as error:
            raise _expired() from error
        except jwt.ImmatureSignatureError as error:
            raise _not_yet_valid() from error
        except (jwt.PyJWTError, UnicodeError, ValueError) as error:
            raise invalid_token() from error
        session_id = parse_id(claims["sid"])
        if session_id is None:
            raise invalid_token()
        return session_id, float(claims["exp"])


def _expired() -> Unauthenticated:
    return Unauthenticated("auth.token.expired", "The access token has expired.")


def _not_yet_valid() -> Unauthenticated:
    message = "The access token is not valid yet: the clocks of two hosts are too far apart."
    return Unauthenticated("auth.token.not_yet_valid", message)


def invalid_token() -> Unauthenticated:
    """The answer to every token that is not worth anything."""
    return Unauthenticated("auth.token.invalid", "The access token is not valid.")
