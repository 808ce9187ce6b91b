"""Fixtures that every test may ask for, and the order in which tests run."""

import pytest

from scripts.check import UNIT

# A plug-in that imports another one comes after it.
pytest_plugins = [
    "app.testing.fixtures",
    "tests.fixtures.browser",
    "tests.fixtures.postgres",
    "tests.fixtures.redis",
    "tests.fixtures.database",
    "tests.fixtures.database_roles",
    "tests.fixtures.server",
    "tests.fixtures.inventory",
    "tests.fixtures.tab",
    "tests.fixtures.writers",
]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what another engine adds nothing to, and choose the order."""
    for item in items:
        folder = item.path.relative_to(config.rootpath).as_posix()
        if folder.startswith(UNIT) and not set(item.keywords) & {"e2e", "postgres", "slow"}:
            item.add_marker("unit")
    repeated = [item for item in items if {"one_engine", "postgres"} <= set(item.keywords)]
    if repeated:
        config.hook.pytest_deselected(items=repeated)
        items[:] = [item for item in items if item not in set(repeated)]
    _order(items)


def _order(items: list[pytest.Item]) -> None:
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
