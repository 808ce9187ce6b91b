"""The table of operations answers as FastAPI would, only sooner."""

from typing import Any

import dishka
import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.types import Receive, Scope, Send

from app.core.actor import RequestContext
from app.features.auth.service import AuthService
from app.http.api import build_api
from app.http.dispatch import Api
from app.http.routing import OperationRoute, Services, calls
from app.testing.platform import ADDRESS, ORIGIN, Platform, SignedIn

pytestmark = pytest.mark.one_engine

Ask = tuple[str, str, dict[str, Any]]

ME: Ask = ("GET", "/api/v1/auth/me", {})
SIGN_OUT: Ask = ("POST", "/api/v1/auth/logout", {})

REQUESTS: dict[str, Ask] = {
    "no input": ME,
    "a query": ("GET", "/api/v1/users?limit=2&q=actor", {}),
    "a wrong query": ("GET", "/api/v1/users?limit=0&nothing=1", {}),
    "a path": ("GET", "/api/v1/users/{actor}", {}),
    "a wrong path": ("GET", "/api/v1/users/nobody", {}),
    "no such thing": ("GET", "/api/v1/users/00000000-0000-0000-0000-000000000000", {}),
    "a body": ("PATCH", "/api/v1/users/{actor}", {"json": {"display_name": "Actor"}}),
    "a wrong body": ("POST", "/api/v1/users", {"json": {"email": "x"}}),
    "no body": ("POST", "/api/v1/users", {}),
    "no JSON": ("POST", "/api/v1/users", {"content": b"{"}),
    "a form": ("POST", "/session/sign-in", {"data": {"email": "x", "password": "y"}}),
    "no such route": ("GET", "/api/v1/nothing", {}),
    "a route that is no operation": ("GET", "/healthz", {}),
}


class Clients:
    """Sends requests to the table, and past it to FastAPI alone."""

    def __init__(self, api: Api, signed_in: SignedIn) -> None:
        self._api = api
        self._signed_in = signed_in

    async def ask(self, request: Ask, *, table: bool) -> httpx.Response:
        """The answer to a request."""
        method, path, options = request
        path = path.format(actor=self._signed_in.user.id)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["atrium.context"] = RequestContext("id", "api", ADDRESS)
            if table:
                await self._api(scope, receive, send)
            else:
                await FastAPI.__call__(self._api, scope, receive, send)

        headers = {"Authorization": f"Bearer {self._signed_in.tokens.access_token}"}
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.request(method, path, headers=headers, **options)


@pytest.fixture
def clients(platform: Platform, signed_in: SignedIn) -> Clients:
    """Clients of the API, signed in as the test's actor."""
    return Clients(build_api(platform.registry, platform.container), signed_in)


class TestAnswers:
    """What comes back."""

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("name", REQUESTS)
    async def test_is_the_same(self, clients: Clients, name: str) -> None:
        """Status, headers and body are those that FastAPI gives to the same request."""
        expected, answer = [
            await clients.ask(REQUESTS[name], table=table) for table in (False, True)
        ]

        assert answer.status_code == expected.status_code
        assert answer.headers == expected.headers
        assert answer.content == expected.content

    @pytest.mark.actor("user")
    async def test_nothing(self, clients: Clients) -> None:
        """Where there is nothing to say, nothing is said."""
        answer = await clients.ask(SIGN_OUT, table=True)

        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-type" not in answer.headers

    @pytest.mark.actor("guest")
    @pytest.mark.parametrize("name", ["a query", "a wrong body"])
    async def test_refusal_is_the_same(self, clients: Clients, name: str) -> None:
        """Who may not is refused before the input is read."""
        expected, answer = [
            await clients.ask(REQUESTS[name], table=table) for table in (False, True)
        ]

        assert answer.status_code == expected.status_code == 403
        assert answer.content == expected.content

    @pytest.mark.actor("admin")
    async def test_defect_is_the_same(
        self, clients: Clients, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A defect of ours is answered without telling of it, and raised to be reported."""

        async def fail(_service: AuthService) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(AuthService, "identity", fail)
        expected, answer = [await clients.ask(ME, table=table) for table in (False, True)]

        assert answer.status_code == expected.status_code == 500
        assert answer.content == expected.content


class TestServices:
    """What endpoints ask for."""

    async def test_made_by_a_coroutine(self) -> None:
        """A module may await what its services are made of."""

        async def make() -> Api:
            return Api()

        provider = dishka.Provider(scope=dishka.Scope.REQUEST)
        provider.provide(make)
        async with dishka.make_async_container(provider)() as unit:
            made = await Services(unit).get(Api, "")

            assert made is await unit.get(Api)


class TestTable:
    """How the operation is found."""

    @pytest.mark.parametrize(
        ("method", "path", "found"),
        [
            ("GET", "/x/things", "things"),
            ("GET", "/x/things/7", "thing"),
            ("GET", "/x/things/7/parts/8", "part"),
            ("GET", "/x/things/new", "new"),
            ("GET", "/x/things/", None),
            ("GET", "/x/things/7/8", None),
            ("GET", "/things", None),
            ("POST", "/x/things", None),
            ("PUT", "/x/things/new", None),
            ("PUT", "/x/things/7", "change"),
            ("HEAD", "/x/things", None),
        ],
    )
    def test_finds(self, method: str, path: str, found: str | None) -> None:
        """By method and whole path; a fixed path comes before one with a parameter."""
        router = APIRouter(route_class=OperationRoute)

        def add(path: str, name: str, method: str = "get") -> None:
            @calls(AuthService.identity)
            async def endpoint() -> None: ...

            getattr(router, method)(path, name=name)(endpoint)

        add("/things", "things")
        add("/things/{thing}", "thing")
        add("/things/{thing}/parts/{part}", "part")
        add("/things/new", "new")
        add("/things/{thing}", "change", "put")
        api = Api()
        api.include_operations(router, prefix="/x")
        scope = {"method": method, "path": path}
        route = api._find(scope)

        assert (route.name if route else None) == found
        if found == "part":
            assert scope["path_params"] == {"thing": "7", "part": "8"}
