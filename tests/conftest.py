"""Fixtures that every test may ask for."""

pytest_plugins = [
    "tests.fixtures.browser",
    "tests.fixtures.postgres",
    "tests.fixtures.redis",
]
