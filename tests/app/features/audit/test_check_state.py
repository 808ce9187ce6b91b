"""State of the dialog that verifies the trail."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import delete, update

from app.core import clock
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.features.audit.check_state import TrailCheck
from app.features.audit.models import AuditCheckpoint
from app.features.audit.seal_service import SealService
from app.testing.factories import UserFactory
from app.testing.platform import Platform
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine

REASON = "The time server was two hours ahead."


async def run(tab: Tab, handler: Any = TrailCheck.start, *arguments: Any) -> TrailCheck:
    """Press a button that verifies, and wait until it is done."""
    events = await tab.call(handler, *arguments)
    while events:
        assert [event.name.rpartition(".")[2] for event in events] == ["go_on"]
        events = await tab.call(TrailCheck.go_on)
    return await tab.of(TrailCheck)


async def set_clock_right(platform: Platform, make_user: UserFactory, times: int = 1) -> None:
    """Let the clock be two hours ahead for a while, and set it right."""
    seal = platform.caller(SYSTEM)
    for _ in range(times):
        with time_machine.travel(clock.now() + timedelta(hours=2), tick=True):
            await make_user()
            await seal(SealService.seal)
        await make_user()
        await seal(SealService.seal)


@pytest.mark.actor("admin")
class TestCheck:
    """Verifying the trail."""

    async def test_sound(self, tab: Tab, platform: Platform, make_user: UserFactory) -> None:
        """A trail as it was written is said to be one, and what waits is counted."""
        await platform.caller(SYSTEM)(SealService.seal)
        await make_user()

        check = await run(tab)

        assert (check.is_open, check.is_running, check.faults, check.done) == (True, False, 0, 1000)
        assert check.title == "Everything is as it was written"
        assert re.fullmatch(
            r"\d+ entries verified\. 1 new entry waits for the next seal\.", check.sentence
        )

    async def test_findings(self, tab: Tab, platform: Platform) -> None:
        """What was altered is listed and leads to the entry; what is gone leads nowhere."""
        await platform.caller(SYSTEM)(SealService.seal)
        first, second, *_ = await platform.audit()
        async with (await platform.database()).writing.begin() as connection:
            await connection.execute(
                update(AuditEntry).where(AuditEntry.id == first.id).values(actor_name="Mallory")
            )
            await connection.execute(delete(AuditEntry).where(AuditEntry.id == second.id))

        check = await run(tab)

        assert check.faults == 2
        assert check.title == "Not everything is as it was written"
        assert "2 problems were found." in check.sentence
        assert [found["href"] for found in check.findings] == [f"/audit?entry={first.id}", ""]

    async def test_can_be_stopped(self, tab: Tab) -> None:
        """A closed dialog does not go on, and opens anew from the beginning."""
        await tab.call(TrailCheck.start)
        await tab.call(TrailCheck.close)

        assert await tab.call(TrailCheck.go_on) == []
        assert not (await tab.of(TrailCheck)).is_open


@pytest.mark.actor("admin")
class TestHead:
    """The head of the trail, shown and expected."""

    async def test_shown(self, tab: Tab, platform: Platform) -> None:
        """It is the one that verification gives to programs."""
        await platform.caller(SYSTEM)(SealService.seal)

        check = await run(tab)

        assert re.fullmatch(r"[1-9]\d*:[0-9a-f]{64}", check.head)

    async def test_expected(self, tab: Tab, platform: Platform, make_user: UserFactory) -> None:
        """A head that was noted is found in a trail that has grown since, however it is written."""
        await platform.caller(SYSTEM)(SealService.seal)
        noted = (await run(tab)).head
        await make_user()
        await platform.caller(SYSTEM)(SealService.seal)

        check = await run(tab, TrailCheck.expect, {"expect": f" {noted.upper()} "})

        assert check.faults == 0
        assert check.head != noted
        assert f"of seal {noted.partition(':')[0]}, is in it." in check.sentence

    async def test_of_another_history(self, tab: Tab, platform: Platform) -> None:
        """Another one is a finding."""
        await platform.caller(SYSTEM)(SealService.seal)

        check = await run(tab, TrailCheck.expect, {"expect": f"1:{'0' * 64}"})

        assert check.faults == 1
        assert "history was rewritten" in check.findings[0]["words"]
        assert "is in it" not in check.sentence

    @pytest.mark.parametrize("typed", ["812", "0:" + "a" * 64, "1:xyz", "1:" + "a" * 300])
    async def test_malformed(self, tab: Tab, platform: Platform, typed: str) -> None:
        """What is no head is said at the field; what was shown stays, and nothing runs."""
        await platform.caller(SYSTEM)(SealService.seal)
        head = (await run(tab)).head

        events = await tab.call(TrailCheck.expect, {"expect": typed})

        check = await tab.of(TrailCheck)
        assert events == []
        assert check.field_errors.keys() == {"expect"}
        assert (check.head, check.is_open, check.is_running) == (head, True, False)

    async def test_empty(self, tab: Tab) -> None:
        """Without any it is verified again; an earlier one is expected no more."""
        await run(tab, TrailCheck.expect, {"expect": f"9:{'0' * 64}"})

        check = await run(tab, TrailCheck.expect, {"expect": " "})

        assert check.faults == 0

    async def test_opened_anew(self, tab: Tab) -> None:
        """Nor is it when the dialog is opened anew; the complaint about it is gone."""
        await run(tab, TrailCheck.expect, {"expect": f"9:{'0' * 64}"})
        await tab.call(TrailCheck.expect, {"expect": "9"})
        await tab.call(TrailCheck.close)

        check = await run(tab)

        assert (check.faults, check.field_errors) == (0, {})


@pytest.mark.actor("admin")
class TestAcknowledge:
    """Explaining what an honest clock left behind."""

    async def test_sound_again(self, tab: Tab, platform: Platform, make_user: UserFactory) -> None:
        """It is asked why, verified anew, and told who explained it, when and why."""
        await set_clock_right(platform, make_user)
        check = await run(tab)
        [found] = check.findings
        assert (check.faults, check.irregularities) == (1, 1)

        await tab.call(TrailCheck.ask, found["place"])
        assert (await tab.of(TrailCheck)).asked == [found["words"]]
        check = await run(tab, TrailCheck.acknowledge, {"reason": REASON})

        [entry] = await platform.audit(action="audit.acknowledge")
        [known] = check.acknowledged
        assert (check.faults, check.findings, check.asked) == (0, [], [])
        assert check.title == "Sound, with 1 acknowledged irregularity"
        assert (known["by"], known["reason"]) == ("Actor", REASON)
        assert (known["at"], known["href"]) == (entry.at.isoformat(), f"/audit?entry={entry.id}")
        assert known["words"] == found["words"]

    async def test_all(self, tab: Tab, platform: Platform, make_user: UserFactory) -> None:
        """Several at once have one reason; what is no irregularity of time stays a fault."""
        await set_clock_right(platform, make_user, times=2)
        first, *_ = await platform.audit()
        async with (await platform.database()).writing.begin() as connection:
            await connection.execute(
                update(AuditEntry).where(AuditEntry.id == first.id).values(actor_name="Mallory")
            )
        assert (await run(tab)).faults == 3

        await tab.call(TrailCheck.ask, "")
        assert len((await tab.of(TrailCheck)).asked) == 2
        check = await run(tab, TrailCheck.acknowledge, {"reason": REASON})

        assert len(check.acknowledged) == 2
        assert [each["place"] for each in check.findings] == [""]
        assert check.title == "Not everything is as it was written"

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 301, "two\nlines"])
    async def test_without_a_reason(
        self, tab: Tab, platform: Platform, make_user: UserFactory, reason: str
    ) -> None:
        """It is said at the field, and the question stays."""
        await set_clock_right(platform, make_user)
        await run(tab)
        await tab.call(TrailCheck.ask, "")

        events = await tab.call(TrailCheck.acknowledge, {"reason": reason})

        check = await tab.of(TrailCheck)
        assert events == []
        assert check.field_errors.keys() == {"reason"}
        assert len(check.asked) == 1
        assert await platform.audit(action="audit.acknowledge") == []

    async def test_gone_meanwhile(
        self, tab: Tab, platform: Platform, make_user: UserFactory
    ) -> None:
        """What is no longer there cannot be explained, which is said above the form."""
        await set_clock_right(platform, make_user)
        await run(tab)
        await tab.call(TrailCheck.ask, "")
        async with (await platform.database()).writing.begin() as connection:
            await connection.execute(delete(AuditCheckpoint))

        await tab.call(TrailCheck.acknowledge, {"reason": REASON})

        check = await tab.of(TrailCheck)
        assert "Verify anew" in check.form_error
        assert len(check.asked) == 1

    async def test_left(self, tab: Tab, platform: Platform, make_user: UserFactory) -> None:
        """Whoever closes the question is back where they were."""
        await set_clock_right(platform, make_user)
        await run(tab)
        await tab.call(TrailCheck.ask, "")
        await tab.call(TrailCheck.acknowledge, {"reason": ""})

        await tab.call(TrailCheck.leave)

        check = await tab.of(TrailCheck)
        assert (check.asked, check.field_errors, check.is_open) == ([], {}, True)

    async def test_nothing_to_ask(self, tab: Tab) -> None:
        """A place that was not found is not asked about, and nothing is explained."""
        await run(tab)
        await tab.call(TrailCheck.ask, f"1:{'0' * 64}")
        await tab.call(TrailCheck.acknowledge, {"reason": REASON})

        check = await tab.of(TrailCheck)
        assert check.asked == []
        assert check.field_errors.keys() == {"places"}


@pytest.mark.actor(grants=["audit.read", "audit.verify"])
async def test_acknowledging_is_refused(
    tab: Tab, platform: Platform, make_user: UserFactory
) -> None:
    """Whoever may verify may not yet explain, whatever their browser sends."""
    await set_clock_right(platform, make_user)
    await run(tab)
    await tab.call(TrailCheck.ask, "")

    await tab.call(TrailCheck.acknowledge, {"reason": REASON})

    assert "audit.acknowledge" in (await tab.messages())[0]
    assert len(await platform.audit(action="audit.acknowledge", outcome="denied")) == 1
