"""What entries are told by: the descriptions of what is installed."""

from collections.abc import Iterator

import pytest

from app.bootstrap import build_registry
from app.core.error_bus import ErrorPublisher
from app.settings import Settings
from app.ui import runtime
from app.ui.connections import Connections
from app.ui.page_policy import PagePolicy
from examples.inventory.module import module


@pytest.fixture(autouse=True)
def described() -> Iterator[None]:
    """The console as far as words need it, with a module whose resources are described."""
    registry = build_registry(module)
    policy = PagePolicy(registry, development=True)
    errors = ErrorPublisher([], registry.module_of)
    container = None
    runtime.install(
        runtime.Runtime(container, registry, Settings(), Connections(), policy, errors)  # type: ignore[arg-type]  # nothing is read
    )
    yield
    runtime.install(None)
