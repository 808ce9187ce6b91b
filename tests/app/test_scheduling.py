"""The modules' jobs."""

from datetime import timedelta

import time_machine
from dishka import AsyncContainer
from sqlalchemy import func, select

from app.core import clock
from app.core.module import Job
from app.features.auth.models import UserSession
from app.features.auth.service import KEPT_FOR
from app.scheduling import run, schedule
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform


class TestRun:
    """One run of a job."""

    async def test_failure_is_not_raised(self, platform: Platform) -> None:
        """What goes wrong in a job does not stop the scheduler."""

        async def fail(_unit: AsyncContainer) -> None:
            raise RuntimeError

        await run(Job("test.fails", every_minutes=1, run=fail), platform.container)

    async def test_every_job_is_scheduled(self, platform: Platform) -> None:
        """The scheduler knows every job of every module, each due within its interval."""
        scheduler = schedule(platform.registry, platform.container)
        jobs = {job.id: job for job in scheduler.get_jobs()}

        assert set(jobs) == {job.id for job in platform.registry.jobs}
        assert "auth.forget_expired" in jobs


class TestForgetExpired:
    """The job `auth.forget_expired`."""

    async def test_only_old_sessions_go(self, platform: Platform, make_user: UserFactory) -> None:
        """A session that ended long ago is removed, a live one stays, and the audit says so."""
        user = await make_user()
        job = next(job for job in platform.registry.jobs if job.id == "auth.forget_expired")
        long_ago = clock.now() - KEPT_FOR - timedelta(days=30)
        with time_machine.travel(long_ago, tick=False):
            await platform.sign_in(user, PASSWORD)
        await platform.sign_in(user, PASSWORD)

        await run(job, platform.container)
        await run(job, platform.container)

        async with (await platform.database()).reading.connect() as connection:
            left = (
                await connection.execute(select(func.count()).select_from(UserSession))
            ).scalar()
        entries = await platform.audit(action="session.purge")
        assert left == 1
        assert [entry.detail for entry in entries] == [{"sessions": 1}]
