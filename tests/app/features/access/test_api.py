"""REST: permissions, who holds them, and why."""

import httpx
import pytest

from app.testing.factories import RoleFactory, UserFactory


@pytest.mark.actor(grants=["role.read"])
class TestReports:
    """What programs read."""

    async def test_permissions(self, client: httpx.AsyncClient) -> None:
        """With descriptions, row rules and fields."""
        answer = (await client.get("/api/v1/permissions")).json()

        found = {each["permission"]: each for each in answer["items"]}
        assert found["user.read"]["module"] == "users"
        assert {"name": "own", "title": "Their own record"} in found["user.read"]["rules"]

    async def test_explain(
        self, client: httpx.AsyncClient, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """The verdict and its steps."""
        await make_role("user.*", name="desk")
        user = await make_user(roles=["desk"])

        answer = await client.get(
            "/api/v1/permissions/explain",
            params={"user_id": str(user.id), "permission": "user.update"},
        )

        assert answer.status_code == 200
        assert answer.json()["allowed"] is True
        assert answer.json()["steps"][0]["roles"] == ["desk"]

    async def test_explain_wants_both(self, client: httpx.AsyncClient) -> None:
        """What is missing is said at its field."""
        answer = await client.get("/api/v1/permissions/explain")

        assert answer.status_code == 422
        assert set(answer.json()["fields"]) == {"user_id", "permission"}

    async def test_holders(
        self, client: httpx.AsyncClient, make_role: RoleFactory, make_user: UserFactory
    ) -> None:
        """Everybody, with the way by which they hold it."""
        await make_role("user.*", name="desk")
        user = await make_user(roles=["desk"])

        answer = await client.get("/api/v1/permissions/holders", params={"permission": "user.read"})

        [found] = answer.json()["items"]
        assert (found["id"], found["through"]) == (str(user.id), ["desk"])

    async def test_of_user(self, client: httpx.AsyncClient, make_user: UserFactory) -> None:
        """All that somebody may do."""
        user = await make_user(roles=["guest"])

        answer = await client.get(f"/api/v1/users/{user.id}/permissions")

        assert answer.json() == {"items": [], "next_cursor": None}


@pytest.mark.actor("user")
class TestRefused:
    """Without `role.read`."""

    @pytest.mark.parametrize(
        "path", ["permissions", "permissions/explain", "permissions/holders?permission=user.read"]
    )
    async def test_names_the_permission(self, client: httpx.AsyncClient, path: str) -> None:
        """403, before the input is looked at."""
        answer = await client.get(f"/api/v1/{path}")

        assert (answer.status_code, answer.json()["permission"]) == (403, "role.read")
