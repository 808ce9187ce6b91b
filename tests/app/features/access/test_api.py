"""REST: permissions, who holds them, and why."""

import httpx
import pytest

from app.testing.factories import RoleFactory, UserFactory

pytestmark = pytest.mark.one_engine


@pytest.mark.actor(grants=["role.read", "user.read"])
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

        through = {found["id"]: found["through"] for found in answer.json()["items"]}
        assert through[str(user.id)] == ["desk"]
        assert answer.json()["hidden"] == 0

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


@pytest.mark.actor(grants=["role.read", "user.read"])
class TestFilesAndTables:
    """Reports as files, and all roles at once."""

    async def test_files(self, client: httpx.AsyncClient, make_user: UserFactory) -> None:
        """Who holds something and what somebody holds, as CSV with a line of column names."""
        user = await make_user(email="root@example.com", roles=["admin"])

        holders = await client.get(
            "/api/v1/permissions/holders/export", params={"permission": "user.delete"}
        )
        held = await client.get(f"/api/v1/users/{user.id}/permissions/export")
        unknown = await client.get(
            "/api/v1/permissions/holders/export", params={"permission": "no.such"}
        )

        assert holders.headers["content-type"].startswith("text/csv")
        lines = holders.text.splitlines()
        assert lines[0] == "id,display_name,email,rows,through,ends_at"
        assert [line.split(",")[2:] for line in lines[1:]] == [
            ["root@example.com", "all", "admin", ""]
        ]
        assert "user.delete,Delete users,all,,,admin," in held.text.splitlines()
        assert unknown.status_code == 422

    async def test_matrix_and_comparison(
        self, client: httpx.AsyncClient, make_role: RoleFactory
    ) -> None:
        """All roles against all permissions, and two roles against each other."""
        await make_role("user.read", name="desk")

        matrix = (await client.get("/api/v1/permissions/matrix")).json()
        compared = await client.get(
            "/api/v1/permissions/compare", params={"a": "desk", "b": "guest"}
        )

        column = [role["name"] for role in matrix["roles"]].index("desk")
        marks = {row["permission"]: row["cells"][column] for row in matrix["rows"]}
        assert (marks["user.read"], marks["user.delete"]) == ("d", "")
        assert [each["permission"] for each in compared.json()["items"]] == ["user.read"]


@pytest.mark.actor(grants=["role.read"])
async def test_refusal_leads_to_its_explanation(client: httpx.AsyncClient) -> None:
    """A 403 links to the reason, for those who may ask for it."""
    refused = (await client.delete("/api/v1/users/01890000-0000-7000-8000-000000000001")).json()

    told = (await client.get(refused["explain"])).json()

    assert refused["permission"] == "user.delete"
    assert (told["permission"], told["allowed"]) == ("user.delete", False)


@pytest.mark.actor("user")
async def test_refusal_without_explanation(client: httpx.AsyncClient) -> None:
    """Others are not led to another refusal."""
    refused = (await client.get("/api/v1/audit")).json()

    assert refused["permission"] == "audit.read"
    assert "explain" not in refused
