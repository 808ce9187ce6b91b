"""Every route, also of modules to come: how large a body may be, and whose budget a call takes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.admission.budgets import Rate
from app.admission.limits import SIGNED_IN_BODY_BYTES, STRANGER_BODY_BYTES
from app.bootstrap import build_container, build_registry
from app.core.permissions import PUBLIC
from app.http.api import build_api
from app.http.dispatch import Api
from app.http.routing import ConsoleRoute, OperationRoute
from app.settings import RateLimitingSettings, Settings, load_settings
from app.testing import conformance
from app.testing.platform import Platform, SignedIn, open_platform

pytestmark = pytest.mark.slow

# Routes that take more than 64 KiB, with how much and why.
LARGER = {
    "create_role": 256 * 1024,  # Up to 500 grants with conditions.
    "replace_role": 256 * 1024,
    "update_role": 256 * 1024,
    "add_role_permissions": 256 * 1024,
    "preview_role_change": 256 * 1024,
    "replace_user_grants": 256 * 1024,
}
SOME_ID = "01890000-0000-7000-8000-000000000000"


def api(tmp_path: Path) -> Api:
    """The API with everything that is installed."""
    settings = load_settings(data_dir=tmp_path)
    registry = build_registry()
    return build_api(registry, build_container(settings, registry))


def operation_routes(application: Api) -> Iterator[tuple[str, str, OperationRoute]]:
    """Method, path with some id in it, and route of every operation."""
    for path, methods in application._fixed.items():
        for method, route in methods.items():
            yield method, path, route
    for method, patterns in application._patterns.items():
        for _, path, route in patterns:
            named = "/".join(SOME_ID if "{" in part else part for part in path.split("/"))
            yield method, named, route


class TestList:
    """What routes say of themselves."""

    def test_sizes(self, tmp_path: Path) -> None:
        """A route takes 64 KiB, 4 KiB where nobody signs in first, and more only if listed."""
        for method, path, route in operation_routes(api(tmp_path)):
            usual = STRANGER_BODY_BYTES if route.operation.permission == PUBLIC else None
            expected = LARGER.get(route.endpoint.__name__, usual or SIGNED_IN_BODY_BYTES)
            assert route.limits.max_body_bytes == expected, (method, path)

    def test_is_documented(self, tmp_path: Path) -> None:
        """The document says how large each body may be, and that calls have a budget."""
        for path, methods in api(tmp_path).openapi()["paths"].items():
            for method, operation in methods.items():
                if path.startswith("/api/"):
                    assert "429" in operation["responses"], (method, path)
                    has_body = "requestBody" in operation
                    assert ("x-max-body-bytes" in operation) is has_body, (method, path)


@pytest.mark.actor("admin")
class TestBodies:
    """A body that is larger than its route takes is refused, by every route."""

    async def test_too_large(self, platform: Platform, client: httpx.AsyncClient) -> None:
        """Whether it says its length or not, and whatever it holds."""

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(6):
                yield b" " * 64 * 1024

        for method, path, route in operation_routes(platform.api):
            most = route.limits.max_body_bytes
            declared = await client.request(method, path, content=b" " * (most + 1))
            assert declared.status_code == 413, (method, path)
            if route.body_field is not None and type(route) is not ConsoleRoute:
                headers = {"Content-Type": "application/json"}
                counted = await client.request(method, path, content=chunks(), headers=headers)
                assert counted.status_code == 413, (method, path)

    @pytest.mark.parametrize(
        "body",
        [
            b"{" + b",".join(b'"%d":1' % number for number in range(300)) + b"}",
            b"[" * 2000,
            b'{"a":' * 700,
            b"[" + b"{}," * 1200 + b"{}]",
            b'{"email": "' + b"x" * 3000 + b'", "password": "' + b"y" * 1000 + b'"}',
            b'"' + b"\\ud800" * 600 + b'"',
            b"9" * 4000,
            b"-" * 4000,
        ],
    )
    async def test_odd(self, platform: Platform, client: httpx.AsyncClient, body: bytes) -> None:
        """A body that is all keys, all depth, all items or one text is refused and told briefly."""
        headers = {"Content-Type": "application/json"}
        for method, path, route in operation_routes(platform.api):
            if route.body_field is not None:
                answer = await client.request(method, path, content=body, headers=headers)
                assert 400 <= answer.status_code < 500, (method, path, answer.text[:200])
                assert len(answer.json().get("fields") or {}) <= 20, (method, path)
                assert len(answer.content) < 16 * 1024, (method, path)


class TestBudgets:
    """Who has spent a budget is refused, by every route."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Budgets that allow a few calls a day."""
        few = RateLimitingSettings(enabled=True, per_user="5/day", per_ip="1000000/day")
        return settings.model_copy(update={"rate_limiting": few})

    @pytest.mark.actor("admin")
    async def test_of_a_person(
        self, platform: Platform, client: httpx.AsyncClient, signed_in: SignedIn
    ) -> None:
        """Beyond it a person gets 429 with when to come again, and the trail is not filled."""
        statuses = [(await client.get("/api/v1/auth/me")).status_code for _ in range(6)]
        before = await platform.contents()

        assert statuses == [200] * 5 + [429]
        for method, path, route in operation_routes(platform.api):
            if route.operation.permission != PUBLIC and type(route) is OperationRoute:
                if route.limits.per_user is not None:
                    continue
                answer = await client.request(method, path)
                assert answer.status_code == 429, (method, path)
                assert answer.json()["code"] == "request.rate_limited", (method, path)
                assert int(answer.headers["retry-after"]) > 0
                assert answer.headers["x-ratelimit-remaining"] == "0"
        assert await platform.contents() == before

    async def test_of_an_address(self, settings: Settings) -> None:
        """Beyond it an address gets 429 from every route, before it is asked who calls."""
        few = RateLimitingSettings(enabled=True, per_user="1000000/day", per_ip="1/day")
        narrow = settings.model_copy(update={"rate_limiting": few})
        async with open_platform(narrow) as platform, platform.client("no token") as client:
            await client.get("/api/v1/auth/me")
            for method, path, route in operation_routes(platform.api):
                if route.limits.per_ip is None:
                    answer = await client.request(method, path)
                    assert answer.status_code == 429, (method, path)
                    assert answer.headers["x-ratelimit-limit"] == "1"

    def test_defaults(self) -> None:
        """Production has what the customer asked for."""
        usual = RateLimitingSettings()
        rates: list[Any] = [Rate.parse(usual.per_user), Rate.parse(usual.per_ip)]

        assert usual.enabled
        assert rates == [Rate(100, 60), Rate(1000, 60)]


# What may take a second or more: a few run at once, the others wait.
EXPENSIVE = {
    "AccessService.compare",
    "AccessService.explain",
    "AccessService.holder_counts",
    "AccessService.holders",
    "AccessService.matrix",
    "AccessService.of_user",
    "AuditService.export",
    "AuditService.verify",
    "RoleService.what_if",
    "UserService.export",
}


class TestExpensive:
    """Exports and large reports."""

    def test_list(self) -> None:
        """Exactly the listed operations have turns, and every export is among them."""
        operations = conformance.operations_in("app.features")
        found = {name for name, each in operations.items() if each is not None and each.expensive}

        assert {name.replace("SealService", "AuditService") for name in found} == EXPENSIVE

    @pytest.mark.actor("admin")
    async def test_head(self, platform: Platform, client: httpx.AsyncClient) -> None:
        """HEAD on an export hands out nothing, and nothing is recorded as exported."""
        paths = [path for _, path, _ in operation_routes(platform.api) if path.endswith("/export")]
        before = await platform.contents()
        for path in paths:
            if path.startswith("/api/"):
                needed = {"permission": "user.read"} if "holders" in path else {}
                answer = await client.head(path, params=needed)
                assert answer.status_code in (200, 404), path
        assert len(paths) >= 4

        assert await platform.contents() == before
