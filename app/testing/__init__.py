"""The public test kit: a platform to test against, actors, factories and conformance checks.

Write `pytest_plugins = ["app.testing.fixtures"]` into your `conftest.py` and ask for `call`,
`client`, `make_user`, … by name. It needs pytest, pytest-asyncio and httpx.
"""
