"""The OpenAPI document: complete, and true."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.core.permissions import PUBLIC, SIGNED_IN, is_permission
from app.http.problems import MEDIA_TYPE
from app.testing.platform import Platform


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Any:
    """The document as programs get it."""
    return (await client.get("/openapi.json")).json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Method, path and description of every operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


class TestDocument:
    """What every operation says of itself."""

    def test_names_the_permission(self, document: Any) -> None:
        """Each operation tells who may call it."""
        for method, path, operation in operations(document):
            permission = operation["x-permission"]
            assert permission in (PUBLIC, SIGNED_IN) or is_permission(permission), path
            assert ("security" in operation) is (permission != PUBLIC), (method, path)
            if is_permission(permission):
                assert permission in operation["description"]

    def test_documents_errors(self, document: Any) -> None:
        """Each API operation documents the errors it can answer with, as problems."""
        for method, path, operation in operations(document):
            if not path.startswith("/api/"):
                continue
            responses = operation["responses"]
            expected = {"400", "401", "422"}
            expected |= {"429"} if operation["x-permission"] == PUBLIC else {"403"}
            expected |= {"413", "415"} if "requestBody" in operation else set()
            expected |= {"404"} if "{" in path else set()
            assert expected <= responses.keys(), (method, path)
            for status, response in responses.items():
                if int(status) >= 400:
                    schema = response["content"][MEDIA_TYPE]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}, (path, status)
                    assert response["description"]

    def test_describes_problems(self, document: Any) -> None:
        """The shape of a problem is there once, and FastAPI's own shape of errors nowhere."""
        problem = document["components"]["schemas"]["Problem"]

        assert {"title", "status", "detail", "code", "request_id"} <= set(problem["required"])
        assert "ValidationError" not in str(document)

    def test_refers_to_what_exists(self, document: Any) -> None:
        """Every reference leads somewhere."""
        schemas = document["components"]["schemas"]

        references = set(re.findall(r"#/components/schemas/([\w.-]+)", str(document)))
        assert references <= schemas.keys()

    def test_has_words_for_people(self, document: Any) -> None:
        """Every operation has a summary, a description and a name of its own."""
        names = [operation["operationId"] for _, _, operation in operations(document)]

        assert len(set(names)) == len(names)
        for _, path, operation in operations(document):
            assert operation["summary"], path
            assert operation["description"], path

    def test_hides_the_console(self, document: Any) -> None:
        """The console's own forms are not part of the API."""
        assert [path for path in document["paths"] if path.startswith("/session")] == []

    def test_says_how_to_sign_in(self, document: Any) -> None:
        """The scheme is a bearer token."""
        assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


class TestTruth:
    """The application answers as the document says."""

    @pytest.mark.actor("admin")
    async def test_every_path_answers(
        self, document: Any, client: httpx.AsyncClient, platform: Platform
    ) -> None:
        """No documented path is unknown to the router."""
        for method, path, _ in operations(document):
            url = re.sub(r"\{\w+\}", "01890000-0000-7000-8000-000000000000", path)
            response = await client.request(method, url, json={})
            assert response.status_code != 405, (method, path)
            assert "route.not_found" not in response.text, (method, path)
            assert response.status_code < 500, (method, path)
