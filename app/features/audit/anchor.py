"""The anchor file: checkpoints outside the database, for whoever can alter that.

One JSON object per line, only ever appended. A line that says `restart` ends the chain of those
before it: the seals were destroyed on purpose, and the next line is the first of a new chain.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.core.log import get_logger
from app.core.sealing import Checkpoint, Keys, statement
from app.features.audit.checking import SignedCheckpoint

log = get_logger(__name__)

_TAIL_BYTES = 8192
"""More than any line has."""

_RESTART = b'{"restart":'


@dataclass(frozen=True, slots=True)
class AnchorLine:
    """One line; `signed` is None when it cannot be read."""

    at_byte: int
    signed: SignedCheckpoint | None


class Anchor:
    """The configured anchor file, or none. Lives as long as the process."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._told = ""

    def tell(self, trouble: str) -> None:
        """Log once what keeps it from being written, and once that nothing does any more."""
        if trouble != self._told:
            if trouble:
                log.error("audit.anchor_unusable", problem=trouble)
            else:
                log.info("audit.anchor_usable")
        self._told = trouble

    @property
    def trouble(self) -> str:
        """Why it cannot be written, in a sentence; empty when it can, or none is configured."""
        if self.path is None:
            return ""
        if not self.path.parent.is_dir():
            return f"The folder {self.path.parent} of the audit trail's anchor file does not exist."
        target = self.path if self.path.exists() else self.path.parent
        if self.path.is_dir() or not os.access(target, os.R_OK | os.W_OK):
            return f"The audit trail's anchor file {self.path} cannot be read and written."
        return ""

    def last(self) -> Checkpoint | None:
        """The last checkpoint that the file knows of, or None.

        Raises:
            OSError: The file cannot be read.
        """
        if self.path is None or not self.path.exists():
            return None
        with self.path.open("rb") as file:
            known, _ = _tail(file)
        return max(
            (line.checkpoint for line in known), key=lambda each: each.last_seq, default=None
        )

    def last_seq(self) -> int:
        """The last seal that the file knows of; 0 when it knows of none."""
        last = self.last()
        return last.last_seq if last else 0

    def append(self, checkpoints: Sequence[SignedCheckpoint]) -> None:
        """Add the checkpoints that the file does not know yet, and wait until the disk has them.

        Raises:
            OSError: The file cannot be written; its folder must be there.
        """
        if self.path is None:
            return
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

    def restart(self, keys: Keys, facts: Mapping[str, str]) -> None:
        """Write that the chain of all lines before was ended on purpose.

        Raises:
            OSError: The file cannot be written.
        """
        if self.path is None:
            return
        signature = keys.sign(statement("restart", facts))
        line = {"restart": dict(facts), "key_id": keys.id, "signature": signature}
        with self.path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with self.path.open("rb") as written:
                _, torn = _tail(written)
            # Its name comes first, so that it is known by its beginning.
            file.write((b"\n" if torn else b"") + json.dumps(line, separators=(",", ":")).encode())
            file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())

    def start(self, keys: Keys) -> int:
        """The byte at which the lines of the present chain begin.

        Raises:
            OSError: The file cannot be read.
        """
        if self.path is None or not self.path.exists():
            return 0
        start = offset = 0
        with self.path.open("rb") as file:
            for line in file:
                offset += len(line)
                if line.startswith(_RESTART) and _restarts(line, keys):
                    start = offset
        return start

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
    """The last checkpoints of a file's present chain, and what follows its last line break."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _TAIL_BYTES))
    *lines, torn = file.read().split(b"\n")
    restarts = [number for number, line in enumerate(lines, 1) if line.startswith(_RESTART)]
    present = lines[restarts[-1] :] if restarts else lines
    return list(filter(None, map(_parsed, present))), torn


def _restarts(line: bytes, keys: Keys) -> bool:
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        facts = json.loads(line)
        message = statement("restart", facts["restart"])
        return keys.verify(facts["key_id"], message, facts["signature"])
    return False


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
