"""The engine's answer as SQL: which rows of a resource somebody reaches, and which fields of each.

The same expression picks the row that is looked at, the rows of a list, its
count, its search and its export, so none of them can show what another hides.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from app.core.access import ALL_ROWS, Fields, Part, Reach
from app.core.actor import Actor
from app.core.registry import Registry

_FLAG = "rule_"


class Rows:
    """The rows that a permission reaches.

    Args:
        reach: What the engine says.
        conditions: The resource's row rules for whoever acts; a part with any other rule
            reaches nothing.
        within: A further condition on all of them.
    """

    def __init__(
        self,
        reach: Reach,
        conditions: Mapping[str, ColumnElement[bool]],
        within: ColumnElement[bool] | None = None,
    ) -> None:
        self._within = true() if within is None else within
        self._parts = tuple(
            part for part in reach.parts if part.rule == ALL_ROWS or part.rule in conditions
        )
        self._reach = Reach(reach.resource, self._parts)
        self._conditions = conditions
        self._rules = frozenset(part.rule for part in self._parts) - {ALL_ROWS}
        self._readable: dict[frozenset[str], Fields] = {}

    @property
    def condition(self) -> ColumnElement[bool]:
        """Whether a row is reached."""
        return self._any(self._parts)

    @property
    def flags(self) -> list[ColumnElement[bool]]:
        """Columns to select beside a row, for `readable` and `writable` to look at."""
        return [self._conditions[rule].label(f"{_FLAG}{rule}") for rule in sorted(self._rules)]

    def reaches(self, row: Any) -> bool:
        """Whether a row, selected with `flags`, is reached."""
        holding = {ALL_ROWS, *self.holding(row)}
        return any(part.rule in holding for part in self._parts)

    def holding(self, row: Any) -> frozenset[str]:
        """The row rules that hold in a row selected with `flags`."""
        return frozenset(rule for rule in self._rules if getattr(row, f"{_FLAG}{rule}"))

    def readable(self, row: Any) -> Fields:
        """The fields of a row, selected with `flags`, that may be read."""
        holding = self.holding(row)
        # Few rules hold in many rows.
        if holding not in self._readable:
            self._readable[holding] = self._reach.readable(holding)
        return self._readable[holding]

    def shows(self, field: str, row: Any) -> bool:
        """Whether the field may be read in a row selected with `flags`."""
        readable = self.readable(row)
        return readable is None or field in readable

    def writable(self, row: Any) -> Fields:
        """The fields of a row, selected with `flags`, that may be written."""
        return self._reach.writable(self.holding(row))

    def showing(self, fields: Collection[str]) -> ColumnElement[bool]:
        """Whether a row is reached by a part in which all these fields may be read."""
        return self._any(self._parts_showing(fields))

    def narrowed(self, other: "Rows", fields: Collection[str]) -> "Rows":
        """Those that the other permission reaches, too, and in which these fields may be read."""
        reach = Reach(self._reach.resource, self._parts_showing(fields))
        return Rows(reach, self._conditions, other.condition)

    @property
    def is_everything(self) -> bool:
        """Whether every field of every row is reached."""
        return self._reach.is_everything

    def shows_everywhere(self, fields: Collection[str]) -> bool:
        """Whether every row is reached, and all these fields may be read in each."""
        return any(part.rule == ALL_ROWS for part in self._parts_showing(fields))

    def shows_always(self, field: str) -> bool:
        """Whether the field may be read in every row that is reached."""
        return self._parts_showing([field]) == self._parts

    def shows_somewhere(self, field: str) -> bool:
        """Whether there can be a row that is reached, in which the field may be read."""
        return bool(self._parts_showing([field]))

    @property
    def is_of_all_rows(self) -> bool:
        """Whether every row is reached, with some field of each."""
        return any(part.rule == ALL_ROWS for part in self._parts)

    @property
    def writable_somewhere(self) -> Fields:
        """The fields that may be written in some row."""
        return self._reach.writable(part.rule for part in self._parts)

    @property
    def reaches_any(self) -> bool:
        """Whether there can be a row that is reached."""
        return bool(self._parts)

    def _parts_showing(self, fields: Collection[str]) -> tuple[Part, ...]:
        return tuple(
            part
            for part in self._parts
            if part.readable is None or part.readable.issuperset(fields)
        )

    def _any(self, parts: Iterable[Part]) -> ColumnElement[bool]:
        rules = {part.rule for part in parts}
        if ALL_ROWS in rules:
            return self._within
        return and_(self._within, or_(false(), *(self._conditions[rule] for rule in sorted(rules))))


def rows_of(registry: Registry, actor: Actor, permission: str) -> Rows:
    """The rows that an actor reaches with a permission."""
    if actor.previewing is not None and actor.previewing.user_id is not None:
        # "Their own record" is that of the person whose access is previewed.
        actor = replace(actor, user_id=actor.previewing.user_id)
    reach = actor.access.reach(permission)
    rules = registry.resource(reach.resource).rules
    held = {part.rule for part in reach.parts}
    return Rows(reach, {rule.name: rule.condition(actor) for rule in rules if rule.name in held})
