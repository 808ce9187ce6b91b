"""Operations on settings."""

import pytest

from app.core.errors import PermissionDenied
from app.features.settings.service import SettingService
from app.settings import Settings, setting_names
from app.testing.platform import Caller, Platform


class TestAll:
    """All settings."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Settings with secrets of all kinds."""
        database = settings.database.model_copy(
            update={"url": settings.database.url, "pool_size": 7}
        )
        redis = settings.redis.model_copy(update={"url": "redis://:a-secret@127.0.0.1:6379/0"})
        return settings.model_copy(update={"database": database, "redis": redis})

    @pytest.mark.actor(grants=["settings.read"])
    async def test_in_force(self, call: Caller) -> None:
        """Each with its value and the variable that sets it."""
        found = {each.name: each for each in await call(SettingService.all)}

        assert list(found) == list(setting_names())
        assert found["database.pool_size"].value == 7
        assert found["database.pool_size"].variable == "ATRIUM_DATABASE__POOL_SIZE"
        assert found["server.allowed_origins"].value == []
        assert found["sentry.dsn"].value is None

    @pytest.mark.actor(grants=["settings.read"])
    async def test_secrets_are_masked(self, call: Caller) -> None:
        """Also those inside an address."""
        found = {each.name: each.value for each in await call(SettingService.all)}

        assert found["auth.jwt_secret"] == "********"
        assert found["redis.url"] == "redis://********@127.0.0.1:6379/0"
        assert "a-secret" not in str(found)

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Nobody else sees them, and the attempt is recorded."""
        with pytest.raises(PermissionDenied):
            await call(SettingService.all)

        assert len(await platform.audit(action="settings.read", outcome="denied")) == 1
