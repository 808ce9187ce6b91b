"""Sealing the trail, anchoring it and shortening it, on real databases."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from app.core import clock
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.errors import PermissionDenied, Unavailable
from app.core.ids import new_id
from app.core.sealing import Keys
from app.features.audit.anchor import Anchor
from app.features.audit.models import AuditAnchor
from app.features.audit.schemas import Pruned
from app.features.audit.seal_service import SealService
from app.scheduling import run
from app.settings import Settings, load_settings
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform, open_platform
from tests.app.features.audit.seals.trail import (
    BATCHES,
    ENTRY,
    LAST,
    SIZE,
    entry_of,
    execute,
    fetch,
    last_part,
    seqs,
    verify,
)

pytestmark = pytest.mark.slow

COLUMNS = list(AuditAnchor.model_fields)


def without_anchor(platform: Platform) -> Settings:
    """The same settings without an anchor file."""
    audit = platform.settings.audit.model_copy(update={"anchor_file": None})
    return platform.settings.model_copy(update={"audit": audit})


class TestSeal:
    """Seal entries."""

    async def test_every_entry_once(self, platform: Platform, sealed: Caller) -> None:
        """Seals are numbered without gaps, in the order of the entries, each with a checkpoint."""
        entries = [entry.id for entry in await platform.audit()]

        assert await seqs(platform) == list(range(1, LAST + 1))
        assert [await entry_of(platform, seq) for seq in range(1, LAST + 1)] == entries
        ends = await fetch(platform, "SELECT last_seq FROM core_audit_checkpoints ORDER BY 1")
        assert ends == [(4,), (8,), (12,)]
        assert await fetch(platform, "SELECT * FROM core_audit_unsealed") == []
        assert await verify(sealed) == []

    async def test_nothing_to_do(self, sealed: Caller, platform: Platform) -> None:
        """Without new entries nothing is written, not even a checkpoint."""
        assert (await sealed(SealService.seal)).entries == 0
        assert len(await fetch(platform, "SELECT 1 FROM core_audit_checkpoints")) == BATCHES

    async def test_leaves_no_entry_of_its_own(self, platform: Platform, sealed: Caller) -> None:
        """Sealing is not an action that would have to be sealed."""
        assert await platform.audit(action="audit.seal") == []

    async def test_late_entry(
        self, platform: Platform, system: Caller, make_user: UserFactory
    ) -> None:
        """An entry that becomes visible after later ones is sealed behind them, and verifies."""
        early = new_id()
        await make_user()
        await system(SealService.seal)
        [entry] = await platform.audit()
        async with (await platform.database()).writing.begin() as connection:
            late = entry.model_dump() | {"id": early}
            await connection.execute(AuditEntry.__table__.insert(), [late])  # type: ignore[attr-defined]
        await system(SealService.seal)

        assert await entry_of(platform, 2) == early
        assert early < await entry_of(platform, 1)
        assert await verify(system) == []

    async def test_two_sealers(
        self, platform: Platform, system: Caller, make_user: UserFactory
    ) -> None:
        """Two that seal at once seal every entry once."""
        for _ in range(20):
            await make_user()
        await asyncio.gather(*(system(SealService.seal, limit=7) for _ in range(6)))
        await system(SealService.seal)

        assert await seqs(platform) == list(range(1, 21))
        assert await verify(system) == []

    async def test_values_of_all_kinds(self, platform: Platform, system: Caller) -> None:
        """Whatever an entry holds verifies after it was stored and read again."""
        odd = {
            "none": None,
            "numbers": [0, -1, 1.5, 1e300, 0.1 + 0.2, 2**70],
            "words": 'Zoë 🎈 "quoted" \\ \n\t',
            "nested": {"b": {"z": 1, "a": [True, False]}, "a": []},
        }
        async with (await platform.database()).writing.begin() as connection:
            entry = AuditEntry(
                at=clock.now(),
                action="thing.do",
                outcome="succeeded",
                actor_kind="system",
                actor_name="Zoë 🎈",
                changes=[{"field": "x", "before": odd, "after": None}],
                detail=odd,
                request_id="r",
                channel="cli",
            )
            await connection.execute(AuditEntry.__table__.insert(), [entry.model_dump()])  # type: ignore[attr-defined]
        await system(SealService.seal)

        assert await verify(system) == []

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Nobody else seals, and the attempt is recorded."""
        with pytest.raises(PermissionDenied):
            await call(SealService.seal)

        assert len(await platform.audit(action="audit.seal", outcome="denied")) == 1


class TestAnchor:
    """Checkpoints outside the database."""

    async def test_lines(self, platform: Platform, sealed: Caller) -> None:
        """Each checkpoint is one line, however often it is asked for."""
        await sealed(SealService.anchor)

        anchor = platform.settings.audit.anchor_file
        assert anchor is not None
        lines = [json.loads(line) for line in anchor.read_text().splitlines()]
        assert [line["checkpoint"]["last_seq"] for line in lines] == [4, 8, 12]

    async def test_torn_line(
        self, platform: Platform, sealed: Caller, make_user: UserFactory
    ) -> None:
        """What a power cut left of a line is completed, not repeated."""
        anchor = platform.settings.audit.anchor_file
        assert anchor is not None
        await make_user()
        await sealed(SealService.seal)
        before = anchor.read_bytes()
        known = await fetch(platform, "SELECT * FROM core_audit_anchor")
        await sealed(SealService.anchor)
        whole = anchor.read_bytes()
        # The power was cut before the database knew of the line.
        values = dict(zip(COLUMNS, known[0], strict=True))
        assignments = ", ".join(f"{name} = :{name}" for name in COLUMNS)
        await execute(platform, f"UPDATE core_audit_anchor SET {assignments}", **values)
        anchor.write_bytes(whole[: len(before) + 50])
        await sealed(SealService.anchor)

        assert anchor.read_bytes() == whole
        assert await verify(sealed) == []

    async def test_foreign_line(self, platform: Platform, sealed: Caller) -> None:
        """A line that we did not write is named."""
        anchor = platform.settings.audit.anchor_file
        assert anchor is not None
        anchor.write_bytes(anchor.read_bytes().replace(b'"last_seq":8', b'"last_seq":7'))

        [finding] = await verify(sealed)

        assert finding.kind == "anchor"

    async def test_without(
        self, platform: Platform, system: Caller, make_user: UserFactory
    ) -> None:
        """Without a file nothing is written, and the rest is verified."""
        async with open_platform(without_anchor(platform)) as other:
            call = other.caller(SYSTEM)
            await make_user()
            await call(SealService.seal)
            assert not await call(SealService.anchor)
            assert not await call(SealService.is_anchor_new)
            assert await verify(call) == []

    async def test_given_up(self, platform: Platform, sealed: Caller) -> None:
        """A trail that was anchored and is no more is told of, until somebody says why."""
        async with open_platform(without_anchor(platform)) as other:
            call = other.caller(SYSTEM)
            [finding] = await verify(call)
            await call(SealService.accept_anchor, "We keep exports instead.")
            await call(SealService.seal)
            last = await last_part(call)

        assert finding.kind == "anchor"
        assert last.findings == []
        assert "accepted no anchor file" in last.remarks[0]
        assert "We keep exports instead." in last.remarks[0]

    async def test_lost_and_begun_anew(self, platform: Platform, sealed: Caller) -> None:
        """A file that was lost is not made anew by itself; somebody has to accept that, and why."""
        anchor = platform.settings.audit.anchor_file
        assert anchor is not None
        whole = anchor.read_bytes()
        anchor.unlink()
        await sealed(SealService.anchor)
        assert not anchor.exists()
        [finding] = await verify(sealed)
        await sealed(SealService.accept_anchor, "The disk was exchanged.")

        assert finding.kind == "anchor"
        assert "is missing" in finding.message
        assert anchor.read_bytes() == whole
        assert await verify(sealed) == []

    async def test_no_folder(self, platform: Platform, system: Caller, tmp_path: Path) -> None:
        """Where the folder is missing it is not made: another disk may belong there."""
        audit = platform.settings.audit.model_copy(
            update={"anchor_file": tmp_path / "disk" / "anchor"}
        )
        settings = platform.settings.model_copy(update={"audit": audit})
        async with open_platform(settings) as other:
            call = other.caller(SYSTEM)
            assert not await call(SealService.anchor)
            assert not await call(SealService.is_anchor_new)
            with pytest.raises(Unavailable):
                await call(SealService.accept_anchor, "A new disk.")

        assert not (tmp_path / "disk").exists()


class TestKeys:
    """Signing keys come and go."""

    async def test_former_key(
        self, platform: Platform, sealed: Caller, make_user: UserFactory
    ) -> None:
        """What another key signed counts when that key is said to be a former one."""
        keys = await platform.container.get(Keys)
        settings = platform.settings
        # Neither checkpoints nor lines of the anchor file are ours then, nor what is known of it.
        unknown = ["checkpoint"] * BATCHES + ["anchor"] * (BATCHES + 1)
        for former, expected in (([keys.public], []), ([], unknown)):
            audit = load_settings(
                audit={
                    "signing_key": "another key" * 4,
                    "former_keys": former,
                    "anchor_file": settings.audit.anchor_file,
                }
            ).audit
            async with open_platform(settings.model_copy(update={"audit": audit})) as other:
                found = await verify(other.caller(SYSTEM))
                assert [finding.kind for finding in found] == expected


class TestPrune:
    """Delete what the retention policy no longer keeps."""

    KEEP = {"keep_security_days": 30, "keep_changes_days": 30, "keep_reads_days": 30}  # noqa: RUF012

    @pytest.fixture
    async def old(self, platform: Platform, system: Caller, make_user: UserFactory) -> Caller:
        """A trail of three batches that are 90, 60 and 10 days old."""
        for days in (90, 60, 10):
            with time_machine.travel(clock.now() - timedelta(days=days), tick=True):
                for _ in range(SIZE):
                    await make_user()
                await system(SealService.seal)
        await system(SealService.anchor)
        return system

    def with_policy(self, platform: Platform, **keep: int | None) -> Settings:
        """Settings that keep entries for so long."""
        audit = platform.settings.audit.model_copy(update=keep)
        return platform.settings.model_copy(update={"audit": audit})

    async def test_keeps_everything(self, old: Caller) -> None:
        """By default nothing goes."""
        assert await old(SealService.expired) == Pruned(entries=0, ranges=0, kept=0)

    async def test_whole_ranges(self, platform: Platform, old: Caller) -> None:
        """Old ranges go, their checkpoints stay, the rest verifies, and it is recorded."""
        async with open_platform(self.with_policy(platform, **self.KEEP)) as other:
            call = other.caller(SYSTEM)
            planned = await call(SealService.expired)
            done = await call(SealService.prune)

            assert planned == done == Pruned(entries=8, ranges=2, kept=0)
            assert await seqs(platform) == [9, 10, 11, 12]
            assert len(await fetch(platform, "SELECT 1 FROM core_audit_checkpoints")) == BATCHES
            assert await verify(call) == []
            assert (await call(SealService.expired)).entries == 0
        [entry] = await platform.audit(action="audit.prune")
        assert entry.detail == {"entries": 8, "ranges": 2, "kept": 0, "seals": "1-4, 5-8"}

    async def test_names_go_with_the_last_entry(self, platform: Platform, old: Caller) -> None:
        """The search forgets what no entry is left of, and nothing else."""
        labels = {entry.id: entry.target_label for entry in await platform.audit()}
        async with open_platform(self.with_policy(platform, **self.KEEP)) as other:
            await other.caller(SYSTEM)(SealService.prune)

        left = {labels[await entry_of(platform, seq)] for seq in await seqs(platform)}
        known = await fetch(platform, "SELECT label FROM core_audit_subjects WHERE type = 'user'")
        assert len(left) == SIZE
        assert {row[0] for row in known} == left

    async def test_everything(self, platform: Platform, old: Caller) -> None:
        """When all ranges went, sealing goes on where it was."""
        with time_machine.travel(clock.now() + timedelta(days=60), tick=True):
            async with open_platform(self.with_policy(platform, **self.KEEP)) as other:
                call = other.caller(SYSTEM)
                await call(SealService.prune)
                await call(SealService.seal)

                assert await seqs(platform) == [LAST + 1]
                assert await verify(call) == []

    async def test_class_that_is_kept(self, platform: Platform, old: Caller) -> None:
        """A range with one entry of a class that is kept stays."""
        keep = self.KEEP | {"keep_security_days": None}
        async with open_platform(self.with_policy(platform, **keep)) as other:
            assert (await other.caller(SYSTEM)(SealService.expired)).entries == 0

    async def test_evidence_stays(self, platform: Platform, old: Caller) -> None:
        """What does not verify is not deleted."""
        await execute(
            platform, f"UPDATE core_audit_entries SET outcome = 'x' WHERE id = {ENTRY.format(2)}"
        )
        async with open_platform(self.with_policy(platform, **self.KEEP)) as other:
            call = other.caller(SYSTEM)
            assert await call(SealService.prune) == Pruned(entries=4, ranges=1, kept=4)
            assert [found.seq for found in await verify(call)] == [2]

    async def test_forged_pruning(self, platform: Platform, old: Caller) -> None:
        """Seals in a range that was pruned are noticed."""
        saved = await fetch(
            platform,
            "SELECT chain, seq, entry_id, form, entry_hash, chain_hash "
            "FROM core_audit_seals WHERE seq = 2",
        )
        async with open_platform(self.with_policy(platform, **self.KEEP)) as other:
            call = other.caller(SYSTEM)
            await call(SealService.prune)
            names = ("chain", "seq", "entry_id", "form", "entry_hash", "chain_hash")
            signs = ", ".join(f":{name}" for name in names)
            await execute(
                platform,
                f"INSERT INTO core_audit_seals ({', '.join(names)}) VALUES ({signs})",
                **dict(zip(names, saved[0], strict=True)),
            )

            assert [found.kind for found in await verify(call)] == ["checkpoint"]

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller) -> None:
        """Not everybody deletes."""
        with pytest.raises(PermissionDenied):
            await call(SealService.prune)


class TestJobs:
    """What the platform does by itself."""

    async def test_seals_and_anchors(
        self, platform: Platform, system: Caller, make_user: UserFactory
    ) -> None:
        """One run seals all that waits, anchors it, and notes in the trail that it is anchored."""
        for _ in range(3):
            await make_user()
        job = next(job for job in platform.registry.jobs if job.id == "audit.seal")

        await run(job, platform.container)

        assert await seqs(platform) == [1, 2, 3, 4]
        assert Anchor(platform.settings.audit.anchor_file).last_seq() == 4
        [note] = await platform.audit(action="audit.accept_anchor")
        assert note.detail["file"] == str(platform.settings.audit.anchor_file)
        assert job.at_shutdown

    async def test_prunes(self, platform: Platform, sealed: Caller) -> None:
        """Without a policy the job leaves no trace."""
        job = next(job for job in platform.registry.jobs if job.id == "audit.prune")

        await run(job, platform.container)

        assert await platform.audit(action="audit.prune") == []
