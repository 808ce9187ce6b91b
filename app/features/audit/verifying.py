"""Verifies the audit trail part by part: the chain, what is outside it, the anchor, the rest."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core import clock
from app.core.errors import Invalid
from app.core.ids import parse_id
from app.core.sealing import Checkpoint, Keys
from app.features.audit.anchor import Anchor, AnchorLine
from app.features.audit.checking import CLOCK_SLACK, SignedCheckpoint, check, exchanged
from app.features.audit.notes import ACKNOWLEDGE, ANCHOR, DESTROY, Note
from app.features.audit.schemas import Acknowledged, Finding, Place, Verification, VerifyQuery
from app.features.audit.seal_repository import SealRepository
from app.features.audit.witness_repository import WitnessRepository

MOST_FINDINGS = 20

_CURSOR = re.compile(r"(chain|entries|anchor):([0-9a-f-]{1,40})")
_NO_ID = UUID(int=0)
_LONG_WAIT = timedelta(hours=1)
_MOMENT = "%Y-%m-%d %H:%M"


class Verifier:
    """Verifies one part of the trail after the other, within one unit of work."""

    def __init__(
        self,
        seals: SealRepository,
        witnesses: WitnessRepository,
        keys: Keys,
        anchor: Anchor,
    ) -> None:
        self._seals = seals
        self._witnesses = witnesses
        self._keys = keys
        self._anchor = anchor

    async def part(self, request: VerifyQuery) -> Verification:
        """What the next part shows.

        Raises:
            Invalid: The cursor is none of ours, or something is expected of a later part.
        """
        part, position = _position(request.cursor)
        if request.expect is not None and request.cursor:
            message = "Give the head that you expect with the first part."
            raise Invalid("audit.expect.too_late", message, fields={"expect": message})
        if not request.cursor and (missing := await self._witnesses.missing_tables()):
            return _without_tables(missing)
        steps = {"chain": self._chain, "entries": self._outside, "anchor": self._anchored}
        step = await steps[part](position, request.limit)
        if request.cursor:
            return step
        first = [
            *(
                Finding(kind="schema", message=message)
                for message in await self._witnesses.unexpected_objects()
            ),
            *(await self._expected(request.expect) if request.expect else ()),
        ]
        return step.model_copy(
            update={
                "findings": [*first, *step.findings][:MOST_FINDINGS],
                "faults": step.faults + len(first),
            }
        )

    async def check(
        self, signed: SignedCheckpoint, previous: Checkpoint | None
    ) -> tuple[list[Finding], int]:
        """What is not as it was sealed in one range, and how many entries it has."""
        part = await self._seals.range(signed, previous)
        found = list(check(part, self._keys))
        if found:
            # It may have been pruned meanwhile.
            now = await self._seals.checkpoint(signed.checkpoint.last_seq)
            if now is not None and now != signed:
                part = await self._seals.range(now, previous)
                found = list(check(part, self._keys))
        for index, finding in enumerate(found[:MOST_FINDINGS]):
            entry = part.entries.get(finding.entry_id) if finding.entry_id else None
            if finding.kind == "altered" and entry:
                candidates = await self._seals.seals_around(entry["at"])
                found[index] = exchanged(finding, entry, candidates)
        return found, len(part.seals)

    async def irregularity(self, place: Place) -> Finding | None:
        """The irregularity of time at a place of the chain, or None."""
        signed = await self._seals.checkpoint(place.seq)
        if signed is None:
            return None
        before = await self._seals.checkpoint(signed.checkpoint.first_seq - 1)
        found, _ = await self.check(signed, before.checkpoint if before else None)
        at_place = (each for each in found if each.kind == "clock" and each.place == str(place))
        return next(at_place, None)

    async def anchor_in_use(self) -> Note | None:
        """The note since which the trail is anchored; None when it is not."""
        notes, _ = await self._witnesses.notes()
        since: Note | None = None
        for note in notes:
            if note.action == DESTROY:
                since = None
            elif note.action == ANCHOR:
                since = note if note.facts.get("file") else None
        return since

    async def anchor_trouble(self) -> str:
        """Why nothing may be added to the anchor file, in a sentence; empty when all is well.

        Raises:
            OSError: The file cannot be read.
        """
        path = self._anchor.path
        if path is None:
            return ""
        known = await self._witnesses.anchored()
        if known is None:
            if await self.anchor_in_use() is None:
                return ""
            return f"The database does not know any more what the anchor file {path} held."
        last = self._anchor.last()
        if not known.last_seq or (last is not None and last.last_seq > known.last_seq):
            return ""
        problem = ""
        if not known.is_authentic:
            problem = "is not what the database knows of it, which was altered"
        elif not path.exists():
            problem = "is missing"
        elif last is None:
            problem = "is empty"
        elif last.last_seq < known.last_seq:
            problem = f"was shortened to {last.last_seq:,}"
        elif last.chain_hash != known.chain_hash:
            problem = "was exchanged for another one"
        held = f"it held {known.last_seq:,} seals"
        return problem and f"The anchor file {path} {problem}; {held}."

    async def _expected(self, expect: str) -> list[Finding]:
        """Whether the chain still holds a place that was noted elsewhere."""
        place = Place.read(expect)
        end, _ = await self._seals.end()
        stored = await self._seals.chain_hash_at(place.seq)
        if stored is not None and stored.hex() == place.chain_hash:
            return []
        if place.seq > end:
            message = f"The trail ends with seal {end}; seal {place.seq} was expected in it."
        elif stored is None:
            message = f"Seal {place.seq}, which was expected, is not there to be compared."
        else:
            message = f"Seal {place.seq} has another hash than expected: history was rewritten."
        return [Finding(kind="expected", seq=place.seq, message=message)]

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
                found, size = await self.check(signed, previous)
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
            findings += await self._lost()
            return await self._step("entries", findings, 0, 0.95, "anchor:0")
        return await self._step("entries", findings, 0, 0.8 + 0.15 * share, f"entries:{last}")

    async def _lost(self) -> list[Finding]:
        """Entries that were deleted while they waited for their seal."""
        return [
            Finding(
                kind="missing",
                entry_id=entry_id,
                message=f"Entry {entry_id} was deleted while it waited for its seal.",
            )
            for entry_id in await self._witnesses.deleted_while_waiting(limit=MOST_FINDINGS)
        ]

    async def _anchored(self, position: str, limit: int) -> Verification:
        place, _, reached = position.partition("-")
        offset: int | None = _number(place)
        before = _number(reached or "0")
        findings: list[Finding] = []
        try:
            if not offset:
                offset = self._anchor.start(self._keys)
            lines, offset = self._anchor.read(offset, limit)
        except OSError as error:
            message = f"The anchor file {self._anchor.path} cannot be read: {error.strerror}."
            findings.append(Finding(kind="anchor", message=message))
            return await self._last(findings)
        known = await self._seals.checkpoints_of(
            [line.signed.checkpoint.last_seq for line in lines if line.signed]
        )
        last = await self._seals.last_checkpoint()
        end = last.checkpoint.last_seq if last else 0
        is_foreign = False
        for line in lines:
            wrong = list(self._compare(line, known, end))
            findings += wrong
            if line.signed is None or any(finding.kind == "anchor" for finding in wrong):
                is_foreign = True
                continue
            if not is_foreign:
                findings += _gap(line.signed.checkpoint, before)
            is_foreign = False
            before = max(before, line.signed.checkpoint.last_seq)
        if offset is not None:
            return await self._step("anchor", findings, 0, 0.95, f"anchor:{offset}-{before}")
        findings += await self._not_anchored(before)
        return await self._last(findings)

    def _compare(
        self, line: AnchorLine, known: dict[int, SignedCheckpoint], end: int
    ) -> Iterator[Finding]:
        where = f"the anchor file's line at byte {line.at_byte}"
        if line.signed is None or not line.signed.is_authentic(self._keys):
            message = f"{where[0].upper()}{where[1:]} was not written by us."
            yield Finding(kind="anchor", message=message)
            return
        anchored = line.signed.checkpoint
        stored = known.get(anchored.last_seq)
        if anchored.last_seq > end:
            message = (
                f"The end of the trail is gone: {where} knows {anchored.last_seq} seals, "
                f"the database {end}."
            )
            yield Finding(kind="truncated", seq=end + 1, message=message)
        elif stored is None:
            message = f"Checkpoint {anchored.last_seq} is missing, which {where} knows."
            yield Finding(kind="checkpoint", seq=anchored.last_seq, message=message)
        elif replace(stored.checkpoint, pruned_at=anchored.pruned_at) != anchored:
            message = f"Checkpoint {anchored.last_seq} is not the one that {where} knows."
            yield Finding(kind="checkpoint", seq=anchored.last_seq, message=message)

    async def _not_anchored(self, last_seq: int) -> list[Finding]:
        """What the anchor file should hold and does not.

        Args:
            last_seq: The last seal that it knows.
        """
        known = await self._witnesses.anchored()
        since = await self.anchor_in_use()
        if known is None and since is None:
            return []
        if self._anchor.path is None:
            file = f" in {since.facts['file']}" if since else ""
            message = f"The trail was anchored{file}, but no anchor file is configured any more."
            return [Finding(kind="anchor", message=message)]
        if trouble := await self.anchor_trouble():
            return [Finding(kind="anchor", seq=last_seq + 1, message=trouble)]
        lacking = await self._seals.checkpoints_after(last_seq, limit=1)
        if lacking and lacking[0].checkpoint.sealed_at < clock.now() - CLOCK_SLACK:
            sealed_at = lacking[0].checkpoint.sealed_at
            message = (
                f"The anchor file ends with seal {last_seq}; it lacks what was sealed since "
                f"{sealed_at:{_MOMENT}} UTC."
            )
            return [Finding(kind="anchor", seq=last_seq + 1, message=message)]
        return []

    async def _last(self, findings: list[Finding]) -> Verification:
        """The last part: what the rest of the database says about the trail."""
        remarks: list[str] = []
        notes, forged = await self._witnesses.notes()
        findings += [
            Finding(
                kind="note",
                entry_id=entry_id,
                message=f"Entry {entry_id} looks like a note of the platform, which did not "
                "sign it.",
            )
            for entry_id in forged
        ]
        findings += await self._unused()
        findings += [
            Finding(
                kind="missing",
                message=f"No entry tells of the user {user_id}, who was made at "
                f"{made_at:{_MOMENT}:%S} UTC.",
            )
            for user_id, made_at in await self._witnesses.unexplained_users()
        ]
        findings += await self._waiting_too_long(remarks)
        for note in notes:
            why = f" ({note.reason})" if note.reason else ""
            if note.action == DESTROY:
                remarks.append(
                    f"On {note.at:{_MOMENT}} UTC {note.by} destroyed the proof of all entries "
                    f"before{why}; they were sealed anew, and nothing proves what they were."
                )
            elif note.action == ANCHOR and note.reason:
                file = note.facts.get("file") or "no anchor file"
                remarks.append(
                    f"On {note.at:{_MOMENT}} UTC {note.by} accepted {file} as the anchor{why}."
                )
        return await self._step("anchor", findings, 0, 1.0, None, remarks=remarks)

    async def _unused(self) -> list[Finding]:
        """Whether the trail tells of less than what people did."""
        use = await self._witnesses.use()
        if use.last_record_at is None:
            return []
        if use.last_entry_at is None or use.first_entry_at is None:
            message = "There is no audit entry at all, yet the platform was used: all were deleted."
            return [Finding(kind="empty", message=message)]
        if use.last_entry_at < use.last_record_at:
            message = (
                f"The last entry is of {use.last_entry_at:{_MOMENT}:%S} UTC, yet something was "
                f"made at {use.last_record_at:{_MOMENT}:%S} UTC: the end of the trail is gone."
            )
            return [Finding(kind="empty", message=message)]
        first = await self._seals.checkpoints_after(0, limit=1)
        is_pruned = bool(first) and first[0].checkpoint.pruned_at is not None
        begins_late = (
            use.first_role_at is not None
            and use.first_entry_at > use.first_role_at + CLOCK_SLACK
            and not is_pruned
        )
        if begins_late:
            message = (
                f"The trail begins on {use.first_entry_at:{_MOMENT}} UTC, yet the platform was "
                f"used since {use.first_role_at:{_MOMENT}} UTC: its beginning is gone."
            )
            return [Finding(kind="empty", message=message)]
        return []

    async def _waiting_too_long(self, remarks: list[str]) -> list[Finding]:
        oldest = await self._witnesses.oldest_waiting_at()
        if oldest is None or clock.now() - oldest < _LONG_WAIT:
            return []
        since = f"wait for their seal since {oldest:{_MOMENT}} UTC"
        last = await self._seals.last_checkpoint()
        if last is not None and last.checkpoint.sealed_at > oldest + _LONG_WAIT:
            message = f"Entries {since}, though later ones were sealed."
            return [Finding(kind="waiting", message=message)]
        remarks.append(f"Entries {since}: does a server run?")
        return []

    async def _step(
        self,
        part: Any,
        findings: Sequence[Finding],
        checked: int,
        progress: float,
        cursor: str | None,
        *,
        sealed: int | None = None,
        remarks: Sequence[str] = (),
    ) -> Verification:
        end, chain_hash = await self._seals.end()
        findings, acknowledged = await self._acknowledged(findings)
        return Verification(
            findings=findings[:MOST_FINDINGS],
            faults=len(findings),
            acknowledged=acknowledged,
            remarks=list(remarks),
            checked=checked,
            part=part,
            progress=round(progress, 4),
            sealed=end if sealed is None else sealed,
            head=str(Place(end, chain_hash.hex())) if end else "",
            waiting=await self._seals.count_waiting(),
            next_cursor=cursor,
        )

    async def _acknowledged(
        self, findings: Sequence[Finding]
    ) -> tuple[list[Finding], list[Acknowledged]]:
        """The findings without the irregularities of time that were explained, and these."""
        if not any(finding.kind == "clock" for finding in findings):
            return list(findings), []
        notes, _ = await self._witnesses.notes()
        by_place = {
            place: note
            for note in notes
            if note.action == ACKNOWLEDGE
            for place in note.facts.get("places", ())
        }
        open_ones: list[Finding] = []
        explained: list[Acknowledged] = []
        for finding in findings:
            note = by_place.get(finding.place) if finding.kind == "clock" else None
            if note is None:
                open_ones.append(finding)
            else:
                explained.append(
                    Acknowledged(
                        finding=finding,
                        by=note.by,
                        at=note.at,
                        reason=note.reason,
                        entry_id=note.entry_id,
                    )
                )
        return open_ones, explained


def _gap(anchored: Checkpoint, before: int) -> Iterator[Finding]:
    if anchored.first_seq > before + 1:
        message = (
            f"The anchor file lacks the checkpoints of seals {before + 1} to "
            f"{anchored.first_seq - 1}."
        )
        yield Finding(kind="anchor", seq=before + 1, message=message)


def _without_tables(missing: Sequence[str]) -> Verification:
    findings = [
        Finding(kind="schema", message=f"The table {name} of the audit trail is missing.")
        for name in missing
    ]
    return Verification(
        findings=findings,
        faults=len(findings),
        checked=0,
        part="chain",
        progress=1.0,
        sealed=0,
        waiting=0,
    )


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
