"""Try a module on a whole platform.

`pytest_plugins = ["atrium.testing"]` in a conftest.py brings the fixtures: `platform`, `call`,
`client`, `make_user`, `make_role`, and the marker `actor`.
"""

from app.testing.fixtures import (
    actor,
    call,
    client,
    database_url,
    make_role,
    make_user,
    platform,
    pytest_configure,
    settings,
    signed_in,
    sqlite_template,
    sqlite_url,
)
from app.testing.modules import ModuleConformance
from app.testing.platform import Caller, Platform, open_platform
from app.testing.trial import Trial

__all__ = [
    "Caller",
    "ModuleConformance",
    "Platform",
    "Trial",
    "actor",
    "call",
    "client",
    "database_url",
    "make_role",
    "make_user",
    "open_platform",
    "platform",
    "pytest_configure",
    "settings",
    "signed_in",
    "sqlite_template",
    "sqlite_url",
]
