"""Typed settings: default.yaml < <environment>.yaml < ATRIUM_… variables.

A wrong or unknown setting raises `SettingsError`, whose message names the
setting and what is allowed.
"""

import difflib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

import yaml
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

from app.core.files import private_folder
from app.core.validation import findings

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


_ORIGIN = re.compile(r"https?://[^/?#@\s,]+", re.IGNORECASE)


def _origin(text: str) -> str:
    if text != "*" and not _ORIGIN.fullmatch(text):
        code = "wrong_format"
        message = "an origin is scheme, host and port without a path, like https://app.example.com"
        raise PydanticCustomError(code, message)
    return text.lower()


class ServerSettings(Section):
    """Where the server listens and whom it trusts."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    allowed_origins: list[Annotated[str, AfterValidator(_origin)]] = []
    """Origins besides our own that may call the API and open the websocket."""
    trusted_proxy_hops: Annotated[int, Field(ge=0, le=10)] = 0
    max_body_bytes: Annotated[int, Field(ge=1024)] = 10 * 1024 * 1024
    shutdown_seconds: Annotated[int, Field(ge=1, le=600)] = 20


def _supported_database(url: str) -> str:
    if not re.match(r"(sqlite|postgres|postgresql)(\+\w+)?://", url):
        code = "wrong_format"
        message = "allowed: sqlite:///path or postgresql://user:password@host/name"
        raise PydanticCustomError(code, message)
    return url


class DatabaseSettings(Section):
    """The database, by URL alone: `sqlite:///…` or `postgresql://…`."""

    # Not shown when settings are printed: it may hold a password.
    url: Annotated[str, AfterValidator(_supported_database)] | None = Field(
        default=None, repr=False
    )
    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    busy_timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 10


class RedisSettings(Section):
    """Redis, required as soon as there is more than one worker."""

    url: str | None = Field(default=None, repr=False)


class AuthSettings(Section):
    """Passwords, tokens and sessions."""

    bcrypt_rounds: Annotated[int, Field(ge=4, le=16)] = 10
    jwt_secret: SecretStr | None = None
    access_token_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    refresh_token_days: Annotated[int, Field(ge=1, le=365)] = 7
    session_idle_minutes: Annotated[int, Field(ge=1)] = 120
    session_absolute_hours: Annotated[int, Field(ge=1)] = 12
    password_min_length: Annotated[int, Field(ge=8, le=128)] = 8


class AuditSettings(Section):
    """How the audit trail is sealed, and how long it is kept."""

    signing_key: SecretStr | None = None
    former_keys: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]] = []
    """Public keys of signing keys that were in use before."""
    anchor_file: Path | None = None
    keep_security_days: Annotated[int, Field(ge=1)] | None = None
    keep_changes_days: Annotated[int, Field(ge=1)] | None = None
    keep_reads_days: Annotated[int, Field(ge=1)] | None = None


class BootstrapSettings(Section):
    """The first administrator, made when the database has none."""

    admin_email: EmailStr = "admin@example.com"
    admin_password: SecretStr | None = None


class AccessSettings(Section):
    """Who may do what."""

    file: Path | None = None


class LoggingSettings(Section):
    """What is logged, and how it is written."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class SentrySettings(Section):
    """Where unexpected errors are reported; nothing is sent without a DSN."""

    dsn: SecretStr | None = None


def _from_project(path: Path) -> Path:
    """A relative path starts at the checkout, whatever the current directory, if this is one."""
    is_checkout = (PROJECT_ROOT / "pyproject.toml").exists()
    return (PROJECT_ROOT if is_checkout else Path.cwd()) / path.expanduser()


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
    data_dir: Annotated[Path, AfterValidator(_from_project)] = Path("./var")
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    auth: AuthSettings = AuthSettings()
    audit: AuditSettings = AuditSettings()
    bootstrap: BootstrapSettings = BootstrapSettings()
    access: AccessSettings = AccessSettings()
    logging: LoggingSettings = LoggingSettings()
    sentry: SentrySettings = SentrySettings()

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
        from_files = YamlConfigSettingsSource(settings_cls, yaml_file=files, deep_merge=True)
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
    except yaml.YAMLError as error:
        message = f"a file in config/ is not valid YAML: {error}"
        raise SettingsError(message) from error
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


def secret_file(path: Path) -> str:
    """Read a secret kept in the data directory, made on first use (readable by its owner only)."""
    private_folder(path.parent)
    fresh = secrets.token_urlsafe(48)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(fresh)
        try:
            # A link either appears whole or not at all: two first starts agree on one secret.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


Shown = bool | int | float | str | list[str] | None
"""A setting's value as people and programs may see it."""


def shown(settings: Settings, name: str) -> Shown:
    """The value of a setting by its dotted name; what is secret about it is masked."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, str) and name.endswith(".url") and "@" in value:
        scheme, _, rest = value.partition("://")
        return f"{scheme}://********@{rest.rpartition('@')[2]}"
    return value if isinstance(value, (int, float, list, type(None))) else str(value)


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
        # A list is one setting, whichever of its items is wrong.
        setting = ".".join(part for part in problem["loc"] if isinstance(part, str))
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
    """Variables of sections and lists."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield variable_name(prefix + name)
            yield from _json_variables(field.annotation, f"{prefix}{name}.")
        elif get_origin(field.annotation) is list:
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
    return problems
