"""Whatever is described as a resource keeps what all resources keep."""

from collections.abc import AsyncIterator

import pytest

from app.core.resources.table import metadata_of
from app.settings import Settings
from app.testing.modules import ModuleConformance
from app.testing.platform import Platform, open_platform
from tests.fixtures import nouns

pytestmark = pytest.mark.slow


class TestNouns(ModuleConformance):
    """Fields of all types."""

    module = nouns.module
    inside = {"kept": {"kept": True}}  # noqa: RUF012 - declared as a class variable
    outside = {"kept": {"kept": False}}  # noqa: RUF012 - likewise

    @pytest.fixture
    async def platform(self, settings: Settings) -> AsyncIterator[Platform]:
        """Without migrations: the tables are made of the descriptions."""
        async with open_platform(settings, modules=[self.module]) as platform:
            async with (await platform.database()).writing.connect() as connection:
                await connection.run_sync(metadata_of("nouns").create_all)
                await connection.commit()
            yield platform
            assert platform.reports == []
