"""A whole platform inside the test process."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

import httpx
from dishka import AsyncContainer, Provider
from pydantic import SecretStr
from sqlalchemy import event, select
from sqlmodel import SQLModel

from app.bootstrap import build_container, build_errors, build_registry, close_container
from app.core.actor import ANONYMOUS, SYSTEM, Actor, Channel, RequestContext
from app.core.audit import AuditEntry
from app.core.database import Database
from app.core.error_bus import ErrorPublisher
from app.core.errors import Unauthenticated
from app.core.ids import new_id
from app.core.migrations import Migrator
from app.core.module import Module
from app.core.operations import Service
from app.core.ports import Authenticator
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork, open_unit
from app.features.auth.schemas import Credentials, TokenPair
from app.features.auth.service import AuthService
from app.features.roles.service import RoleService
from app.features.users.schemas import UserRead
from app.http.api import admit, build_api
from app.http.dispatch import Api
from app.http.edge import Edge
from app.http.writes import WriteRecorder
from app.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=Service)

ADDRESS = "192.0.2.1"
"""Where calls come from when a test does not care."""

_SEALS = (
    "core_audit_anchor",
    "core_audit_checkpoints",
    "core_audit_seals",
    "core_audit_subjects",
    "core_audit_unsealed",
)

ORIGIN = "http://atrium.test"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with an open API session."""

    user: UserRead
    password: str
    tokens: TokenPair
    actor: Actor


class Caller:
    """Calls operations as an edge does: one unit of work each, committed at the end."""

    def __init__(self, container: AsyncContainer, actor: Actor, context: RequestContext) -> None:
        self._container = container
        self.actor = actor
        self.context = context

    async def __call__(
        self,
        operation: Callable[Concatenate[S, P], Awaitable[R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Call an operation, named by its class: `await call(UserService.get, user.id)`."""
        async with self.unit() as unit:
            service = await unit.get(_service_of(operation))
            result = await operation(service, *args, **kwargs)
            await (await unit.get(UnitOfWork)).commit()
        return result

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[AsyncContainer]:
        """The container of one unit of work, to be committed by the caller."""
        async with open_unit(self._container, self.actor, self.context) as unit:
            yield unit


@dataclass
class Platform:
    """The platform on a database of its own. Lives as long as a test.

    Attributes:
        settings: What it was told.
        registry: What is installed.
        container: Makes everything.
        api: Its REST application.
        app: The ASGI application.
        errors: Its error bus.
        reports: Unexpected errors so far; a test that provokes one clears the list.
    """

    settings: Settings
    registry: Registry
    container: AsyncContainer
    api: Api
    app: Any
    errors: ErrorPublisher
    reports: list[BaseException] = field(default_factory=list)

    async def database(self) -> Database:
        """Its database."""
        return await self.container.get(Database)

    async def prepare(self) -> None:
        """Migrate an empty database and make the default roles."""
        await (await self.container.get(Migrator)).upgrade()
        await self.caller(SYSTEM)(RoleService.ensure_defaults)

    def caller(
        self, actor: Actor = ANONYMOUS, *, address: str = ADDRESS, channel: Channel = "api"
    ) -> Caller:
        """Calls operations on the authority of this actor."""
        context = RequestContext(request_id=new_id().hex, channel=channel, address=address)
        return Caller(self.container, actor, context)

    async def sign_in(self, user: UserRead, password: str, *, address: str = ADDRESS) -> SignedIn:
        """Open an API session."""
        credentials = Credentials(email=user.email, password=SecretStr(password))
        tokens = await self.caller(address=address)(AuthService.issue_tokens, credentials)
        authenticator = await self.container.get(Authenticator)
        actor = await authenticator.from_bearer(tokens.access_token)
        return SignedIn(user, password, tokens, actor)

    async def can_sign_in(self, email: str, password: str, *, address: str = ADDRESS) -> bool:
        """Whether this address and password open an API session."""
        credentials = Credentials(email=email, password=SecretStr(password))
        try:
            await self.caller(address=address)(AuthService.issue_tokens, credentials)
        except Unauthenticated:
            return False
        return True

    async def is_live(self, signed_in: SignedIn) -> bool:
        """Whether the session's access token is still worth something."""
        authenticator = await self.container.get(Authenticator)
        try:
            await authenticator.from_bearer(signed_in.tokens.access_token)
        except Unauthenticated:
            return False
        return True

    def client(self, access_token: str = "", *, address: str = ADDRESS) -> httpx.AsyncClient:
        """A REST client of the application, without a socket between them."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 40000)),
            base_url=ORIGIN,
            headers={"Authorization": f"Bearer {access_token}"} if access_token else {},
        )

    async def audit(self, **expected: object) -> list[AuditEntry]:
        """The audit entries with these values, oldest first, e.g. `action="user.create"`."""
        statement = select(AuditEntry).order_by(AuditEntry.id)  # type: ignore[arg-type]  # a column at run time
        for name, value in expected.items():
            statement = statement.where(getattr(AuditEntry, name) == value)
        async with self.caller(SYSTEM).unit() as unit:
            session = (await unit.get(UnitOfWork)).session
            entries = list((await session.execute(statement)).scalars())
            session.expunge_all()
        return entries

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The statements that its database is sent meanwhile."""
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        engine = self.container.get_sync(Database).engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(engine, "before_cursor_execute", note)

    async def contents(self, *, without: Iterable[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables, sorted, to compare before and after.

        Without the seals of the audit trail and what its search knows, which a running server adds
        at its own time.
        """
        skipped = {*without, *_SEALS}
        async with (await self.database()).reading.connect() as connection:
            return {
                name: sorted(
                    (tuple(row) for row in await connection.execute(select(table))), key=repr
                )
                for name, table in SQLModel.metadata.tables.items()
                if name not in skipped
            }


@asynccontextmanager
async def open_platform(
    settings: Settings, *overrides: Provider, modules: Sequence[Module] = ()
) -> AsyncIterator[Platform]:
    """Compose a platform, and close it at the end.

    Args:
        settings: Which database it uses, and everything else.
        overrides: Providers that replace parts.
        modules: Those that are installed besides the core features.
    """
    registry = build_registry(*modules)
    errors = build_errors(registry)
    reports: list[BaseException] = []
    errors.listen(lambda report: reports.append(report.error))
    container = build_container(settings, registry, *overrides, errors=errors)
    api = build_api(registry, container)
    recorder = WriteRecorder(container, api.route_of)
    admission = admit(api, api, container, settings.server)
    app = Edge(admission, settings.server, report=errors.publish, record_write=recorder)
    try:
        yield Platform(settings, registry, container, api, app, errors, reports)
    finally:
        await close_container(container)
        await errors.close()


def _service_of(operation: Callable[..., Any]) -> type[Any]:
    name = operation.__qualname__.partition(".")[0]
    service: type[Any] = getattr(sys.modules[operation.__module__], name)
    return service
