"""Whatever is described as a resource keeps what all resources keep."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.core.access import Access
from app.core.actor import SYSTEM, Actor
from app.core.errors import Conflict, NotFound
from app.core.resources.records import Records
from app.core.resources.table import metadata_of
from app.settings import Settings
from app.testing.modules import ModuleConformance
from app.testing.platform import Caller, Platform, open_platform
from tests.fixtures import nouns
from tests.fixtures.nouns import Memo, MemoService, ShelfService


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

    async def test_who_sees_the_trash(self, platform: Platform) -> None:
        """What was deleted is shown to those who may delete, not to all who may read."""
        system, query = platform.caller(SYSTEM), Memo.meta.schemas.list_query
        memo = await system(MemoService.create, {"name": "Milk"})
        await system(MemoService.delete, memo.id)

        def seeing(*permissions: str) -> Caller:
            who = Actor("user", "Ada", access=Access.to(*permissions), user_id=uuid4())
            return platform.caller(who)

        reader = seeing("nouns.memo.read")
        assert len(await reader(MemoService.page, query(trashed=True))) == 0
        lines: list[object] = []

        async def take(records: Records[Memo]) -> None:
            lines.extend(records)

        asked = Memo.meta.schemas.export_query(trashed=True)
        await reader(MemoService.export, asked, take)
        assert lines == []
        deleter = seeing("nouns.memo.read", "nouns.memo.delete")
        assert len(await deleter(MemoService.page, query(trashed=True))) == 1

    async def test_what_goes_along(self, platform: Platform) -> None:
        """The trail tells what was deleted or emptied with a record that others refer to."""
        call = platform.caller(SYSTEM)
        shelf = await call(ShelfService.create, {"name": "Old"})
        for name in ("One", "Two"):
            await call(MemoService.create, {"name": name, "about": str(shelf.id)})
        await call(ShelfService.delete, shelf.id)
        [entry] = await platform.audit(action="nouns.shelf.delete")

        assert len(await call(MemoService.page, Memo.meta.schemas.list_query())) == 0
        assert entry.detail["deleted_with_it"] == {"nouns.memo": 2}
