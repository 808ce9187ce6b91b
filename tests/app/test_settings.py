"""Settings: where they come from, and what is refused."""

import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import settings as module
from app.core.files import secret_file
from app.settings import (
    PROJECT_ROOT,
    SettingsError,
    environment_name,
    jwt_secret,
    load_settings,
    setting_names,
    variable_name,
)

PRODUCTION = {
    "ATRIUM_ENVIRONMENT": "production",
    "ATRIUM_AUTH__JWT_SECRET": "0123456789abcdef0123456789abcdef",
    "ATRIUM_AUDIT__SIGNING_KEY": "fedcba9876543210fedcba9876543210",
    "ATRIUM_SERVER__PUBLIC_URL": "https://admin.example.com",
    "ATRIUM_SERVER__TRUSTED_PROXY_HOPS": "0",
}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting comes from the shell."""
    for name in [name for name in os.environ if name.upper().startswith("ATRIUM_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of `config/`."""
    folder = tmp_path / "config"
    folder.mkdir()
    monkeypatch.setattr(module, "PROJECT_ROOT", tmp_path)
    return folder


class TestSources:
    """default.yaml < <environment>.yaml < variables < arguments."""

    def test_declares_every_setting_in_the_default_file(self) -> None:
        """config/default.yaml shows all settings with the defaults of the code."""
        text = (PROJECT_ROOT / "config" / "default.yaml").read_text()
        written: dict[str, Any] = yaml.safe_load(text)

        defaults = module.Settings.model_construct().model_dump(mode="json")
        assert Path(written.pop("data_dir")) == Path(defaults.pop("data_dir"))
        assert written == defaults

    def test_works_without_any_file(self, config: Path) -> None:
        """The code's defaults suffice for development."""
        settings = load_settings()

        assert settings.environment == "development"
        assert settings.server.port == 8000

    def test_environment_file_beats_default_file(self, config: Path) -> None:
        """The file of the environment wins, value by value."""
        (config / "default.yaml").write_text("server: {port: 1111, host: 192.0.2.9}")
        (config / "test.yaml").write_text("server: {port: 2222}")

        settings = load_settings(environment="test")

        assert (settings.server.port, settings.server.host) == (2222, "192.0.2.9")

    def test_variable_beats_files(self, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An environment variable wins over both files and leaves its neighbours."""
        (config / "test.yaml").write_text("server: {port: 2222, host: 192.0.2.9}")
        monkeypatch.setenv("ATRIUM_ENVIRONMENT", "test")
        monkeypatch.setenv("ATRIUM_SERVER__PORT", "3333")

        settings = load_settings()

        assert (settings.server.port, settings.server.host) == (3333, "192.0.2.9")

    def test_argument_beats_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the code passes wins over everything."""
        monkeypatch.setenv("ATRIUM_SERVER__PORT", "3333")

        settings = load_settings(server={"port": 4444})

        assert settings.server.port == 4444

    def test_empty_variable_means_not_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Compose files pass empty strings for variables that are not set."""
        monkeypatch.setenv("ATRIUM_SERVER__PORT", "")
        monkeypatch.setenv("ATRIUM_ENVIRONMENT", "")

        settings = load_settings()

        assert (settings.environment, settings.server.port) == ("development", 8000)

    def test_ignores_the_case_of_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A lower-case variable chooses the environment and its file alike."""
        monkeypatch.setenv("atrium_environment", "test")

        settings = load_settings()

        assert settings.environment == "test"
        assert settings.auth.bcrypt_rounds == 4

    def test_reads_a_whole_section_as_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A section may come as one JSON object."""
        monkeypatch.setenv("ATRIUM_SERVER", '{"port": 5555}')

        assert load_settings().server.port == 5555

    def test_ignores_variables_of_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only our prefix is checked for unknown names."""
        monkeypatch.setenv("ATRIUMS_PORT", "1")

        assert load_settings().server.port == 8000

    def test_cannot_be_changed_afterwards(self) -> None:
        """Settings are read once and stay."""
        settings = load_settings()

        with pytest.raises(ValueError, match="frozen"):
            settings.server.port = 1  # type: ignore[misc]  # that is the point

    def test_names_every_setting_as_a_variable(self) -> None:
        """Each dotted name has its variable."""
        names = list(setting_names())

        assert "server.port" in names
        assert "data_dir" in names
        assert variable_name("server.port") == "ATRIUM_SERVER__PORT"
        assert len(set(names)) == len(names)


class TestRefusals:
    """A wrong setting stops the start with a sentence that names it and what is allowed."""

    @pytest.mark.parametrize(
        ("variable", "value", "said"),
        [
            ("ATRIUM_SERVER__PRT", "1", ["ATRIUM_SERVER__PRT", "ATRIUM_SERVER__PORT"]),
            ("ATRIUM_SERVER__ALLOWED_ORIGINS", "https://a.example", ['["https://app.example.com"']),
            (
                "ATRIUM_SERVER__ALLOWED_ORIGINS",
                '["https://a.example/"]',
                [
                    "(ATRIUM_SERVER__ALLOWED_ORIGINS)",
                    "without a path, like https://app.example.com",
                ],
            ),
            ("ATRIUM_SERVER__ALLOWED_ORIGINS", '["a.example"]', ["like https://app.example.com"]),
            ("ATRIUM_DATABSE__URL", "x", ["ATRIUM_DATABSE__URL", "ATRIUM_DATABASE__URL"]),
            ("ATRIUM_XYZZY", "1", ["ATRIUM_XYZZY", "not a setting"]),
            (
                "ATRIUM_SERVER__PORT",
                "x",
                ["server.port", "ATRIUM_SERVER__PORT", "whole number", "'x'"],
            ),
            ("ATRIUM_SERVER__PORT", "0", ["server.port", "at least 1", "'0'"]),
            ("ATRIUM_SERVER__PORT", "65536", ["server.port", "at most 65535"]),
            ("ATRIUM_LOGGING__LEVEL", "loud", ["logging.level", "debug", "error", "'loud'"]),
            ("ATRIUM_ENVIRONMENT", "prod", ["ATRIUM_ENVIRONMENT", "'prod'", "production"]),
            ("ATRIUM_AUTH__BCRYPT_ROUNDS", "3", ["auth.bcrypt_rounds", "4"]),
            ("ATRIUM_BOOTSTRAP__ADMIN_EMAIL", "x", ["bootstrap.admin_email", "'x'"]),
            ("ATRIUM_SERVER__ALLOWED_ORIGINS", "[1]", ["server.allowed_origins", "text"]),
            ("ATRIUM_DATABASE__URL", "mysql://h/d", ["database.url", "sqlite", "postgresql"]),
            ("ATRIUM_DATABASE__URL", "nonsense", ["database.url", "sqlite", "postgresql"]),
            ("ATRIUM_DATABASE__URL", "postgresql://u:p@h:notaport/d", ["database.url", "number"]),
            (
                "ATRIUM_DATABASE__URL",
                "postgresql://u:p@h/d?channel_binding=require",
                ["database.url", "channel_binding"],
            ),
            (
                "ATRIUM_SERVER__ALLOWED_ORIGINS",
                "http://a.example",
                ["ATRIUM_SERVER__ALLOWED_ORIGINS", "JSON"],
            ),
            ("ATRIUM_AUTH", "nonsense", ["ATRIUM_AUTH", "JSON"]),
            ("ATRIUM_AUDIT__READS", "user=all", ["ATRIUM_AUDIT__READS", '{"user": "sensitive"}']),
            (
                "ATRIUM_AUDIT__READS",
                '{"user": "some"}',
                ["audit.reads (ATRIUM_AUDIT__READS)", "off, sensitive or all", "'some'"],
            ),
            ("ATRIUM_AUDIT__READS__USER", "all", ["ATRIUM_AUDIT__READS__USER", "not a setting"]),
        ],
    )
    def test_wrong_variable(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: list[str]
    ) -> None:
        """A wrong variable is named, with what is allowed or what was meant."""
        monkeypatch.setenv(variable, value)

        with pytest.raises(SettingsError) as refused:
            load_settings()

        assert [part for part in said if part not in str(refused.value)] == []

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("server: {prot: 1}", ["server.prot", "did you mean server.port?"]),
            ("sever: {port: 1}", ["sever", "not a setting"]),
            ("server: {port: many}", ["server.port", "'many'"]),
            ("server: [port", ["development.yaml is no YAML that is read here: line 1"]),
        ],
    )
    def test_wrong_file(self, config: Path, text: str, said: list[str]) -> None:
        """A wrong line of a file is named like a wrong variable."""
        (config / "development.yaml").write_text(text)

        with pytest.raises(SettingsError) as refused:
            load_settings()

        assert [part for part in said if part not in str(refused.value)] == []

    def test_names_all_problems_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody has to start three times to learn of three mistakes."""
        monkeypatch.setenv("ATRIUM_SERVER__PORT", "x")
        monkeypatch.setenv("ATRIUM_LOGGING__LEVEL", "loud")

        with pytest.raises(SettingsError, match=r"(?s)server\.port.*logging\.level"):
            load_settings()

    def test_unknown_environment_by_argument(self) -> None:
        """An environment that has no file is refused wherever it comes from."""
        with pytest.raises(SettingsError, match="'staging' is not known"):
            environment_name({"environment": "staging"})

    def test_several_workers_without_redis(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Workers have to share what they know."""
        monkeypatch.setenv("ATRIUM_SERVER__WORKERS", "2")

        with pytest.raises(SettingsError, match=r"redis\.url \(ATRIUM_REDIS__URL\): required"):
            load_settings()

    def test_several_workers_with_redis(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With Redis there may be several workers."""
        monkeypatch.setenv("ATRIUM_SERVER__WORKERS", "2")
        monkeypatch.setenv("ATRIUM_REDIS__URL", "redis://127.0.0.1:6379/0")

        assert load_settings().server.workers == 2


class TestProduction:
    """Production refuses what would be insecure."""

    def test_accepts_secure_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Production insists on long keys, on where it is found, and on the number of proxies."""
        for name, value in PRODUCTION.items():
            monkeypatch.setenv(name, value)

        assert load_settings().is_production

    @pytest.mark.parametrize(
        ("variable", "value", "setting"),
        [
            ("ATRIUM_AUTH__JWT_SECRET", "", "auth.jwt_secret"),
            ("ATRIUM_AUTH__JWT_SECRET", "x" * 31, "auth.jwt_secret"),
            ("ATRIUM_AUDIT__SIGNING_KEY", "", "audit.signing_key"),
            ("ATRIUM_AUDIT__SIGNING_KEY", "x" * 31, "audit.signing_key"),
            ("ATRIUM_AUTH__BCRYPT_ROUNDS", "9", "auth.bcrypt_rounds"),
            ("ATRIUM_SERVER__ALLOWED_ORIGINS", '["*"]', "server.allowed_origins"),
            ("ATRIUM_SERVER__PUBLIC_URL", "", "server.public_url"),
            ("ATRIUM_SERVER__PUBLIC_URL", "http://admin.internal:8000", "server.public_url"),
            ("ATRIUM_SERVER__PUBLIC_URL", "http://127.0.0.1.example.com", "server.public_url"),
            ("ATRIUM_SERVER__TRUSTED_PROXY_HOPS", "", "server.trusted_proxy_hops"),
            ("ATRIUM_REDIS__URL", "redis://redis:6379/0", "redis.url"),
            ("ATRIUM_REDIS__URL", "rediss://user@redis:6379/0", "redis.url"),
            ("ATRIUM_REDIS__URL", "redis://:@redis:6379/0", "redis.url"),
            ("ATRIUM_REDIS__URL", "redis://[::1", "redis.url"),
        ],
    )
    def test_refuses(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, setting: str
    ) -> None:
        """Each insecure value is named with its variable."""
        for name, given in (PRODUCTION | {variable: value}).items():
            monkeypatch.setenv(name, given)

        with pytest.raises(SettingsError) as refused:
            load_settings()

        assert str(refused.value).startswith(f"{setting} ({variable}): ")

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("ATRIUM_SERVER__PUBLIC_URL", "http://localhost:8000"),
            ("ATRIUM_SERVER__PUBLIC_URL", "http://[::1]:8000"),
            ("ATRIUM_SERVER__TRUSTED_PROXY_HOPS", "2"),
            ("ATRIUM_REDIS__URL", "redis://:secret@redis:6379/0"),
            ("ATRIUM_REDIS__URL", "rediss://atrium:secret@redis:6379/0"),
            ("ATRIUM_REDIS__URL", "redis://redis:6379/0?password=secret"),
            ("ATRIUM_REDIS__URL", "unix:///run/redis.sock?db=0"),
        ],
    )
    def test_accepts_what_was_chosen(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
    ) -> None:
        """Plain http on this machine, proxies, and a Redis that asks for a password are fine."""
        for name, given in (PRODUCTION | {variable: value}).items():
            monkeypatch.setenv(name, given)

        assert load_settings().is_production

    @pytest.mark.parametrize("name", ["development", "test"])
    def test_lets_other_environments_be(self, name: str) -> None:
        """Elsewhere the defaults are good enough."""
        assert not load_settings(environment=name).is_production


class TestAddresses:
    """Where the platform is found, and where it listens."""

    @pytest.mark.parametrize(
        ("given", "public_url"),
        [
            ("https://Admin.Example.com", "https://admin.example.com"),
            ("https://admin.example.com/", "https://admin.example.com"),
            ("HTTPS://admin.example.com:443", "https://admin.example.com"),
            ("https://admin.example.com:8443", "https://admin.example.com:8443"),
            ("http://[2001:DB8::0:1]:80", "http://[2001:db8::1]"),
        ],
    )
    def test_one_spelling(self, given: str, public_url: str) -> None:
        """It is kept as a browser would write it."""
        assert load_settings(server={"public_url": given}).server.public_url == public_url

    @pytest.mark.parametrize(
        "given",
        [
            "admin.example.com",
            "ftp://admin.example.com",
            "https://",
            "https://admin.example.com:0",
            "https://admin.example.com:99999",
            "https://admin@example.com",
            "https://admin.example.com?x",
            "https://ädmin.example.com",
            "https://*.example.com",
        ],
    )
    def test_malformed(self, given: str) -> None:
        """What no browser would open is refused with an example."""
        with pytest.raises(SettingsError, match=r"server\.public_url .*like https://admin"):
            load_settings(server={"public_url": given})

    @pytest.mark.parametrize("path", ["atrium", "atrium/", "a/b", "?x"])
    def test_below_a_path(self, path: str) -> None:
        """A path is refused in a sentence that says so."""
        with pytest.raises(SettingsError, match="cannot be served below a path"):
            load_settings(server={"public_url": f"https://example.com/{path}"})

    @pytest.mark.parametrize("given", ["https://a.example.com", "a.example.com:80", "*", "", "a/b"])
    def test_allowed_hosts_are_names(self, given: str) -> None:
        """A further host is a name, without scheme, port or pattern."""
        with pytest.raises(SettingsError, match=r"server\.allowed_hosts"):
            load_settings(server={"allowed_hosts": [given]})

    @pytest.mark.parametrize("given", ["::1", "[::1]"])
    def test_ipv6_with_or_without_brackets(self, given: str) -> None:
        """Both spellings of an IPv6 address to listen on are the same."""
        assert load_settings(server={"host": given}).server.host == "::1"

    def test_origins_are_written_as_browsers_write_them(self) -> None:
        """A scheme's own port is left out, else no browser's origin would ever match."""
        server = load_settings(server={"allowed_origins": ["https://App.example.com:443"]}).server

        assert server.allowed_origins == ["https://app.example.com"]


class TestSecrets:
    """Secrets are neither printed nor repeated in messages."""

    SECRETS = {  # noqa: RUF012 - never changed
        "auth": {"jwt_secret": "hidden-jwt"},
        "audit": {"signing_key": "hidden-key"},
        "bootstrap": {"admin_password": "hidden-admin"},
        "sentry": {"dsn": "hidden-dsn"},
        "database": {"url": "postgresql://someone:hidden-db@127.0.0.1/atrium"},
        "redis": {"url": "redis://:hidden-redis@127.0.0.1:6379/0"},
    }

    def test_are_masked_when_printed(self) -> None:
        """Whoever prints the settings prints no secret."""
        settings = load_settings(**self.SECRETS)

        assert "hidden" not in repr(settings)
        assert "hidden" not in str(settings)

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("ATRIUM_AUTH", '{"jwt_secret": ["hidden"]}'),
            ("ATRIUM_AUTH", '["hidden"]'),
            ("ATRIUM_AUDIT", '{"signing_key": ["hidden"]}'),
            ("ATRIUM_AUTH", "hidden"),
            ("ATRIUM_DATABASE__URL", "mysql://someone:hidden@127.0.0.1/atrium"),
        ],
    )
    def test_are_not_repeated_when_refused(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
    ) -> None:
        """A wrong secret does not end up in the log of the failed start."""
        monkeypatch.setenv(variable, value)

        with pytest.raises(SettingsError) as refused:
            load_settings()

        assert "hidden" not in str(refused.value)


class TestDataDirectory:
    """Where files are kept."""

    def test_relative_to_the_checkout(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In a checkout the current directory makes no difference."""
        monkeypatch.chdir(tmp_path)

        assert load_settings().data_dir == PROJECT_ROOT / "var"
        assert load_settings(data_dir="../other").data_dir == PROJECT_ROOT / "../other"

    def test_relative_without_a_checkout(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An installed package has no place of its own for data."""
        monkeypatch.setattr(module, "PROJECT_ROOT", tmp_path / "site-packages")
        monkeypatch.chdir(tmp_path)

        assert load_settings().data_dir == tmp_path / "var"

    def test_absolute(self, tmp_path: Path) -> None:
        """An absolute path is taken as it is."""
        assert load_settings(data_dir=tmp_path).data_dir == tmp_path


class TestDatabaseUrl:
    """Where the data is."""

    def test_defaults_to_a_file_in_the_data_directory(self, tmp_path: Path) -> None:
        """Without an address the data is one SQLite file."""
        settings = load_settings(data_dir=tmp_path)

        assert settings.database_url == f"sqlite:///{tmp_path.resolve()}/atrium.db"

    def test_is_taken_as_configured(self) -> None:
        """A configured address wins."""
        settings = load_settings(database={"url": "postgresql://127.0.0.1/atrium"})

        assert settings.database_url == "postgresql://127.0.0.1/atrium"


def _read_secrets(paths: list[Path], start: Any, found: Any) -> None:
    keys = []
    for path in paths:
        start.wait()
        keys.append(secret_file(path))
    found.put(keys)


class TestSecretFile:
    """The key that is made when none is configured."""

    def test_is_made_once(self, tmp_path: Path) -> None:
        """The second start finds the key of the first."""
        path = tmp_path / "deep" / "jwt_secret"

        first, second = secret_file(path), secret_file(path)

        assert first == second
        assert len(first) >= 43

    def test_is_readable_by_its_owner_only(self, tmp_path: Path) -> None:
        """Other users of the machine cannot sign tokens."""
        path = tmp_path / "jwt_secret"

        secret_file(path)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [entry.name for entry in tmp_path.iterdir()] == ["jwt_secret"]

    def test_configured_key_needs_no_file(self, tmp_path: Path) -> None:
        """A configured key is used as it is."""
        settings = load_settings(data_dir=tmp_path, auth={"jwt_secret": "k" * 32})

        assert jwt_secret(settings) == "k" * 32
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    def test_two_first_starts_agree(self, tmp_path: Path) -> None:
        """Processes that start at the same moment end up with one key."""
        context = multiprocessing.get_context("spawn")
        start, found = context.Barrier(2), context.Queue()
        paths = [tmp_path / str(attempt) for attempt in range(50)]
        workers = [
            context.Process(target=_read_secrets, args=(paths, start, found)) for _ in range(2)
        ]
        for worker in workers:
            worker.start()
        first, second = found.get(timeout=60), found.get(timeout=60)
        for worker in workers:
            worker.join()
        found.close()
        found.join_thread()

        assert first == second
        assert len(set(first)) == len(paths)
