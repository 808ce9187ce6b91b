"""Who may do what, with which rows and fields, until when, and why: the one engine.

Grants only add up; nothing denies. A grant opens a permission, or several by
wildcard, for all rows of the resource or for those that a row rule picks, and
for all fields or some. Console, REST, CLI, jobs and exports ask this engine
and nothing else; what it answers it can also explain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, Self

from app.core import clock
from app.core.errors import PermissionDenied
from app.core.permissions import covers, resource_of

if TYPE_CHECKING:
    from uuid import UUID

ALL_ROWS: Final = ""
"""The row rule of a grant that has none."""

_NEVER: Final = datetime.max.replace(tzinfo=UTC)

Fields = frozenset[str] | None
"""Names of fields; None means all of them."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission or wildcard that somebody holds.

    Attributes:
        permission: What is granted, e.g. `user.read`, `user.*` or `*.read`.
        rule: Name of the row rule that picks the rows; `ALL_ROWS` for every row.
        readable: Fields that may be read; None for all.
        writable: Fields that may be written; None for all.
        expires_at: When the grant itself ends.
        role_expires_at: When the user loses the role through which it is held.
        via: The roles that lead to it, from the one the user has to the one that grants;
            empty for a grant to the user in person.
        id: Which stored grant this is; None for what is built in.
        granted_by: Who gave it.
        granted_by_id: Their id; None for the platform itself.
        granted_at: When.
        reason: Why.
    """

    permission: str
    rule: str = ALL_ROWS
    readable: Fields = None
    writable: Fields = None
    expires_at: datetime | None = None
    role_expires_at: datetime | None = None
    via: tuple[str, ...] = ()
    id: UUID | None = None
    granted_by: str = ""
    granted_by_id: UUID | None = None
    granted_at: datetime | None = None
    reason: str = ""

    @property
    def ends_at(self) -> datetime | None:
        """When it stops counting, by its own end or by that of the role."""
        ends = [end for end in (self.expires_at, self.role_expires_at) if end is not None]
        return min(ends, default=None)

    @property
    def essence(self) -> tuple[object, ...]:
        """What it gives, whoever gave it and by which way."""
        return self.permission, self.rule, self.readable, self.writable, self.ends_at

    def counts_at(self, moment: datetime) -> bool:
        """Whether it has not ended."""
        ends_at = self.ends_at
        return ends_at is None or moment < ends_at

    def includes(self, other: Grant) -> bool:
        """Whether who holds this holds all that the other one gives, for as long."""
        mine, theirs = self.ends_at, other.ends_at
        return self.opens(other) and (mine is None or (theirs is not None and theirs <= mine))

    def opens(self, other: Grant) -> bool:
        """Whether who holds this may do all that the other one gives, while both count."""
        return (
            covers(self.permission, other.permission)
            and self.rule in (ALL_ROWS, other.rule)
            and _within(other.readable, self.readable)
            and _within(other.writable, self.writable)
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that a permission reaches, and the fields that are open in them."""

    rule: str = ALL_ROWS
    readable: Fields = None
    writable: Fields = None


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a permission goes: the union of its parts. Without parts it is not held at all."""

    resource: str
    parts: tuple[Part, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether it reaches every field of every row."""
        return any(part == Part() for part in self.parts)

    @property
    def rules(self) -> frozenset[str] | None:
        """The row rules of which one must hold; None when every row is reached."""
        names = frozenset(part.rule for part in self.parts)
        return None if ALL_ROWS in names else names

    def within(self, rules: Iterable[str]) -> Reach:
        """What is open in a row in which these rules hold."""
        holding = {ALL_ROWS, *rules}
        parts = (replace(part, rule=ALL_ROWS) for part in self.parts if part.rule in holding)
        return Reach(self.resource, tuple(dict.fromkeys(parts)))

    def opens(self, other: Reach) -> bool:
        """Whether all that the other one opens is open in this one too."""
        return all(
            any(
                wide.rule in (ALL_ROWS, part.rule)
                and _within(part.readable, wide.readable)
                and _within(part.writable, wide.writable)
                for wide in self.parts
            )
            for part in other.parts
        )

    def readable(self, rules: Iterable[str]) -> Fields:
        """The fields that may be read in a row in which these rules hold."""
        return self._union("readable", rules)

    def writable(self, rules: Iterable[str]) -> Fields:
        """The fields that may be written in a row in which these rules hold."""
        return self._union("writable", rules)

    def _union(self, kind: Literal["readable", "writable"], rules: Iterable[str]) -> Fields:
        holding = {ALL_ROWS, *rules}
        union: frozenset[str] = frozenset()
        for part in self.parts:
            if part.rule in holding:
                fields: Fields = getattr(part, kind)
                if fields is None:
                    return None
                union |= fields
        return union


Verdict = Literal["counts", "expired", "other_rows"]


@dataclass(frozen=True, slots=True)
class Step:
    """What one grant says about one permission.

    Attributes:
        grant: The grant, with the way by which it is held.
        is_wildcard: Whether it names the permission by a wildcard.
        verdict: `counts`; `expired`; or `other_rows`, when its row rule leaves out the row in
            question.
    """

    grant: Grant
    is_wildcard: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a permission is held or not: every grant that speaks of it."""

    permission: str
    allowed: bool
    reach: Reach
    steps: tuple[Step, ...] = ()


class Access:
    """All that one actor holds. Answers `permission in access`, from memory the second time.

    A grant that ends takes its effect at that moment, without anybody reading it anew.
    """

    __slots__ = ("_ends", "_good_until", "_known", "grants")

    def __init__(self, grants: Iterable[Grant] = ()) -> None:
        self.grants: Final = tuple(grants)
        self._ends = sorted({end for grant in self.grants if (end := grant.ends_at)})
        self._good_until = self._next_end()
        self._known: dict[str, Reach] = {}

    @classmethod
    def to(cls, *permissions: str) -> Self:
        """All rows and fields of these permissions or wildcards, for good."""
        return cls(Grant(permission) for permission in permissions)

    def __contains__(self, permission: str) -> bool:
        return bool(self.reach(permission).parts)

    def __repr__(self) -> str:
        return f"Access({sorted(grant.permission for grant in self.grants)})"

    def reach(self, permission: str) -> Reach:
        """How far the permission goes now."""
        if self._good_until is not None and clock.now() >= self._good_until:
            self._known = {}
            self._good_until = self._next_end()
        known = self._known.get(permission)
        if known is None:
            known = self._known[permission] = self.reach_at(permission, clock.now())
        return known

    def explain(
        self, permission: str, *, at: datetime | None = None, rules: Iterable[str] | None = None
    ) -> Explanation:
        """Why the permission is held or not.

        Args:
            permission: The permission.
            at: At which moment; now when not given.
            rules: The row rules that hold in the row in question; None when it is about no row.
        """
        moment = at or clock.now()
        holding = None if rules is None else {ALL_ROWS, *rules}
        steps = []
        for grant in self.grants:
            if not covers(grant.permission, permission):
                continue
            verdict: Verdict = "counts"
            if not grant.counts_at(moment):
                verdict = "expired"
            elif holding is not None and grant.rule not in holding:
                verdict = "other_rows"
            steps.append(Step(grant, grant.permission != permission, verdict))
        allowed = any(step.verdict == "counts" for step in steps)
        return Explanation(permission, allowed, self.reach_at(permission, moment), tuple(steps))

    def ends_at(self, permission: str) -> datetime | None:
        """When the permission is no longer held at all; None when it is held for good."""
        moment = clock.now()
        ends = [
            grant.ends_at
            for grant in self.grants
            if covers(grant.permission, permission) and grant.counts_at(moment)
        ]
        return None if None in ends else max((end for end in ends if end), default=moment)

    def includes(self, grant: Grant) -> bool:
        """Whether one of the grants held now gives all that this one would, for as long."""
        moment = clock.now()
        return any(held.counts_at(moment) and held.includes(grant) for held in self.grants)

    def opens_until(self, grant: Grant) -> datetime | None:
        """Until when all that this grant gives is held; None when it is not held at all."""
        moment = clock.now()
        held = [each for each in self.grants if each.counts_at(moment) and each.opens(grant)]
        return max((each.ends_at or _NEVER for each in held), default=None)

    def lifted_by(self, permission: str) -> Access:
        """What somebody may hand on who, by holding this permission, may hand on anything.

        That goes for as long as they hold it: what is held for a time is not handed on for longer.
        """
        if permission not in self:
            return self
        return Access([*self.grants, Grant("*", expires_at=self.ends_at(permission))])

    @property
    def permissions(self) -> list[str]:
        """The permissions and wildcards held now, sorted."""
        moment = clock.now()
        return sorted({grant.permission for grant in self.grants if grant.counts_at(moment)})

    @property
    def is_administrator(self) -> bool:
        """Whether everything is held, without limits."""
        return self.reach("*").is_everything

    @property
    def administers_for_good(self) -> bool:
        """Whether everything is held, without limits and without an end."""
        return Grant("*").essence in {grant.essence for grant in self.grants}

    def includes_all(self, other: Access) -> bool:
        """Whether all that somebody else holds now is held here too."""
        moment = clock.now()
        return all(self.includes(grant) for grant in other.grants if grant.counts_at(moment))

    def is_above(self, other: Access) -> bool:
        """Whether all that somebody else holds is held here, and more; an equal is not below."""
        return self.includes_all(other) and not other.includes_all(self)

    def _next_end(self) -> datetime | None:
        now = clock.now()
        return next((end for end in self._ends if end > now), None)

    def reach_at(self, permission: str, moment: datetime) -> Reach:
        """How far the permission goes at a moment; see `reach`."""
        parts = {
            Part(grant.rule, grant.readable, grant.writable): None
            for grant in self.grants
            if grant.counts_at(moment) and covers(grant.permission, permission)
        }
        resource = resource_of(permission)
        return Reach(resource, (Part(),) if Part() in parts else tuple(parts))


def added(before: Iterable[Grant], after: Iterable[Grant]) -> list[Grant]:
    """The grants that give something afterwards and nothing of it before."""
    old = {grant.essence for grant in before}
    new = {grant.essence: grant for grant in after}
    return [grant for essence, grant in new.items() if essence not in old]


def difference(before: Collection[Grant], after: Collection[Grant]) -> list[Grant]:
    """The grants that give something in one and nothing of it in the other."""
    return [*added(before, after), *added(after, before)]


Effect = Literal["gains", "loses", "widens", "narrows"]


def compare(before: Access, after: Access, permissions: Iterable[str]) -> dict[str, Effect]:
    """What becomes of each permission; those that stay as they are, are left out.

    `narrows` also tells that it is held for less time.
    """
    effects: dict[str, Effect] = {}
    for permission in permissions:
        old, new = before.reach(permission), after.reach(permission)
        old_end, new_end = before.ends_at(permission), after.ends_at(permission)
        if not old.parts and new.parts:
            effects[permission] = "gains"
        elif old.parts and not new.parts:
            effects[permission] = "loses"
        elif old.parts and (set(old.parts), old_end) != (set(new.parts), new_end):
            longer = new_end is None or (old_end is not None and new_end >= old_end)
            effects[permission] = "widens" if longer and new.opens(old) else "narrows"
    return effects


def refuse_fields(locked: Collection[str], permission: str) -> None:
    """Keep somebody from writing fields that are not theirs to write.

    Raises:
        PermissionDenied: There are such fields.
    """
    if locked:
        message = f"You may not change {', '.join(sorted(locked))}."
        raise PermissionDenied(permission, message, code="permission.field")


def refuse_beyond(
    access: Access,
    grants: Iterable[Grant],
    *,
    code: str = "role.beyond_actor",
    instead: str = "",
) -> None:
    """Keep somebody from acting on what they do not hold themselves.

    Args:
        access: What they hold.
        grants: What they would act on.
        code: Of the refusal.
        instead: The permission that the refusal names in place of a grant, for those who may not
            read the grants.

    Raises:
        PermissionDenied: One of the grants goes beyond.
    """
    moment = clock.now()
    for grant in grants:
        if grant.counts_at(moment) and not access.includes(grant):
            if instead:
                raise PermissionDenied(instead, "This goes beyond what you hold.", code=code)
            what = f"The role {grant.via[-1]} grants" if grant.via else "This is about"
            until = access.opens_until(grant)
            if until is not None:
                missing = f"which you hold until {until:%Y-%m-%d %H:%M} UTC only"
            elif grant.permission in access:
                missing = "all of which you do not hold"
            else:
                missing = "which you do not hold"
            message = f"{what} {grant.permission}, {missing}."
            raise PermissionDenied(grant.permission, message, code=code)


def _within(fields: Fields, wider: Fields) -> bool:
    return wider is None or (fields is not None and fields <= wider)
