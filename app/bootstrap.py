"""Composition root: settings → adapters → registry → container → applications."""

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import reflex as rx

# Reflex would import it in the middle of the first event that carries a dict, for a second.
import reflex.model
import sentry_sdk
from dishka import AsyncContainer, Provider, Scope, from_context, make_async_container, provide
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

from app.admission.addresses import network_of
from app.admission.budgets import Counters, MemoryCounters, Rate
from app.admission.quotas import Quotas
from app.core import log, shutdown
from app.core.actor import Actor, RequestContext
from app.core.database import Database
from app.core.error_bus import ErrorPublisher, ErrorReport, write_to_log
from app.core.errors import Unavailable
from app.core.health import HealthChecks
from app.core.metrics import count_error
from app.core.migrations import Migrator
from app.core.module import Module, PageSpec
from app.core.passwords import PasswordHasher, PasswordPolicy
from app.core.ports import Authenticator
from app.core.postgres import TimeLimits
from app.core.reads import Kept, ReadRecords, kept
from app.core.refusals import StrangerRefusals
from app.core.registry import Registry
from app.core.shared_memory import SharedMemory
from app.core.slots import ExpensiveSlots
from app.core.unit_of_work import UnitOfWork
from app.features.access.module import module as access
from app.features.audit.anchor import Anchor
from app.features.audit.module import module as audit
from app.features.auth.authenticator import SessionAuthenticator
from app.features.auth.module import module as auth
from app.features.auth.tokens import AccessTokens
from app.features.dashboard.module import module as dashboard
from app.features.gallery.module import module as gallery
from app.features.grants.module import module as grants
from app.features.members.module import module as members
from app.features.modules.module import module as modules
from app.features.profile.module import module as profile
from app.features.request_keys.module import module as request_keys
from app.features.resources.module import module as resources
from app.features.roles.module import module as roles
from app.features.settings.module import module as settings_feature
from app.features.users.module import module as users
from app.features.views.module import module as views
from app.settings import Settings, SettingsError, jwt_secret, load_settings, variable_name
from app.ui.event_guard import EventGuard
from app.ui.failures import event_failed
from app.ui.not_found import not_found_page
from app.ui.page_policy import PagePolicy
from app.ui.page_state import Console
from app.ui.shell import compose, title_of
from app.ui.state_store import connect_to_redis, keep_states
from components.app_wraps import app_wraps
from components.head import head
from components.theme import STYLESHEETS

CORE_FEATURES = (
    dashboard,
    users,
    members,
    roles,
    access,
    grants,
    audit,
    settings_feature,
    modules,
    views,
    auth,
    request_keys,
    profile,
    gallery,
    resources,
)


class PlatformProvider(Provider):
    """What every feature may ask for.

    Nothing is awaited to make it: services are then made without a coroutine for each of their
    parts, which took longer than most operations. What has to be awaited at the end is left to
    `close_container`.
    """

    settings = from_context(provides=Settings, scope=Scope.APP)
    registry = from_context(provides=Registry, scope=Scope.APP)
    errors = from_context(provides=ErrorPublisher, scope=Scope.APP)
    closing = from_context(provides=AsyncExitStack, scope=Scope.APP)
    actor = from_context(provides=Actor, scope=Scope.REQUEST)
    context = from_context(provides=RequestContext, scope=Scope.REQUEST)

    authenticator = provide(SessionAuthenticator, scope=Scope.APP, provides=Authenticator)

    @provide(scope=Scope.APP)
    def migrator(self, database: Database, registry: Registry) -> Migrator:
        """Brings the tables of the platform and of all modules up and down."""
        return Migrator(database, registry.modules)

    @provide(scope=Scope.APP)
    def database(self, settings: Settings, closing: AsyncExitStack) -> Database:
        """The database, closed at the end."""
        database = Database(
            settings.database_url,
            pool_size=settings.database.pool_size,
            busy_timeout_seconds=settings.database.busy_timeout_seconds,
            limits=TimeLimits(
                connect=settings.database.connect_seconds,
                statement=settings.database.statement_seconds,
                lock=settings.database.lock_seconds,
            ),
        )
        closing.push_async_callback(database.close)
        return database

    @provide(scope=Scope.APP)
    def quotas(self, settings: Settings, closing: AsyncExitStack) -> Quotas:
        """The budgets of requests; their connections are closed at the end."""
        chosen = settings.rate_limiting
        addresses: Counters = MemoryCounters()
        people: Counters = MemoryCounters()
        if settings.redis.url is not None and chosen.enabled:
            # The library takes a third of a second to import.
            from app.admission.shared_budgets import SharedCounters  # noqa: PLC0415 - see above

            shared = SharedCounters(settings.redis.url, addresses)
            addresses = people = shared
            closing.push_async_callback(shared.close)
        per_user, per_ip = Rate.parse(chosen.per_user), Rate.parse(chosen.per_ip)
        return Quotas(per_user, per_ip, addresses, people, enabled=chosen.enabled)

    @provide(scope=Scope.APP)
    def hasher(self, settings: Settings) -> Iterator[PasswordHasher]:
        """The password hasher, its threads ended at the end."""
        hasher = PasswordHasher(rounds=settings.auth.bcrypt_rounds)
        yield hasher
        hasher.close()

    @provide(scope=Scope.APP)
    def policy(self, settings: Settings) -> PasswordPolicy:
        """The password policy."""
        return PasswordPolicy(min_length=settings.auth.password_min_length)

    @provide(scope=Scope.APP)
    def tokens(self, settings: Settings) -> AccessTokens:
        """The access tokens' signer."""
        lifetime = timedelta(minutes=settings.auth.access_token_minutes)
        issuer = settings.server.public_url or "atrium"
        return AccessTokens(jwt_secret(settings), lifetime=lifetime, issuer=issuer)

    @provide(scope=Scope.APP)
    def shared_memory(self, settings: Settings, closing: AsyncExitStack) -> SharedMemory:
        """The workers' Redis, its connection closed at the end."""
        memory = SharedMemory(settings.redis.url)
        closing.push_async_callback(memory.close)
        return memory

    @provide(scope=Scope.APP)
    def health(
        self, settings: Settings, database: Database, migrator: Migrator, memory: SharedMemory
    ) -> HealthChecks:
        """What readiness depends on."""

        async def migrations() -> None:
            if not await migrator.is_current():
                code, message = "database.schema.outdated", "The schema is not current."
                raise Unavailable(code, message)

        async def files() -> None:
            if file_troubles(settings):
                # Anybody may ask: which ones is said at the start.
                code, message = (
                    "settings.files.unusable",
                    "A file or folder of the settings is not there.",
                )
                raise Unavailable(code, message)

        # Without the first the API works on; the console does not.
        degrading = {"redis": memory.ping} if memory.is_used else {}
        if settings.access.file is not None or settings.audit.anchor_file is not None:
            degrading["files"] = files
        return HealthChecks(
            {
                "server": shutdown.check,
                "database": database.ping,
                "migrations": migrations,
                "writes": database.check_writable,
            },
            degrading,
        )

    @provide(scope=Scope.APP)
    def refusals(self) -> StrangerRefusals:
        """The refused calls of people who are not signed in."""
        return StrangerRefusals(network_of)

    @provide(scope=Scope.APP)
    def reads(self, settings: Settings, registry: Registry) -> Iterator[ReadRecords]:
        """The looks that wait to be written; what is left at the end is lost, and says so."""
        reads = ReadRecords(kept_reads(settings, registry), requests=settings.audit.record_requests)
        yield reads
        if len(reads) > 0:
            log.get_logger(__name__).error("audit.reads_not_written", count=len(reads))

    @provide(scope=Scope.APP)
    def slots(self, settings: Settings) -> ExpensiveSlots:
        """The turns of expensive operations."""
        return ExpensiveSlots(
            settings.server.expensive_at_once, settings.server.expensive_wait_seconds
        )

    @provide(scope=Scope.REQUEST)
    def unit_of_work(  # noqa: PLR0917 - filled by the container
        self,
        database: Database,
        actor: Actor,
        context: RequestContext,
        registry: Registry,
        refusals: StrangerRefusals,
        slots: ExpensiveSlots,
        reads: ReadRecords,
    ) -> UnitOfWork:
        """One unit of work; see `open_unit`, which ends it."""
        return UnitOfWork(
            database, actor, context, registry, refusals=refusals, slots=slots, reads=reads
        )


def kept_reads(settings: Settings, registry: Registry) -> Mapping[str, Kept]:
    """Which looks at records the audit trail tells of.

    Raises:
        SettingsError: A resource is named that has no records, or nothing sensitive.
    """
    try:
        return kept(registry, settings.audit.reads)
    except ValueError as error:
        message = f"audit.reads ({variable_name('audit.reads')}): {error}"
        raise SettingsError(message) from error


def file_troubles(settings: Settings) -> list[str]:
    """Which files of the settings cannot be used, one sentence each."""
    found = []
    roles = settings.access.file
    if roles is not None and not (roles.is_file() and os.access(roles, os.R_OK)):
        variable = variable_name("access.file")
        found.append(f"The file of roles {roles} ({variable}) is not there or not readable.")
    if trouble := Anchor(settings.audit.anchor_file).trouble:
        found.append(f"{trouble} ({variable_name('audit.anchor_file')})")
    return found


def configure_logging(settings: Settings) -> None:
    """Set up logging and, with a DSN, error reports."""
    chosen = settings.logging.format
    as_json = chosen == "json" or (chosen == "auto" and settings.is_production)
    log.configure(level=settings.logging.level, as_json=as_json)
    if settings.sentry.dsn is not None:
        sentry_sdk.init(
            dsn=settings.sentry.dsn.get_secret_value(),
            environment=settings.environment,
            send_default_pii=False,
            max_request_body_size="never",
            include_local_variables=False,
            before_send=_without_secrets,
            # Nothing is sent past the error bus. Logging would repeat what libraries log, and
            # with that what people typed; the log itself is redacted.
            auto_enabling_integrations=False,
            disabled_integrations=[LoggingIntegration(), ExcepthookIntegration()],
        )


def build_errors(registry: Registry) -> ErrorPublisher:
    """The error bus of this process: to the log and, with a DSN, to where errors are collected."""
    errors = ErrorPublisher([write_to_log, _send_to_sentry], registry.module_of)
    errors.listen(count_error)
    return errors


def build_registry(*modules: Module) -> Registry:
    """Install the core features and these modules, and freeze the registry."""
    registry = Registry()
    for module in (*CORE_FEATURES, *modules):
        registry.install(module)
    registry.freeze()
    return registry


def installed_modules(settings: Settings) -> list[Module]:
    """The modules that the settings name.

    Raises:
        SettingsError: One cannot be imported, or is no module.
    """
    found = []
    for name in settings.modules.installed:
        try:
            module = getattr(importlib.import_module(name), "module", None)
        except ImportError as error:
            message = f"modules.installed: {name!r} cannot be imported ({error})"
            raise SettingsError(message) from error
        if not isinstance(module, Module):
            message = f"modules.installed: {name!r} has no `module` that is a Module"
            raise SettingsError(message)
        found.append(module)
    return found


def build_container(
    settings: Settings,
    registry: Registry,
    *overrides: Provider,
    errors: ErrorPublisher | None = None,
) -> AsyncContainer:
    """The container of everything, to be closed by `close_container`; its graph is checked here.

    Args:
        settings: The settings.
        registry: The frozen registry.
        overrides: Providers that replace parts, for tests.
        errors: The error bus, where the caller uses it as well.

    Raises:
        SettingsError: A setting names what is not installed.
    """
    kept_reads(settings, registry)
    contributed = [module.provider for module in registry.modules if module.provider is not None]
    return make_async_container(
        PlatformProvider(),
        *contributed,
        *overrides,
        context={
            Settings: settings,
            Registry: registry,
            ErrorPublisher: errors or build_errors(registry),
            AsyncExitStack: AsyncExitStack(),
        },
    )


async def close_container(container: AsyncContainer) -> None:
    """Close the container and all that it made, connections last."""
    try:
        await container.close()
    finally:
        await container.get_sync(AsyncExitStack).aclose()


def build_page_policy(settings: Settings, registry: Registry) -> PagePolicy:
    """Who may open which page."""
    return PagePolicy(registry, development=not settings.is_production)


def build_console() -> rx.App:
    """The Reflex application: every module's pages behind the event guard."""
    settings = load_settings()
    registry = build_registry(*installed_modules(settings))
    connect_to_redis(settings.redis.url)
    app = rx.App(
        stylesheets=STYLESHEETS,
        head_components=head(),
        html_lang="en",
        app_wraps=app_wraps(),
        toaster=None,
        backend_exception_handler=event_failed,
    )
    keep_states(app, jwt_secret(settings))
    app.add_middleware(EventGuard(build_page_policy(settings, registry)))
    app.add_page(
        lambda: not_found_page(registry),
        route="404",
        title="Not found · Atrium",
        on_load=[Console.enter],
    )
    for page in registry.pages:
        if page.development_only and settings.is_production:
            continue
        app.add_page(
            _page(page, registry),
            route=page.route,
            title=title_of(page, registry),
            # Without an event of its own the browser would not tell that it opened the page.
            on_load=list(page.on_load) or [Console.enter],
        )
    return app


def _page(page: PageSpec, registry: Registry) -> Callable[[], rx.Component]:
    def build() -> rx.Component:
        return compose(page, registry)

    # Reflex bundles by Python module: a page must not load the components of all others.
    build.__module__ = page.build.__module__
    build.__name__ = build.__qualname__ = page.build.__name__
    return build


_SENT_FACTS = ("request_id", "trace_id", "method", "handler", "job")


def _send_to_sentry(report: ErrorReport) -> None:
    """Send a report to where errors are collected; does nothing without a DSN."""
    with sentry_sdk.new_scope() as scope:
        scope.set_tags({"event": report.event, "module": report.module})
        scope.set_tags({name: report.facts[name] for name in _SENT_FACTS if name in report.facts})
        if report.facts.get("user_id"):
            scope.set_user({"id": str(report.facts["user_id"])})
        scope.capture_exception(report.error)


def _without_secrets(event: Any, _hint: object) -> Any:
    """Drop all that could hold a cookie, a token or a password from an error report."""
    request = event.get("request")
    if isinstance(request, dict):
        for part in ("headers", "cookies", "data", "query_string", "env"):
            request.pop(part, None)
    for error in event.get("exception", {}).get("values", ()):
        error["value"] = log.redact(str(error.get("value", "")))
    return event
