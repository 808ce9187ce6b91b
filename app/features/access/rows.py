"""What the tables of the access pages show, line by line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from app.core import clock
from app.core.permissions import resource_of
from app.features.access.schemas import ExplanationRead, HeldPermission, StepRead
from app.features.access.service import ALL_OF_THEM
from app.features.roles.schemas import KEPT_OUT_WORDS, GrantRead, KeptOut
from app.ui import runtime

EXPLAIN = "/access/explain"

_VERDICTS = {"counts": "Counts", "expired": "Ended", "other_rows": "Other records"}
_KEPT_OUT = {**_VERDICTS, "counts": "Would count"}
"""The same for somebody who may do nothing for now."""


@dataclass
class TraceRow:
    """One grant that speaks of the permission in question."""

    id: str
    verdict: str
    way: str
    role_href: str
    granted: str
    rows: str
    fields: str
    ends_at: str
    given_by: str
    given_at: str
    reason: str


@dataclass
class Told:
    """The answer to why somebody holds a permission; empty before there is a question."""

    verdict: str = ""
    allowed: bool = False
    user_id: str = ""
    name: str = ""
    permission: str = ""
    description: str = ""
    trace: list[TraceRow] = field(default_factory=list)
    given_by_roles: list[str] = field(default_factory=list)


@dataclass
class HeldRow:
    """A permission that a user holds."""

    permission: str
    description: str
    rows: str
    fields: str
    through: str
    ends_at: str
    why: str


@dataclass
class OwnGrantRow:
    """A grant to a user in person."""

    id: str
    key: str
    permission: str
    rows: str
    fields: str
    ends_at: str
    has_ended: bool
    given_by: str
    given_at: str
    reason: str


@dataclass
class HolderRow:
    """Somebody who holds the permission in question."""

    id: str
    name: str
    email: str
    rows: str
    through: str
    ends_at: str
    kept_out: str
    why: str


@dataclass
class DifferenceRow:
    """A permission of which two roles do not give the same."""

    permission: str
    description: str
    first: str
    second: str


@dataclass
class GuardRow:
    """A way in and what guards it."""

    id: str
    kind: str
    name: str
    permission: str
    rules: str
    holders: str
    href: str


def kept_out_in_words(reasons: Iterable[KeptOut]) -> str:
    """What keeps somebody from all that they hold; empty for nothing."""
    words = " and ".join(KEPT_OUT_WORDS[each] for each in reasons)
    return f"{words[0].upper()}{words[1:]}" if words else ""


def text_of(moment: datetime | None) -> str:
    """A moment as tables hold it; empty for none."""
    return moment.isoformat() if moment else ""


def rows_in_words(rows: str) -> str:
    """Which records, as tables say it."""
    return "All" if rows == ALL_OF_THEM else rows


def _fields(permission: str, readable: Iterable[str] | None, writable: Iterable[str] | None) -> str:
    """Which fields, by their titles: *Read Name, E-mail; write nothing*."""
    titles = runtime.current().registry.resource(resource_of(permission)).fields
    parts = [
        f"{verb} {', '.join(titles.get(name, name) for name in names) or 'nothing'}"
        for verb, names in (("Read", readable), ("Write", writable))
        if names is not None
    ]
    return "; ".join(parts) or "All"


def told_of(told: ExplanationRead) -> Told:
    """An explanation as the page shows it."""
    return Told(
        verdict=told.verdict,
        allowed=told.allowed,
        user_id=str(told.user.id),
        name=told.user.name,
        permission=told.permission,
        description=told.description,
        trace=[
            _trace(number, step, _KEPT_OUT if told.kept_out else _VERDICTS)
            for number, step in enumerate(told.steps)
        ],
        given_by_roles=told.given_by_roles,
    )


def _trace(number: int, step: StepRead, verdicts: Mapping[str, str]) -> TraceRow:
    return TraceRow(
        id=str(number),
        verdict=verdicts[step.verdict],
        way=" → ".join(step.roles) or "In person",
        role_href=f"/roles/{step.role_id}" if step.role_id else "",
        granted=step.granted,
        rows=step.rule or "All",
        fields=_fields(step.granted, step.readable, step.writable),
        ends_at=text_of(step.ends_at),
        given_by=step.granted_by,
        given_at=text_of(step.granted_at),
        reason=step.reason,
    )


def held_row(held: HeldPermission, user_id: UUID) -> HeldRow:
    """A permission that this user holds, as a line."""
    return HeldRow(
        permission=held.permission,
        description=held.description,
        rows=rows_in_words(held.rows),
        fields=_fields(held.permission, held.readable, held.writable),
        through=", ".join(held.through),
        ends_at=text_of(held.ends_at),
        why=address_of(EXPLAIN, {"user": user_id, "permission": held.permission}),
    )


def own_grant_row(grant: GrantRead, key: str) -> OwnGrantRow:
    """A grant in person, as a line; the key tells it from the others."""
    resource = runtime.current().registry.resource(resource_of(grant.permission))
    titles = {rule.name: rule.title for rule in resource.rules}
    return OwnGrantRow(
        id=str(grant.id),
        key=key,
        permission=grant.permission,
        rows=titles.get(grant.rule, grant.rule) or "All",
        fields=_fields(grant.permission, grant.readable, grant.writable),
        ends_at=text_of(grant.expires_at),
        has_ended=not grant.as_grant().counts_at(clock.now()),
        given_by=grant.granted_by,
        given_at=text_of(grant.granted_at),
        reason=grant.reason,
    )


def address_of(path: str, asked: Mapping[str, object]) -> str:
    """The address of a page with its question."""
    return f"{path}?{urlencode({name: value for name, value in asked.items() if value})}"
