"""A clock that was wrong and set right: the reading is honest, and can be explained."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from pydantic import ValidationError

from app.core import clock
from app.core.errors import Conflict, PermissionDenied
from app.core.sealing import Keys
from app.features.audit.notes import ACKNOWLEDGE, note_of, signed_note
from app.features.audit.schemas import Acknowledge, Verification, VerifyQuery
from app.features.audit.seal_service import SealService
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform
from tests.app.features.audit.seals.trail import ENTRY, LAST, SIZE, execute, verify

pytestmark = pytest.mark.slow

TWO_HOURS = timedelta(hours=2)
REASON = "The time server was two hours ahead."


async def whole(call: Caller) -> Verification:
    """All parts of a verification as one."""
    part = await call(SealService.verify, VerifyQuery())
    findings, known = [*part.findings], [*part.acknowledged]
    while part.next_cursor is not None:
        part = await call(SealService.verify, VerifyQuery(cursor=part.next_cursor))
        findings += part.findings
        known += part.acknowledged
    return part.model_copy(update={"findings": findings, "acknowledged": known})


@pytest.fixture
async def set_right(platform: Platform, sealed: Caller, make_user: UserFactory) -> Caller:
    """The sealed trail, continued while the clock was two hours ahead, and afterwards."""
    with time_machine.travel(clock.now() + TWO_HOURS, tick=True):
        for _ in range(SIZE):
            await make_user()
        await sealed(SealService.seal)
    for _ in range(SIZE):
        await make_user()
    await sealed(SealService.seal)
    await make_user()
    await sealed(SealService.seal)
    await sealed(SealService.anchor)
    return sealed


class TestReading:
    """What verification says of it."""

    async def test_once(self, set_right: Caller) -> None:
        """It is one finding, which says between which entries times run backwards."""
        [finding] = await verify(set_right)

        assert (finding.kind, finding.seq) == ("clock", LAST + SIZE + 1)
        assert "Times run backwards between entries 16 and 17" in finding.message
        assert finding.place.startswith(f"{LAST + 2 * SIZE}:")

    async def test_within_one_batch(
        self, platform: Platform, sealed: Caller, make_user: UserFactory
    ) -> None:
        """A clock that is set right before the next seal is said as well."""
        with time_machine.travel(clock.now() + TWO_HOURS, tick=True):
            await make_user()
        await make_user()
        await sealed(SealService.seal)

        [finding] = await verify(sealed)

        assert finding.kind == "clock"
        assert "Times run backwards among entries 13 to 14" in finding.message

    async def test_a_day_behind(
        self, platform: Platform, sealed: Caller, make_user: UserFactory
    ) -> None:
        """A clock that falls behind is one finding, and none when it catches up."""
        with time_machine.travel(clock.now() - timedelta(days=1), tick=True):
            await make_user()
            await sealed(SealService.seal)
        await make_user()
        await sealed(SealService.seal)
        await sealed(SealService.anchor)

        assert [finding.kind for finding in await verify(sealed)] == ["clock"]

    async def test_hides_no_insertion(
        self, platform: Platform, set_right: Caller, make_user: UserFactory
    ) -> None:
        """An entry of long ago that is inserted afterwards is found all the same."""
        await make_user()
        long_ago = "2026-01-01 00:00:00.000000"
        await execute(
            platform,
            f"UPDATE core_audit_entries SET at = '{long_ago}' "
            "WHERE id IN (SELECT entry_id FROM core_audit_unsealed)",
        )
        await set_right(SealService.seal)

        assert [finding.kind for finding in await verify(set_right)] == ["clock", "inserted"]


class TestAcknowledge:
    """Explain it."""

    async def acknowledge(self, call: Caller) -> None:
        """Explain what verification finds."""
        places = [finding.place for finding in await verify(call)]
        await call(SealService.acknowledge, Acknowledge(places=places, reason=REASON))

    async def test_sound_again(self, platform: Platform, set_right: Caller) -> None:
        """Verification is sound again, before and after the note itself is sealed, and says so."""
        await self.acknowledge(set_right)
        before = await whole(set_right)
        await set_right(SealService.seal)
        after = await whole(set_right)

        [entry] = await platform.audit(action=ACKNOWLEDGE)
        for result in (before, after):
            assert result.findings == []
            [known] = result.acknowledged
            assert (known.by, known.reason, known.entry_id) == ("system", REASON, entry.id)
            assert "Times run backwards" in known.finding.message
        assert entry.reason == REASON

    async def test_note_altered(self, platform: Platform, set_right: Caller) -> None:
        """An explanation that somebody altered explains nothing."""
        await self.acknowledge(set_right)
        detail = '{"places": []}'
        await execute(
            platform,
            f"UPDATE core_audit_entries SET detail = '{detail}' WHERE action = '{ACKNOWLEDGE}'",
        )

        kinds = [finding.kind for finding in await verify(set_right)]

        assert kinds == ["clock", "note"]

    async def test_note_of_another_action(
        self, platform: Platform, set_right: Caller, make_user: UserFactory
    ) -> None:
        """An entry that only bears the name of an explanation explains nothing, and is told of."""
        await make_user()
        await execute(
            platform,
            f"UPDATE core_audit_entries SET action = '{ACKNOWLEDGE}' "
            "WHERE id IN (SELECT entry_id FROM core_audit_unsealed)",
        )
        await set_right(SealService.seal)

        assert [finding.kind for finding in await verify(set_right)] == ["clock", "note"]

    async def test_next_time(
        self, platform: Platform, set_right: Caller, make_user: UserFactory
    ) -> None:
        """What happens later is found anew."""
        await self.acknowledge(set_right)
        with time_machine.travel(clock.now() + TWO_HOURS, tick=True):
            await make_user()
            await set_right(SealService.seal)
        await make_user()
        await set_right(SealService.seal)

        result = await whole(set_right)

        assert [finding.kind for finding in result.findings] == ["clock"]
        assert len(result.acknowledged) == 1

    @pytest.mark.parametrize(
        "statement",
        [
            f"UPDATE core_audit_entries SET actor_name = 'x' WHERE id = {ENTRY.format(17)}",
            f"DELETE FROM core_audit_entries WHERE id = {ENTRY.format(17)}",
        ],
    )
    async def test_nothing_else(
        self, platform: Platform, set_right: Caller, statement: str
    ) -> None:
        """An altered or missing entry at the same place stays a fault."""
        await execute(platform, statement)
        [irregular, other, *_] = await verify(set_right)
        await set_right(
            SealService.acknowledge, Acknowledge(places=[irregular.place], reason=REASON)
        )

        kinds = {finding.kind for finding in await verify(set_right)}

        assert other.kind in kinds
        assert "clock" not in kinds

    @pytest.mark.parametrize("place", [f"4:{'0' * 64}", f"20:{'0' * 64}", f"99:{'a' * 64}"])
    async def test_no_such_place(self, platform: Platform, set_right: Caller, place: str) -> None:
        """Where there is no irregularity nothing can be explained, and the attempt is recorded."""
        with pytest.raises(Conflict):
            await set_right(SealService.acknowledge, Acknowledge(places=[place], reason=REASON))

        assert len(await platform.audit(action=ACKNOWLEDGE, outcome="failed")) == 1

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 301, "\0"])
    async def test_reason_is_required(self, reason: str) -> None:
        """Nothing is explained without a reason."""
        with pytest.raises(ValidationError):
            Acknowledge(places=[f"1:{'0' * 64}"], reason=reason)

    @pytest.mark.actor(grants=["audit.verify", "audit.read"])
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Whoever may verify may not yet explain."""
        with pytest.raises(PermissionDenied):
            await call(
                SealService.acknowledge, Acknowledge(places=[f"1:{'0' * 64}"], reason=REASON)
            )


class TestNotes:
    """Notes without a database."""

    def entry(self, keys: Keys, at: datetime, noted_at: datetime) -> dict[str, Any]:
        """The entry of a note."""
        return {
            "id": None,
            "action": ACKNOWLEDGE,
            "at": at,
            "actor_name": "Ada",
            "on_behalf_of": "ada",
            "reason": REASON,
            "detail": signed_note(keys, ACKNOWLEDGE, noted_at, {"places": []}),
        }

    def test_authentic(self) -> None:
        """A note of ours is believed."""
        keys, now = Keys("secret"), clock.now()

        note = note_of(self.entry(keys, now, now), keys)

        assert note is not None
        assert note.by == "Ada (ada)"

    def test_inserted_again(self) -> None:
        """An old note that is inserted anew with a new date is not."""
        keys, now = Keys("secret"), clock.now()

        assert note_of(self.entry(keys, now, now - timedelta(days=1)), keys) is None

    @pytest.mark.parametrize(
        "change",
        [
            {"detail": {}},
            {"detail": None},
            {"detail": {"noted_at": "x", "key_id": "x", "signature": "x"}},
            {"action": "audit.destroy_proof"},
        ],
    )
    def test_altered(self, change: dict[str, Any]) -> None:
        """Neither is one of which anything differs."""
        keys, now = Keys("secret"), clock.now()

        assert note_of({**self.entry(keys, now, now), **change}, keys) is None

    def test_of_another_key(self) -> None:
        """Nor one that somebody else signed."""
        now = clock.now()

        assert note_of(self.entry(Keys("other"), now, now), Keys("secret")) is None
