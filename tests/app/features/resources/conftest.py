"""Here a platform has the inventory module."""

import pytest

from app.testing.platform import Platform


@pytest.fixture
def platform(inventory_platform: Platform) -> Platform:
    """The platform with the module."""
    return inventory_platform
