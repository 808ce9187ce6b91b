"""Runs the modules' jobs: APScheduler is the clock, each run is a unit of work of the system's."""

import random
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from dishka import AsyncContainer

from app.core import clock
from app.core.actor import SYSTEM, Actor, RequestContext
from app.core.ids import new_id
from app.core.log import get_logger
from app.core.module import Job
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork

log = get_logger(__name__)


def schedule(registry: Registry, container: AsyncContainer) -> AsyncIOScheduler:
    """A scheduler of all jobs, to be started inside the event loop."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in registry.jobs:
        # Workers that start together do not all work at the same moment.
        first = clock.now() + timedelta(seconds=random.uniform(60, job.every_minutes * 60))  # noqa: S311 - no secret
        scheduler.add_job(
            run,
            "interval",
            (job, container),
            minutes=job.every_minutes,
            next_run_time=first,
            id=job.id,
            coalesce=True,
            max_instances=1,
        )
    return scheduler


async def run(job: Job, container: AsyncContainer) -> None:
    """Run a job once; what goes wrong is logged, and the next run is due as ever."""
    context = RequestContext(request_id=new_id().hex, channel="system")
    try:
        async with container(context={Actor: SYSTEM, RequestContext: context}) as unit:
            await job.run(unit)
            await (await unit.get(UnitOfWork)).commit()
    except Exception:
        log.exception("job.failed", job=job.id, request_id=context.request_id)
