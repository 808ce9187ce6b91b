"""Whatever is described as a resource keeps what all resources keep."""

from collections.abc import AsyncIterator

import pytest

from app.core.actor import SYSTEM
from app.core.errors import Conflict, NotFound
from app.core.resources.table import metadata_of
from app.settings import Settings
from app.testing.modules import ModuleConformance
from app.testing.platform import Platform, open_platform
from tests.fixtures import nouns
from tests.fixtures.nouns import Memo, MemoService


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

    async def test_trash(self, platform: Platform) -> None:
        """What is deleted is out of sight and of the way, comes back, or goes for good."""
        call, service, query = platform.caller(SYSTEM), MemoService, Memo.meta.schemas.list_query
        memo = await call(service.create, {"name": "Milk"})
        await call(service.delete, memo.id)
        assert len(await call(service.page, query())) == 0
        with pytest.raises(NotFound):
            await call(service.update, memo.id, {"name": "Cream"})
        [trashed] = await call(service.page, query(trashed=True))
        assert vars(trashed)["deleted_at"] is not None

        again = await call(service.create, {"name": "milk"})
        with pytest.raises(Conflict, match="has this name already"):
            await call(service.restore, memo.id)
        await call(service.update, again.id, {"name": "Cream"})
        back = await call(service.restore, memo.id)
        assert (back.name, vars(back)["deleted_at"], back.version) == ("Milk", None, 3)

        await call(service.delete, memo.id)
        await call(service.purge, memo.id)
        with pytest.raises(NotFound):
            await call(service.restore, memo.id)
        [entry] = await platform.audit(action="nouns.memo.purge")
        assert entry.target_label == "Milk"
