"""A trail of which something is missing is never sound, whatever else was removed with it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from app.core import clock
from app.core.actor import SYSTEM
from app.core.errors import Invalid
from app.core.migrations import Migrator
from app.features.audit.schemas import VerifyQuery
from app.features.audit.seal_service import SealService
from app.scheduling import run
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform, open_platform
from tests.app.features.audit.seals.test_seals import without_anchor
from tests.app.features.audit.seals.trail import (
    LAST,
    SIZE,
    execute,
    last_part,
    verify,
)

pytestmark = pytest.mark.slow

ALL = ("entries", "unsealed", "seals", "checkpoints", "anchor")


def cut(last: int) -> list[str]:
    """Cut the trail behind a seal, with everything in the database that knows of the rest."""
    newer = f"IN (SELECT entry_id FROM core_audit_seals WHERE seq > {last})"
    return [
        f"DELETE FROM core_audit_entries WHERE id {newer}",
        f"DELETE FROM core_audit_seals WHERE seq > {last}",
        f"DELETE FROM core_audit_checkpoints WHERE last_seq > {last}",
        "DELETE FROM core_audit_entries WHERE id IN (SELECT entry_id FROM core_audit_unsealed)",
        "DELETE FROM core_audit_unsealed",
    ]


def shorten(anchor: Path, lines: int) -> None:
    """Leave so many lines of the anchor file."""
    anchor.write_bytes(b"".join(anchor.read_bytes().splitlines(keepends=True)[:lines]))


def remove(anchor: Path) -> None:
    """Delete the file."""
    anchor.unlink()


def emptied(anchor: Path) -> None:
    """Leave nothing of the file's content."""
    anchor.write_bytes(b"")


def with_gap(anchor: Path) -> None:
    """Take a line out of the file's middle."""
    lines = anchor.read_bytes().splitlines(keepends=True)
    anchor.write_bytes(b"".join([lines[0], *lines[2:]]))


def folder(anchor: Path) -> None:
    """Put something else in the file's place."""
    anchor.unlink()
    anchor.mkdir()


def shortened(anchor: Path) -> None:
    """Leave as much of the file as is left of a trail that was cut behind seal 8."""
    shorten(anchor, 2)


def untouched(_anchor: Path) -> None:
    """Leave the file as it is."""


FORGET = "DELETE FROM core_audit_anchor"

ABSENCE: dict[str, tuple[list[str], Callable[[Path], None], str]] = {
    "anchor deleted": ([], remove, "anchor"),
    "anchor emptied": ([], emptied, "anchor"),
    "anchor shortened": ([], shortened, "anchor"),
    "anchor with a gap": ([], with_gap, "anchor"),
    "anchor replaced by a folder": ([], folder, "anchor"),
    "tail cut": (cut(8), untouched, "truncated"),
    "tail cut and anchor deleted": (cut(8), remove, "anchor"),
    "tail cut and anchor emptied": (cut(8), emptied, "anchor"),
    "tail cut and anchor shortened": (cut(8), shortened, "anchor"),
    "tail cut and anchor shortened and its row altered": (
        [*cut(8), "UPDATE core_audit_anchor SET last_seq = 8"],
        shortened,
        "anchor",
    ),
    "tail cut and anchor forgotten": ([*cut(8), FORGET], remove, "missing"),
    "everything deleted": (
        [f"DELETE FROM core_audit_{name}" for name in ALL],
        remove,
        "missing",
    ),
    "anchor's row deleted": ([FORGET], untouched, "anchor"),
}


@pytest.fixture
async def anchored(platform: Platform, sealed: Caller) -> Caller:
    """The sealed trail, which itself tells that it is anchored."""
    await sealed(SealService.accept_anchor)
    await sealed(SealService.seal)
    await sealed(SealService.anchor)
    return sealed


@pytest.fixture
def anchor(platform: Platform) -> Path:
    """The anchor file."""
    file = platform.settings.audit.anchor_file
    assert file is not None
    return file


async def work(platform: Platform) -> None:
    """What the sealer does every five seconds."""
    await run(
        next(job for job in platform.registry.jobs if job.id == "audit.seal"), platform.container
    )


class TestAbsence:
    """What is not there any more."""

    async def test_nothing_missing(self, platform: Platform, anchored: Caller) -> None:
        """A trail of which nothing is missing is sound."""
        await work(platform)

        assert await verify(anchored) == []

    @pytest.mark.parametrize("name", ABSENCE)
    async def test_is_found(
        self, platform: Platform, anchored: Caller, anchor: Path, name: str
    ) -> None:
        """What is missing is said, and the sealer's next run does not cover it up."""
        statements, spoil, kind = ABSENCE[name]
        await execute(platform, *statements)
        spoil(anchor)
        before = [finding.kind for finding in await verify(anchored)]
        await work(platform)
        after = [finding.kind for finding in await verify(anchored)]

        assert kind in before
        assert kind in after

    async def test_setting_removed(
        self, platform: Platform, anchored: Caller, anchor: Path
    ) -> None:
        """The trail remembers its anchor when setting, file and the database's row are gone."""
        await execute(platform, FORGET)
        remove(anchor)
        async with open_platform(without_anchor(platform)) as other:
            [finding] = await verify(other.caller(SYSTEM))

        assert finding.kind == "anchor"
        assert str(anchor) in finding.message

    async def test_beginning_replaced(
        self, platform: Platform, system: Caller, make_user: UserFactory
    ) -> None:
        """A trail that was deleted and begins anew is younger than the platform's roles."""
        long_ago = "2026-01-01 00:00:00.000000"
        await execute(platform, f"UPDATE core_roles SET created_at = '{long_ago}'")
        await make_user()
        await system(SealService.seal)

        [finding] = await verify(system)

        assert finding.kind == "empty"

    async def test_anchor_falls_behind(
        self, platform: Platform, anchored: Caller, make_user: UserFactory
    ) -> None:
        """What was sealed long ago and never reached the anchor file is a fault."""
        await make_user()
        await anchored(SealService.seal)
        assert await verify(anchored) == []
        with time_machine.travel(clock.now() + timedelta(hours=1), tick=True):
            [finding] = await verify(anchored)

        assert finding.kind == "anchor"

    async def test_queued_anew(self, platform: Platform, anchored: Caller) -> None:
        """An old entry that waits for a seal although later ones were sealed is a fault."""
        with time_machine.travel(clock.now() + timedelta(hours=3), tick=True):
            await anchored(SealService.accept_anchor, "Later.")
            await anchored(SealService.seal)
            await execute(
                platform,
                "INSERT INTO core_audit_unsealed "
                "SELECT entry_id FROM core_audit_seals WHERE seq = 2",
                "DELETE FROM core_audit_seals WHERE seq = 2",
            )
            kinds = [finding.kind for finding in await verify(anchored)]

        assert "waiting" in kinds

    async def test_deleted_before_it_was_sealed(
        self, platform: Platform, anchored: Caller, make_user: UserFactory
    ) -> None:
        """An entry that was deleted while it waited leaves its place in the queue."""
        await make_user()
        await make_user()
        await execute(
            platform,
            "DELETE FROM core_audit_entries "
            "WHERE id = (SELECT entry_id FROM core_audit_unsealed ORDER BY entry_id LIMIT 1)",
        )
        await work(platform)

        messages = [finding.message for finding in await verify(anchored)]

        assert "was deleted while it waited" in messages[0]
        assert "No entry tells of the user" in messages[1]

    @pytest.mark.actor("admin")
    async def test_fresh_installation(self, platform: Platform) -> None:
        """Where nothing was sealed yet, a missing anchor file is no fault."""
        assert await verify(platform.caller(SYSTEM)) == []


class TestExpect:
    """A head that was noted elsewhere."""

    async def head(self, call: Caller) -> str:
        """The head as verification tells it."""
        return (await last_part(call)).head

    async def expected(self, call: Caller, head: str) -> list[str]:
        """What the first part finds."""
        part = await call(SealService.verify, VerifyQuery(expect=head))
        return [finding.kind for finding in part.findings if finding.kind == "expected"]

    async def test_still_there(
        self, platform: Platform, sealed: Caller, make_user: UserFactory
    ) -> None:
        """A head stays in the chain, however it grows."""
        head = await self.head(sealed)
        await make_user()
        await sealed(SealService.seal)

        assert head.startswith(f"{LAST}:")
        assert await self.expected(sealed, head) == []
        assert await self.head(sealed) != head

    async def test_consistent_cut(self, platform: Platform, sealed: Caller, anchor: Path) -> None:
        """Whoever cuts trail, anchor file and everything else is found by the head."""
        head = await self.head(sealed)
        await execute(platform, *cut(8), FORGET, "DELETE FROM core_users")
        remove(anchor)

        assert await verify(sealed) == []
        assert await self.expected(sealed, head) == ["expected"]

    async def test_history_invented_with_the_key(
        self, platform: Platform, sealed: Caller, anchor: Path
    ) -> None:
        """Whoever has the key and seals another history anew is found by the head."""
        head = await self.head(sealed)
        remove(anchor)
        await execute(
            platform,
            "UPDATE core_audit_entries SET actor_name = 'Mallory'",
            *(f"DELETE FROM core_audit_{name}" for name in ("seals", "checkpoints", "anchor")),
            "INSERT INTO core_audit_unsealed SELECT id FROM core_audit_entries",
        )
        for _ in range(LAST // SIZE):
            await sealed(SealService.seal, limit=SIZE)

        assert await verify(sealed) == []
        assert await self.expected(sealed, head) == ["expected"]

    async def test_only_at_first(self, sealed: Caller) -> None:
        """A head that is given too late to be compared is refused, not passed over."""
        head = await self.head(sealed)

        with pytest.raises(Invalid):
            await sealed(SealService.verify, VerifyQuery(cursor="entries:0", expect=head))

    @pytest.mark.parametrize("head", ["", "x", "0:" + "0" * 64, "1:" + "g" * 64, "1", ":", "1:0"])
    async def test_malformed(self, head: str) -> None:
        """What is no head is refused."""
        with pytest.raises(ValueError, match="expect"):
            VerifyQuery(expect=head)


BODY = "BEGIN SELECT RAISE(IGNORE); END"
DROPS = (
    f"CREATE TRIGGER t BEFORE INSERT ON core_audit_entries WHEN new.actor_name = 'Mallory' {BODY}"
)
OF_SQLITE: dict[str, list[str]] = {
    "drops one actor's entries": [DROPS],
    "rewrites entries": [
        (
            "CREATE TRIGGER t AFTER INSERT ON core_audit_entries BEGIN "
            "UPDATE core_audit_entries SET actor_name = 'Bob' WHERE id = new.id; END"
        )
    ],
    "keeps seals away": [f"CREATE TRIGGER t BEFORE INSERT ON core_audit_seals {BODY}"],
    "keeps entries from the queue": [
        f"CREATE TRIGGER t BEFORE INSERT ON core_audit_unsealed {BODY}"
    ],
    "deletes entries from another table": [
        "CREATE TABLE other (id INTEGER)",
        "CREATE TRIGGER t AFTER INSERT ON other BEGIN DELETE FROM core_audit_entries; END",
    ],
    "acts at another table of ours": [f"CREATE TRIGGER t BEFORE INSERT ON core_sessions {BODY}"],
    "queue's trigger dropped": ["DROP TRIGGER core_audit_entries_queue"],
    "queue's trigger altered": [
        "DROP TRIGGER core_audit_entries_queue",
        (
            "CREATE TRIGGER core_audit_entries_queue AFTER INSERT ON core_audit_entries "
            "WHEN new.actor_name <> 'Mallory' "
            "BEGIN INSERT INTO core_audit_unsealed VALUES (new.id); END"
        ),
    ],
    "view in a table's place": [
        "ALTER TABLE core_audit_unsealed RENAME TO elsewhere",
        "CREATE VIEW core_audit_unsealed AS SELECT * FROM elsewhere LIMIT 0",
    ],
    "table that passes over rows": [
        "DROP TABLE core_audit_unsealed",
        (
            "CREATE TABLE core_audit_unsealed (entry_id CHAR(32) NOT NULL PRIMARY KEY "
            "CHECK (entry_id < '5')) WITHOUT ROWID"
        ),
    ],
    "seals dropped": ["DROP TABLE core_audit_seals"],
}
_FUNCTION = (
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN IF NEW.actor_name = ''Mallory'' THEN RETURN NULL; END IF; RETURN NEW; END'"
)
OF_POSTGRES: dict[str, list[str]] = {
    "drops one actor's entries": [
        _FUNCTION,
        "CREATE TRIGGER t BEFORE INSERT ON core_audit_entries FOR EACH ROW EXECUTE FUNCTION f()",
    ],
    "acts at another table of ours": [
        _FUNCTION,
        "CREATE TRIGGER t BEFORE INSERT ON core_sessions FOR EACH ROW EXECUTE FUNCTION f()",
    ],
    "queue's trigger's name on another table": [
        _FUNCTION,
        (
            "CREATE TRIGGER core_audit_entries_queue BEFORE INSERT ON core_audit_seals "
            "FOR EACH ROW EXECUTE FUNCTION f()"
        ),
    ],
    "queue's trigger dropped": ["DROP TRIGGER core_audit_entries_queue ON core_audit_entries"],
    "queue's trigger disabled": [
        "ALTER TABLE core_audit_entries DISABLE TRIGGER core_audit_entries_queue"
    ],
    "queue's trigger only for some": [
        "DROP TRIGGER core_audit_entries_queue ON core_audit_entries",
        (
            "CREATE TRIGGER core_audit_entries_queue AFTER INSERT ON core_audit_entries "
            "FOR EACH ROW WHEN (NEW.actor_name <> 'Mallory') "
            "EXECUTE FUNCTION core_audit_entries_queue()"
        ),
    ],
    "queue's function altered": [
        (
            "CREATE OR REPLACE FUNCTION core_audit_entries_queue() RETURNS trigger "
            "LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
    ],
    "rule": [
        (
            "CREATE RULE r AS ON INSERT TO core_audit_entries WHERE NEW.actor_name = 'Mallory' "
            "DO INSTEAD NOTHING"
        )
    ],
    "row security": [
        "ALTER TABLE core_audit_entries ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON core_audit_entries USING (actor_name <> 'Mallory')",
    ],
    "policy that sleeps": ["CREATE POLICY p ON core_audit_seals USING (false)"],
    "constraint": [
        "ALTER TABLE core_audit_entries ADD CONSTRAINT c CHECK (actor_name <> 'Mallory')"
    ],
    "view in a table's place": [
        "ALTER TABLE core_audit_unsealed RENAME TO elsewhere",
        "CREATE VIEW core_audit_unsealed AS SELECT * FROM elsewhere LIMIT 0",
    ],
    "inherited rows": ["CREATE TABLE child () INHERITS (core_audit_entries)"],
    "seals dropped": ["DROP TABLE core_audit_seals"],
}


class TestSchema:
    """What the database does by itself."""

    @pytest.mark.parametrize("name", sorted(OF_SQLITE.keys() | OF_POSTGRES.keys()))
    async def test_is_found(self, platform: Platform, sealed: Caller, name: str) -> None:
        """Triggers, rules and policies that no migration made are said, by `db check` too."""
        is_sqlite = (await platform.database()).is_sqlite
        statements = (OF_SQLITE if is_sqlite else OF_POSTGRES).get(name, [])
        await execute(platform, *statements)

        part = await sealed(SealService.verify, VerifyQuery())
        differences = await (await platform.container.get(Migrator)).differences()

        assert any(finding.kind == "schema" for finding in part.findings) == bool(statements)
        assert bool(differences) == bool(statements)
