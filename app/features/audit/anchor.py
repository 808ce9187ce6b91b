"""The anchor file: checkpoints outside the database, for whoever can alter that.

One JSON object per line, only ever appended.
"""

import fcntl
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.core.sealing import Checkpoint
from app.features.audit.checking import SignedCheckpoint

_TAIL_BYTES = 4096
"""More than any line has."""


@dataclass(frozen=True, slots=True)
class AnchorLine:
    """One line; `signed` is None when it cannot be read."""

    at_byte: int
    signed: SignedCheckpoint | None


class Anchor:
    """The configured anchor file, or none. Lives as long as the process."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def last_seq(self) -> int:
        """The last seal that the file knows of; 0 when it knows of none."""
        if self.path is None or not self.path.exists():
            return 0
        with self.path.open("rb") as file:
            return max((line.checkpoint.last_seq for line in _tail(file)[0]), default=0)

    def append(self, checkpoints: Sequence[SignedCheckpoint]) -> None:
        """Add the checkpoints that the file does not know yet, and wait until the disk has them."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # To write, append only: the file may carry the attribute that allows nothing else.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        with os.fdopen(descriptor, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with self.path.open("rb") as written:
                known, torn = _tail(written)
            last = max((line.checkpoint.last_seq for line in known), default=0)
            new = b"".join(
                _line(signed) for signed in checkpoints if signed.checkpoint.last_seq > last
            )
            # A power cut may have left the beginning of a line behind.
            if torn and new:
                new = new[len(torn) :] if new.startswith(torn) else b"\n" + new
            file.write(new)
            file.flush()
            os.fsync(file.fileno())

    def read(self, offset: int, limit: int) -> tuple[list[AnchorLine], int | None]:
        """Some lines.

        Args:
            offset: The byte at which the first of them begins.
            limit: How many.

        Returns:
            The lines, and the byte at which to go on; None at the end.
        """
        if self.path is None or not self.path.exists():
            return [], None
        lines: list[AnchorLine] = []
        with self.path.open("rb") as file:
            file.seek(offset)
            for _ in range(limit):
                line = file.readline()
                # A line without an end is still being written.
                if not line.endswith(b"\n"):
                    return lines, None
                if line.strip():
                    lines.append(AnchorLine(offset, _parsed(line)))
                offset += len(line)
        return lines, offset


def _tail(file: Any) -> tuple[list[SignedCheckpoint], bytes]:
    """The last checkpoints of a file, and what stands after its last line break."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _TAIL_BYTES))
    *lines, torn = file.read().split(b"\n")
    return list(filter(None, map(_parsed, lines))), torn


def _line(signed: SignedCheckpoint) -> bytes:
    facts = {
        "checkpoint": signed.checkpoint.facts(),
        "key_id": signed.key_id,
        "signature": signed.signature,
    }
    return json.dumps(facts, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _parsed(line: bytes) -> SignedCheckpoint | None:
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        facts = json.loads(line)
        checkpoint = dict(facts["checkpoint"])
        for name in ("previous_hash", "chain_hash"):
            checkpoint[name] = bytes.fromhex(checkpoint[name])
        for name in ("newest_at", "sealed_at", "pruned_at"):
            if checkpoint[name] is not None:
                checkpoint[name] = datetime.fromisoformat(checkpoint[name])
        checkpoint["kinds"] = tuple(checkpoint["kinds"])
        return SignedCheckpoint(Checkpoint(**checkpoint), facts["key_id"], facts["signature"])
    return None
