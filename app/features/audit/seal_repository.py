"""Queries of the sealed audit trail."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, text, update
from sqlmodel import SQLModel

from app.core.audit import AuditEntry
from app.core.ids import first_id_at
from app.core.sealing import CHAIN, Checkpoint, genesis
from app.core.unit_of_work import UnitOfWork
from app.features.audit.checking import MOST_IN_RANGE, Range, Seal, SignedCheckpoint
from app.features.audit.models import AuditCheckpoint, AuditSeal, UnsealedEntry
from app.features.audit.reading import read, readable

_LOCK_KEY = 0x5EA1  # any number that nobody else uses for an advisory lock

# Millions of rows are read here: past the ORM.
_entries, _seals, _checkpoints, _queue = (
    SQLModel.metadata.tables[str(model.__tablename__)]
    for model in (AuditEntry, AuditSeal, AuditCheckpoint, UnsealedEntry)
)
_ENTRY = tuple(AuditEntry.model_fields)
_ENTRY_COLUMNS = [_entries.c[name] for name in _ENTRY]
_SEAL = ("seq", "entry_id", "form", "entry_hash", "chain_hash")
_SEAL_COLUMNS = [_seals.c[name] for name in _SEAL]
_CHECKPOINT = (
    "chain",
    "first_seq",
    "last_seq",
    "previous_hash",
    "chain_hash",
    "newest_at",
    "kinds",
    "sealed_at",
    "pruned_at",
)
_CHECKPOINT_COLUMNS = [_checkpoints.c[name] for name in (*_CHECKPOINT, "key_id", "signature")]

_MOST_AROUND = 5_000


class SealRepository:
    """Seals, checkpoints and the queue of entries that wait, within one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def waiting(self, limit: int) -> Mapping[UUID, Mapping[str, Any] | None]:
        """Entries that wait for their seal, oldest first; None for one that cannot be read."""
        statement = (
            select(*_ENTRY_COLUMNS)
            .join(_queue, _queue.c.entry_id == _entries.c.id)
            .order_by(_queue.c.entry_id)
            .limit(limit)
        )
        rows = await read(self._uow, statement)
        if rows is not None:
            return _entries_by_id(rows)
        queued = select(_queue.c.entry_id).order_by(_queue.c.entry_id)
        ids = [row[0] for row in await readable(self._uow, queued, limit=limit) if row is not None]
        return await self._entries_one_by_one(ids)

    async def count_waiting(self) -> int:
        """How many entries wait for their seal."""
        statement = select(func.count()).select_from(_queue)
        return int((await self._uow.session.execute(statement)).scalar_one())

    async def claim(self, entry_ids: Sequence[UUID]) -> set[UUID]:
        """Take entries out of the queue; those that another sealer took are not among them."""
        await self._lock()
        statement = (
            delete(_queue).where(_queue.c.entry_id.in_(entry_ids)).returning(_queue.c.entry_id)
        )
        connection = await self._uow.session.connection()
        return set((await connection.execute(statement)).scalars())

    async def end(self) -> tuple[int, bytes]:
        """The number of the last seal, and the chain's hash after it."""
        of_seals = (
            select(_seals.c.seq, _seals.c.chain_hash)
            .where(_seals.c.chain == CHAIN)
            .order_by(_seals.c.seq.desc())
            .limit(1)
        )
        of_checkpoints = (
            select(_checkpoints.c.last_seq, _checkpoints.c.chain_hash)
            .where(_checkpoints.c.chain == CHAIN)
            .order_by(_checkpoints.c.last_seq.desc())
            .limit(1)
        )
        # They only differ when somebody has deleted some, or when all entries were pruned.
        found = [
            (await self._uow.session.execute(statement)).one_or_none()
            for statement in (of_seals, of_checkpoints)
        ]
        return max(
            [(0, genesis(CHAIN)), *((row[0], row[1]) for row in found if row)],
            key=lambda end: end[0],
        )

    async def chain_hash_at(self, seq: int) -> bytes | None:
        """The chain's hash after a seal; None when it is gone and no checkpoint ends with it."""
        for table, column in ((_seals, _seals.c.seq), (_checkpoints, _checkpoints.c.last_seq)):
            statement = select(table.c.chain_hash).where(table.c.chain == CHAIN, column == seq)
            rows = await readable(self._uow, statement, limit=1)
            if rows and rows[0] is not None:
                return bytes(rows[0][0])
        return None

    async def add(self, seals: Sequence[Seal], signed: SignedCheckpoint) -> None:
        """Add seals with their checkpoint."""
        connection = await self._uow.session.connection()
        rows = [{"chain": CHAIN, **{name: getattr(seal, name) for name in _SEAL}} for seal in seals]
        await connection.execute(insert(_seals), rows)
        await connection.execute(insert(_checkpoints), [_values(signed)])

    async def checkpoint(self, last_seq: int) -> SignedCheckpoint | None:
        """The checkpoint that ends with this seal, or None."""
        found = await self._signed(_checkpoints.c.last_seq == last_seq, limit=1)
        return next(iter(found), None)

    async def checkpoints_after(self, last_seq: int, *, limit: int) -> list[SignedCheckpoint]:
        """The checkpoints that end after this seal, in order."""
        return await self._signed(_checkpoints.c.last_seq > last_seq, limit=limit)

    async def last_checkpoint(self) -> SignedCheckpoint | None:
        """The newest checkpoint, or None."""
        statement = select(func.max(_checkpoints.c.last_seq)).where(_checkpoints.c.chain == CHAIN)
        last = (await self._uow.session.execute(statement)).scalar()
        return None if last is None else await self.checkpoint(last)

    async def checkpoints_of(self, last_seqs: Sequence[int]) -> dict[int, SignedCheckpoint]:
        """The checkpoints that end with these seals, by the seal's number."""
        found = await self._signed(_checkpoints.c.last_seq.in_(last_seqs), limit=len(last_seqs))
        return {signed.checkpoint.last_seq: signed for signed in found}

    async def expired(
        self, classes: Sequence[tuple[str, datetime]], *, limit: int
    ) -> list[SignedCheckpoint]:
        """Checkpoints whose entries are of these classes and older than the moment beside each."""
        found: list[SignedCheckpoint] = []
        for kinds, before in classes:
            found += await self._signed(
                _checkpoints.c.pruned_at.is_(None),
                _checkpoints.c.newest_at < before,
                _checkpoints.c.kinds == kinds,
                limit=limit,
            )
        return sorted(found, key=lambda signed: signed.checkpoint.last_seq)[:limit]

    async def range(self, signed: SignedCheckpoint, previous: Checkpoint | None) -> Range:
        """All that a checkpoint stands for."""
        part = signed.checkpoint
        # Seals that no checkpoint covers are found with the next one that there is.
        within = (_seals.c.chain == CHAIN, _seals.c.seq.between(part.first_seq, part.last_seq))
        # A checkpoint that somebody altered may claim any number of them.
        statement = select(*_SEAL_COLUMNS).where(*within).order_by(_seals.c.seq)
        rows = await readable(self._uow, statement, limit=MOST_IN_RANGE)
        seals = [None if row is None else _seal(row) for row in rows]
        entries = await self.entries([seal.entry_id for seal in seals if seal])
        return Range(signed, previous, seals, entries)

    async def entries(self, entry_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, Any] | None]:
        """Entries by their ids; None for one that cannot be read, nothing for one that is gone."""
        statement = select(*_ENTRY_COLUMNS).where(_entries.c.id.in_(entry_ids))
        rows = await read(self._uow, statement)
        if rows is None:
            return await self._entries_one_by_one(entry_ids)
        return _entries_by_id(rows)

    async def seals_around(self, moment: datetime) -> list[Seal]:
        """Seals of the entries that were made within a second of a moment."""
        second = timedelta(seconds=1)
        statement = select(*_SEAL_COLUMNS).where(
            _seals.c.entry_id >= first_id_at(moment - second),
            _seals.c.entry_id < first_id_at(moment + second),
        )
        rows = await readable(self._uow, statement, limit=_MOST_AROUND)
        return [_seal(row) for row in rows if row is not None]

    async def first_after(self, seq: int) -> int | None:
        """The number of the first seal after this one, or None."""
        later = (_seals.c.chain == CHAIN, _seals.c.seq > seq)
        first: int | None = (
            await self._uow.session.execute(select(func.min(_seals.c.seq)).where(*later))
        ).scalar()
        return first

    async def never_sealed(
        self, after: UUID, *, limit: int
    ) -> tuple[list[UUID], UUID | None, float]:
        """Look for entries that have no seal and do not wait for one.

        Args:
            after: Entries up to this one were looked at before.
            limit: How many are looked at.

        Returns:
            Their ids, the last one that was looked at (None at the end), and about which share of
            all entries comes before it.
        """
        some = (
            select(_entries.c.id)
            .where(_entries.c.id > after)
            .order_by(_entries.c.id)
            .limit(limit)
            .subquery()
        )
        statement = (
            select(some.c.id, _seals.c.entry_id, _queue.c.entry_id)
            .select_from(some)
            .outerjoin(_seals, _seals.c.entry_id == some.c.id)
            .outerjoin(_queue, _queue.c.entry_id == some.c.id)
            .order_by(some.c.id)
        )
        rows = (await self._uow.session.execute(statement)).all()
        surplus = [row[0] for row in rows if row[1] is None and row[2] is None]
        if len(rows) < limit:
            return surplus, None, 1.0
        ends = [
            (
                await self._uow.session.execute(select(_entries.c.id).order_by(order).limit(1))
            ).scalar()
            for order in (_entries.c.id.asc(), _entries.c.id.desc())
        ]
        oldest, newest = (entry_id.int if entry_id else 0 for entry_id in ends)
        last = rows[-1][0]
        return surplus, last, (last.int - oldest) / max(1, newest - oldest)

    async def may_delete(self) -> bool:
        """Whether the database lets this role delete entries."""
        if self._uow.database.is_sqlite:
            return True
        held = select(func.has_table_privilege(AuditEntry.__tablename__, "DELETE"))
        return bool((await self._uow.session.execute(held)).scalar_one())

    async def prune(self, signed: SignedCheckpoint) -> int:
        """Delete the entries and seals of a range, and keep its checkpoint, which says so.

        Returns:
            How many entries there were.
        """
        await self._lock()
        part = signed.checkpoint
        within = (_seals.c.chain == CHAIN, _seals.c.seq.between(part.first_seq, part.last_seq))
        ids = select(_seals.c.entry_id).where(*within)
        connection = await self._uow.session.connection()
        deleted = await connection.execute(delete(_entries).where(_entries.c.id.in_(ids)))
        await connection.execute(delete(_seals).where(*within))
        await connection.execute(
            update(_checkpoints)
            .where(_checkpoints.c.chain == CHAIN, _checkpoints.c.last_seq == part.last_seq)
            .values(pruned_at=part.pruned_at, key_id=signed.key_id, signature=signed.signature)
        )
        return int(deleted.rowcount)

    async def _lock(self) -> None:
        """Keep other processes from sealing and pruning until the transaction ends."""
        if not self._uow.database.is_sqlite:
            # On SQLite every write transaction does.
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            await self._uow.session.execute(lock, {"key": _LOCK_KEY})

    async def _signed(self, *where: ColumnElement[bool], limit: int) -> list[SignedCheckpoint]:
        statement = (
            select(*_CHECKPOINT_COLUMNS)
            .where(_checkpoints.c.chain == CHAIN, *where)
            .order_by(_checkpoints.c.last_seq)
        )
        rows = await readable(self._uow, statement, limit=limit)
        return [_from_row(row) for row in rows if row is not None]

    async def _entries_one_by_one(
        self, entry_ids: Sequence[UUID]
    ) -> dict[UUID, Mapping[str, Any] | None]:
        found: dict[UUID, Mapping[str, Any] | None] = {}
        for entry_id in entry_ids:
            statement = select(*_ENTRY_COLUMNS).where(_entries.c.id == entry_id)
            for row in await readable(self._uow, statement, limit=1):
                found[entry_id] = None if row is None else dict(zip(_ENTRY, row, strict=True))
        return found


def _entries_by_id(rows: Sequence[Row[Any]]) -> dict[UUID, Mapping[str, Any] | None]:
    return {row[0]: dict(zip(_ENTRY, row, strict=True)) for row in rows}


def _seal(row: Any) -> Seal:
    return Seal(*row)


def _from_row(row: Any) -> SignedCheckpoint:
    values = dict(zip(_CHECKPOINT, row, strict=False))
    values["kinds"] = tuple(filter(None, values["kinds"].split(",")))
    return SignedCheckpoint(Checkpoint(**values), row[-2], row[-1])


def _values(signed: SignedCheckpoint) -> dict[str, Any]:
    values = {name: getattr(signed.checkpoint, name) for name in _CHECKPOINT}
    values["kinds"] = ",".join(signed.checkpoint.kinds)
    return values | {"key_id": signed.key_id, "signature": signed.signature}
