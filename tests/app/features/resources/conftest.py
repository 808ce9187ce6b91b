"""Here a platform has the inventory module."""

from typing import Any

import pytest

from app.core.actor import SYSTEM
from app.testing.platform import Platform


@pytest.fixture
def platform(inventory_platform: Platform) -> Platform:
    """The platform with the module."""
    return inventory_platform


@pytest.fixture
def make(platform: Platform) -> Any:
    """Makes a record as the system."""

    async def make(service: Any, **values: Any) -> Any:
        return await platform.caller(SYSTEM)(service.create, values)

    return make
