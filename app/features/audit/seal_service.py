"""Operations on what proves the audit trail: its seals, the anchor file, and what is too old."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.core import clock
from app.core.csv import CsvQuery
from app.core.errors import Conflict, Unavailable
from app.core.log import get_logger
from app.core.metrics import SEALS_WAITING
from app.core.operations import Service, operation, query
from app.core.registry import Registry
from app.core.sealing import CHAIN, FORM, Checkpoint, Keys
from app.core.unit_of_work import UnitOfWork
from app.features.audit.anchor import Anchor
from app.features.audit.checking import MOST_IN_RANGE, Seal, SignedCheckpoint, hash_of
from app.features.audit.models import AuditSeal
from app.features.audit.notes import ACKNOWLEDGE, ANCHOR, DESTROY, signed_note
from app.features.audit.packing import Package
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import AuditRepository
from app.features.audit.retention import Retention, kind_of
from app.features.audit.schemas import (
    Acknowledge,
    AuditExportQuery,
    Exported,
    Place,
    Pruned,
    Sealed,
    Verification,
    VerifyQuery,
)
from app.features.audit.seal_repository import SealRepository
from app.features.audit.sight import Masks, sight_of
from app.features.audit.subjects import SubjectRepository
from app.features.audit.verifying import Verifier
from app.features.audit.witness_repository import WitnessRepository

log = get_logger(__name__)

BATCH = 250
"""Entries that are sealed in one transaction."""

_PRUNE_BATCH = 1000
_ANCHOR_BATCH = 1000
_YIELD_EVERY = 100
"""So many hashes are calculated before others have their turn."""

_FORM = {"format", *CsvQuery.model_fields}


class SealService(Service):
    """What proves the audit trail, within one unit of work. See docs/features/audit.md."""

    def __init__(  # noqa: PLR0917 - the container calls it
        self,
        uow: UnitOfWork,
        registry: Registry,
        entries: AuditRepository,
        seals: SealRepository,
        subjects: SubjectRepository,
        witnesses: WitnessRepository,
        keys: Keys,
        anchor: Anchor,
        retention: Retention,
    ) -> None:
        super().__init__(uow)
        self._registry = registry
        self._entries = entries
        self._seals = seals
        self._subjects = subjects
        self._witnesses = witnesses
        self._keys = keys
        self._anchor = anchor
        self._retention = retention
        self._verifier = Verifier(seals, witnesses, keys, anchor)

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
        SEALS_WAITING.set(len(waiting))
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

        Nothing is added to a file that lacks what it held before: what is missing is evidence,
        and verification tells of it until somebody accepts the file as it is.

        Returns:
            Whether there are more; call it again until there are none.
        """
        if self._anchor.path is None:
            return False
        try:
            trouble = self._anchor.trouble or await self._verifier.anchor_trouble()
            added = False if trouble else await self._extend_anchor()
        except OSError as error:
            trouble = f"The anchor file {self._anchor.path} cannot be used: {error.strerror}."
            added = False
        self._anchor.tell(trouble)
        return added

    @query(AuditPermission.SEAL)
    async def is_anchor_new(self) -> bool:
        """Whether there is an anchor file of which the trail itself does not tell yet."""
        if self._anchor.path is None or self._anchor.trouble:
            return False
        if await self._verifier.anchor_in_use() is not None:
            return False
        return not await self._verifier.anchor_trouble()

    @operation(AuditPermission.SEAL, action=ANCHOR, begins_write=False)
    async def accept_anchor(self, reason: str = "") -> None:
        """Note in the trail that it is anchored in the configured file from now on, or in none.

        Call it for a new file, after a file was lost or moved, and when none is used any more.

        Args:
            reason: Why; empty when it is the first one.

        Raises:
            Unavailable: The file cannot be written.
        """
        if self._anchor.trouble:
            raise Unavailable("audit.anchor.unusable", self._anchor.trouble)
        await self.uow.begin_write()
        if reason:
            await self._witnesses.forget_anchored()
        while self._anchor.path is not None and await self._extend_anchor():
            pass
        file = str(self._anchor.path or "")
        facts = {"file": file, "seals": self._anchor.last_seq()}
        self._note(ANCHOR, facts, reason)

    @operation(AuditPermission.SEAL, action=DESTROY)
    async def note_destruction(self, revision: str) -> None:
        """Note in the trail and in the anchor file that its seals are about to be destroyed.

        Args:
            revision: The schema that is migrated down to.

        Raises:
            Unavailable: The anchor file cannot be written.
        """
        end, chain_hash = await self._seals.end()
        facts = {"revision": revision, "seals": end, "chain_hash": chain_hash.hex()}
        self._note(DESTROY, facts, "")
        if self._anchor.path is None:
            return
        if self._anchor.trouble:
            raise Unavailable("audit.anchor.unusable", self._anchor.trouble)
        line = {"destroyed_at": clock.now().isoformat(), "head": str(Place(end, chain_hash.hex()))}
        self._anchor.restart(self._keys, {**line, "revision": revision})

    @query(AuditPermission.VERIFY, expensive=True)
    async def verify(self, request: VerifyQuery) -> Verification:
        """Verify one part of the trail: the chain, what stands outside it, the anchor and the rest.

        Raises:
            Invalid: The cursor is none of ours, or something is expected of a later part.
        """
        step = await self._verifier.part(request)
        # Nobody waits for a verification that pauses.
        await self.uow.release()
        return step

    @operation(AuditPermission.ACKNOWLEDGE)
    async def acknowledge(self, request: Acknowledge) -> None:
        """Explain irregularities of time, so that verification counts them as faults no more.

        The explanation is signed, and sealed like any other entry.

        Raises:
            Conflict: There is no such irregularity (any more); then none is acknowledged.
        """
        places = sorted({Place.read(each) for each in request.places})
        for place in places:
            if await self._verifier.irregularity(place) is None:
                message = f"There is no irregularity of time at seal {place.seq}. Verify anew."
                raise Conflict("audit.acknowledge.none", message)
        self._note(ACKNOWLEDGE, {"places": [str(place) for place in places]}, request.reason)

    def _note(self, action: str, facts: Mapping[str, Any], reason: str) -> None:
        detail = signed_note(self._keys, action, clock.now(), facts)
        self.uow.audit.about("", "", "", detail=detail, reason=reason)

    async def _extend_anchor(self) -> bool:
        """Write some of what the anchor file lacks, and remember what it holds; whether it was any.

        Raises:
            OSError: The file cannot be written.
        """
        new = await self._seals.checkpoints_after(self._anchor.last_seq(), limit=_ANCHOR_BATCH)
        self._anchor.append(new)
        if new or await self._witnesses.anchored() is None:
            await self.uow.begin_write()
            await self._witnesses.set_anchored(self._anchor.last())
        return bool(new)

    @operation(AuditPermission.EXPORT, begins_write=False, expensive=True)
    async def export(
        self, request: AuditExportQuery, write: Callable[[bytes], Awaitable[None]]
    ) -> Exported:
        """Hand out all entries that match as a ZIP file with a signed manifest, piece by piece.

        The audit entry says which and how many, also when it ends early.

        Args:
            request: Which entries, and how they are written.
            write: Takes some bytes of the file.
        """
        filters = request.model_dump(mode="json", exclude_defaults=True, exclude=_FORM)
        package = Package(request.format, request.form)
        masks = Masks(self._registry, self.uow.actor)
        self._tell_export(package, filters)
        sight = sight_of(self._registry, self.uow.actor, AuditPermission.EXPORT)
        async for some in self._entries.walk(request, sight):
            piece = package.add(_shown(entry, seal, masks) for entry, seal in some)
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

    def _tell_export(self, package: Package, filters: dict[str, Any], **facts: str) -> None:
        rows = {"format": package.ending, "rows": package.count}
        self.uow.audit.about("", "", "", detail={**filters, **rows, **facts})

    @query(AuditPermission.PRUNE)
    async def expired(self) -> Pruned:
        """What the retention policy would delete next."""
        ranges, kept = await self._expired()
        return _pruned(ranges, sum(map(_size, ranges)), kept)

    @query(AuditPermission.PRUNE)
    async def can_prune(self) -> bool:
        """Whether the database lets us delete entries: the role of the server may only add some."""
        return await self._seals.may_delete()

    @operation(AuditPermission.PRUNE, begins_write=False, recent_sign_in=True)
    async def prune(self) -> Pruned:
        """Delete the oldest entries that the retention policy no longer keeps, about a thousand.

        They go by whole ranges. Their checkpoints stay, so the trail still verifies. What does
        not verify is evidence and stays, too.

        Raises:
            Conflict: The database lets the server's role only add entries.
        """
        if not await self._seals.may_delete():
            message = (
                "The server's database role may only add audit entries: run "
                "`platformctl audit prune` as the role that owns the tables."
            )
            raise Conflict("audit.prune.not_owner", message)
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

    async def _expired(self) -> tuple[list[SignedCheckpoint], int]:
        """The next ranges to be deleted, and how many entries are kept as evidence."""
        classes = list(self._retention.expired(clock.now()))
        ranges: list[SignedCheckpoint] = []
        entries = kept = 0
        for signed in await self._seals.expired(classes, limit=_PRUNE_BATCH):
            before = await self._seals.checkpoint(signed.checkpoint.first_seq - 1)
            found, _ = await self._verifier.check(signed, before.checkpoint if before else None)
            # A clock that was set back makes no evidence.
            if any(finding.kind != "clock" for finding in found):
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


def _shown(
    entry: dict[str, Any], seal: AuditSeal | None, masks: Masks
) -> tuple[dict[str, Any], Seal | None]:
    """The entry without what its reader may not see; with its seal when it is whole."""
    masked = masks.of(entry)
    return ({**entry, **masked}, None) if masked else (entry, _plain(seal) if seal else None)
