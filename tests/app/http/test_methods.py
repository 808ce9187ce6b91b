"""Methods, headers and spellings of addresses that nobody expects, on every route."""

import re

import httpx
import pytest

from app.http.api import build_api
from app.testing import conformance
from app.testing.platform import Platform

pytestmark = pytest.mark.one_engine

ID = "01890000-0000-7000-8000-000000000000"
METHODS = ("HEAD", "TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "BREW")


@pytest.fixture
def paths(platform: Platform) -> dict[str, set[str]]:
    """The methods that each path takes."""
    taken: dict[str, set[str]] = {}
    for route in conformance.rest_routes(build_api(platform.registry, platform.container)):
        path = re.sub(r"\{\w+\}", ID, route.path)
        taken.setdefault(path, set()).add(route.method)
    for methods in taken.values():
        methods.add("OPTIONS")
        if "GET" in methods:
            methods.add("HEAD")
    return taken


class TestMethods:
    """Every path with every method."""

    @pytest.mark.parametrize("method", METHODS)
    async def test_others_are_refused(
        self, client: httpx.AsyncClient, paths: dict[str, set[str]], method: str
    ) -> None:
        """405 says which methods there are, in `Allow` and in words."""
        tried = 0
        for path, allowed in paths.items():
            if method in allowed:
                continue
            tried += 1
            response = await client.request(method, path)
            assert response.status_code == 405, (method, path)
            assert set(response.headers["allow"].split(", ")) == allowed, (method, path)
            if method != "HEAD":
                problem = response.json()
                assert response.headers["content-type"] == "application/problem+json"
                assert problem["code"] == "route.method_not_allowed"
                assert response.headers["allow"] in problem["detail"]
        assert tried

    async def test_options(self, client: httpx.AsyncClient, paths: dict[str, set[str]]) -> None:
        """What an address takes is told to anybody who asks, and to no other site's page."""
        for path, allowed in paths.items():
            response = await client.options(path, headers={"Origin": "https://elsewhere.example"})
            assert (response.status_code, response.content) == (204, b""), path
            assert set(response.headers["allow"].split(", ")) == allowed, path
            assert not [name for name in response.headers if name.startswith("access-control")]

        assert (await client.options("/api/v1/nothing")).status_code == 404

    @pytest.mark.actor("admin")
    async def test_head_is_get_without_body(
        self, client: httpx.AsyncClient, paths: dict[str, set[str]]
    ) -> None:
        """What can be read can be asked about."""
        for path, allowed in paths.items():
            if "GET" not in allowed:
                continue
            head, get = await client.head(path), await client.get(path)
            # Of an export nothing is read, so that nobody knows whether there is anything.
            expected = 200 if path.endswith("/export") else get.status_code
            assert head.status_code in (get.status_code, expected), path
            assert head.content == b"", path
            if head.status_code == get.status_code:
                assert head.headers["content-type"] == get.headers["content-type"], path

    async def test_head_of_nothing(self, client: httpx.AsyncClient) -> None:
        """There is nothing to ask about."""
        response = await client.head("/api/v1/nothing")

        assert (response.status_code, response.content) == (404, b"")


class TestAddresses:
    """Spellings of a path."""

    @pytest.mark.parametrize("suffix", ["/", "//", "%2F", ";x", "%00", ".json"])
    async def test_other_spellings(
        self, client: httpx.AsyncClient, paths: dict[str, set[str]], suffix: str
    ) -> None:
        """There is one spelling of an address; no other is redirected to it or fails."""
        for path, methods in paths.items():
            response = await client.request("GET", path + suffix)
            # A longer last segment still is one, which some paths only take to delete it.
            is_only_deleted = path.endswith(ID) and methods == {"DELETE", "OPTIONS"}
            expected = {401, 404, 405} if is_only_deleted else {401, 404}
            assert response.status_code in expected, (path, suffix)
            assert response.headers["content-type"] == "application/problem+json"

    async def test_words(self, client: httpx.AsyncClient) -> None:
        """What is nowhere is said to be nowhere."""
        response = await client.get("/api/v1/users/")

        assert response.json()["detail"] == "There is nothing at this address."


@pytest.mark.actor("admin")
class TestAccept:
    """The API answers in JSON, whatever the caller would rather have."""

    @pytest.mark.parametrize(
        "accept", ["", "*", "text/html", "application/xml;q=0", "a/b/c", ";;;", "\xff", "x" * 9000]
    )
    async def test_any_value(self, client: httpx.AsyncClient, accept: str) -> None:
        """An odd header changes nothing."""
        headers = {"Accept": accept.encode("latin-1")}
        response = await client.get("/api/v1/auth/me", headers=headers)
        missing = await client.get(f"/api/v1/users/{ID}", headers=headers)

        assert (response.status_code, missing.status_code) == (200, 404)
        assert response.headers["content-type"] == "application/json"
        assert missing.headers["content-type"] == "application/problem+json"


async def test_a_visitor_is_not_told_of_permissions(client: httpx.AsyncClient) -> None:
    """Who is not signed in learns only that."""
    for path in ("/api/v1/users", "/api/v1/auth/me"):
        problem = (await client.get(path)).json()
        assert problem["code"] == "auth.required"
        assert "permission" not in problem


@pytest.mark.actor("admin")
async def test_validation_speaks_our_words(client: httpx.AsyncClient) -> None:
    """The sentence names the field and what is allowed; the code is stable."""
    problem = (await client.get("/api/v1/users?status=weird&limit=0")).json()

    assert problem["fields"] == {
        "status": "Must be active or suspended.",
        "limit": "Must be at least 1.",
    }
    assert problem["field_codes"] == {"status": "not_allowed", "limit": "too_small"}
    assert "status: Must be active or suspended." in problem["detail"]
