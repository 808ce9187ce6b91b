"""Operations on modules."""

import pytest

from app.bootstrap import CORE_FEATURES
from app.core.errors import PermissionDenied
from app.features.modules.service import ModuleService
from app.settings import Settings
from app.testing.platform import Caller, Platform


class TestInProduction:
    """What is installed where people work."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Settings of production."""
        return settings.model_copy(update={"environment": "production"})

    @pytest.mark.actor(grants=["module.read"])
    async def test_for_development_only(self, call: Caller) -> None:
        """What production leaves out is not listed."""
        found = [each.id for each in await call(ModuleService.all)]

        assert found == [each.id for each in CORE_FEATURES if each.id != "gallery"]


class TestAll:
    """What is installed."""

    @pytest.mark.actor(grants=["module.read"])
    async def test_contributions(self, call: Caller) -> None:
        """Each module with what it contributes, in the order of installation."""
        found = {each.id: each for each in await call(ModuleService.all)}

        assert list(found) == [feature.id for feature in CORE_FEATURES]
        assert {"user.read", "user.create"} <= set(found["users"].permissions)
        assert "/users/[user_id]" in found["users"].pages
        assert found["users"].routes > 5
        assert found["auth"].jobs == ["auth.forget_expired"]
        assert found["gallery"].routes == 0

    @pytest.mark.actor("user")
    async def test_refused(self, call: Caller, platform: Platform) -> None:
        """Nobody else sees them, and the attempt is recorded."""
        with pytest.raises(PermissionDenied):
            await call(ModuleService.all)

        assert len(await platform.audit(action="module.read", outcome="denied")) == 1
