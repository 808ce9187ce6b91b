"""What is shown when a page could not even be sent."""

from typing import Any

import httpx
import pytest

from app.http.edge import Edge
from app.settings import ServerSettings
from app.ui.failure_page import failure_page


async def _fail(_scope: Any, _receive: Any, _send: Any) -> None:
    raise RuntimeError("a detail of ours")


@pytest.fixture
def client() -> httpx.AsyncClient:
    """A client of an application that always fails."""
    edge = Edge(
        _fail,
        ServerSettings(allowed_hosts=["atrium.test"]),
        report=lambda *_, **__: None,
        failure_page=failure_page,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://atrium.test")


async def test_page(client: httpx.AsyncClient) -> None:
    """A person sees a page with the request's id and no internals."""
    response = await client.get("/users")

    assert response.status_code == 500
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["x-request-id"] in response.text
    assert "a detail of ours" not in response.text
    assert "script-src" not in response.headers["content-security-policy"]


async def test_api(client: httpx.AsyncClient) -> None:
    """A program gets a problem."""
    response = await client.get("/api/v1/users")

    assert response.status_code == 500
    assert response.json()["code"] == "internal"
    assert "a detail of ours" not in response.text
