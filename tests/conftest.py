"""Fixtures that every test may ask for, and the order in which tests run."""

import pytest

# A plug-in that imports another one comes after it.
pytest_plugins = [
    "app.testing.fixtures",
    "tests.fixtures.browser",
    "tests.fixtures.postgres",
    "tests.fixtures.redis",
    "tests.fixtures.database",
    "tests.fixtures.database_roles",
    "tests.fixtures.server",
    "tests.fixtures.tab",
    "tests.fixtures.writers",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, those with a browser and those without in turns.

    So no worker is alone at the end, and two of them rarely drive a browser at once.
    """
    browser, slow = (
        list(dict.fromkeys(item.path for item in items if marker in item.keywords))
        for marker in ("e2e", "slow")
    )
    place = {path: 2 * number for number, path in enumerate(browser)}
    # The longest ones are the last by name.
    place |= {path: 2 * number + 1 for number, path in enumerate(reversed(slow))}
    last = len(items)
    items.sort(key=lambda item: place.get(item.path, last))
