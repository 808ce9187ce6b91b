"""A sealed trail, for the tests that look at it and for those that forge it."""

from pathlib import Path

import pytest

from app.core import clock
from app.core.actor import SYSTEM
from app.features.audit.seal_service import SealService
from app.settings import Settings
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform
from tests.app.features.audit.seals.trail import BATCHES, SIZE, execute


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with an anchor file."""
    audit = settings.audit.model_copy(update={"anchor_file": tmp_path / "anchor.jsonl"})
    return settings.model_copy(update={"audit": audit})


@pytest.fixture
async def system(platform: Platform) -> Caller:
    """Calls operations as the platform itself, on a trail that begins now, without any entry."""
    await execute(platform, "DELETE FROM core_audit_unsealed", "DELETE FROM core_audit_entries")
    await execute(platform, "UPDATE core_roles SET created_at = :now", now=_now(platform))
    return platform.caller(SYSTEM)


def _now(platform: Platform) -> object:
    """The time as the database takes it in a statement by hand."""
    now = clock.now()
    return now if "postgresql" in platform.settings.database_url else f"{now:%Y-%m-%d %H:%M:%S.%f}"


@pytest.fixture
async def sealed(platform: Platform, system: Caller, make_user: UserFactory) -> Caller:
    """The same on a trail of three batches of four entries, sealed and anchored."""
    for _ in range(BATCHES):
        for _ in range(SIZE):
            await make_user()
        await system(SealService.seal)
    await system(SealService.anchor)
    return system
