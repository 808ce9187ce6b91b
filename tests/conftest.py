"""Fixtures that every test may ask for, and the order in which tests run."""

import pytest

# A plug-in that imports another one comes after it.
pytest_plugins = [
    "app.testing.fixtures",
    "tests.fixtures.browser",
    "tests.fixtures.postgres",
    "tests.fixtures.redis",
    "tests.fixtures.database",
    "tests.fixtures.server",
    "tests.fixtures.tab",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that at the end no worker waits for another."""
    items.sort(key=lambda item: ("e2e" not in item.keywords, "slow" not in item.keywords))
