"""The settings' page."""

import pytest

from app.features.settings.state import SettingList
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


@pytest.mark.actor(grants=["settings.read"])
class TestLoad:
    """All settings, or those that are searched for."""

    async def test_all(self, tab: Tab) -> None:
        """Values in words."""
        tab.at("/settings")
        await tab.call(SettingList.load)

        rows = {row.id: row for row in (await tab.of(SettingList)).rows}
        assert rows["server.port"].value == "8000"
        assert rows["sentry.dsn"].value == ""
        assert rows["auth.jwt_secret"].value == "********"
        assert (rows["server.max_body_bytes"].value, rows["server.max_body_bytes"].exact) == (
            "10 MiB",
            "10,485,760 bytes",
        )
        assert (rows["auth.bcrypt_rounds"].source, rows["auth.bcrypt_rounds"].place) == (
            "File",
            "config/test.yaml",
        )

    @pytest.mark.parametrize("words", ["JWT_SECRET", "auth jwt", "signs tokens"])
    async def test_search(self, tab: Tab, words: str) -> None:
        """By name, variable or meaning, in any case."""
        tab.at(f"/settings?q={words}")
        await tab.call(SettingList.load)

        assert [row.id for row in (await tab.of(SettingList)).rows] == ["auth.jwt_secret"]

    async def test_search_is_in_the_address(self, tab: Tab) -> None:
        """And leaves it again."""
        assert await tab.goes_to(SettingList.search_for, "a b") == "/settings?q=a+b"
        assert await tab.goes_to(SettingList.search_for, "") == "/settings"
