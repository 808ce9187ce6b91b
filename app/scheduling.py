"""Runs the modules' jobs: APScheduler is the clock, each run is a unit of work of the system's."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from dishka import AsyncContainer

from app.core import clock
from app.core.actor import SYSTEM, RequestContext
from app.core.error_bus import ErrorPublisher
from app.core.errors import Unavailable
from app.core.ids import new_id
from app.core.log import get_logger
from app.core.metrics import job_run
from app.core.module import Job
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork, open_unit

log = get_logger(__name__)

_SPREAD_FROM_SECONDS = 60


def schedule(registry: Registry, container: AsyncContainer) -> AsyncIOScheduler:
    """A scheduler of all jobs, to be started inside the event loop."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in registry.jobs:
        # Workers that start together do not all work at the same moment.
        seconds = job.every.total_seconds()
        delay = random.uniform(min(_SPREAD_FROM_SECONDS, seconds / 2), seconds)  # noqa: S311 - no secret
        scheduler.add_job(
            run,
            "interval",
            (job, container),
            seconds=seconds,
            next_run_time=clock.now() + timedelta(seconds=delay),
            id=job.id,
            coalesce=True,
            max_instances=1,
        )
    return scheduler


async def run(job: Job, container: AsyncContainer) -> None:
    """Run a job until it has no more to do; what goes wrong is published."""
    context = RequestContext(request_id=new_id().hex, channel="system")
    more: bool | None = True
    try:
        with job_run(job.id):
            while more:
                async with open_unit(container, SYSTEM, context) as unit:
                    more = await job.run(unit)
                    await (await unit.get(UnitOfWork)).commit()
                # Others have their turn, however much there is to do.
                await asyncio.sleep(0)
    except Unavailable as error:
        log.warning("job.unavailable", job=job.id, code=error.code, reason=error.reason)
    except Exception as error:  # noqa: BLE001 - published; the next run is due
        errors = await container.get(ErrorPublisher)
        errors.publish(
            error, event="job.failed", action=job.id, job=job.id, request_id=context.request_id
        )


async def run_last(
    registry: Registry, container: AsyncContainer, *, seconds: float = 60, only: str = ""
) -> None:
    """Run the jobs that are done once more at the end.

    Args:
        registry: Whose jobs.
        container: Makes units of work.
        seconds: How long they may take together.
        only: The only one that is run; all when empty.
    """
    # A run that the scheduler has just cancelled first gives back what it had taken to write.
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(seconds):
            for job in registry.jobs:
                if job.at_shutdown is not None and only in ("", job.id):
                    await run(replace(job, run=job.at_shutdown), container)
    except TimeoutError:
        log.warning("job.unfinished", seconds=seconds)
