"""What is known of each setting beside its value."""

from pathlib import Path

import pytest

from app.setting_facts import (
    Origin,
    SettingFacts,
    descriptions,
    facts_of,
    plain,
    quantity,
    table,
)
from app.settings import Settings, load_settings, setting_names

_SECRET = "a secret of more than thirty-two characters"


def facts(settings: Settings) -> dict[str, SettingFacts]:
    """All of them by name."""
    return {each.name: each for each in facts_of(settings)}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ATRIUM_DATABASE__URL", "ATRIUM_AUTH__JWT_SECRET", "ATRIUM_AUDIT__SIGNING_KEY"):
        monkeypatch.delenv(name, raising=False)


class TestDescriptions:
    """What settings mean."""

    @pytest.mark.parametrize("name", list(setting_names()))
    def test_each_has_one(self, name: str) -> None:
        """A sentence, as the page *Settings* and the documentation show it."""
        said = descriptions()[name]

        assert said.endswith(".")
        assert "](" not in plain(said)
        assert f"| `{name}` |" in table()


class TestOrigin:
    """Where values come from."""

    def test_default(self) -> None:
        """Also when `default.yaml` repeats it."""
        found = facts(load_settings())

        assert found["server.port"].origin == Origin("default")
        assert found["data_dir"].origin.source in ("default", "environment")

    def test_file(self) -> None:
        """Named by its path."""
        found = facts(load_settings(environment="development"))

        assert found["rate_limiting.per_user"].origin == Origin("file", "config/development.yaml")

    @pytest.mark.parametrize(
        ("variable", "value"),
        [("ATRIUM_SERVER__PORT", "8000"), ("ATRIUM_SERVER", '{"port": 8000}')],
    )
    def test_environment(self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
        """By the variable of the setting or of its section, also when it says the default."""
        monkeypatch.setenv(variable, value)

        assert facts(load_settings())["server.port"].origin == Origin("environment", variable)

    @pytest.mark.parametrize(
        "name", ["auth.jwt_secret", "audit.signing_key", "bootstrap.admin_password"]
    )
    def test_generated(self, name: str) -> None:
        """A secret that was not given is not *not set*."""
        settings = load_settings(
            auth={"jwt_secret": None},
            audit={"signing_key": None},
            bootstrap={"admin_password": None},
        )
        found = facts(settings)[name]

        assert (found.value, found.origin.source) == ("generated", "generated")
        assert found.origin.place

    def test_program(self) -> None:
        """Whoever started it said it."""
        found = facts(load_settings(server={"port": 4711}))["server.port"]

        assert (found.value, found.origin) == (4711, Origin("start"))

    def test_given_secret(self) -> None:
        """Is masked."""
        found = facts(load_settings(auth={"jwt_secret": _SECRET}))["auth.jwt_secret"]

        assert found.value == "********"


class TestDatabase:
    """The database in use."""

    def test_without_an_address(self, tmp_path: Path) -> None:
        """It is the file in the data directory."""
        found = facts(load_settings(data_dir=tmp_path, database={"url": None}))

        assert found["database.url"].value == f"sqlite:///{tmp_path / 'atrium.db'}"

    def test_password(self) -> None:
        """Is not shown."""
        url = "postgresql://atrium:hidden@db/atrium"
        found = facts(load_settings(database={"url": url}))["database.url"]

        assert found.value == "postgresql://********@db/atrium"


@pytest.mark.parametrize(
    ("number", "unit", "words"),
    [
        (10 * 1024 * 1024, "bytes", "10 MiB"),
        (1536, "bytes", "1.5 KiB"),
        (900, "bytes", "900 bytes"),
        (1, "days", "1 day"),
        (0.5, "seconds", "0.5 seconds"),
        (1440, "minutes", "1,440 minutes"),
    ],
)
def test_quantity(number: float, unit: str, words: str) -> None:
    """Numbers are shown with their unit."""
    assert quantity(number, unit) == words
