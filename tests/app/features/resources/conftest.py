"""A platform with the inventory module on a database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from app.core.resources.table import metadata_of
from app.settings import Settings
from app.testing.platform import Platform, open_platform
from examples.inventory.module import module


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    """A platform on which the module is installed; the test fails if it reports a defect."""
    async with open_platform(settings, modules=[module]) as platform:
        async with (await platform.database()).writing.connect() as connection:
            await connection.run_sync(metadata_of("inventory").create_all)
            await connection.commit()
        yield platform
        assert platform.reports == []
