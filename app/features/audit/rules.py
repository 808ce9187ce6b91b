"""Whether what an entry tells can be taken back, and what was changed since."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.core.errors import Conflict
from app.core.module import Undo
from app.features.audit.schemas import AuditEntryRead, FieldChange

SOMEBODY = "Somebody"
"""Who did what an actor may not see, or whose name they may not."""

_CALLED = frozenset({"role", "email", "granted_by"})
"""What things were called in an entry, beside their ids: a name may change without the fact."""


def can_undo(entry: AuditEntryRead, undo: Undo | None) -> bool:
    """Whether what an entry tells is a change that can be taken back."""
    changed = {change.field for change in entry.changes}
    is_done = entry.outcome == "succeeded"
    return is_done and undo is not None and undo.takes_back(entry.action, changed)


def moved(after: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """The fields that are not as a change left them."""
    return [name for name, value in after.items() if _fact(current.get(name)) != _fact(value)]


def changed_by(entry: AuditEntryRead, later: AuditEntryRead) -> list[str]:
    """The fields of an entry that a later one about the same thing changed as well.

    It does not matter to which values: what is put back twice is not what there was at first.
    """
    theirs = {change.field: change for change in later.changes}
    return [
        change.field
        for change in entry.changes
        if change.field in theirs and _overlap(change, theirs[change.field])
    ]


def conflict(
    fields: Sequence[str],
    later: Iterable[AuditEntryRead],
    current: Mapping[str, Any],
    titles: Mapping[str, str],
) -> Conflict:
    """The refusal to overwrite what somebody changed since.

    Args:
        fields: What they changed.
        later: The entries that tell of it, oldest first, as far as they may be seen.
        current: The values now, as far as they may be seen.
        titles: What people call the fields.
    """
    by: dict[str, dict[str, str]] = {
        change.field: {
            "by": each.actor_name or SOMEBODY,
            "at": each.at.isoformat(),
            "entry_id": str(each.id),
        }
        for each in later
        for change in each.changes
    }
    changed = [{"field": name, "now": current.get(name), **by.get(name, {})} for name in fields]
    who = sorted({by[name]["by"] for name in fields if name in by}) or [SOMEBODY]
    what = ", ".join(titles.get(name, name) for name in fields)
    message = f"{' and '.join(who)} changed this since: {what}. Look at it first."
    return Conflict("audit.undo.conflict", message, changed=changed)


def _overlap(one: FieldChange, other: FieldChange) -> bool:
    """Whether two changes of a field are of the same; those of members may be of other people."""
    mine, theirs = _users(one), _users(other)
    return not (mine and theirs) or not mine.isdisjoint(theirs)


def _users(change: FieldChange) -> frozenset[str]:
    values = [*_listed(change.before), *_listed(change.after)]
    return frozenset(
        each["user_id"] for each in values if isinstance(each, dict) and "user_id" in each
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _fact(value: Any) -> Any:
    """A recorded value without what things are called, and lists in one order."""
    if isinstance(value, dict):
        named = value.keys() & {"role_id", "user_id", "granted_at"}
        return {key: each for key, each in value.items() if not named or key not in _CALLED}
    if isinstance(value, list):
        return sorted(json.dumps(_fact(each), sort_keys=True) for each in value)
    return value
