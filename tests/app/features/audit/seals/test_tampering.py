"""What is altered by SQL in a sealed trail is caught and named."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core import clock
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.errors import Invalid, PermissionDenied
from app.core.ids import new_id
from app.features.audit.schemas import VerifyQuery
from app.features.audit.seal_service import SealService
from app.settings import Settings
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
    reseal_without_key,
    seqs,
    verify,
)

pytestmark = pytest.mark.slow


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

        [finding, *more] = await verify(sealed)

        assert (finding.kind, finding.seq, finding.entry_id) == ("altered", 6, entry)
        # Without its target no entry tells of that user any more.
        is_target = name in ("target_type", "target_id")
        assert [found.kind for found in more] == (["missing"] if is_target else [])

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

        assert (findings[0].kind, findings[0].seq) == ("checkpoint", 12)
        # And no entry tells of the users who were made meanwhile.
        assert [found.kind for found in findings[1:]] == ["missing"] * SIZE

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
        "assignment", ["at = 'yesterday'", "changes = '{'", "target_label = CAST(X'ff' AS TEXT)"]
    )
    async def test_waiting(
        self, platform: Platform, sealed: Caller, make_user: UserFactory, assignment: str
    ) -> None:
        """One that waits for its seal gets none and holds up nobody else's."""
        for _ in range(3):
            await make_user()
        [[_], [second], [_]] = waiting = await fetch(
            platform, "SELECT entry_id FROM core_audit_unsealed ORDER BY 1"
        )
        change = f"UPDATE core_audit_entries SET {assignment} WHERE id = :id"
        await execute(platform, change, id=second)

        sealed_now = await sealed(SealService.seal)

        assert sealed_now.entries == len(waiting) - 1
        assert await fetch(platform, "SELECT * FROM core_audit_unsealed") == []
        assert await seqs(platform) == list(range(1, LAST + len(waiting)))
        [finding] = await verify(sealed)
        assert (finding.kind, finding.entry_id) == ("inserted", UUID(second))

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
