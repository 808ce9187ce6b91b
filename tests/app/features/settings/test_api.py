"""Settings over REST."""

import httpx
import pytest

pytestmark = pytest.mark.one_engine


@pytest.mark.actor("admin")
async def test_list(client: httpx.AsyncClient) -> None:
    """All on one page, with their types."""
    answer = await client.get("/api/v1/settings")

    assert answer.status_code == 200
    [port] = [each for each in answer.json()["items"] if each["name"] == "server.port"]
    assert port == {
        "name": "server.port",
        "value": 8000,
        "unit": "",
        "source": "default",
        "place": "",
        "description": "The port where it listens.",
        "variable": "ATRIUM_SERVER__PORT",
    }


@pytest.mark.actor("user")
async def test_refused(client: httpx.AsyncClient) -> None:
    """Without the permission, which the answer names."""
    answer = await client.get("/api/v1/settings")

    assert (answer.status_code, answer.json()["permission"]) == (403, "settings.read")
