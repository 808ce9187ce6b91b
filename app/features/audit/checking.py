"""Whether a range of the audit trail is as it was sealed: rules without a database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.sealing import FORM, Checkpoint, Keys, entry_hash, genesis, link
from app.features.audit.schemas import Finding, Place

MOST_IN_RANGE = 10_000
"""Entries that one checkpoint covers at most."""

CLOCK_SLACK = timedelta(minutes=10)
"""How much older than what was sealed before it an entry may be: clocks and slow transactions."""

_MOMENT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as it is stored."""

    seq: int
    entry_id: UUID
    form: int
    entry_hash: bytes
    chain_hash: bytes

    def follows(self, previous: bytes, seq: int) -> bytes:
        """The chain's hash if this seal stood at that place."""
        return link(previous, seq, self.entry_id, self.form, self.entry_hash)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it is stored."""

    checkpoint: Checkpoint
    key_id: str
    signature: str

    def is_authentic(self, keys: Keys) -> bool:
        """Whether one of our keys signed exactly this."""
        return keys.verify(self.key_id, self.checkpoint.message(), self.signature)


@dataclass(frozen=True, slots=True)
class Range:
    """A checkpoint with all that it stands for.

    Attributes:
        signed: The checkpoint.
        previous: The one before it; None when it is the first.
        seals: Its seals in order; None in place of one that cannot be read.
        entries: Their entries by id; None for one that cannot be read.
    """

    signed: SignedCheckpoint
    previous: Checkpoint | None
    seals: Sequence[Seal | None]
    entries: Mapping[UUID, Mapping[str, Any] | None]


def check(part: Range, keys: Keys) -> Iterator[Finding]:
    """What is not as it was sealed, in the order of the chain."""
    checkpoint = part.signed.checkpoint
    name = f"Checkpoint {checkpoint.last_seq}"
    yield from _check_place(checkpoint, part.previous)
    is_authentic = part.signed.is_authentic(keys)
    if not is_authentic:
        message = f"{name} was altered: its signature is not one of ours."
        yield Finding(kind="checkpoint", seq=checkpoint.last_seq, message=message)
    else:
        yield from _check_times(checkpoint, part.previous)
    if checkpoint.pruned_at is not None:
        if part.seals:
            message = f"{name} says that its entries were deleted, yet there are seals."
            yield Finding(kind="checkpoint", seq=checkpoint.last_seq, message=message)
        return
    last = next((seal for seal in reversed(part.seals) if seal), None)
    last_seq = checkpoint.last_seq if is_authentic else last.seq if last else 0
    found = list(_check_seals(part, last_seq))
    yield from found
    if is_authentic and not found and last and last.chain_hash != checkpoint.chain_hash:
        message = (
            f"Entries {checkpoint.first_seq} to {checkpoint.last_seq} were sealed anew without the "
            "signing key: at least one of them is not what it was."
        )
        yield Finding(kind="altered", seq=checkpoint.first_seq, message=message)


def _check_place(checkpoint: Checkpoint, previous: Checkpoint | None) -> Iterator[Finding]:
    expected = previous.last_seq + 1 if previous else 1
    before = previous.chain_hash if previous else genesis(checkpoint.chain)
    if checkpoint.first_seq != expected:
        message = f"No checkpoint covers the seals from {expected} to {checkpoint.first_seq - 1}."
        yield Finding(kind="checkpoint", seq=expected, message=message)
    elif checkpoint.previous_hash != before:
        message = f"Checkpoint {checkpoint.last_seq} does not continue the one before it."
        yield Finding(kind="checkpoint", seq=checkpoint.last_seq, message=message)


def _check_times(checkpoint: Checkpoint, previous: Checkpoint | None) -> Iterator[Finding]:
    """Where the server's clock was set back: nothing is wrong with the entries themselves."""
    message = ""
    if previous and checkpoint.sealed_at < previous.newest_at - CLOCK_SLACK:
        message = (
            f"Times run backwards between entries {previous.last_seq} and {checkpoint.first_seq}: "
            f"those before are dated up to {previous.newest_at:{_MOMENT}} UTC, those after were "
            f"sealed at {checkpoint.sealed_at:{_MOMENT}} UTC."
        )
    elif checkpoint.newest_at > checkpoint.sealed_at + CLOCK_SLACK:
        message = (
            f"Times run backwards among entries {checkpoint.first_seq} to {checkpoint.last_seq}: "
            f"they are dated up to {checkpoint.newest_at:{_MOMENT}} UTC, but were sealed at "
            f"{checkpoint.sealed_at:{_MOMENT}} UTC."
        )
    if message:
        place = Place(seq=checkpoint.last_seq, chain_hash=checkpoint.chain_hash.hex())
        seq = checkpoint.first_seq
        yield Finding(kind="clock", seq=seq, place=str(place), message=message)


def _check_seals(part: Range, last_seq: int) -> Iterator[Finding]:
    seals = {seal.seq: seal for seal in part.seals if seal is not None}
    before: bytes | None = part.signed.checkpoint.previous_hash
    first_seq = part.signed.checkpoint.first_seq
    for seq in range(first_seq, min(last_seq, first_seq + MOST_IN_RANGE - 1) + 1):
        seal = seals.get(seq)
        if seal is None:
            yield Finding(kind="missing", seq=seq, message=f"Seal {seq} is missing or unreadable.")
            before = None
            continue
        after = seal.chain_hash if before is None else seal.follows(before, seq)
        if before is not None and after != seal.chain_hash:
            other = _swapped(seals, seal, before)
            if other is not None:
                yield _finding("reordered", seal, f"Seals {seq} and {other.seq} were swapped.")
                after = other.follows(before, seq)
            else:
                yield _finding("seal", seal, f"Seal {seq} was altered.")
                following = seals.get(seq + 1)
                fits = following and following.follows(after, seq + 1) == following.chain_hash
                after = after if fits else seal.chain_hash
        before = after
        yield from _check_entry(seal, part)


def _swapped(seals: Mapping[int, Seal], seal: Seal, before: bytes) -> Seal | None:
    """The seal that belongs in this one's place."""
    for other in seals.values():
        if other is not seal:
            hashed = other.follows(before, seal.seq)
            if hashed in (seal.chain_hash, other.chain_hash):
                return other
    return None


def _check_entry(seal: Seal, part: Range) -> Iterator[Finding]:
    if seal.entry_id not in part.entries:
        message = f"Entry {seal.entry_id} (seal {seal.seq}) is missing."
        yield _finding("missing", seal, message)
        return
    entry = part.entries[seal.entry_id]
    if entry is None or hash_of(entry, seal.form) != seal.entry_hash:
        message = f"Entry {seal.entry_id} (seal {seal.seq}) was altered."
        yield _finding("altered", seal, message)
    elif part.previous and entry["at"] < _earliest(part.signed.checkpoint, part.previous):
        message = (
            f"Entry {seal.entry_id} (seal {seal.seq}) is dated {entry['at']:{_MOMENT}} UTC, "
            "but was inserted after later ones had been sealed."
        )
        yield _finding("inserted", seal, message)


def _earliest(checkpoint: Checkpoint, previous: Checkpoint) -> datetime:
    """Since when entries can be dated that were sealed in this range.

    After the clock was set back that is the moment of the sealing, by the same clock.
    """
    return min(previous.newest_at, checkpoint.sealed_at) - CLOCK_SLACK


def hash_of(entry: Mapping[str, Any] | None, form: int = FORM) -> bytes | None:
    """The hash of an entry; None when it cannot be read, or has no such form."""
    try:
        return entry_hash(entry, form) if entry is not None else None
    except (KeyError, TypeError, ValueError, AttributeError):
        # A value of another type, or a form that never was.
        return None


def exchanged(finding: Finding, entry: Mapping[str, Any], candidates: Sequence[Seal]) -> Finding:
    """The same finding; or that two were swapped, when the content belongs to another seal.

    Args:
        finding: That the entry was altered.
        entry: The entry as it is.
        candidates: Seals of other entries of about the entry's time.
    """
    for other in candidates:
        as_other = {**entry, "id": other.entry_id}
        if other.entry_id != finding.entry_id and hash_of(as_other, other.form) == other.entry_hash:
            message = (
                f"Entries {finding.entry_id} (seal {finding.seq}) and {other.entry_id} "
                f"(seal {other.seq}) were swapped."
            )
            return finding.model_copy(update={"kind": "reordered", "message": message})
    return finding


def _finding(kind: Any, seal: Seal, message: str) -> Finding:
    return Finding(kind=kind, seq=seal.seq, entry_id=seal.entry_id, message=message)
