"""State of the dialog that verifies the trail."""

import re

import pytest
from sqlalchemy import delete, update

from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.features.audit.check_state import TrailCheck
from app.features.audit.service import SealService
from app.testing.factories import UserFactory
from app.testing.platform import Platform
from tests.fixtures.tab import Tab


@pytest.mark.actor("admin")
class TestCheck:
    """Verifying the trail."""

    async def run(self, tab: Tab) -> TrailCheck:
        """Press the button, and wait until it is done."""
        events = await tab.call(TrailCheck.start)
        while events:
            assert [event.name.rpartition(".")[2] for event in events] == ["go_on"]
            events = await tab.call(TrailCheck.go_on)
        return await tab.of(TrailCheck)

    async def test_sound(self, tab: Tab, platform: Platform, make_user: UserFactory) -> None:
        """A trail as it was written is said to be one, and what waits is counted."""
        await platform.caller(SYSTEM)(SealService.seal)
        await make_user()

        check = await self.run(tab)

        assert (check.is_open, check.is_running, check.faults, check.done) == (True, False, 0, 1000)
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

        check = await self.run(tab)

        assert check.faults == 2
        assert [found["href"] for found in check.findings] == [f"/audit?entry={first.id}", ""]

    async def test_can_be_stopped(self, tab: Tab) -> None:
        """A closed dialog does not go on, and opens anew from the beginning."""
        await tab.call(TrailCheck.start)
        await tab.call(TrailCheck.close)

        assert await tab.call(TrailCheck.go_on) == []
        assert not (await tab.of(TrailCheck)).is_open
