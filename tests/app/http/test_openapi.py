"""The OpenAPI document: complete, and true."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis

from app.admission.refusal import MEDIA_TYPE
from app.core.permissions import PUBLIC, SIGNED_IN, is_permission
from app.core.version import VERSION
from app.testing.platform import Platform

pytestmark = [pytest.mark.one_engine, pytest.mark.slow]


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Any:
    """The document as programs get it."""
    return (await client.get("/openapi.json")).json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Method, path and description of every operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


async def test_page_is_ours(client: httpx.AsyncClient) -> None:
    """It has our colours, follows the chosen theme before it is drawn, and leads back."""
    page = await client.get("/docs")

    for part in ("/theme.css", "/api-docs.css", "/api-docs-theme.js", 'href="/">Back to the'):
        assert part in page.text
    assert page.text.index("/vendor/swagger-ui.css") < page.text.index("/api-docs.css")
    assert page.text.index("/api-docs-theme.js") < page.text.index("<body>")


class TestDocument:
    """What every operation says of itself."""

    def test_names_the_version(self, document: Any) -> None:
        """The API is of the product's version."""
        assert document["info"]["version"] == VERSION

    def test_names_the_permission(self, document: Any) -> None:
        """Each operation tells who may call it."""
        for method, path, operation in operations(document):
            permission = operation["x-permission"]
            assert permission in (PUBLIC, SIGNED_IN) or is_permission(permission), path
            assert bool(operation["security"]) is (permission != PUBLIC), (method, path)
            if is_permission(permission):
                assert permission in operation["description"]

    def test_documents_errors(self, document: Any) -> None:
        """Each API operation documents the errors it can answer with, as problems."""
        for method, path, operation in operations(document):
            if not path.startswith("/api/"):
                continue
            responses = operation["responses"]
            expected = {"400", "401", "414", "422", "429", "431", "503"}
            expected |= {"403"} if is_permission(operation["x-permission"]) else set()
            expected |= {"408", "413", "415"} if "requestBody" in operation else set()
            expected |= {"404"} if "{" in path else set()
            assert expected <= responses.keys(), (method, path)
            for status, response in responses.items():
                if int(status) >= 400:
                    schema = response["content"][MEDIA_TYPE]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}, (path, status)
                    assert response["description"]
                    example = response["content"][MEDIA_TYPE]["example"]
                    jsonschema_rs.validate(document["components"]["schemas"]["Problem"], example)
                    assert example["status"] == int(status), (path, status)
                    assert status != "403" or example.get("permission") in {
                        None,
                        operation["x-permission"],
                    }

    def test_is_valid(self, document: Any) -> None:
        """The document is what the OpenAPI specification calls one."""
        schemathesis.openapi.from_dict(document).validate()

        document["paths"]["/healthz"]["get"]["responses"] = []
        with pytest.raises(Exception, match="responses"):
            schemathesis.openapi.from_dict(document).validate()

    def test_explains_paging(self, document: Any) -> None:
        """How to get the next page stands where people begin to read."""
        assert "`next_cursor`" in document["info"]["description"]

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
    async def test_every_sort(self, document: Any, client: httpx.AsyncClient) -> None:
        """A list can be sorted by what the document names, and by nothing else."""
        lists = 0
        [role, *_] = (await client.get("/api/v1/roles")).json()["items"]
        for _, path, operation in operations(document):
            url = path.replace("{role_id}", role["id"])
            for parameter in operation.get("parameters", []):
                if parameter["name"] != "sort":
                    continue
                lists += 1
                values = parameter["schema"]["anyOf"][0]["enum"]
                for value in values:
                    response = await client.get(url, params={"sort": value})
                    assert response.status_code == 200, (path, value)
                refusal = (await client.get(url, params={"sort": "x"})).json()["detail"]
                allowed = refusal.rstrip(".").partition("allowed: ")[2].split(", ")
                assert {value.removeprefix("-") for value in values} == set(allowed), path
        assert lists >= 2

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
