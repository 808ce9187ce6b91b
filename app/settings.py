"""Typed settings: default.yaml < <environment>.yaml < ATRIUM_… variables.

A wrong or unknown setting raises `SettingsError`, whose message names the
setting and what is allowed.
"""

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from app.admission.budgets import Rate
from app.admission.hosts import Site, canonical_origin, parse_host
from app.core.files import secret_file
from app.core.validation import findings
from app.core.yaml import NotYaml, read_yaml

ENV_PREFIX = "ATRIUM_"
NESTING = "__"
PROJECT_ROOT = Path(__file__).resolve().parent.parent

Environment = Literal["development", "test", "production"]
_ENVIRONMENTS = ("development", "test", "production")


class SettingsError(Exception):
    """The configuration cannot be used; the message says which setting and why."""


class Section(BaseModel):
    """One named group of settings; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _origin(text: str) -> str:
    origin = text if text == "*" else canonical_origin(text)
    if origin is None:
        code = "wrong_format"
        message = "an origin is scheme, host and port without a path, like https://app.example.com"
        raise PydanticCustomError(code, message)
    return origin


def _public_url(text: str) -> str:
    origin = canonical_origin(text.removesuffix("/"))
    if origin is not None:
        return origin
    parts = text.split("/", 3)
    below_a_path = len(parts) > 3 and canonical_origin("/".join(parts[:3])) is not None  # noqa: PLR2004 - scheme, nothing, host, path
    message = (
        "the platform cannot be served below a path; give it a host name of its own, "
        "like https://admin.example.com"
        if below_a_path
        else "where browsers find the platform, like https://admin.example.com"
    )
    raise PydanticCustomError("wrong_format", "{sentence}", {"sentence": message})


def _host_name(text: str) -> str:
    host = parse_host(text)
    if host is None or host.port is not None:
        code = "wrong_format"
        message = "a host name or address without scheme, port and path, like admin.example.com"
        raise PydanticCustomError(code, message)
    return host.name


def _without_brackets(text: str) -> str:
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


class ServerSettings(Section):
    """Where the server listens and whom it trusts."""

    host: Annotated[str, AfterValidator(_without_brackets)] = "127.0.0.1"
    """The address where it listens; `0.0.0.0` is all of this machine's."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    """The port where it listens."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that answer; more than one needs `redis.url`."""
    allowed_origins: list[Annotated[str, AfterValidator(_origin)]] = []
    """Further origins whose scripts may call the API with a token (not with the cookie), and open
    the console's socket, as JSON: `["https://app.example.com"]`."""
    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    """Where browsers find it: scheme, host and port, no path; required in production. With `https`
    the session cookie is `Secure` (and called `__Host-atrium_session`) and HSTS is sent."""
    allowed_hosts: list[Annotated[str, AfterValidator(_host_name)]] = []
    """Further host names under which it answers, as JSON: `["old.example.com"]`."""
    trusted_proxy_hops: Annotated[int, Field(ge=0, le=10)] | None = None
    """How many proxies' `X-Forwarded-For` and `-Proto` to believe; required in production, `0` if
    there is no proxy."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 10 * 1024 * 1024
    """The most that any route can take; most take 64 KiB, those before sign-in 4 KiB."""
    body_seconds: Annotated[float, Field(gt=0, le=600)] = 10
    """A body must be complete so long after the headers, else 408."""
    expensive_at_once: Annotated[int, Field(ge=1, le=100)] = 4
    """Exports, reports of access and verifications that a worker runs at once; one person has half
    of them."""
    expensive_wait_seconds: Annotated[float, Field(gt=0, le=120)] = 5
    """How long further ones wait for their turn before they get 503."""
    drain_seconds: Annotated[int, Field(ge=0, le=600)] = 0
    """After SIGTERM `/ready` answers 503 for so long, and everything else as always, so that a load
    balancer looks elsewhere before the server closes."""
    shutdown_seconds: Annotated[int, Field(ge=1, le=600)] = 20
    """How long requests under way may take after SIGTERM."""

    @property
    def site(self) -> Site:
        """The names under which the platform answers."""
        return Site(self.public_url or "", tuple(self.allowed_hosts), self.host)


def _supported_database(url: str) -> str:
    code = "wrong_format"
    if not re.match(r"(sqlite|postgres|postgresql)(\+\w+)?://", url):
        message = "allowed: sqlite:///path or postgresql://user:password@host/name"
        raise PydanticCustomError(code, message)
    # Half a second, for those who name a database.
    from sqlalchemy import make_url  # noqa: PLC0415 - see above
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - see above

    try:
        options = make_url(url).query
    except (ArgumentError, ValueError) as error:
        message = (
            "the address cannot be read: write one host and a port that is a number, "
            "and @, :, / and # in a password as %40, %3A, %2F and %23"
        )
        raise PydanticCustomError(code, message) from error
    if options.get("channel_binding") == "require":
        message = "channel_binding=require is not supported; leave it out"
        raise PydanticCustomError(code, message)
    return url


class DatabaseSettings(Section):
    """The database, by URL alone: `sqlite:///…` or `postgresql://…`."""

    # Not shown when settings are printed: it may hold a password.
    url: Annotated[str, AfterValidator(_supported_database)] | None = Field(
        default=None, repr=False
    )
    """`sqlite:////absolute/path` or `postgresql://user:password@host/name`, with what managed
    services write behind it (`?sslmode=require`, `sslrootcert=…`); without one, SQLite in
    `data_dir`."""
    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """Connections per process."""
    busy_timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 10
    """How long a write waits for other processes (SQLite), and whoever asks for a connection of the
    pool."""
    connect_seconds: Annotated[float, Field(gt=0, le=120)] = 3
    """How long PostgreSQL may take to accept a connection, or to show that one is still alive."""
    statement_seconds: Annotated[float, Field(gt=0, le=3600)] = 15
    """How long one statement may take on PostgreSQL; migrations have no limit."""
    lock_seconds: Annotated[float, Field(gt=0, le=3600)] = 10
    """How long of that a statement may wait for locks; migrations have no limit."""


class RedisSettings(Section):
    """Redis, required as soon as there is more than one worker."""

    url: str | None = Field(default=None, repr=False)
    """`redis://:password@host:6379/0` or `unix:///path`; production wants a password, or the file.
    """


def _rate(text: str) -> str:
    try:
        Rate.parse(text)
    except ValueError as error:
        code = "wrong_format"
        raise PydanticCustomError(code, str(error)) from error
    return text


class RateLimitingSettings(Section):
    """How many requests are answered in a while, and how much the console's sockets may do."""

    enabled: bool = True
    """Whether requests, events and sockets have budgets; off for measurements only, sizes are
    limited all the same."""
    per_user: Annotated[str, AfterValidator(_rate)] = "100/minute"
    """What one person may ask for; by `second`, `minute`, `hour` or `day`."""
    per_ip: Annotated[str, AfterValidator(_rate)] = "1000/minute"
    """What all who come from one address may ask for; an IPv6 /64 is one address, files of the
    console have ten times as much."""
    events_per_session: Annotated[str, AfterValidator(_rate)] = "600/minute"
    """What a session may do in the console, counted by each worker; strangers of one address share
    one budget."""
    sockets_per_session: Annotated[int, Field(ge=1)] = 50
    """How many tabs of the console a session may have open at a worker."""
    sockets_per_ip: Annotated[int, Field(ge=1)] = 500
    """How many tabs of the console one address may have open at a worker; strangers of it have 50.
    """


class AuthSettings(Section):
    """Passwords, tokens and sessions."""

    bcrypt_rounds: Annotated[int, Field(ge=4, le=16)] = 10
    """Cost of a password hash; old hashes are upgraded at sign-in."""
    jwt_secret: SecretStr | None = None
    """Signs access tokens; required in production, 32 characters or more."""
    access_token_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    """How long an access token is good."""
    refresh_token_days: Annotated[int, Field(ge=1, le=365)] = 7
    """How long a refresh token is good."""
    refresh_grace_seconds: Annotated[int, Field(ge=0, le=60)] = 10
    """How long the same program may send a refresh token again and gets the same new one: two tabs
    at once, a lost answer; `0` for never."""
    api_session_absolute_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """A program's session ends then, however often it was refreshed."""
    session_idle_minutes: Annotated[int, Field(ge=1)] = 120
    """A console session ends when it is not used for so long."""
    session_absolute_hours: Annotated[int, Field(ge=1)] = 12
    """A console session ends then in any case."""
    recent_sign_in_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 10
    """Dangerous operations ask for the password again when it was given longer ago."""
    reset_link_hours: Annotated[int, Field(ge=1, le=7 * 24)] = 24
    """How long a link by which somebody chooses a new password is good."""
    password_min_length: Annotated[int, Field(ge=8, le=128)] = 8
    """The fewest characters of a new password."""


class AuditSettings(Section):
    """How the audit trail is sealed, and how long it is kept."""

    signing_key: SecretStr | None = None
    """Signs the audit trail; required in production, 32 characters or more."""
    former_keys: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]] = []
    """Public keys of signing keys that were in use before."""
    anchor_file: Path | None = None
    """Checkpoints are appended here as well; its folder must be there, hosts share it; see [the
    audit trail](features/audit.md)."""
    keep_security_days: Annotated[int, Field(ge=1)] | None = None
    """How long entries of sign-ins, refusals and changes of access are kept."""
    keep_changes_days: Annotated[int, Field(ge=1)] | None = None
    """How long entries of other changes are kept."""
    keep_reads_days: Annotated[int, Field(ge=1)] | None = None
    """How long entries are kept that tell only who looked."""
    reads: dict[str, Literal["off", "sensitive", "all"]] = {}
    """Which looks at records leave an entry, by resource: `{"user": "sensitive", "role": "all"}`;
    `off`, `sensitive` or `all`; see [who looked](features/audit.md#who-looked)."""
    record_requests: bool = False
    """An entry for every request of somebody signed in, also when it only reads; see [who
    looked](features/audit.md#who-looked)."""


class BootstrapSettings(Section):
    """The first administrator, made when the database has none."""

    admin_email: EmailStr = "admin@example.com"
    """The first administrator, made when the database has none."""
    admin_password: SecretStr | None = None
    """Their password; when given, it need not be changed at the first sign-in."""


class AccessSettings(Section):
    """Who may do what."""

    file: Path | None = None
    """A YAML file of roles (`platformctl access export`); the page *Permissions* shows how the
    roles differ from it."""


class ModuleSettings(Section):
    """What is installed besides the platform's own features."""

    installed: list[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]] = []
    """Python packages or files, each with a `module`, as JSON: `["examples.inventory"]`."""


class LoggingSettings(Section):
    """What is logged, and how it is written."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important that is logged."""
    format: Literal["auto", "console", "json"] = "auto"
    """How the log is written; `auto` is readable in development, JSON in production."""


class SentrySettings(Section):
    """Where unexpected errors are reported; nothing is sent without a DSN."""

    dsn: SecretStr | None = None
    """Where unexpected errors are reported; nothing is sent without one."""


class MetricsSettings(Section):
    """Numbers for Prometheus, on an address and port of their own."""

    enabled: bool = False
    """Numbers for Prometheus; see [operations](operations.md#metrics)."""
    host: Annotated[str, AfterValidator(_without_brackets)] = "127.0.0.1"
    """The address where Prometheus finds them. There is no sign-in: keep it to those who may know.
    """
    port: Annotated[int, Field(ge=1, le=65535)] = 9464
    """The port where Prometheus finds them."""


def _from_project(path: Path) -> Path:
    """A relative path starts at the checkout, whatever the current directory, if this is one."""
    is_checkout = (PROJECT_ROOT / "pyproject.toml").exists()
    return (PROJECT_ROOT if is_checkout else Path.cwd()) / path.expanduser()


class _Files(YamlConfigSettingsSource):
    """Files of settings, read as strictly as all YAML from outside."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        try:
            found = read_yaml(file_path.read_text(encoding="utf-8")) or {}
        except NotYaml as error:
            message = f"{file_path} is no YAML that is read here: {error}"
            raise SettingsError(message) from error
        except UnicodeDecodeError as error:
            message = f"{file_path} is no text in UTF-8; save it as such."
            raise SettingsError(message) from error
        if not isinstance(found, dict):
            message = f"{file_path}: must hold sections with settings."
            raise SettingsError(message)
        return found


class Settings(BaseSettings):
    """Everything the platform can be told from outside. Lives as long as the process."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=NESTING,
        extra="forbid",
        frozen=True,
        validate_default=True,
        # "" in the environment means "not set", as in a compose file.
        env_ignore_empty=True,
    )

    environment: Environment = "development"
    """`development`, `test` or `production`."""
    data_dir: Annotated[Path, AfterValidator(_from_project)] = Path("./var")
    """Where SQLite and generated secrets live; a relative path starts at the checkout, or at the
    current directory when there is none."""
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    rate_limiting: RateLimitingSettings = RateLimitingSettings()
    auth: AuthSettings = AuthSettings()
    audit: AuditSettings = AuditSettings()
    bootstrap: BootstrapSettings = BootstrapSettings()
    access: AccessSettings = AccessSettings()
    modules: ModuleSettings = ModuleSettings()
    logging: LoggingSettings = LoggingSettings()
    sentry: SentrySettings = SentrySettings()
    metrics: MetricsSettings = MetricsSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources, strongest first."""
        del dotenv_settings, file_secret_settings
        files = [PROJECT_ROOT / "config" / "default.yaml"]
        files.append(PROJECT_ROOT / "config" / f"{environment_name(init_settings())}.yaml")
        from_files = _Files(settings_cls, yaml_file=files, deep_merge=True)
        return init_settings, env_settings, from_files

    @property
    def is_production(self) -> bool:
        """Whether insecure defaults must be refused."""
        return self.environment == "production"

    @property
    def database_url(self) -> str:
        """The configured database, or the SQLite file in the data directory."""
        return self.database.url or f"sqlite:///{self.data_dir / 'atrium.db'}"


def environment_name(given: Mapping[str, object] | None = None) -> str:
    """The environment whose file is read, before the settings themselves exist.

    Raises:
        SettingsError: It is none of development, test and production.
    """
    variables = {name.upper(): value for name, value in os.environ.items()}
    named = (given or {}).get("environment") or variables.get(f"{ENV_PREFIX}ENVIRONMENT")
    name = str(named or "development")
    if name not in _ENVIRONMENTS:
        message = (
            f"environment ({ENV_PREFIX}ENVIRONMENT): {name!r} is not known; "
            f"allowed: {', '.join(_ENVIRONMENTS)}"
        )
        raise SettingsError(message)
    return name


def load_settings(**overrides: object) -> Settings:
    """Read, merge and check all settings.

    Raises:
        SettingsError: A setting is unknown, wrong, or missing in production.
    """
    _refuse_unknown_variables(os.environ)
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # checked by pydantic itself
    except ValidationError as error:
        raise SettingsError(_describe(error)) from error
    except SourceError as error:
        raise SettingsError(_describe_unreadable(os.environ)) from error
    _refuse_unsafe(settings)
    return settings


def jwt_secret(settings: Settings) -> str:
    """The key that signs access tokens; generated into the data directory when none is given."""
    if settings.auth.jwt_secret is not None:
        return settings.auth.jwt_secret.get_secret_value()
    return secret_file(settings.data_dir / "jwt_secret")


def audit_signing_key(settings: Settings) -> str:
    """The secret that signs the audit trail; generated as `jwt_secret` when none is given."""
    if settings.audit.signing_key is not None:
        return settings.audit.signing_key.get_secret_value()
    return secret_file(settings.data_dir / "audit_signing_key")


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Dotted names of all settings, in declaration order."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_names(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def variable_name(setting: str) -> str:
    """`server.port` → `ATRIUM_SERVER__PORT`."""
    return ENV_PREFIX + setting.replace(".", NESTING).upper()


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    known = {variable_name(name) for name in setting_names()}
    known |= {variable_name(name) for name in Settings.model_fields}
    for variable in sorted(environ):
        if variable.upper().startswith(ENV_PREFIX) and variable.upper() not in known:
            close = difflib.get_close_matches(variable.upper(), known, n=1)
            hint = f"did you mean {close[0]}?" if close else "see .env.example for all names"
            message = f"{variable} is not a setting; {hint}"
            raise SettingsError(message)


def _describe(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        # A list or a table is one setting, whichever of its items is wrong.
        setting = ".".join(part for part in problem["loc"] if isinstance(part, str))
        around = (name for name in setting_names() if setting.startswith(f"{name}."))
        setting = next(around, setting)
        if problem["type"] == "extra_forbidden":
            close = difflib.get_close_matches(setting, list(setting_names()), n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            lines.append(f"{setting} is not a setting{hint}")
        else:
            given = problem["input"]
            # A whole section may hold secrets, wherever they stand in it.
            hidden = _is_secret(setting) or isinstance(given, dict | list)
            shown = "" if hidden else f", got {given!r}"
            said = findings([problem])[0].message.removesuffix(".")
            lines.append(f"{setting} ({variable_name(setting)}): {said}{shown}")
    return "\n".join(lines)


_JSON_EXAMPLES = {
    "ATRIUM_SERVER__ALLOWED_ORIGINS": '["https://app.example.com", "http://localhost:3000"]',
    "ATRIUM_SERVER__ALLOWED_HOSTS": '["admin.example.com"]',
    "ATRIUM_AUDIT__READS": '{"user": "sensitive"}',
}


def _describe_unreadable(environ: Mapping[str, str]) -> str:
    """Which variables had to be JSON and are not; their values are not repeated."""
    lines = []
    for variable, value in sorted(environ.items()):
        if variable.upper() in _json_variables():
            try:
                json.loads(value)
            except ValueError:
                example = _JSON_EXAMPLES.get(variable.upper(), '{"name": "value"}')
                lines.append(f"{variable}: not valid JSON; write for example {example}")
    return "\n".join(lines)


def _json_variables(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Variables of sections, lists and tables."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield variable_name(prefix + name)
            yield from _json_variables(field.annotation, f"{prefix}{name}.")
        elif get_origin(field.annotation) in (list, dict):
            yield variable_name(prefix + name)


def _is_secret(setting: str) -> bool:
    return any(word in setting for word in ("secret", "signing_key", "password", "dsn", "url"))


def _refuse_unsafe(settings: Settings) -> None:
    problems = []
    if settings.server.workers > 1 and settings.redis.url is None:
        problems.append(
            f"redis.url ({variable_name('redis.url')}): required with more than one worker"
        )
    if settings.is_production:
        problems += _insecure_in_production(settings)
    if problems:
        raise SettingsError("\n".join(problems))


def _insecure_in_production(settings: Settings) -> list[str]:
    problems = []
    shortest = 32
    for name, secret in (
        ("auth.jwt_secret", settings.auth.jwt_secret),
        ("audit.signing_key", settings.audit.signing_key),
    ):
        if secret is None or len(secret.get_secret_value()) < shortest:
            problems.append(
                f"{name} ({variable_name(name)}): "
                f"required in production, at least {shortest} characters"
            )
    lowest = 10
    if settings.auth.bcrypt_rounds < lowest:
        problems.append(
            f"auth.bcrypt_rounds ({variable_name('auth.bcrypt_rounds')}): "
            f"at least {lowest} in production"
        )
    if "*" in settings.server.allowed_origins:
        problems.append(
            f"server.allowed_origins ({variable_name('server.allowed_origins')}): "
            "'*' is not allowed in production; list the origins"
        )
    if settings.server.public_url is None:
        problems.append(
            f"server.public_url ({variable_name('server.public_url')}): required in production; "
            "where browsers find the platform, like https://admin.example.com"
        )
    elif not settings.server.site.is_safe:
        problems.append(
            f"server.public_url ({variable_name('server.public_url')}): needs https in production, "
            "or whoever is on the way reads passwords and sessions; only this machine may use http"
        )
    if settings.server.trusted_proxy_hops is None:
        problems.append(
            f"server.trusted_proxy_hops ({variable_name('server.trusted_proxy_hops')}): "
            "required in production; how many proxies stand in front, 0 if none"
        )
    if settings.redis.url is not None and not _has_password(settings.redis.url):
        problems.append(
            f"redis.url ({variable_name('redis.url')}): needs a password in production, "
            "like redis://:password@redis:6379/0; who can write to Redis acts as anybody"
        )
    return problems


def _has_password(redis_url: str) -> bool:
    """Whether Redis asks for a password, or is a file that only this machine's users can open."""
    try:
        parts = urlsplit(redis_url)
    except ValueError:
        return False
    return parts.scheme == "unix" or bool(parts.password or parse_qs(parts.query).get("password"))
