"""What a change of a record comes to, as the audit trail writes it."""

from typing import Any

from app.core.audit import Change
from app.core.resources.fields import Link, Reference
from app.core.resources.resource import Meta, Resource

_UNRECORDED = frozenset({"created_at", "updated_at"})
"""What each entry of the trail tells anyway."""


def changes_of(meta: Meta, before: Resource | None, after: Resource | None) -> list[Change]:
    """The fields that differ, as the trail writes them: of a reference only where it leads."""
    changes: list[Change] = []
    for name, field in meta.fields.items():
        if name in _UNRECORDED:
            continue
        old, new = (
            recorded(field, vars(each).get(name)) if each else None for each in (before, after)
        )
        if old != new:
            changes.append({"field": name, "before": old, "after": new})
    return changes


def recorded(field: Any, value: Any) -> Any:
    """A value as an entry writes it: of a reference only where it leads."""
    if isinstance(field, Reference):
        return None if value is None else str(value.id)
    return field.to_json(value)


def same(known: Any, value: Any) -> bool:
    """Whether a value that is given is the one that is known."""
    if isinstance(known, Link):
        return bool(known.id == (value.id if isinstance(value, Link) else value))
    return bool(known == value)
