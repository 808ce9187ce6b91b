"""Signed notes: audit entries that verification believes, because only the platform can sign them.

The signature stands in the entry's `detail`, and the entry is sealed like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.sealing import Keys, statement

ACKNOWLEDGE = "audit.acknowledge"
"""Irregularities of time were looked at and explained."""
ANCHOR = "audit.accept_anchor"
"""From here on the trail is anchored in a file, or in none."""
DESTROY = "audit.destroy_proof"
"""The schema was migrated down past the seals."""

NOTES = frozenset({ACKNOWLEDGE, ANCHOR, DESTROY})

_SLACK = timedelta(minutes=10)
_SIGNED = ("noted_at", "key_id", "signature")


@dataclass(frozen=True, slots=True)
class Note:
    """A note that is authentic.

    Attributes:
        entry_id: The entry that it stands in.
        at: When.
        by: Who wrote it.
        reason: Why.
        facts: What it says.
    """

    entry_id: UUID
    action: str
    at: datetime
    by: str
    reason: str
    facts: Mapping[str, Any]


def signed_note(
    keys: Keys, action: str, noted_at: datetime, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What the entry of a note says in `detail`."""
    moment = noted_at.isoformat()
    signature = keys.sign(_message(action, moment, facts))
    return {**facts, "noted_at": moment, "key_id": keys.id, "signature": signature}


def note_of(entry: Mapping[str, Any], keys: Keys) -> Note | None:
    """The note that an entry is; None when it was not signed by us, or for another moment."""
    detail = entry["detail"]
    if not isinstance(detail, dict) or not all(isinstance(detail.get(n), str) for n in _SIGNED):
        return None
    facts = {name: value for name, value in detail.items() if name not in _SIGNED}
    message = _message(entry["action"], detail["noted_at"], facts)
    # An old note that is inserted anew has an old moment.
    try:
        distance = abs(entry["at"] - datetime.fromisoformat(detail["noted_at"]))
    except (TypeError, ValueError):
        return None
    if distance > _SLACK or not keys.verify(detail["key_id"], message, detail["signature"]):
        return None
    behind = entry["on_behalf_of"]
    by = f"{entry['actor_name']} ({behind})" if behind else entry["actor_name"]
    return Note(entry["id"], entry["action"], entry["at"], by, entry["reason"], facts)


def _message(action: str, noted_at: str, facts: Mapping[str, Any]) -> bytes:
    return statement("note", {"action": action, "noted_at": noted_at, "facts": facts})
