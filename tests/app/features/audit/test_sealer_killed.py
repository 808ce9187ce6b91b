"""The sealer is killed at any moment: nothing is lost, and what was left is sealed later."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.ids import new_id
from app.features.audit.schemas import VerifyQuery
from app.features.audit.seal_service import SealService
from app.settings import Settings
from app.testing.platform import Caller, Platform
from scripts.build_frontend import ROOT

pytestmark = pytest.mark.slow

ENTRIES = 1_500
KILLS = 3

SEALER = """
import asyncio, sys
from app.core.actor import SYSTEM
from app.features.audit.seal_service import SealService
from app.settings import load_settings
from app.testing.platform import open_platform

async def work():
    async with open_platform(load_settings()) as platform:
        call = platform.caller(SYSTEM)
        print("ready", flush=True)
        while (await call(SealService.seal, limit=10)).entries:
            pass
        print("done", flush=True)

asyncio.run(work())
"""


async def fill(platform: Platform) -> None:
    """Write many entries at once."""
    [entry, *_] = await platform.audit()
    rows = [entry.model_dump() | {"id": new_id()} for _ in range(ENTRIES)]
    async with (await platform.database()).writing.begin() as connection:
        await connection.execute(AuditEntry.__table__.insert(), rows)  # type: ignore[attr-defined]


async def count(platform: Platform, table: str) -> int:
    """How many rows a table has."""
    async with (await platform.database()).reading.connect() as connection:
        statement = text(f"SELECT count(*) FROM {table}")
        return int((await connection.execute(statement)).scalar_one())


def start(settings: Settings) -> subprocess.Popen[str]:
    """Start a sealer as a process of its own."""
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "ATRIUM_DATA_DIR": str(settings.data_dir),
        "ATRIUM_DATABASE__URL": settings.database_url,
    }
    command = [sys.executable, "-c", SEALER]
    return subprocess.Popen(command, env=env, cwd=ROOT, text=True, stdout=subprocess.PIPE)


async def kill_in_the_middle(platform: Platform) -> bool:
    """Start a sealer and kill it after it has sealed some; False when it was done before."""
    before = await count(platform, "core_audit_seals")
    with await asyncio.to_thread(start, platform.settings) as process:
        while await count(platform, "core_audit_seals") < before + 100:  # noqa: ASYNC110 - another process works
            await asyncio.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.stdout is not None
        return "done" not in await asyncio.to_thread(process.stdout.read)


async def is_sound(call: Caller) -> bool:
    """Whether a whole verification finds nothing."""
    cursor, faults = None, 0
    while True:
        part = await call(SealService.verify, VerifyQuery(cursor=cursor, limit=10_000))
        faults += part.faults
        cursor = part.next_cursor
        if cursor is None:
            return faults == 0


async def test_kill(platform: Platform, tmp_path: Path) -> None:
    """After each kill every entry is sealed or waits for it, and in the end all are sealed."""
    await fill(platform)
    call = platform.caller(SYSTEM)
    entries = await count(platform, "core_audit_entries")

    for _ in range(KILLS):
        assert await kill_in_the_middle(platform)

        sealed = await count(platform, "core_audit_seals")
        assert sealed + await count(platform, "core_audit_unsealed") == entries
        assert 0 < sealed < entries
        assert await is_sound(call)
    while (await call(SealService.seal)).entries:
        pass

    assert await count(platform, "core_audit_seals") == entries
    assert await count(platform, "core_audit_unsealed") == 0
    assert await is_sound(call)


async def test_two_processes(platform: Platform) -> None:
    """Two sealers at once seal every entry once, in one chain."""
    await fill(platform)
    entries = await count(platform, "core_audit_entries")

    processes = [await asyncio.to_thread(start, platform.settings) for _ in range(2)]
    for process in processes:
        output, _ = await asyncio.to_thread(process.communicate)
        assert (process.returncode, "done" in output) == (0, True)

    assert await count(platform, "core_audit_seals") == entries
    assert await is_sound(platform.caller(SYSTEM))
