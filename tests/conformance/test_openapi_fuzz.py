"""Requests invented from the OpenAPI document: answered as it says, and never with a defect.

Half of them fit the document, half do not. They are sent as an administrator, as somebody
without any permission, and as nobody.
"""

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.bootstrap import build_container, build_registry
from app.http.api import build_api
from app.settings import load_settings
from app.testing.factories import PASSWORD, UserFactory
from app.testing.fixtures import settings_for
from app.testing.platform import ORIGIN, Platform, open_platform
from tests.fixtures.database import PostgresTemplate

pytestmark = pytest.mark.slow

T = TypeVar("T")


def refuses_what_does_not_fit(context: CheckContext, response: Response, case: Case[Any]) -> Any:
    """As `negative_data_rejection`, but for lists in addresses.

    There each value is a text, and one alone is a list of one, so that the number that was
    invented in place of a list of texts fits.
    """
    if not LISTS.isdisjoint(case.query or {}):
        return None
    return negative_data_rejection(context, response, case)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    refuses_what_does_not_fit,
]
ACTORS = ["admin", "plain", "anonymous"]


def load_document() -> Any:
    """The document, without a running platform."""
    registry = build_registry()
    container = build_container(load_settings(environment="test"), registry)
    return build_api(registry, container).openapi()


def without_security(document: Any) -> Any:
    """The document without who may call, and why: those are not for the inventor to vary."""
    paths = {
        path: {method: _plain(operation) for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return document | {"paths": paths}


def _plain(operation: dict[str, Any]) -> dict[str, Any]:
    parameters = [each for each in operation.get("parameters", []) if not _is_why(each)]
    others = {name: value for name, value in operation.items() if name != "security"}
    return others | {"parameters": parameters}


def _is_why(parameter: dict[str, Any]) -> bool:
    """Whether it is a header that many operations take alike; these have their own tests."""
    return parameter.get("name") in ("X-Audit-Reason", "If-Match")


# What is wrong may also be too long, too large or too many to be looked at.
REFUSALS = [400, 401, 403, 404, 409, 413, 414, 415, 422, 429]
CONFIG = SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}}
)

DOCUMENT = load_document()
LISTS = {
    parameter["name"]
    for item in DOCUMENT["paths"].values()
    for operation in item.values()
    for parameter in operation.get("parameters", [])
    if parameter["in"] == "query" and '"array"' in json.dumps(parameter["schema"])
}
"""Parameters of addresses that can be given several times."""
SCHEMA = schemathesis.openapi.from_dict(without_security(DOCUMENT), config=CONFIG)
OPERATIONS: dict[str, Any] = {
    operation.label: operation
    for operation in (found.ok() for found in list[Any](SCHEMA.get_all_operations()))
}


class Loop:
    """An event loop in a thread of its own: invented requests come from synchronous code."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something there and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Target:
    """A platform with some users, and those who call it."""

    def __init__(self, loop: Loop, database_url: str, directory: Path) -> None:
        self._loop = loop
        self._stack = AsyncExitStack()
        self.platform: Platform = loop.run(
            self._stack.enter_async_context(open_platform(settings_for(database_url, directory)))
        )
        self._make_user = UserFactory(self.platform)
        self._tokens: dict[str, str] = {}
        self.user_ids = [str(self._made(f"victim{n}@example.com").id) for n in range(5)]
        self._made("plain@example.com")
        self._made("admin@example.com", roles=["admin"])

    def close(self) -> None:
        """Close the platform."""
        self._loop.run(self._stack.aclose())

    def send(self, case: Case[Any], actor: str) -> httpx.Response:
        """Send an invented request as one of the actors."""
        prepared = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
        headers = [
            (name.encode("latin-1"), value.encode("latin-1") if isinstance(value, str) else value)
            for name, value in prepared.headers.items()
            if name.lower() not in ("authorization", "content-length")
        ]
        token = self._token(actor)
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        response = self._loop.run(self._sent(prepared, headers))
        if case.operation.label == "POST /api/v1/auth/logout":
            self._tokens.clear()
        return response

    async def _sent(
        self, prepared: requests.PreparedRequest, headers: list[tuple[bytes, bytes]]
    ) -> httpx.Response:
        async with self.platform.client() as client:
            return await client.request(
                str(prepared.method), str(prepared.url), content=prepared.body, headers=headers
            )

    def _made(self, email: str, **details: Any) -> Any:
        return self._loop.run(self._make_user(email=email, **details))

    def _token(self, actor: str) -> str:
        if actor == "anonymous":
            return ""
        if actor not in self._tokens:
            credentials = {"email": f"{actor}@example.com", "password": PASSWORD}

            async def sign_in() -> httpx.Response:
                # From an address of its own: invented sign-ins soon have to wait.
                async with self.platform.client(address="198.51.100.1") as client:
                    return await client.post("/api/v1/auth/login", json=credentials)

            self._tokens[actor] = self._loop.run(sign_in()).json()["access_token"]
        return self._tokens[actor]


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    """Where the platforms live."""
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def sqlite_target(
    loop: Loop, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A platform on SQLite."""
    directory = tmp_path_factory.mktemp("fuzz")
    path = directory / "atrium.db"
    path.write_bytes(sqlite_template.read_bytes())
    target = Target(loop, f"sqlite:///{path}", directory)
    yield target
    target.close()


@pytest.fixture(scope="module")
def postgres_target(
    loop: Loop, postgres_template: PostgresTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A platform on PostgreSQL."""
    url = postgres_template.server.url(postgres_template.copy())
    target = Target(loop, url, tmp_path_factory.mktemp("fuzz"))
    yield target
    target.close()


def fuzz(target: Target, label: str, actor: str, *, examples: int) -> None:
    """Send invented requests to one operation and hold the answers against the document."""
    operation = OPERATIONS[label]
    is_guarded = bool(DOCUMENT["paths"][operation.path][operation.method.lower()]["security"])
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        if mode is GenerationMode.NEGATIVE and not takes_input(operation):
            continue

        # The same requests every time: what fails once can be looked into.
        @seed(0)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=mode), known=st.sampled_from(target.user_ids)
        )
        def check(case: Case[Any], known: str) -> None:
            user_id = (case.path_parameters or {}).get("user_id")
            # Most invented ids are nobody's; let some be somebody's.
            if is_uuid(user_id) and int(UUID(str(user_id))) % 2:
                case.path_parameters["user_id"] = known

            response = target.send(case, actor)

            case.validate_response(response, checks=CHECKS)
            assert target.platform.reports == []
            if actor == "anonymous" and is_guarded:
                # What is too large is not even asked who sent it.
                assert response.status_code in (401, 413, 414)

        check()


def takes_input(operation: Any) -> bool:
    """Whether there is anything to get wrong."""
    return bool(operation.body or operation.query or operation.path_parameters)


def is_uuid(value: object) -> bool:
    """Whether this is the text of a UUID."""
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("label", OPERATIONS)
class TestDocument:
    """Every documented operation."""

    def test_as_administrator(self, sqlite_target: Target, label: str) -> None:
        """A few requests, with every run of the checks."""
        fuzz(sqlite_target, label, "admin", examples=5)

    @pytest.mark.slow
    @pytest.mark.parametrize("actor", ACTORS)
    def test_as_anybody(self, sqlite_target: Target, label: str, actor: str) -> None:
        """Many requests as an administrator, as somebody without permissions, and as nobody."""
        fuzz(sqlite_target, label, actor, examples=20 if actor == "admin" else 7)

    @pytest.mark.slow
    @pytest.mark.postgres
    def test_on_postgres(self, postgres_target: Target, label: str) -> None:
        """Some requests on the other engine, which is stricter about what it stores."""
        fuzz(postgres_target, label, "admin", examples=8)
