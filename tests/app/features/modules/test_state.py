"""The modules' page."""

import pytest

from app.features.modules.state import ModuleList
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


@pytest.mark.actor(grants=["module.read"])
async def test_load(tab: Tab) -> None:
    """A line for each module, its contributions in words."""
    tab.at("/modules")
    await tab.call(ModuleList.load)

    rows = {row.id: row for row in (await tab.of(ModuleList)).rows}
    assert rows["modules"].permissions == "module.read"
    assert rows["modules"].pages == "/modules"
    assert rows["modules"].routes == 1
    assert rows["auth"].jobs == "auth.forget_expired"
