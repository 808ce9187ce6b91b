"""Random tokens and their hashes. Only the hash of a token is ever stored."""

import hashlib
import hmac
import secrets


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored instead of a token. A fast hash suffices: tokens are random."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def sign(key: str, purpose: str, message: bytes) -> bytes:
    """A MAC of the message that is valid for one purpose only."""
    return hmac.new(f"{purpose}:{key}".encode(), message, hashlib.sha256).digest()
