"""Operations on the audit trail; entries are only ever read, sealed, and deleted when too old."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from dishka import AsyncContainer
from sqlalchemy import ColumnElement, and_

from app.core import clock
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import parse_id
from app.core.log import get_logger
from app.core.module import Undo
from app.core.operations import Service, operation, query
from app.core.paging import Page
from app.core.registry import Registry
from app.core.rows import rows_of
from app.core.sealing import CHAIN, FORM, Checkpoint, Keys
from app.core.unit_of_work import UnitOfWork
from app.features.audit.anchor import Anchor, AnchorLine
from app.features.audit.checking import (
    MOST_IN_RANGE,
    Seal,
    SignedCheckpoint,
    check,
    exchanged,
    hash_of,
)
from app.features.audit.filters import Sight
from app.features.audit.models import AuditSeal
from app.features.audit.packing import Package
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import COUNT_LIMIT, AuditRepository
from app.features.audit.retention import Retention, kind_of
from app.features.audit.schemas import (
    AuditEntryRead,
    AuditExportQuery,
    AuditFilter,
    AuditListQuery,
    EntryCount,
    Exported,
    Finding,
    Pruned,
    Sealed,
    Verification,
    VerifyQuery,
)
from app.features.audit.seal_repository import SealRepository
from app.features.audit.sight import masks_of, sight_of
from app.features.audit.subjects import SubjectRepository

log = get_logger(__name__)

BATCH = 250
"""Entries that are sealed in one transaction."""

_PRUNE_BATCH = 1000
_MOST_FINDINGS = 20
_YIELD_EVERY = 100
"""So many hashes are calculated before others have their turn."""

_CURSOR = re.compile(r"(chain|entries|anchor):([0-9a-f-]{1,36})")
_NO_ID = UUID(int=0)
_SOMEBODY = "Somebody"
"""Who did what an actor may not see, or whose name they may not."""


class AuditService(Service):
    """The audit trail within one unit of work."""

    def __init__(
        self,
        uow: UnitOfWork,
        entries: AuditRepository,
        registry: Registry,
        unit: AsyncContainer,
    ) -> None:
        super().__init__(uow)
        self._entries = entries
        self._registry = registry
        self._unit = unit

    @query(AuditPermission.READ)
    async def page(self, request: AuditListQuery) -> Page[AuditEntryRead]:
        """A page of entries, newest first."""
        page = await self._entries.page(request, self._sight)
        page.items = [self._masked(entry) for entry in page.items]
        return page

    @query(AuditPermission.READ)
    async def count(self, request: AuditFilter) -> EntryCount:
        """How many entries match; beyond `COUNT_LIMIT` only that there are more."""
        count = await self._entries.count(request, self._sight)
        return EntryCount(count=min(count, COUNT_LIMIT), is_exact=count <= COUNT_LIMIT)

    @query(AuditPermission.READ)
    async def get(self, entry_id: UUID) -> AuditEntryRead:
        """One entry.

        Raises:
            NotFound: No such entry.
        """
        return await self._seen(entry_id, self._sight.within)

    @operation(AuditPermission.UNDO)
    async def undo(self, entry_id: UUID) -> None:
        """Take back what an entry tells, unless somebody changed it since.

        The operations that put the former values back decide once more, and record themselves.

        Raises:
            NotFound: No such entry that they may read and take back, or what it is about is gone.
            Conflict: It cannot be taken back, or it has been changed since, and by whom.
            PermissionDenied: The actor may not make the opposite change.
        """
        reached = rows_of(self._registry, self.uow.actor, AuditPermission.UNDO).condition
        entry = await self._seen(entry_id, and_(self._sight.within, reached))
        self.uow.audit.about(entry.target_type, entry.target_id, entry.target_label)
        undo, target_id = self._registry.undo(entry.target_type), parse_id(entry.target_id)
        if undo is None or target_id is None or not can_undo(entry, undo):
            message = "What this entry tells cannot be taken back."
            raise Conflict("audit.undo.impossible", message)
        before = {change.field: change.before for change in entry.changes}
        after = {change.field: change.after for change in entry.changes}
        current = await undo.current(self._unit, target_id, after)
        moved = [name for name, value in after.items() if current.get(name) != value]
        if moved:
            raise await self._changed_since(entry, moved, before, current)
        await undo.put_back(self._unit, target_id, before, after)
        self.uow.audit.about(
            entry.target_type,
            entry.target_id,
            entry.target_label,
            detail={"undone_entry": str(entry.id)},
        )

    async def _seen(self, entry_id: UUID, within: ColumnElement[bool]) -> AuditEntryRead:
        entry = await self._entries.seen(entry_id, within)
        if entry is None:
            raise NotFound("audit.not_found", "There is no such audit entry.")
        return self._masked(AuditEntryRead.model_validate(entry))

    async def _changed_since(
        self,
        entry: AuditEntryRead,
        fields: Collection[str],
        before: Mapping[str, Any],
        current: Mapping[str, Any],
    ) -> Conflict:
        if all(current.get(name) == before[name] for name in before):
            return Conflict("audit.undo.done", "All is as it was before this change already.")
        found = await self._entries.changes_since(entry, self._sight.within)
        later = [self._masked(AuditEntryRead.model_validate(each)) for each in found]
        by: dict[str, dict[str, str]] = {
            change.field: {
                "by": each.actor_name or _SOMEBODY,
                "at": each.at.isoformat(),
                "entry_id": str(each.id),
            }
            for each in later
            for change in each.changes
        }
        changed = [{"field": name, "now": current.get(name), **by.get(name, {})} for name in fields]
        who = sorted({by[name]["by"] for name in fields if name in by}) or [_SOMEBODY]
        titles = self._registry.resource(entry.target_type).fields
        what = ", ".join(titles.get(name, name) for name in fields)
        message = f"{' and '.join(who)} changed this since: {what}. Look at it first."
        return Conflict("audit.undo.conflict", message, changed=changed)

    @property
    def _sight(self) -> Sight:
        return sight_of(self._registry, self.uow.actor, AuditPermission.READ)

    def _masked(self, entry: AuditEntryRead) -> AuditEntryRead:
        """The entry without what a grant hides from the actor."""
        masks = masks_of(self._registry, self.uow.actor, vars(entry))
        return entry.model_copy(update=masks) if masks else entry


def can_undo(entry: AuditEntryRead, undo: Undo | None) -> bool:
    """Whether what an entry tells is a change that can be taken back."""
    changed = {change.field for change in entry.changes}
    is_done = entry.outcome == "succeeded"
    return is_done and undo is not None and undo.takes_back(entry.action, changed)


class SealService(Service):
    """What proves the audit trail, within one unit of work. See docs/features/audit.md."""

    def __init__(  # noqa: PLR0917 - the container calls it
        self,
        uow: UnitOfWork,
        registry: Registry,
        entries: AuditRepository,
        seals: SealRepository,
        subjects: SubjectRepository,
        keys: Keys,
        anchor: Anchor,
        retention: Retention,
    ) -> None:
        super().__init__(uow)
        self._registry = registry
        self._entries = entries
        self._seals = seals
        self._subjects = subjects
        self._keys = keys
        self._anchor = anchor
        self._retention = retention

    # Its own record is the checkpoint; an entry for each would have to be sealed again.
    @operation(AuditPermission.SEAL, begins_write=False, recorded=False)
    async def seal(self, *, limit: int = BATCH) -> Sealed:
        """Seal the oldest entries that wait for it; call it again until there are none.

        One that cannot be read, because somebody wrote into it, gets no seal and waits no longer,
        so that verification names it.

        Args:
            limit: How many at most.
        """
        waiting = await self._seals.waiting(min(limit, MOST_IN_RANGE))
        if not waiting:
            return Sealed(entries=0)
        # Hashed before the transaction begins, so that other writers need not wait for it.
        hashes = {}
        for number, (entry_id, entry) in enumerate(waiting.items()):
            if (hashed := hash_of(entry)) is not None:
                hashes[entry_id] = hashed
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        readable = [entry for entry in waiting.values() if entry and entry["id"] in hashes]
        subjects = await self._subjects.unknown(readable)
        await self.uow.begin_write()
        claimed = await self._seals.claim(list(waiting))
        mine = [entry for entry in readable if entry["id"] in claimed]
        if mine:
            await self._add(mine, hashes)
        for entry_id in sorted(claimed - set(hashes)):
            log.error("audit.entry_unreadable", entry_id=str(entry_id))
        await self._subjects.add(subjects)
        return Sealed(entries=len(mine))

    @operation(AuditPermission.SEAL, action="audit.anchor", begins_write=False, recorded=False)
    async def anchor(self) -> bool:
        """Write checkpoints that the anchor file does not have yet into it.

        Returns:
            Whether there are more; call it again until there are none.
        """
        if self._anchor.path is None:
            return False
        new = await self._seals.checkpoints_after(self._anchor.last_seq(), limit=1000)
        if new:
            self._anchor.append(new)
        return bool(new)

    @query(AuditPermission.VERIFY)
    async def verify(self, request: VerifyQuery) -> Verification:
        """Verify one part of the trail: the chain, then what stands outside it, then the anchor.

        Raises:
            Invalid: The cursor is none of ours.
        """
        part, position = _position(request.cursor)
        steps = {"chain": self._chain, "entries": self._outside, "anchor": self._anchored}
        step = await steps[part](position, request.limit)
        # Nobody waits for a verification that pauses.
        await self.uow.release()
        return step

    @operation(AuditPermission.EXPORT, begins_write=False)
    async def export(
        self, request: AuditExportQuery, write: Callable[[bytes], Awaitable[None]]
    ) -> Exported:
        """Hand out all entries that match as a ZIP file with a signed manifest, piece by piece.

        The audit entry says which and how many, also when it ends early.

        Args:
            request: Which entries, and how they are written.
            write: Takes some bytes of the file.
        """
        filters = request.model_dump(mode="json", exclude_defaults=True, exclude={"format"})
        package = Package(request.format)
        self._tell_export(package, filters)
        sight = sight_of(self._registry, self.uow.actor, AuditPermission.EXPORT)
        async for some in self._entries.walk(request, sight):
            piece = package.add(self._shown(entry, seal) for entry, seal in some)
            self._tell_export(package, filters)
            await write(piece)
        self._tell_export(package, filters, sha256=package.facts()["sha256"])
        by = self.uow.actor.email or self.uow.actor.name
        await write(
            package.close(
                self._keys, filters=filters, exported_at=clock.now().isoformat(), exported_by=by
            )
        )
        return Exported(entries=package.count)

    def _shown(
        self, entry: dict[str, Any], seal: AuditSeal | None
    ) -> tuple[dict[str, Any], Seal | None]:
        """The entry without what a grant hides from the actor; with its seal when it is whole."""
        masks = masks_of(self._registry, self.uow.actor, entry)
        return ({**entry, **masks}, None) if masks else (entry, _plain(seal) if seal else None)

    def _tell_export(self, package: Package, filters: dict[str, Any], **facts: str) -> None:
        rows = {"format": package.ending, "rows": package.count}
        self.uow.audit.about("", "", "", detail={**filters, **rows, **facts})

    @query(AuditPermission.PRUNE)
    async def expired(self) -> Pruned:
        """What the retention policy would delete next."""
        ranges, kept = await self._expired()
        return _pruned(ranges, sum(map(_size, ranges)), kept)

    @operation(AuditPermission.PRUNE, begins_write=False)
    async def prune(self) -> Pruned:
        """Delete the oldest entries that the retention policy no longer keeps, about a thousand.

        They go by whole ranges. Their checkpoints stay, so the trail still verifies. What does
        not verify is evidence and stays, too.
        """
        ranges, kept = await self._expired()
        now = clock.now()
        entries = 0
        parts = [await self._seals.range(signed, None) for signed in ranges]
        gone = [entry for part in parts for entry in part.entries.values() if entry]
        await self.uow.begin_write()
        for signed in ranges:
            pruned = self._sign(replace(signed.checkpoint, pruned_at=now))
            entries += await self._seals.prune(pruned)
        await self._subjects.forget(gone)
        result = _pruned(ranges, entries, kept)
        seqs = [
            f"{signed.checkpoint.first_seq}-{signed.checkpoint.last_seq}" for signed in ranges[:100]
        ]
        detail = result.model_dump() | {"seals": ", ".join(seqs)}
        self.uow.audit.about("", "", "", detail=detail)
        return result

    async def _add(
        self, entries: Sequence[Mapping[str, Any]], hashes: Mapping[UUID, bytes]
    ) -> None:
        end, before = await self._seals.end()
        chain_hash = before
        seals = []
        for seq, entry in enumerate(entries, start=end + 1):
            seal = Seal(seq, entry["id"], FORM, hashes[entry["id"]], b"")
            chain_hash = seal.follows(chain_hash, seq)
            seals.append(replace(seal, chain_hash=chain_hash))
        kinds = {kind_of(entry["action"], entry["outcome"]) for entry in entries}
        checkpoint = Checkpoint(
            chain=CHAIN,
            first_seq=end + 1,
            last_seq=end + len(seals),
            previous_hash=before,
            chain_hash=chain_hash,
            newest_at=max(entry["at"] for entry in entries),
            kinds=tuple(sorted(kinds)),
            sealed_at=clock.now(),
        )
        await self._seals.add(seals, self._sign(checkpoint))

    def _sign(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        signature = self._keys.sign(checkpoint.message())
        return SignedCheckpoint(checkpoint, self._keys.id, signature)

    async def _chain(self, position: str, limit: int) -> Verification:
        after = _number(position)
        end, _ = await self._seals.end()
        start = await self._seals.checkpoint(after) if after else None
        previous = start.checkpoint if start else None
        findings: list[Finding] = []
        checked = 0
        while checked < limit:
            following = await self._seals.checkpoints_after(after, limit=50)
            for signed in following:
                found, size = await self._check(signed, previous)
                findings += found
                checked += size
                previous = signed.checkpoint
                after = previous.last_seq
                await asyncio.sleep(0)
                if checked >= limit:
                    break
            if not following:
                findings += await self._beyond(after)
                return await self._step(
                    "chain", findings, checked, 0.8, f"entries:{_NO_ID}", sealed=end
                )
        progress = 0.8 * min(1.0, after / end) if end else 0.0
        return await self._step("chain", findings, checked, progress, f"chain:{after}", sealed=end)

    async def _check(
        self, signed: SignedCheckpoint, previous: Checkpoint | None
    ) -> tuple[list[Finding], int]:
        part = await self._seals.range(signed, previous)
        found = list(check(part, self._keys))
        if found:
            # It may have been pruned meanwhile.
            now = await self._seals.checkpoint(signed.checkpoint.last_seq)
            if now is not None and now != signed:
                part = await self._seals.range(now, previous)
                found = list(check(part, self._keys))
        for index, finding in enumerate(found[:_MOST_FINDINGS]):
            entry = part.entries.get(finding.entry_id) if finding.entry_id else None
            if finding.kind == "altered" and entry:
                candidates = await self._seals.seals_around(entry["at"])
                found[index] = exchanged(finding, entry, candidates)
        return found, len(part.seals)

    async def _beyond(self, last_seq: int) -> list[Finding]:
        """What follows the last checkpoint: nothing should."""
        surplus = await self._seals.first_after(last_seq)
        # Or it was sealed just now.
        if surplus is None or await self._seals.checkpoints_after(last_seq, limit=1):
            return []
        message = f"No checkpoint covers the seals from {surplus} on: the last one was deleted."
        return [Finding(kind="checkpoint", seq=surplus, message=message)]

    async def _outside(self, position: str, limit: int) -> Verification:
        after = parse_id(position)
        if after is None:
            raise _bad_cursor()
        surplus, last, share = await self._seals.never_sealed(after, limit=limit)
        findings = [
            Finding(
                kind="inserted",
                entry_id=entry_id,
                message=f"Entry {entry_id} was never sealed: it was inserted behind our back.",
            )
            for entry_id in surplus
        ]
        if last is None:
            done, cursor = 0.95, "anchor:0" if self._anchor.path else None
        else:
            done, cursor = 0.8 + 0.15 * share, f"entries:{last}"
        return await self._step("entries", findings, 0, done if cursor else 1.0, cursor)

    async def _anchored(self, position: str, limit: int) -> Verification:
        lines, offset = self._anchor.read(_number(position), limit)
        known = await self._seals.checkpoints_of(
            [line.signed.checkpoint.last_seq for line in lines if line.signed]
        )
        last = await self._seals.last_checkpoint()
        end = last.checkpoint.last_seq if last else 0
        findings = [
            found for line in lines if (found := self._compare(line, known, end)) is not None
        ]
        cursor = None if offset is None else f"anchor:{offset}"
        return await self._step("anchor", findings, 0, 0.95 if cursor else 1.0, cursor)

    def _compare(
        self, line: AnchorLine, known: dict[int, SignedCheckpoint], end: int
    ) -> Finding | None:
        where = f"the anchor file's line at byte {line.at_byte}"
        if line.signed is None or not line.signed.is_authentic(self._keys):
            message = f"{where[0].upper()}{where[1:]} was not written by us."
            return Finding(kind="anchor", message=message)
        anchored = line.signed.checkpoint
        stored = known.get(anchored.last_seq)
        if anchored.last_seq > end:
            message = (
                f"The end of the trail is gone: {where} knows {anchored.last_seq} seals, "
                f"the database {end}."
            )
            return Finding(kind="truncated", seq=end + 1, message=message)
        if stored is None:
            message = f"Checkpoint {anchored.last_seq} is missing, which {where} knows."
            return Finding(kind="checkpoint", seq=anchored.last_seq, message=message)
        if replace(stored.checkpoint, pruned_at=anchored.pruned_at) != anchored:
            message = f"Checkpoint {anchored.last_seq} is not the one that {where} knows."
            return Finding(kind="checkpoint", seq=anchored.last_seq, message=message)
        return None

    async def _step(
        self,
        part: Any,
        findings: Sequence[Finding],
        checked: int,
        progress: float,
        cursor: str | None,
        *,
        sealed: int | None = None,
    ) -> Verification:
        return Verification(
            findings=list(findings[:_MOST_FINDINGS]),
            faults=len(findings),
            checked=checked,
            part=part,
            progress=round(progress, 4),
            sealed=(await self._seals.end())[0] if sealed is None else sealed,
            waiting=await self._seals.count_waiting(),
            next_cursor=cursor,
        )

    async def _expired(self) -> tuple[list[SignedCheckpoint], int]:
        """The next ranges to be deleted, and how many entries are kept as evidence."""
        classes = list(self._retention.expired(clock.now()))
        ranges: list[SignedCheckpoint] = []
        entries = kept = 0
        for signed in await self._seals.expired(classes, limit=_PRUNE_BATCH):
            before = await self._seals.checkpoint(signed.checkpoint.first_seq - 1)
            found, _ = await self._check(signed, before.checkpoint if before else None)
            if found:
                kept += _size(signed)
                continue
            if ranges and entries + _size(signed) > _PRUNE_BATCH:
                break
            ranges.append(signed)
            entries += _size(signed)
        return ranges, kept


def _plain(seal: AuditSeal) -> Seal:
    return Seal(seal.seq, seal.entry_id, seal.form, seal.entry_hash, seal.chain_hash)


def _size(signed: SignedCheckpoint) -> int:
    return signed.checkpoint.last_seq - signed.checkpoint.first_seq + 1


def _pruned(ranges: Sequence[SignedCheckpoint], entries: int, kept: int) -> Pruned:
    return Pruned(entries=entries, ranges=len(ranges), kept=kept)


def _position(cursor: str | None) -> tuple[str, str]:
    found = _CURSOR.fullmatch(cursor or "chain:0")
    if found is None:
        raise _bad_cursor()
    return found[1], found[2]


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 - what a database takes
        raise _bad_cursor()
    return int(text)


def _bad_cursor() -> Invalid:
    message = "This verification cannot go on. Start it anew."
    return Invalid("audit.cursor.invalid", message, fields={"cursor": message})
