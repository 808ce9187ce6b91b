"""What is generated over all routes: numbers, moments, encoded bodies, and questions by `HEAD`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from app.core.permissions import is_permission
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform
from tests.conformance.api_document import Documented, operations, resolved

pytestmark = pytest.mark.slow

ID = "01890000-0000-7000-8000-000000000000"
NO_NUMBERS = [
    "1_0",
    "10.0",
    " 10",
    "10 ",
    "+10",
    "\u0661\u0660",
    "0x10",
    "1e1",
    "",
    "ten",
    "9" * 5000,
]
EXTREMES = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00-14:00",
    "0001-12-31T23:59:59-23:59",
    "0002-01-01T00:00:00+23:59",
    "9998-12-31T23:59:59.999999Z",
    "9998-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
    "9999-01-01T00:00:00+14:00",
    "1582-10-10T12:00:00Z",
    "2016-12-31T23:59:60Z",
    "2026-12-04T24:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-12-04T10:00:00",
    "2026-12-04T10:00:00+25:00",
    "2026-12-04T10:00:00.123456789123Z",
    "0000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "1796342400",
]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Which engine it is makes no difference, unless a test says so."""
    return sqlite_url


def _is_a(kind: str, value: str, schema: Mapping[str, Any]) -> bool:
    found = [resolved(each) for each in schema.get("anyOf", [schema])]
    return any(each.get(kind) == value for each in found)


def address(operation: Documented) -> str:
    """Of something that does not exist, where a record is named."""
    return re.sub(r"\{\w+\}", ID, operation.path)


def parameters(kind: str, value: str) -> list[Any]:
    """The query parameters whose schema has this value."""
    return [
        pytest.param(operation, parameter["name"], id=f"{operation}-{parameter['name']}")
        for operation in operations()
        for parameter in operation.facts.get("parameters", ())
        if parameter["in"] == "query" and _is_a(kind, value, parameter["schema"])
    ]


def places(schema: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Where a body has moments, at most three deep."""
    for name, each in schema.get("properties", {}).items():
        if _is_a("format", "date-time", each):
            yield (name,)
        for variant in (resolved(other) for other in each.get("anyOf", [each])):
            if variant.get("type") == "array":
                yield from ((name, "*", *rest) for rest in places(resolved(variant["items"])))
            elif "properties" in variant:
                yield from ((name, *rest) for rest in places(variant))


def with_moment(body: Any, place: tuple[str, ...], moment: str) -> Any:
    """A body with a moment there."""
    if not place:
        return moment
    if place[0] == "*":
        item = body[0] if body else {"permission": "user.read"}
        return [with_moment(item, place[1:], moment)]
    inner = body.get(place[0], {} if place[1:2] != ("*",) else [])
    return body | {
        place[0]: with_moment(inner or [], place[1:], moment)
        if place[1:2] == ("*",)
        else with_moment(inner, place[1:], moment)
    }


BODIES = [
    pytest.param(operation, place, id=f"{operation}-{'.'.join(place)}")
    for operation in operations()
    if operation.body
    for place in places(operation.body)
]


@pytest.mark.actor("admin")
class TestNumbers:
    """Whole numbers in addresses."""

    @pytest.mark.parametrize(("operation", "name"), parameters("type", "integer"))
    async def test_are_taken_literally(
        self, operation: Documented, name: str, client: httpx.AsyncClient
    ) -> None:
        """What only a lenient parser would take for a number is refused."""
        path = address(operation)
        fine = await client.request(operation.method, path, params={name: "10"})
        assert fine.status_code in (200, 404), fine.text

        for value in NO_NUMBERS:
            answer = await client.request(operation.method, path, params={name: value})
            wanted = 414 if len(value) > 2048 else 422
            assert answer.status_code == wanted, (value, answer.text)
            assert wanted == 414 or name in answer.json()["fields"], value


@pytest.mark.actor("admin")
class TestMoments:
    """Whatever a calendar or a zone can produce, and more."""

    @pytest.mark.parametrize(("operation", "name"), parameters("format", "date-time"))
    async def test_in_addresses(
        self, operation: Documented, name: str, client: httpx.AsyncClient
    ) -> None:
        """It is understood, or refused with a sentence."""
        for moment in EXTREMES:
            answer = await client.request(
                operation.method, address(operation), params={name: moment}
            )
            assert answer.status_code in (200, 422), (moment, answer.text)
            assert answer.is_success or answer.json()["fields"][name], moment

    @pytest.mark.parametrize(("operation", "place"), BODIES)
    async def test_in_bodies(
        self,
        operation: Documented,
        place: tuple[str, ...],
        client: httpx.AsyncClient,
        platform: Platform,
    ) -> None:
        """It is stored and read again, or refused with a sentence."""
        me = (await client.get("/api/v1/auth/me")).json()["id"]
        made = await client.post("/api/v1/roles", json={"name": "desk", "permissions": []})
        ids = {"user_id": me, "role_id": made.json()["id"]}
        path = re.sub(r"\{(\w+)\}", lambda name: ids.get(name[1], ID), operation.path)
        body = operation.example | {
            name: each
            for name, each in {"user_ids": [me], "role_id": ids["role_id"]}.items()
            if name in operation.example
        }
        for number, moment in enumerate(EXTREMES):
            sent = with_moment(body, place, moment)
            if operation.path == "/api/v1/roles":
                sent["name"] = f"role {number}"
            answer = await client.request(operation.method, path, json=sent)

            assert answer.status_code < 500, (moment, answer.text)
            assert answer.is_success or answer.status_code == 422, (moment, answer.text)
            for read in ("/api/v1/roles", f"/api/v1/users/{me}/grants", "/api/v1/audit"):
                assert (await client.get(read)).status_code == 200, (moment, read)
        assert platform.reports == []


@pytest.mark.actor("admin")
class TestBodies:
    """How bodies are sent."""

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "GZIP", "gzip, identity"])
    async def test_encoded(self, encoding: str, client: httpx.AsyncClient) -> None:
        """No body is unpacked: every route that takes one says so."""
        tried = 0
        for operation in operations():
            if operation.body is None:
                continue
            tried += 1
            answer = await client.request(
                operation.method,
                address(operation),
                content=b"\x1f\x8b\x08\x00",
                headers={"Content-Encoding": encoding, "Content-Type": "application/json"},
            )
            assert (answer.status_code, answer.json()["code"]) == (
                415,
                "request.content_encoding",
            ), str(operation)
        assert tried > 10

    async def test_identity(self, client: httpx.AsyncClient) -> None:
        """That it is not encoded may be said."""
        answer = await client.post(
            "/api/v1/roles",
            json={"name": "desk"},
            headers={"Content-Encoding": "identity"},
        )

        assert answer.status_code == 201


@pytest.mark.actor("admin")
class TestHead:
    """`HEAD`."""

    @pytest.mark.parametrize(
        "operation", [each for each in operations() if each.method == "GET"], ids=str
    )
    async def test_leaves_nothing(
        self, operation: Documented, client: httpx.AsyncClient, platform: Platform
    ) -> None:
        """Who only asks has read and exported nothing, and nothing says that they have."""
        before = len(await platform.audit())

        answer = await client.head(address(operation))

        assert answer.content == b""
        assert len(await platform.audit()) == before


@pytest.mark.actor("admin")
class TestAccept:
    """`Accept`."""

    async def test_changes_nothing(self, client: httpx.AsyncClient) -> None:
        """An address answers in the form that the document names, whatever is asked for."""
        for operation in operations():
            if operation.method != "GET" or operation.path.endswith("/export"):
                continue
            usual = await client.get(address(operation))
            odd = await client.get(address(operation), headers={"Accept": "text/html;q=0.1"})

            assert odd.status_code == usual.status_code, str(operation)
            assert odd.headers["content-type"] == usual.headers["content-type"], str(operation)


async def test_who_must_change_their_password_lacks_no_permission(
    platform: Platform, make_user: UserFactory
) -> None:
    """Every refusal names what is missing: the change, and none of the permissions they hold."""
    user = await make_user(roles=["admin"], must_change_password=True)
    session = await platform.sign_in(user, PASSWORD)
    refused = 0
    async with platform.client(session.tokens.access_token) as client:
        for operation in operations():
            if not is_permission(operation.facts["x-permission"]):
                continue
            answer = await client.request(operation.method, address(operation))
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (403, "auth.password.change_required")
            assert "permission" not in problem, str(operation)
            assert problem["change_password"] == "/api/v1/users/change-password"
            refused += 1
    assert refused > 30
