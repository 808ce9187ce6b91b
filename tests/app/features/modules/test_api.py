"""Modules over REST."""

import httpx
import pytest

pytestmark = pytest.mark.one_engine


@pytest.mark.actor("admin")
async def test_list(client: httpx.AsyncClient) -> None:
    """All on one page."""
    answer = await client.get("/api/v1/modules")

    assert answer.status_code == 200
    [own] = [each for each in answer.json()["items"] if each["id"] == "modules"]
    assert own == {
        "id": "modules",
        "permissions": ["module.read"],
        "pages": ["/modules"],
        "routes": 1,
        "jobs": [],
    }
