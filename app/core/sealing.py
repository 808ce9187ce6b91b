"""The arithmetic of the sealed audit trail: canonical rows, a hash chain, signed checkpoints.

Pure functions of their arguments, so that whoever reads docs/features/audit.md can compute the
same with a few lines of any language.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CHAIN = "core"
"""The one chain there is so far."""

FORM = 1
"""The newest canonical form; a seal says by which form its row was hashed."""

FIELDS: Mapping[int, tuple[str, ...]] = {
    1: (
        "id",
        "at",
        "action",
        "outcome",
        "actor_kind",
        "actor_id",
        "actor_name",
        "actor_email",
        "session_id",
        "target_type",
        "target_id",
        "target_label",
        "changes",
        "detail",
        "error_code",
        "request_id",
        "channel",
        "address",
        "user_agent",
        "duration_ms",
        "on_behalf_of",
        "trace_id",
        "module",
        "reason",
    )
}
"""The columns that each form covers. A form is never changed: a new column makes a new one."""


def canonical(row: Mapping[str, Any], form: int = FORM) -> str:
    """The row as a text that is the same on every database: JSON in ASCII, its keys sorted.

    UUIDs are 32 hexadecimal digits, moments UTC with microseconds and a `Z`.

    Raises:
        KeyError: There is no such form, or the row lacks one of its columns.
    """
    return _ENCODER.encode({name: row[name] for name in FIELDS[form]})


def _scalar(value: object) -> str:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    raise TypeError(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_scalar)


def entry_hash(row: Mapping[str, Any], form: int = FORM) -> bytes:
    """The hash of a row.

    Raises:
        KeyError: As `canonical`.
    """
    return _hash(f"atrium.audit.entry.{form}\n{canonical(row, form)}")


def genesis(chain: str) -> bytes:
    """The hash that stands before the first seal of a chain."""
    return _hash(f"atrium.audit.chain\n{chain}")


def link(previous: bytes, seq: int, entry_id: UUID, form: int, hashed: bytes) -> bytes:
    """The chain's hash after one more row.

    Args:
        previous: The chain's hash before it.
        seq: The number of its seal, from 1.
        entry_id: The row's id.
        form: The canonical form by which it was hashed.
        hashed: The row's hash.
    """
    lines = ("atrium.audit.seal", previous.hex(), str(seq), entry_id.hex, str(form), hashed.hex())
    return _hash("\n".join(lines))


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed of one range of seals.

    Attributes:
        chain: Whose.
        first_seq: The range's first seal.
        last_seq: Its last seal.
        previous_hash: The chain's hash before the range.
        chain_hash: The chain's hash after the range.
        newest_at: When the newest of its entries was written.
        kinds: The retention classes of its entries, sorted.
        sealed_at: When it was sealed.
        pruned_at: When its entries were deleted by the retention policy; None while they are there.
    """

    chain: str
    first_seq: int
    last_seq: int
    previous_hash: bytes
    chain_hash: bytes
    newest_at: datetime
    kinds: tuple[str, ...]
    sealed_at: datetime
    pruned_at: datetime | None = None

    def facts(self) -> dict[str, Any]:
        """All of it as JSON, as anchors and exports carry it."""
        return {
            "chain": self.chain,
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "previous_hash": self.previous_hash.hex(),
            "chain_hash": self.chain_hash.hex(),
            "newest_at": _scalar(self.newest_at),
            "kinds": list(self.kinds),
            "sealed_at": _scalar(self.sealed_at),
            "pruned_at": None if self.pruned_at is None else _scalar(self.pruned_at),
        }

    def message(self) -> bytes:
        """What is signed."""
        return statement("checkpoint", self.facts())


def statement(purpose: str, facts: Mapping[str, Any]) -> bytes:
    """Facts as bytes to be signed for one purpose."""
    return f"atrium.audit.{purpose}\n{_ENCODER.encode(facts)}".encode()


class Keys:
    """The key that signs, and all whose signatures count. Lives as long as the process.

    Args:
        secret: The signing key is derived from it.
        former: Public keys, as `public` writes them, that signed before this one.
    """

    def __init__(self, secret: str, former: Iterable[str] = ()) -> None:
        seed = hashlib.sha256(f"atrium.audit.signing\n{secret}".encode()).digest()
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = _text(self._private.public_key().public_bytes_raw())
        """The public key, as 43 URL-safe characters."""
        self._known = {key_id(text): public_key(text) for text in (*former, self.public)}

    @property
    def id(self) -> str:
        """The short name of the signing key, as checkpoints carry it."""
        return key_id(self.public)

    def sign(self, message: bytes) -> str:
        """A signature, as 86 URL-safe characters."""
        return _text(self._private.sign(message))

    def verify(self, key: str, message: bytes, signature: str) -> bool:
        """Whether the known key of this name signed the message."""
        known = self._known.get(key)
        return known is not None and is_signed_by(known, message, signature)


def public_key(text: str) -> Ed25519PublicKey:
    """The public key that the text writes.

    Raises:
        ValueError: It is none.
    """
    return Ed25519PublicKey.from_public_bytes(_bytes(text))


def is_signed_by(key: Ed25519PublicKey, message: bytes, signature: str) -> bool:
    """Whether the key's owner signed the message."""
    try:
        key.verify(_bytes(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public: str) -> str:
    """The short name of a public key."""
    return hashlib.sha256(_bytes(public)).hexdigest()[:16]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
