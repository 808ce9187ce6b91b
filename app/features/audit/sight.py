"""What of the audit trail somebody may see: entries, and what of them they may read.

An entry shows of the thing that it is about no more than `<thing>.read` shows. What the permission
opens in some rows only counts as hidden: the row may have changed since, or be gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.core.access import Fields
from app.core.actor import Actor
from app.core.permissions import resource_of
from app.core.registry import Registry
from app.core.rows import rows_of
from app.features.audit.filters import Sight
from app.features.audit.subjects import ACTOR

_USER = "user"
_NAMES: Mapping[str, str] = {"display_name": "actor_name", "email": "actor_email"}
"""The fields of users by which entries call those who acted, with their columns."""
_LABELS: Mapping[str, tuple[str, str]] = {"session": (_USER, "email")}
"""Things that entries call by a field of something else."""
_MEANS: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    (_USER, "grants"): ((_USER, "roles"), ("role", "grants")),
    ("role", "members"): ((_USER, "email"), (_USER, "roles"), ("role", "members")),
}
"""Changed fields that tell of other fields, by kind of thing and name."""
_GIVEN = frozenset({"reason", "granted_by", "granted_by_id", "granted_at"})
"""What a change tells of who gave a role; it is shown where the members of roles are."""
_ALWAYS = frozenset({"id", "version"})
_REFERENCES = frozenset({"first_at", "last_at", "undone_entry"})
"""Details that are neither typed by anybody nor read of anything."""


@dataclass(frozen=True, slots=True)
class _Target:
    """What an entry is about, as far as it matters here."""

    kind: str
    is_own: bool
    """Whether it is the actor themselves."""
    acted: bool
    """Whether the actor did it."""


class Masks:
    """What stands in entries in place of what their reader may not see. Made for one operation."""

    def __init__(self, registry: Registry, actor: Actor) -> None:
        self._registry = registry
        self._actor = actor
        self._declared = frozenset(map(str, registry.permissions))
        self._kinds = frozenset(map(resource_of, self._declared))
        self._known: dict[str, Fields] = {}

    def of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """What stands in an entry instead of what is there, by column."""
        if self.show_all:
            return {}
        own, acted = self._actor.user_id, entry["actor_id"] == self._actor.user_id
        kind = entry["target_type"]
        is_own = kind == _USER and entry["target_id"] == str(own)
        target = _Target(kind, is_own, acted and own is not None)
        masks: dict[str, Any] = {}
        if entry["actor_id"] is not None and not target.acted:
            masks = {column: "" for field, column in _NAMES.items() if not self.shows(_USER, field)}
            if masks and entry["on_behalf_of"]:
                masks["on_behalf_of"] = ""
        changes = self._changes(target, entry["changes"])
        if changes != list(entry["changes"]):
            masks["changes"] = changes
        detail = self._detail(target, entry)
        if detail != entry["detail"]:
            masks["detail"] = detail
        if entry["reason"] and not target.acted and self._readable(target) is not None:
            masks["reason"] = ""
        if entry["target_label"] and not self._shows_label(target):
            masks["target_label"] = ""
        return masks

    @cached_property
    def show_all(self) -> bool:
        """Whether the reader may see every field of every kind of thing."""
        return all(self._fields(kind) is None for kind in self._kinds)

    def shows(self, kind: str, field: str) -> bool:
        """Whether the field may be read of all things of this kind."""
        fields = self._fields(kind)
        return fields is None or field in fields

    def shows_change(self, kind: str, field: str) -> bool:
        """Whether one may know of all things of this kind that the field was changed."""
        return self._shows_field(_Target(kind, False, False), field)  # noqa: FBT003 - nobody's

    def scrubbed(self, value: Any) -> Any:
        """A value of a change without who gave a role or a grant, as far as that is hidden."""
        if isinstance(value, list):
            return [self.scrubbed(each) for each in value]
        if not isinstance(value, dict) or "granted_at" not in value:
            return value
        left_out: frozenset[str] = frozenset()
        if not self.shows("role", "members"):
            left_out = _GIVEN
        elif value.get("granted_by_id") not in (None, str(self._actor.user_id)) and not self.shows(
            _USER, "display_name"
        ):
            left_out = frozenset({"granted_by", "granted_by_id"})
        return {key: each for key, each in value.items() if key not in left_out}

    @property
    def hidden_labels(self) -> frozenset[str]:
        """The kinds of things by whose names the actor may find no entry."""
        if self.show_all:
            return frozenset()
        kinds = {*self._kinds, *_LABELS}
        hidden = {kind for kind in kinds if not self._shows_label(_Target(kind, False, False))}  # noqa: FBT003 - nobody's
        if not all(self.shows(_USER, field) for field in _NAMES):
            hidden.add(ACTOR)
        return frozenset(hidden)

    def _changes(self, target: _Target, changes: Any) -> list[Any]:
        return [
            self._scrubbed_change(each)
            for each in changes
            if self._shows_field(target, each["field"] if isinstance(each, dict) else each.field)
        ]

    def _scrubbed_change(self, change: Any) -> Any:
        if isinstance(change, dict):
            values = {key: self.scrubbed(change.get(key)) for key in ("before", "after")}
            return {**change, **values}
        values = {"before": self.scrubbed(change.before), "after": self.scrubbed(change.after)}
        return change.model_copy(update=values)

    def _shows_field(self, target: _Target, field: str) -> bool:
        if field in _ALWAYS:
            return True
        for kind, name in _MEANS.get((target.kind, field), ((target.kind, field),)):
            same = target if kind == target.kind else _Target(kind, False, target.acted)  # noqa: FBT003 - another thing
            fields = self._readable(same)
            if fields is not None and name not in fields:
                return False
        return True

    def _shows_label(self, target: _Target) -> bool:
        kind, field = _LABELS.get(
            target.kind, (target.kind, self._registry.resource(target.kind).label)
        )
        if kind != target.kind:
            return target.acted or self.shows(kind, field)
        fields = self._readable(target)
        return fields is None or field in fields

    def _detail(self, target: _Target, entry: Mapping[str, Any]) -> dict[str, Any]:
        """All of it, or only how many: filters that were typed may name what is hidden."""
        kinds = {target.kind, resource_of(entry["action"])} & self._kinds
        fields = [self._readable(target), *(self._fields(kind) for kind in kinds - {target.kind})]
        if kinds:
            fields.append(self._fields(_USER))
        detail: dict[str, Any] = entry["detail"]
        if all(each is None for each in fields):
            return detail
        return {
            key: value
            for key, value in detail.items()
            if isinstance(value, int | float) or key in _REFERENCES
        }

    def _readable(self, target: _Target) -> Fields:
        if target.is_own:
            return None
        if target.acted and f"{target.kind}.read" not in self._declared:
            # There is no permission to read it: it is its owner's, who alone changes it.
            return None
        return self._fields(target.kind)

    def _fields(self, kind: str) -> Fields:
        """The fields that may be read of all things of this kind; None for all of them."""
        if kind not in self._known:
            self._known[kind] = self._find_fields(kind)
        return self._known[kind]

    def _find_fields(self, kind: str) -> Fields:
        if kind not in self._kinds:
            return None
        reach = self._actor.access.reach(f"{kind}.read")
        if reach.parts and not self._registry.resource(kind).fields:
            return None
        return reach.readable(())


def sight_of(
    registry: Registry, actor: Actor, permission: str, masks: Masks | None = None
) -> Sight:
    """What the actor may see with a permission, and which names they may find."""
    rows = rows_of(registry, actor, permission)
    masks = masks or Masks(registry, actor)
    return Sight(
        rows.condition, masks.hidden_labels, is_all=rows.is_everything, shows=masks.shows_change
    )
