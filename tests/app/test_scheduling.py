"""The modules' jobs."""

from datetime import timedelta

import time_machine
from dishka import AsyncContainer
from sqlalchemy import func, select

from app.core import clock
from app.core.module import Job, Module
from app.core.registry import Registry
from app.features.auth.models import UserSession
from app.features.auth.session_service import KEPT_FOR
from app.scheduling import run, run_last, schedule
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform


class TestRun:
    """One run of a job."""

    async def test_failure_is_not_raised(self, platform: Platform) -> None:
        """What goes wrong in a job does not stop the scheduler."""

        async def fail(_unit: AsyncContainer) -> None:
            raise RuntimeError

        await run(Job("test.fails", timedelta(minutes=1), fail), platform.container)

        [error] = platform.reports
        platform.reports.clear()
        assert isinstance(error, RuntimeError)

    async def test_every_job_is_scheduled(self, platform: Platform) -> None:
        """The scheduler knows every job of every module, each due within its interval."""
        scheduler = schedule(platform.registry, platform.container)
        jobs = {job.id: job for job in scheduler.get_jobs()}

        assert set(jobs) == {job.id for job in platform.registry.jobs}
        assert "auth.forget_expired" in jobs

    async def test_goes_on_while_there_is_more(self, platform: Platform) -> None:
        """A job that has more to do is called again, each time in a unit of work of its own."""
        units: list[AsyncContainer] = []

        async def count(unit: AsyncContainer) -> bool:
            units.append(unit)
            return len(units) < 3

        await run(Job("test.counts", timedelta(minutes=1), count), platform.container)

        assert len({id(unit) for unit in units}) == len(units) == 3


class TestRunLast:
    """What is done when the server stops."""

    async def last(self, platform: Platform, *, seconds: float = 60, **jobs: Job) -> None:
        """Stop with these jobs."""
        registry = Registry()
        registry.install(Module("test", jobs=tuple(jobs.values())))
        await run_last(registry, platform.container, seconds=seconds)

    async def test_only_those_that_want_it(self, platform: Platform) -> None:
        """Other jobs wait for the next start."""
        done: list[str] = []

        def job(name: str, *, is_last: bool) -> Job:
            async def note(_unit: AsyncContainer) -> None:
                done.append(name)

            return Job(name, timedelta(minutes=1), note, at_shutdown=note if is_last else None)

        jobs = {"one": job("one", is_last=False), "two": job("two", is_last=True)}
        await self.last(platform, **jobs)

        assert done == ["two"]

    async def test_does_not_take_for_ever(self, platform: Platform) -> None:
        """What would keep the server from stopping is left."""

        async def endless(_unit: AsyncContainer) -> bool:
            return True

        job = Job("test.endless", timedelta(minutes=1), endless, at_shutdown=endless)
        await self.last(platform, seconds=0.01, job=job)


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
