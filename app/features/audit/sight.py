"""What of the audit trail somebody may see: entries, and what in them a grant hides."""

from collections.abc import Collection, Mapping
from typing import Any

from app.core.actor import Actor
from app.core.module import Resource
from app.core.registry import Registry
from app.core.rows import rows_of
from app.features.audit.filters import Sight
from app.features.audit.subjects import ACTOR

_NAMES: Mapping[str, str] = {"display_name": "actor_name", "email": "actor_email"}
"""The fields of users by which entries call those who acted, with their columns."""
_CALLED_BY_EMAIL = frozenset({"session"})
"""Other things that entries call by their user's address."""
_LISTING_EMAILS = frozenset({("role", "members")})
"""Fields of other things whose changes list people by their address."""


def sight_of(registry: Registry, actor: Actor, permission: str) -> Sight:
    """What the actor may see with a permission, and which names they may find."""
    rows = rows_of(registry, actor, permission)
    hidden = {
        resource.name
        for module in registry.modules
        for resource in module.resources
        if resource.label in (_hidden(resource, actor, resource.name, "") or ())
    }
    fields = hidden_of_people(registry, actor)
    if "email" in fields:
        hidden |= _CALLED_BY_EMAIL
    if not _NAMES.keys().isdisjoint(fields):
        hidden.add(ACTOR)
    return Sight(rows.condition, frozenset(hidden), is_all=rows.is_everything)


def masks_of(registry: Registry, actor: Actor, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in an entry in place of what a grant hides from the actor."""
    target_type = entry["target_type"]
    resource = registry.resource(target_type)
    hidden = _hidden(resource, actor, target_type, entry["target_id"])
    of_people = hidden_of_people(registry, actor)
    masks: dict[str, Any] = {}
    if entry["actor_id"] not in (None, actor.user_id):
        masks = {column: "" for field, column in _NAMES.items() if field in of_people}
    gone = set(hidden or ())
    if "email" in of_people:
        gone |= {field for kind, field in _LISTING_EMAILS if kind == target_type}
    if gone:
        masks["changes"] = [each for each in entry["changes"] if _field_of(each) not in gone]
    if hidden is not None:
        masks["detail"] = {}
    if resource.label in (hidden or ()) or (
        target_type in _CALLED_BY_EMAIL and "email" in of_people
    ):
        masks["target_label"] = ""
    return masks


def hidden_of_people(registry: Registry, actor: Actor) -> Collection[str]:
    """The fields of other people that a grant hides from the actor."""
    return _hidden(registry.resource("user"), actor, "user", "") or ()


def _field_of(change: Any) -> str:
    """The field that a change is of, as an entry is stored or read."""
    field: str = change["field"] if isinstance(change, dict) else change.field
    return field


def _hidden(
    resource: Resource, actor: Actor, target_type: str, target_id: str
) -> Collection[str] | None:
    """The fields of an entry's target that a grant hides from the actor; None when it hides none.

    Fields that are open only in some rows count as hidden: the row may be gone. Who may not read
    the target at all reads its trail by the permission for the trail alone.
    """
    if not resource.fields or target_id == str(actor.user_id):
        return None
    reach = actor.access.reach(f"{target_type}.read")
    readable = reach.readable(())
    if readable is None or not reach.parts:
        return None
    return resource.fields.keys() - readable
