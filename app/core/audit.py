"""The audit trail: who did what to which thing, from where, with which outcome.

The gate writes the entries (see `operations`); a service only says what its
operation was about. A success shares the operation's transaction. A refusal or
a failure is written in a short transaction of its own, after the rollback.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from pydantic import BaseModel, SecretStr
from sqlalchemy import JSON, Column, Index, insert, text
from sqlmodel import Field

from app.core import clock
from app.core.ids import new_id
from app.core.models import Table, UtcDateTime
from app.core.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.actor import Actor, RequestContext
    from app.core.reads import Look
    from app.core.unit_of_work import UnitOfWork

Outcome = Literal["succeeded", "denied", "failed"]
Change = dict[str, Any]
"""`{"field": …, "before": …, "after": …}`, values as JSON."""

REDACTED = "[redacted]"
_LABEL_LENGTH = 200
REASON_LENGTH = 300


class AuditEntry(Table, table=True):
    """One thing that was done or tried. Never updated.

    Actor and target are copied in, not referenced: the entry outlives both.
    """

    __tablename__ = "core_audit_entries"
    __table_args__ = (
        Index("ix_core_audit_entries_target", "target_type", "target_id", "id"),
        Index("ix_core_audit_entries_actor", "actor_id", "id"),
        Index("ix_core_audit_entries_action", "action", "outcome", "id"),
        Index("ix_core_audit_entries_kind", "target_type", "id"),
        Index("ix_core_audit_entries_request", "request_id", "id"),
        Index(
            "ix_core_audit_entries_label",
            "target_type",
            "target_label",
            "id",
            sqlite_where=text("target_id = '' AND target_label <> ''"),
            postgresql_where=text("target_id = '' AND target_label <> ''"),
        ),
        Index(
            "ix_core_audit_entries_outcome",
            "outcome",
            "id",
            sqlite_where=text("outcome <> 'succeeded'"),
            postgresql_where=text("outcome <> 'succeeded'"),
        ),
        Index(
            "ix_core_audit_entries_refused_actor",
            "actor_id",
            "outcome",
            "id",
            sqlite_where=text("outcome <> 'succeeded'"),
            postgresql_where=text("outcome <> 'succeeded'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    action: str = Field(max_length=100)
    outcome: str = Field(max_length=10)
    actor_kind: str = Field(max_length=10)
    actor_id: UUID | None = None
    actor_name: str = Field(max_length=320)
    actor_email: str = Field(default="", max_length=254)
    session_id: UUID | None = None
    target_type: str = Field(default="", max_length=50)
    target_id: str = Field(default="", max_length=100)
    target_label: str = Field(default="", max_length=_LABEL_LENGTH)
    changes: list[Change] = Field(sa_column=Column(JSON, nullable=False))
    detail: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    error_code: str = Field(default="", max_length=100)
    request_id: str = Field(max_length=64)
    channel: str = Field(max_length=10)
    address: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=300)
    duration_ms: int = 0
    on_behalf_of: str = Field(default="", max_length=_LABEL_LENGTH)
    trace_id: str = Field(default="", max_length=32)
    module: str = Field(default="", max_length=100)
    reason: str = Field(default="", max_length=REASON_LENGTH)


_INSERT = Prepared(insert(AuditEntry))


@dataclass(slots=True)
class Description:
    """What the running operation has said about itself so far."""

    target_type: str = ""
    target_id: str = ""
    target_label: str = ""
    changes: list[Change] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)
    actor_id: UUID | None = None
    actor_name: str = ""
    actor_email: str = ""
    turned_out: tuple[Outcome, str, int] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A success that was written, as far as it matters at once."""

    entry_id: UUID
    action: str
    target_type: str
    fields: frozenset[str]
    """Those that it changed."""


class AuditTrail:
    """The entries of one unit of work.

    Attributes:
        recorded: Successes in order; they count once the unit of work is committed.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self.recorded: list[Recorded] = []
        self._running: list[Description] = []

    def about(
        self,
        target_type: str,
        target_id: object,
        label: str,
        *,
        changes: list[Change] | None = None,
        detail: Mapping[str, Any] | None = None,
        actor: tuple[UUID, str, str] | None = None,
        reason: str = "",
    ) -> None:
        """Say what the running operation is about; called again, it replaces what was said.

        Args:
            target_type: The noun, e.g. `user`.
            target_id: Its id.
            label: What people call it; copied, so that it outlives the thing.
            changes: Field by field before and after, from `diff`.
            detail: Further facts, as JSON.
            actor: Id, name and e-mail of who turned out to act (a sign-in starts anonymous).
            reason: Why, when the operation asks for it; else that of the call counts.
        """
        said = self._running[-1]
        said.target_type = target_type
        said.target_id = str(target_id)
        said.target_label = label
        said.changes = changes or []
        said.detail = dict(detail or {})
        said.reason = reason
        if actor is not None:
            said.actor_id, said.actor_name, said.actor_email = actor

    def turned_out(self, outcome: Outcome, error_code: str, duration_ms: int) -> None:
        """Say how the thing ended that the running operation only reports."""
        self._running[-1].turned_out = outcome, error_code, duration_ms

    @property
    def is_running(self) -> bool:
        """Whether an operation is running."""
        return bool(self._running)

    @property
    def is_nested(self) -> bool:
        """Whether the running operation was called by another one."""
        return len(self._running) > 1

    def begin(self) -> Description:
        """Start describing an operation."""
        self._running.append(Description())
        return self._running[-1]

    def end(self) -> None:
        """Stop describing the innermost operation."""
        self._running.pop()

    async def record_success(self, action: str, said: Description, duration_ms: int) -> None:
        """Write the entry of a success in the operation's own transaction."""
        outcome, error_code, took_ms = said.turned_out or ("succeeded", "", duration_ms)
        entry = self._entry(action, outcome, said, error_code, took_ms)
        await _INSERT.run(self._uow.session, **entry)
        fields = frozenset(change["field"] for change in said.changes)
        self.recorded.append(Recorded(entry["id"], action, said.target_type, fields))

    async def record_many(self, entries: Sequence[tuple[str, Description]]) -> None:
        """Write the entries of parts of the running operation, each with its action, at once.

        They are no successes of their own: none of them is taken back from a message.
        """
        if entries:
            rows = [self._entry(action, "succeeded", said, "", 0) for action, said in entries]
            connection = await self._uow.session.connection()
            await connection.execute(insert(AuditEntry), rows)

    async def record_refusal(
        self,
        action: str,
        outcome: Outcome,
        said: Description,
        error_code: str,
        duration_ms: int,
        *,
        is_guess: bool = False,
    ) -> None:
        """Write the entry of a refusal or failure in a transaction of its own.

        Whoever is not signed in gets none: their refusals are counted by address, and a job writes
        one entry for many; else anybody could fill the trail. A wrong password (`is_guess`) has its
        own entry, because wrong passwords are slowed down.
        """
        if not self._uow.actor.is_signed_in and not is_guess:
            await self._uow.rollback()
            called = said.target_id if said.target_type == "handler" else action
            self._uow.refusals.count(self._uow.context.address, called, error_code)
            return
        async with self._uow.aside() as session:
            await _INSERT.run(
                session, **self._entry(action, outcome, said, error_code, duration_ms)
            )
        self._uow.context.is_recorded = True

    async def record_looks(self, looks: Sequence[Look]) -> None:
        """Write an entry for each look, by whoever looked, in the operation's transaction."""
        entries = []
        for look in looks:
            said = Description(*look.target, detail=look.facts)
            outcome, error_code, took_ms = look.outcome
            by = look.actor, look.context
            entries.append(self._entry(look.action, outcome, said, error_code, took_ms, by=by))
        connection = await self._uow.session.connection()
        await connection.execute(insert(AuditEntry), entries)

    def _entry(
        self,
        action: str,
        outcome: Outcome,
        said: Description,
        error_code: str,
        duration_ms: int,
        *,
        by: tuple[Actor, RequestContext] | None = None,
    ) -> dict[str, Any]:
        actor, context = by or (self._uow.actor, self._uow.context)
        behind = actor.previewing.title if actor.previewing else ""
        # A caller chooses it, so it is no column that requests are found by.
        theirs = context.client_request_id
        detail = said.detail | {"client_request_id": theirs} if theirs else said.detail
        return {
            "id": new_id(),
            "at": clock.now(),
            "action": action,
            "outcome": outcome,
            "actor_kind": "user" if said.actor_id else actor.kind,
            "actor_id": said.actor_id or actor.user_id,
            "actor_name": said.actor_name or actor.name,
            "actor_email": said.actor_email or actor.email,
            "session_id": actor.session_id,
            "target_type": said.target_type,
            "target_id": said.target_id,
            "target_label": said.target_label[:_LABEL_LENGTH],
            "changes": said.changes,
            "detail": detail,
            "error_code": error_code,
            "request_id": context.request_id,
            "channel": context.channel,
            "address": context.address,
            "user_agent": context.user_agent,
            "duration_ms": duration_ms,
            "on_behalf_of": (behind or context.on_behalf_of)[:_LABEL_LENGTH],
            "trace_id": context.trace_id,
            "module": self._uow.registry.module_of(action),
            "reason": (said.reason or context.reason)[:REASON_LENGTH],
        }


def diff(before: BaseModel | None, after: BaseModel | None) -> list[Change]:
    """The fields in which two versions of a thing differ, in field order.

    Args:
        before: The thing as it was; None when it is new.
        after: The thing as it is; None when it is gone.

    Returns:
        One change per differing field. Secret fields show `[redacted]`.
    """
    old, new = _values(before), _values(after)
    return [
        {"field": name, "before": old.get(name), "after": new.get(name)}
        for name in (old | new)
        if old.get(name) != new.get(name)
    ]


def change_of(field_name: str, before: Any, after: Any) -> list[Change]:
    """One field's change, from JSON to JSON; nothing when both are the same."""
    if before == after:
        return []
    return [{"field": field_name, "before": before, "after": after}]


def _values(thing: BaseModel | None) -> dict[str, Any]:
    if thing is None:
        return {}
    values = thing.model_dump(mode="json")
    for name in type(thing).model_fields:
        if isinstance(getattr(thing, name), SecretStr):
            values[name] = REDACTED
    return values
