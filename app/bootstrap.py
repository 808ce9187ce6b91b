"""Composition root: settings → adapters → registry → container → applications."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import reflex as rx

# Reflex would import it in the middle of the first event that carries a dict, for a second.
import reflex.model
import sentry_sdk
from dishka import AsyncContainer, Provider, Scope, from_context, make_async_container, provide
from sentry_sdk.integrations.logging import LoggingIntegration

from app.core import log
from app.core.actor import Actor, RequestContext
from app.core.database import Database
from app.core.health import HealthChecks
from app.core.migrations import Migrator
from app.core.module import PageSpec
from app.core.passwords import PasswordHasher, PasswordPolicy
from app.core.ports import Authenticator
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork
from app.features.access.module import module as access
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
from app.features.roles.module import module as roles
from app.features.settings.module import module as settings_feature
from app.features.users.module import module as users
from app.features.views.module import module as views
from app.settings import Settings, jwt_secret, load_settings
from app.ui.event_guard import EventGuard
from app.ui.not_found import not_found_page
from app.ui.page_policy import PagePolicy
from app.ui.page_state import Console
from app.ui.shell import compose, title_of
from app.ui.socket_gate import refuse_other_messages
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
    profile,
    gallery,
)


class PlatformProvider(Provider):
    """What every feature may ask for."""

    settings = from_context(provides=Settings, scope=Scope.APP)
    registry = from_context(provides=Registry, scope=Scope.APP)
    actor = from_context(provides=Actor, scope=Scope.REQUEST)
    context = from_context(provides=RequestContext, scope=Scope.REQUEST)

    migrator = provide(Migrator, scope=Scope.APP)
    authenticator = provide(SessionAuthenticator, scope=Scope.APP, provides=Authenticator)

    @provide(scope=Scope.APP)
    async def database(self, settings: Settings) -> AsyncIterator[Database]:
        """The database, closed at the end."""
        database = Database(
            settings.database_url,
            pool_size=settings.database.pool_size,
            busy_timeout_seconds=settings.database.busy_timeout_seconds,
        )
        yield database
        await database.close()

    @provide(scope=Scope.APP)
    async def hasher(self, settings: Settings) -> AsyncIterator[PasswordHasher]:
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
        return AccessTokens(jwt_secret(settings), lifetime=lifetime)

    @provide(scope=Scope.APP)
    def health(self, database: Database, migrator: Migrator) -> HealthChecks:
        """What readiness depends on."""

        async def migrations() -> None:
            if not await migrator.is_current():
                message = "the schema is not current"
                raise RuntimeError(message)

        return HealthChecks({"database": database.ping, "migrations": migrations})

    @provide(scope=Scope.REQUEST)
    async def unit_of_work(
        self, database: Database, actor: Actor, context: RequestContext, registry: Registry
    ) -> AsyncIterator[UnitOfWork]:
        """One unit of work; what the edge did not commit is rolled back."""
        uow = UnitOfWork(database, actor, context, registry.module_of)
        yield uow
        await uow.rollback()


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
            # It repeats what libraries log, and with that what people typed. The log itself is
            # redacted; what goes wrong is reported by the edges.
            disabled_integrations=[LoggingIntegration()],
        )


def build_registry() -> Registry:
    """Install the core features and freeze the registry."""
    registry = Registry()
    for feature in CORE_FEATURES:
        registry.install(feature)
    registry.freeze()
    return registry


def build_container(settings: Settings, registry: Registry, *overrides: Provider) -> AsyncContainer:
    """The container of everything; its graph is checked here.

    Args:
        settings: The settings.
        registry: The frozen registry.
        overrides: Providers that replace parts, for tests.
    """
    contributed = [module.provider for module in registry.modules if module.provider is not None]
    return make_async_container(
        PlatformProvider(),
        *contributed,
        *overrides,
        context={Settings: settings, Registry: registry},
    )


def build_page_policy(settings: Settings, registry: Registry) -> PagePolicy:
    """Who may open which page."""
    return PagePolicy(registry, development=not settings.is_production)


def build_console() -> rx.App:
    """The Reflex application: every module's pages behind the event guard."""
    settings = load_settings()
    registry = build_registry()
    app = rx.App(
        stylesheets=STYLESHEETS,
        head_components=head(),
        html_lang="en",
        app_wraps=app_wraps(),
        toaster=None,
    )
    app.add_middleware(EventGuard(build_page_policy(settings, registry)))
    refuse_other_messages(app.sio)
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


def _without_secrets(event: Any, _hint: object) -> Any:
    """Drop all that could hold a cookie, a token or a password from an error report."""
    request = event.get("request")
    if isinstance(request, dict):
        for part in ("headers", "cookies", "data", "query_string", "env"):
            request.pop(part, None)
    for error in event.get("exception", {}).get("values", ()):
        error["value"] = log.redact(str(error.get("value", "")))
    return event
