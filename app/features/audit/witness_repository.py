"""Queries of what bears witness to the audit trail: notes, the anchor, use of the platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Uuid, delete, func, insert, select, table, update
from sqlalchemy.sql import column
from sqlmodel import SQLModel

from app.core import clock
from app.core.audit import AuditEntry
from app.core.ids import made_at
from app.core.models import UtcDateTime
from app.core.schema_objects import missing_audit_tables, unexpected_objects
from app.core.sealing import CHAIN, Checkpoint, Keys, genesis, statement
from app.core.unit_of_work import UnitOfWork
from app.features.audit.models import AuditAnchor, AuditCheckpoint, UnsealedEntry
from app.features.audit.notes import NOTES, Note, note_of
from app.features.audit.reading import readable

_entries, _queue, _anchor, _checkpoints = (
    SQLModel.metadata.tables[str(model.__tablename__)]
    for model in (AuditEntry, UnsealedEntry, AuditAnchor, AuditCheckpoint)
)
_roles, _users, _sessions = (
    table(name, column("id", Uuid), column("created_at", UtcDateTime))
    for name in ("core_roles", "core_users", "core_sessions")
)
_MOST_USERS = 1_000
"""How many of the newest users are looked for in the trail."""
_AT_ONCE = 250
_MOST_NOTES = 10_000
_MOST_ENTRIES = 100
"""How many of the newest entries are asked for their dates."""
_NOTE = ("id", "action", "at", "actor_name", "on_behalf_of", "reason", "detail")


@dataclass(frozen=True, slots=True)
class Anchored:
    """What the anchor file held when it was last written; altered when not authentic."""

    last_seq: int
    chain_hash: bytes
    is_authentic: bool


@dataclass(frozen=True, slots=True)
class Use:
    """Between which moments people used the platform, and the trail tells of something.

    Attributes:
        first_role_at: When the oldest role was made; None when there is none.
        last_record_at: When the newest user, role or session was made.
        first_entry_at: When the oldest entry was written.
        last_entry_at: When the newest entry was written.
    """

    first_role_at: datetime | None
    last_record_at: datetime | None
    first_entry_at: datetime | None
    last_entry_at: datetime | None


class WitnessRepository:
    """What bears witness to the trail, within one unit of work."""

    def __init__(self, uow: UnitOfWork, keys: Keys) -> None:
        self._uow = uow
        self._keys = keys

    async def notes(self) -> tuple[list[Note], list[Any]]:
        """All authentic notes, oldest first, and the ids of entries that only look like notes."""
        statement = (
            select(*(_entries.c[name] for name in _NOTE))
            .where(_entries.c.action.in_(sorted(NOTES)), _entries.c.outcome == "succeeded")
            .order_by(_entries.c.id)
        )
        # What cannot be read is told of as an altered entry.
        rows = [row for row in await readable(self._uow, statement, limit=_MOST_NOTES) if row]
        entries = [dict(zip(_NOTE, row, strict=True)) for row in rows]
        told = [(entry["id"], note_of(entry, self._keys)) for entry in entries]
        return [note for _, note in told if note], [entry_id for entry_id, note in told if not note]

    async def anchored(self) -> Anchored | None:
        """What the anchor file is known to hold; None when none is in use."""
        row = (
            await self._uow.session.execute(select(_anchor).where(_anchor.c.chain == CHAIN))
        ).one_or_none()
        if row is None:
            return None
        message = _anchored(row.last_seq, row.chain_hash, row.anchored_at)
        is_authentic = self._keys.verify(row.key_id, message, row.signature)
        return Anchored(row.last_seq, row.chain_hash, is_authentic)

    async def set_anchored(self, last: Checkpoint | None) -> None:
        """Remember that the anchor file holds everything up to this checkpoint, or nothing yet."""
        now = clock.now()
        last_seq, chain_hash = (last.last_seq, last.chain_hash) if last else (0, genesis(CHAIN))
        values = {
            "last_seq": last_seq,
            "chain_hash": chain_hash,
            "anchored_at": now,
            "key_id": self._keys.id,
            "signature": self._keys.sign(_anchored(last_seq, chain_hash, now)),
        }
        connection = await self._uow.session.connection()
        changed = await connection.execute(
            update(_anchor).where(_anchor.c.chain == CHAIN).values(**values)
        )
        if not changed.rowcount:
            await connection.execute(insert(_anchor), [{"chain": CHAIN, **values}])

    async def forget_anchored(self) -> None:
        """Forget what the anchor file held."""
        connection = await self._uow.session.connection()
        await connection.execute(delete(_anchor).where(_anchor.c.chain == CHAIN))

    async def use(self) -> Use:
        """Between which moments the platform was used."""
        first_role = await self._scalar(select(func.min(_roles.c.created_at)))
        lasts = [
            await self._scalar(select(func.max(each.c.created_at)))
            for each in (_roles, _users, _sessions)
        ]
        oldest = await self._dates(select(_entries.c.id).order_by(_entries.c.id), limit=1)
        # Several: one that somebody inserted may bear any date.
        descending = select(_entries.c.id).order_by(_entries.c.id.desc())
        newest = await self._dates(descending, limit=_MOST_ENTRIES)
        return Use(
            first_role,
            max(filter(None, lasts), default=None),
            min((at for at, _ in oldest), default=None),
            max((max(each) for each in newest), default=None),
        )

    async def unexplained_users(self) -> Sequence[tuple[Any, datetime]]:
        """Id and moment of users of whose making or doings no entry tells, of the newest ones.

        Those are passed over whose entries the retention policy may have deleted.
        """
        pruned_until = await self._scalar(
            select(func.max(_checkpoints.c.newest_at)).where(_checkpoints.c.pruned_at.is_not(None))
        )
        newest = (
            select(_users.c.id, _users.c.created_at).order_by(_users.c.id.desc()).limit(_MOST_USERS)
        )
        users = (await self._uow.session.execute(newest)).all()
        ids = [row.id for row in users]
        known: set[str] = set()
        for start in range(0, len(ids), _AT_ONCE):
            some = [str(each) for each in ids[start : start + _AT_ONCE]]
            told = select(_entries.c.target_id).where(
                _entries.c.target_type == "user", _entries.c.target_id.in_(some)
            )
            known |= set((await self._uow.session.execute(told.distinct())).scalars())
        return [
            (row.id, row.created_at)
            for row in users
            if str(row.id) not in known and (pruned_until is None or row.created_at > pruned_until)
        ]

    async def oldest_waiting_at(self) -> datetime | None:
        """When the oldest entry was written that waits for its seal, or None."""
        statement = (
            select(_entries.c.id)
            .join(_queue, _queue.c.entry_id == _entries.c.id)
            .order_by(_queue.c.entry_id)
        )
        return next((at for at, _ in await self._dates(statement, limit=1)), None)

    async def _dates(self, ids: Select[Any], *, limit: int) -> Sequence[tuple[datetime, datetime]]:
        """The dates of entries, with those of their ids; twice the latter when unreadable."""
        found = list((await self._uow.session.execute(ids.limit(limit))).scalars())
        dates = select(_entries.c.id, _entries.c.at).where(_entries.c.id.in_(found))
        at = {row.id: row.at for row in await readable(self._uow, dates, limit=limit) if row}
        return [(at.get(each, made_at(each)), made_at(each)) for each in found]

    async def deleted_while_waiting(self, *, limit: int) -> Sequence[Any]:
        """Ids in the queue of which there is no entry."""
        statement = (
            select(_queue.c.entry_id)
            .outerjoin(_entries, _entries.c.id == _queue.c.entry_id)
            .where(_entries.c.id.is_(None))
            .limit(limit)
        )
        return (await self._uow.session.execute(statement)).scalars().all()

    async def missing_tables(self) -> list[str]:
        """The tables of the trail that are not there."""
        return await missing_audit_tables(await self._uow.session.connection())

    async def unexpected_objects(self) -> list[str]:
        """Triggers and the like that no migration made, in words."""
        return await unexpected_objects(await self._uow.session.connection())

    async def _scalar(self, statement: Any) -> Any:
        return (await self._uow.session.execute(statement)).scalar()


def _anchored(last_seq: int, chain_hash: bytes, at: datetime) -> bytes:
    facts = {
        "chain": CHAIN,
        "last_seq": last_seq,
        "chain_hash": bytes(chain_hash).hex(),
        "anchored_at": at,
    }
    return statement("anchored", facts)
