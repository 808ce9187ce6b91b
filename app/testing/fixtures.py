"""Fixtures of the test kit; `pytest_plugins = ["app.testing.fixtures"]` brings them all.

Nobody is signed in unless the test says so: `@pytest.mark.actor("admin")` acts as a user with
that role, `@pytest.mark.actor(grants=["user.read"])` as one with exactly these grants.
"""

import asyncio
import functools
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.core.actor import ANONYMOUS, Actor
from app.settings import ENV_PREFIX, DatabaseSettings, Settings, load_settings
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform, SignedIn, open_platform

# A failed assertion there tells both sides, as in a test file.
pytest.register_assert_rewrite("app.testing.modules", "app.testing.rest", "app.testing.trial")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and let tests decide on settings instead of the surrounding shell."""
    config.addinivalue_line(
        "markers", "actor(*roles, grants=()): the user on whose authority the test acts"
    )
    # SQLModel would rather see `exec`, which does the same to rows and statements alike.
    config.addinivalue_line("filterwarnings", "ignore:(?s).*session.exec:DeprecationWarning")
    for name in [name for name in os.environ if name.startswith(ENV_PREFIX)]:
        del os.environ[name]
    os.environ[f"{ENV_PREFIX}ENVIRONMENT"] = "test"


def settings_for(database_url: str, directory: Path) -> Settings:
    """Settings of a platform in a test: this database, everything else as in `config/test.yaml`."""
    configured = _configured()
    database = configured.database.model_dump() | {"url": database_url}
    return configured.model_copy(
        update={"data_dir": directory, "database": DatabaseSettings(**database)}
    )


@functools.cache
def _configured() -> Settings:
    return load_settings(auth={"jwt_secret": "a key that signs tokens in tests only"})


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with the default roles, to be copied."""
    directory = tmp_path_factory.mktemp("template")
    path = directory / "template.db"
    settings = settings_for(f"sqlite:///{path}", directory)

    async def prepare() -> None:
        async with open_platform(settings) as platform:
            await platform.prepare()

    # A loop that is nobody's current one, so that pytest-asyncio's own are left alone.
    with closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(prepare())
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a migrated SQLite database of the test's own."""
    path = tmp_path / "atrium.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The address of a migrated database of the test's own; override it for another engine."""
    return sqlite_url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The settings of `platform`."""
    return settings_for(database_url, tmp_path)


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    """A platform on a database of the test's own; the test fails if it reports a defect."""
    async with open_platform(settings) as platform:
        yield platform
        if platform.reports:
            pytest.fail(f"unexpected errors were reported: {platform.reports}")


@pytest.fixture
def make_user(platform: Platform) -> UserFactory:
    """Makes users."""
    return UserFactory(platform)


@pytest.fixture
def make_role(platform: Platform) -> RoleFactory:
    """Makes roles."""
    return RoleFactory(platform)


@pytest.fixture
async def signed_in(
    request: pytest.FixtureRequest,
    platform: Platform,
    make_user: UserFactory,
    make_role: RoleFactory,
) -> SignedIn | None:
    """The user of the `actor` marker with an open session; None when there is no marker."""
    marker = request.node.get_closest_marker("actor")
    if marker is None:
        return None
    roles = list(marker.args)
    if "grants" in marker.kwargs:
        role = await make_role(*marker.kwargs["grants"], name="as-declared")
        roles.append(role.name)
    user = await make_user(email="actor@example.com", display_name="Actor", roles=roles)
    return await platform.sign_in(user, PASSWORD)


@pytest.fixture
def actor(signed_in: SignedIn | None) -> Actor:
    """The actor that the test's marker declares; anonymous without one."""
    return signed_in.actor if signed_in else ANONYMOUS


@pytest.fixture
def call(platform: Platform, actor: Actor) -> Caller:
    """Runs operations on the authority of the declared actor; see `Caller`."""
    return platform.caller(actor)


@pytest.fixture
async def client(
    platform: Platform, signed_in: SignedIn | None
) -> AsyncIterator[httpx.AsyncClient]:
    """A REST client signed in as the declared actor."""
    token = signed_in.tokens.access_token if signed_in else ""
    async with platform.client(token) as client:
        yield client
