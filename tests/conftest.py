"""Fixtures that every test may ask for."""

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
