"""What the seals of the audit trail cost: sealing, verifying, and the writes beside them."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from sqlalchemy import text

from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.ids import new_id
from app.features.audit.schemas import VerifyQuery
from app.features.audit.seal_service import SealService
from app.features.auth.session_service import SessionService
from app.testing.fixtures import settings_for
from app.testing.platform import Platform, open_platform
from bench.effort import Effort
from bench.figures import Figure
from bench.parts.me import databases
from bench.statistics import median, median_ratio

GOAL_RATE = 5_000
GOAL_OVERHEAD = 1.1

_TRIGGER = "core_audit_entries_queue"
_BATCH = 10_000
_ROWS_PER_ROW = 20
"""Of the rows of large tables one in so many is sealed: sealing is even, however many there are."""


def measure(effort: Effort) -> Iterator[Figure]:
    """Measure on SQLite and on PostgreSQL."""
    for title, database in databases():
        with database as url, tempfile.TemporaryDirectory() as directory:
            yield from asyncio.run(_measure(title, url, Path(directory), effort))


async def _measure(title: str, url: str, directory: Path, effort: Effort) -> list[Figure]:
    async with open_platform(settings_for(url, directory)) as platform:
        await platform.prepare()
        rates, notes = await _rates(platform, max(1000, effort.rows // _ROWS_PER_ROW))
        figures = [
            Figure("audit", f"entries {did} a second, {title}", rate, at_least=GOAL_RATE, note=note)
            for did, rate, note in zip(("sealed", "verified"), rates, notes, strict=True)
        ]
        plain, queued, beside = await _writes(platform, effort)
        note = f"{_micro(queued)} to {_micro(plain)} µs"
        figures.append(
            Figure(
                "audit",
                f"operation with the queue to one without, {title}",
                median_ratio(queued, plain),
                at_most=GOAL_OVERHEAD,
                note=note,
            )
        )
        note = f"{_micro(beside)} to {_micro(queued)} µs"
        figures.append(
            Figure(
                "audit",
                f"operation beside a sealer that never rests to one alone, {title}",
                median_ratio(beside, queued),
                note=note,
            )
        )
    return figures


async def _rates(platform: Platform, rows: int) -> tuple[list[float], list[str]]:
    """Entries sealed and verified a second."""
    await _fill(platform, rows)
    call = platform.caller(SYSTEM)
    start, sealed, longest = time.perf_counter(), 0, 0.0
    while True:
        before = time.perf_counter()
        some = (await call(SealService.seal)).entries
        if not some:
            break
        longest = max(longest, time.perf_counter() - before)
        sealed += some
    seconds = time.perf_counter() - start
    verified, cursor, begin = 0, None, time.perf_counter()
    while True:
        part = await call(SealService.verify, VerifyQuery(cursor=cursor, limit=_BATCH))
        verified += part.checked
        cursor = part.next_cursor
        if cursor is None:
            break
    took = time.perf_counter() - begin
    notes = [f"{sealed:,} entries, longest batch {longest * 1000:.0f} ms", f"{verified:,} entries"]
    return [sealed / seconds, verified / took], notes


async def _fill(platform: Platform, rows: int) -> None:
    [entry, *_] = await platform.audit()
    values = entry.model_dump()
    for start in range(0, rows, _BATCH):
        some = [values | {"id": new_id()} for _ in range(min(_BATCH, rows - start))]
        async with (await platform.database()).writing.begin() as connection:
            await connection.execute(AuditEntry.__table__.insert(), some)  # type: ignore[attr-defined]  # made by SQLModel


async def _writes(
    platform: Platform, effort: Effort
) -> tuple[list[float], list[float], list[float]]:
    """Seconds of one recorded operation by round: without queue, with it, beside a sealer."""
    plain, queued, beside = [], [], []
    for _ in range(effort.rounds + 1):
        async with _without_queue(platform):
            plain.append(await _write(platform, effort.samples))
        queued.append(await _write(platform, effort.samples))
        sealer = asyncio.create_task(_seal_for_ever(platform))
        beside.append(await _write(platform, effort.samples))
        sealer.cancel()
        await asyncio.wait([sealer])
    # The first round warms up.
    return plain[1:], queued[1:], beside[1:]


async def _write(platform: Platform, samples: int) -> float:
    """The median of some operations that do little more than being recorded."""
    call = platform.caller(SYSTEM)
    taken = []
    for _ in range(samples):
        start = time.perf_counter()
        await call(SessionService.forget_expired)
        taken.append(time.perf_counter() - start)
    return median(taken)


async def _seal_for_ever(platform: Platform) -> None:
    call = platform.caller(SYSTEM)
    while True:
        await call(SealService.seal)
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def _without_queue(platform: Platform) -> AsyncIterator[None]:
    """Nothing is queued meanwhile."""
    database = await platform.database()
    drop, make = f"DROP TRIGGER {_TRIGGER}", ""
    async with database.writing.begin() as connection:
        if database.is_sqlite:
            statement = text("SELECT sql FROM sqlite_schema WHERE name = :name")
            make = (await connection.execute(statement, {"name": _TRIGGER})).scalar_one()
        else:
            drop = f"ALTER TABLE core_audit_entries DISABLE TRIGGER {_TRIGGER}"
            make = f"ALTER TABLE core_audit_entries ENABLE TRIGGER {_TRIGGER}"
        await connection.execute(text(drop))
    yield
    async with database.writing.begin() as connection:
        await connection.execute(text(make))


def _micro(seconds: list[float]) -> str:
    return f"{median(seconds) * 1e6:,.0f}"
