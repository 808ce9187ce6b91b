"""The sealed trail on real databases: what is altered by SQL is caught and named."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import text

from app.core import clock
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.errors import Invalid, PermissionDenied
from app.core.ids import new_id
from app.core.sealing import Keys, entry_hash, link
from app.features.audit.anchor import Anchor
from app.features.audit.schemas import Finding, Pruned, VerifyQuery
from app.features.audit.service import SealService
from app.scheduling import run
from app.settings import Settings, load_settings
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform, open_platform

BATCHES, SIZE = 3, 4
LAST = BATCHES * SIZE

ENTRY = "(SELECT entry_id FROM core_audit_seals WHERE seq = {})"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with an anchor file."""
    audit = settings.audit.model_copy(update={"anchor_file": tmp_path / "anchor.jsonl"})
    return settings.model_copy(update={"audit": audit})


@pytest.fixture
async def system(platform: Platform) -> Caller:
    """Calls operations as the platform itself, on a trail without any entry."""
    await execute(platform, "DELETE FROM core_audit_unsealed", "DELETE FROM core_audit_entries")
    return platform.caller(SYSTEM)


@pytest.fixture
async def sealed(platform: Platform, system: Caller, make_user: UserFactory) -> Caller:
    """The same on a trail of three batches of four entries, sealed and anchored."""
    for _ in range(BATCHES):
        for _ in range(SIZE):
            await make_user()
        await system(SealService.seal)
    await system(SealService.anchor)
    return system


async def execute(platform: Platform, *statements: str, **values: Any) -> None:
    """Do what the platform never does, in one transaction."""
    async with (await platform.database()).writing.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement), values)


async def fetch(platform: Platform, statement: str) -> list[tuple[Any, ...]]:
    """What a statement finds."""
    async with (await platform.database()).reading.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def seqs(platform: Platform) -> list[int]:
    """The numbers of all seals."""
    return [row[0] for row in await fetch(platform, "SELECT seq FROM core_audit_seals ORDER BY 1")]


async def entry_of(platform: Platform, seq: int) -> UUID:
    """The id of the entry with this seal."""
    [[entry_id]] = await fetch(platform, f"SELECT entry_id FROM core_audit_seals WHERE seq = {seq}")
    return entry_id if isinstance(entry_id, UUID) else UUID(entry_id)


async def verify(call: Caller, limit: int = 5) -> list[Finding]:
    """All that a verification finds, part by part."""
    findings, cursor = [], None
    while True:
        part = await call(SealService.verify, VerifyQuery(cursor=cursor, limit=limit))
        findings += part.findings
        cursor = part.next_cursor
        if cursor is None:
            return findings


async def swap_entries(platform: Platform, one: int, other: int) -> None:
    """Give two entries each other's ids."""
    first, second = await entry_of(platform, one), await entry_of(platform, other)
    is_sqlite = (await platform.database()).is_sqlite
    ids = [entry.hex if is_sqlite else entry for entry in (first, second, new_id())]
    for old, new in ((0, 2), (1, 0), (2, 1)):
        statement = "UPDATE core_audit_entries SET id = :new WHERE id = :old"
        await execute(platform, statement, old=ids[old], new=ids[new])
    await execute(platform, "DELETE FROM core_audit_unsealed")


async def insert_copy(platform: Platform, *, ago: timedelta, queued: bool) -> None:
    """Add an entry by hand that looks like the others."""
    [entry, *_] = await platform.audit()
    forged = entry.model_dump() | {"id": new_id(), "at": clock.now() - ago, "actor_name": "Mallory"}
    async with (await platform.database()).writing.begin() as connection:
        await connection.execute(AuditEntry.__table__.insert(), [forged])  # type: ignore[attr-defined]
        if not queued:
            await connection.execute(text("DELETE FROM core_audit_unsealed"))


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


Tamper = Callable[[Platform], Coroutine[Any, Any, None]]


def by_sql(*statements: str) -> Tamper:
    """Tamper by these statements."""

    async def tamper(platform: Platform) -> None:
        await execute(platform, *statements)

    return tamper


def delete_from(seq: int) -> list[str]:
    """Delete entries and seals from this seal on, in the right order."""
    newer = f"IN (SELECT entry_id FROM core_audit_seals WHERE seq >= {seq})"
    return [
        f"DELETE FROM core_audit_entries WHERE id {newer}",
        f"DELETE FROM core_audit_seals WHERE seq >= {seq}",
    ]


FIELDS = {
    "at": "'2026-01-01 00:00:00.000000'",
    "action": "'user.delete'",
    "outcome": "'failed'",
    "actor_kind": "'user'",
    "actor_id": ENTRY.format(1),
    "actor_name": "'Mallory'",
    "actor_email": "'mallory@example.com'",
    "session_id": ENTRY.format(1),
    "target_type": "'role'",
    "target_id": "'1'",
    "target_label": "'somebody else'",
    "changes": "'[]'",
    "detail": """'{"a": 1}'""",
    "error_code": "'x'",
    "request_id": "'x'",
    "channel": "'console'",
    "address": "'192.0.2.99'",
    "user_agent": "'curl'",
    "duration_ms": "duration_ms + 1",
    "on_behalf_of": "'somebody else'",
    "trace_id": "'0123456789abcdef0123456789abcdef'",
    "module": "'roles'",
    "reason": "'because'",
}
SWAP_SEALS = [
    "UPDATE core_audit_seals SET seq = 99 WHERE seq = 6",
    "UPDATE core_audit_seals SET seq = 6 WHERE seq = 7",
    "UPDATE core_audit_seals SET seq = 7 WHERE seq = 99",
]
TAMPERING: dict[str, tuple[Tamper, str, int]] = {
    "entry deleted in the middle": (
        by_sql(f"DELETE FROM core_audit_entries WHERE id = {ENTRY.format(6)}"),
        "missing",
        6,
    ),
    "last sealed entry deleted": (
        by_sql(f"DELETE FROM core_audit_entries WHERE id = {ENTRY.format(LAST)}"),
        "missing",
        LAST,
    ),
    "entry and seal deleted": (
        by_sql(
            f"DELETE FROM core_audit_entries WHERE id = {ENTRY.format(6)}",
            "DELETE FROM core_audit_seals WHERE seq = 6",
        ),
        "missing",
        6,
    ),
    "seal deleted": (by_sql("DELETE FROM core_audit_seals WHERE seq = 6"), "missing", 6),
    "seal's hash altered": (
        by_sql("UPDATE core_audit_seals SET entry_hash = chain_hash WHERE seq = 6"),
        "seal",
        6,
    ),
    "seal's link altered": (
        by_sql("UPDATE core_audit_seals SET chain_hash = entry_hash WHERE seq = 6"),
        "seal",
        6,
    ),
    "seal's form altered": (
        by_sql("UPDATE core_audit_seals SET form = 2 WHERE seq = 6"),
        "seal",
        6,
    ),
    "seals swapped": (by_sql(*SWAP_SEALS), "reordered", 6),
    "checkpoint's hash altered": (
        by_sql("UPDATE core_audit_checkpoints SET chain_hash = previous_hash WHERE last_seq = 8"),
        "checkpoint",
        8,
    ),
    "checkpoint's time altered": (
        by_sql("UPDATE core_audit_checkpoints SET sealed_at = newest_at WHERE last_seq = 8"),
        "checkpoint",
        8,
    ),
    "checkpoint said to be pruned": (
        by_sql(
            "UPDATE core_audit_checkpoints SET pruned_at = sealed_at WHERE last_seq = 8",
            f"DELETE FROM core_audit_entries WHERE id = {ENTRY.format(5)}",
            "DELETE FROM core_audit_seals WHERE seq BETWEEN 5 AND 8",
        ),
        "checkpoint",
        8,
    ),
    "checkpoint in the middle deleted": (
        by_sql("DELETE FROM core_audit_checkpoints WHERE last_seq = 8"),
        "checkpoint",
        5,
    ),
    "last checkpoint deleted": (
        by_sql("DELETE FROM core_audit_checkpoints WHERE last_seq = 12"),
        "checkpoint",
        9,
    ),
    "end of the chain cut": (by_sql(*delete_from(11)), "missing", 11),
    "end of the chain cut with its checkpoint": (
        by_sql(*delete_from(9), "DELETE FROM core_audit_checkpoints WHERE last_seq > 8"),
        "truncated",
        9,
    ),
    "everything deleted": (
        by_sql(*delete_from(1), "DELETE FROM core_audit_checkpoints"),
        "truncated",
        1,
    ),
}


class TestVerify:
    """Verify the trail."""

    @pytest.mark.parametrize("name", TAMPERING)
    async def test_tampering(self, platform: Platform, sealed: Caller, name: str) -> None:
        """What was done is said first, with its place."""
        tamper, kind, seq = TAMPERING[name]
        await tamper(platform)

        [first, *_] = await verify(sealed)

        assert (first.kind, first.seq) == (kind, seq)
        # It is found in one go as well.
        assert first in await verify(sealed, limit=5000)

    @pytest.mark.parametrize("name", FIELDS)
    async def test_altered_field(self, platform: Platform, sealed: Caller, name: str) -> None:
        """An entry of which any field was altered is named."""
        entry = await entry_of(platform, 6)
        await execute(
            platform,
            f"UPDATE core_audit_entries SET {name} = {FIELDS[name]} WHERE id = {ENTRY.format(6)}",
        )

        [finding] = await verify(sealed)

        assert (finding.kind, finding.seq, finding.entry_id) == ("altered", 6, entry)

    def test_every_field_is_tried(self) -> None:
        """The list above has them all."""
        assert FIELDS.keys() == AuditEntry.model_fields.keys() - {"id"}

    @pytest.mark.parametrize("other", [7, 11])
    async def test_swapped_entries(self, platform: Platform, sealed: Caller, other: int) -> None:
        """Two entries that changed places are named, in one range or in two."""
        first, second = await entry_of(platform, 6), await entry_of(platform, other)
        await swap_entries(platform, 6, other)

        findings = await verify(sealed)

        assert [(found.kind, found.seq) for found in findings] == [
            ("reordered", 6),
            ("reordered", other),
        ]
        assert str(first) in findings[0].message
        assert str(second) in findings[0].message

    async def test_inserted_past_the_queue(self, platform: Platform, sealed: Caller) -> None:
        """An entry that no sealer was told of is named."""
        await insert_copy(platform, ago=timedelta(days=30), queued=False)
        await sealed(SealService.seal)

        [finding] = await verify(sealed)

        [forged] = await platform.audit(actor_name="Mallory")
        assert (finding.kind, finding.entry_id) == ("inserted", forged.id)

    async def test_inserted_with_an_old_date(self, platform: Platform, sealed: Caller) -> None:
        """An entry of the past that is sealed now is named."""
        await insert_copy(platform, ago=timedelta(days=30), queued=True)
        await sealed(SealService.seal)

        [finding] = await verify(sealed)

        [forged] = await platform.audit(actor_name="Mallory")
        assert (finding.kind, finding.entry_id) == ("inserted", forged.id)

    async def test_sealed_anew(self, platform: Platform, system: Caller, sealed: Caller) -> None:
        """Whoever calculates all hashes anew lacks the key: the range is named."""
        await execute(
            platform,
            f"UPDATE core_audit_entries SET actor_name = 'Mallory' WHERE id >= {ENTRY.format(6)}",
            "DELETE FROM core_audit_checkpoints",
            "DELETE FROM core_audit_seals",
            "INSERT INTO core_audit_unsealed SELECT id FROM core_audit_entries",
        )
        other = Settings.model_validate(
            platform.settings.model_copy(update={"data_dir": platform.settings.data_dir / "other"})
        )
        async with open_platform(other) as forger:
            for _ in range(BATCHES):
                await forger.caller(SYSTEM)(SealService.seal, limit=SIZE)

        [first, *_] = await verify(sealed)

        assert (first.kind, first.seq) == ("checkpoint", 4)

    async def test_hashes_calculated_anew(self, platform: Platform, sealed: Caller) -> None:
        """New hashes below the old signature are noticed."""
        await execute(
            platform,
            f"UPDATE core_audit_entries SET actor_name = 'Mallory' WHERE id = {ENTRY.format(6)}",
        )
        await reseal_without_key(platform, 5, 8)

        findings = await verify(sealed)

        assert [(found.kind, found.seq) for found in findings] == [("altered", 5)]
        assert "sealed anew" in findings[0].message

    async def test_goes_on_behind_a_finding(self, platform: Platform, sealed: Caller) -> None:
        """One thing that is wrong does not hide the next, nor is anything else suspected."""
        for seq in (2, 7, 12):
            await execute(
                platform,
                f"UPDATE core_audit_entries SET outcome = 'x' WHERE id = {ENTRY.format(seq)}",
            )

        findings = await verify(sealed)

        assert [found.seq for found in findings] == [2, 7, 12]

    async def test_sealing_goes_on(
        self, platform: Platform, sealed: Caller, make_user: UserFactory
    ) -> None:
        """After the end was cut new entries are sealed, and the cut is still seen."""
        statements = delete_from(9)
        await execute(
            platform, *statements, "DELETE FROM core_audit_checkpoints WHERE last_seq > 8"
        )
        for _ in range(SIZE + 2):
            await make_user()
        await sealed(SealService.seal)
        await sealed(SealService.anchor)

        findings = await verify(sealed)

        assert [(found.kind, found.seq) for found in findings] == [("checkpoint", 12)]

    @pytest.mark.parametrize(
        "cursor", ["x", "chain:x", "chain:-1", "chain:1" + "0" * 30, "entries:7", "anchor:a", ""]
    )
    async def test_damaged_cursor(self, system: Caller, cursor: str) -> None:
        """A cursor that is none of ours is refused, an empty one begins."""
        if not cursor:
            await system(SealService.verify, VerifyQuery(cursor=cursor))
            return
        with pytest.raises(Invalid):
            await system(SealService.verify, VerifyQuery(cursor=cursor))

    async def test_waiting_entries(self, sealed: Caller, make_user: UserFactory) -> None:
        """What has no seal yet is counted and suspects nobody."""
        await make_user()

        part = await sealed(SealService.verify, VerifyQuery())

        assert (part.sealed, part.waiting, part.checked) == (LAST, 1, LAST)
        assert await verify(sealed) == []

    @pytest.mark.actor(grants=["audit.read"])
    async def test_refused(self, call: Caller) -> None:
        """Whoever may read may not yet verify."""
        with pytest.raises(PermissionDenied):
            await call(SealService.verify, VerifyQuery())


class TestUnreadable:
    """SQLite takes values of any type, so somebody may write what cannot be read."""

    @pytest.fixture
    def database_url(self, sqlite_url: str) -> str:
        """PostgreSQL would refuse."""
        return sqlite_url

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE core_audit_entries SET at = 'yesterday' WHERE id = {}",
            "UPDATE core_audit_entries SET changes = '{{' WHERE id = {}",
            "UPDATE core_audit_entries SET changes = '' WHERE id = {}",
            "UPDATE core_audit_entries SET duration_ms = 'x' WHERE id = {}",
            "UPDATE core_audit_entries SET actor_id = 'me' WHERE id = {}",
            "UPDATE core_audit_entries SET target_label = CAST(X'ff' AS TEXT) WHERE id = {}",
        ],
    )
    async def test_entries(self, platform: Platform, sealed: Caller, statement: str) -> None:
        """An entry into which something was written that is none of ours is altered, no defect."""
        entry = await entry_of(platform, 6)
        await execute(platform, statement.format(ENTRY.format(6)))

        [finding] = await verify(sealed)

        assert (finding.kind, finding.entry_id) == ("altered", entry)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE core_audit_seals SET chain_hash = 'x' WHERE seq = 6",
            "UPDATE core_audit_seals SET form = 'x' WHERE seq = 6",
            "UPDATE core_audit_checkpoints SET kinds = 7, last_seq = 9000000000 WHERE last_seq = 8",
            "UPDATE core_audit_checkpoints SET newest_at = 'x' WHERE last_seq = 8",
            "UPDATE core_audit_checkpoints SET signature = 'ö' WHERE last_seq = 8",
        ],
    )
    async def test_seals(self, platform: Platform, sealed: Caller, statement: str) -> None:
        """Neither are seals and checkpoints."""
        await execute(platform, statement)

        findings = await verify(sealed)

        assert findings[0].seq in (5, 6, 8)


async def reseal_without_key(platform: Platform, first: int, last: int) -> None:
    """Calculate the hashes of a range anew, as anybody can."""
    entries = {entry.id: entry.model_dump() for entry in await platform.audit()}
    sql = f"SELECT chain_hash FROM core_audit_seals WHERE seq = {first - 1}"
    [[chain_hash]] = await fetch(platform, sql)
    for seq in range(first, last + 1):
        entry_id = await entry_of(platform, seq)
        hashed = entry_hash(entries[entry_id])
        chain_hash = link(bytes(chain_hash), seq, entry_id, 1, hashed)
        statement = "UPDATE core_audit_seals SET entry_hash = :e, chain_hash = :c WHERE seq = :s"
        await execute(platform, statement, e=hashed, c=chain_hash, s=seq)


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
        whole = anchor.read_bytes()
        anchor.write_bytes(whole[:-50])
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

    async def test_without(self, sealed: Caller, platform: Platform) -> None:
        """Without a file nothing is written, and the rest is verified."""
        audit = platform.settings.audit.model_copy(update={"anchor_file": None})
        async with open_platform(platform.settings.model_copy(update={"audit": audit})) as other:
            call = other.caller(SYSTEM)
            assert not await call(SealService.anchor)
            assert await verify(call) == []


class TestKeys:
    """Signing keys come and go."""

    async def test_former_key(
        self, platform: Platform, sealed: Caller, make_user: UserFactory
    ) -> None:
        """What another key signed counts when that key is said to be a former one."""
        keys = await platform.container.get(Keys)
        settings = platform.settings
        for former, expected in (([keys.public], []), ([], ["checkpoint"] * BATCHES)):
            audit = load_settings(
                audit={"signing_key": "another key" * 4, "former_keys": former}
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
        """One run seals all that waits, batch by batch, and anchors it."""
        for _ in range(3):
            await make_user()
        job = next(job for job in platform.registry.jobs if job.id == "audit.seal")

        await run(job, platform.container)

        assert await seqs(platform) == [1, 2, 3]
        assert Anchor(platform.settings.audit.anchor_file).last_seq() == 3
        assert job.at_shutdown

    async def test_prunes(self, platform: Platform, sealed: Caller) -> None:
        """Without a policy the job leaves no trace."""
        job = next(job for job in platform.registry.jobs if job.id == "audit.prune")

        await run(job, platform.container)

        assert await platform.audit(action="audit.prune") == []
