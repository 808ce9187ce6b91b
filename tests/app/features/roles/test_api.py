"""REST: roles."""

import httpx
import pytest

pytestmark = pytest.mark.one_engine


class TestList:
    """GET /roles."""

    @pytest.mark.actor(grants=["role.read"])
    async def test_allowed(self, client: httpx.AsyncClient) -> None:
        """All roles with what they grant, in the shape of every list."""
        response = await client.get("/api/v1/roles")

        assert response.json().keys() == {"items", "next_cursor"}
        assert response.json()["next_cursor"] is None
        roles = {role["name"]: role["permissions"] for role in response.json()["items"]}
        assert response.status_code == 200
        assert roles["admin"] == ["*"]
        assert {"user", "guest"} <= roles.keys()

    @pytest.mark.actor("user")
    async def test_refused(self, client: httpx.AsyncClient) -> None:
        """403 names the permission."""
        response = await client.get("/api/v1/roles")

        assert (response.status_code, response.json()["permission"]) == (403, "role.read")
