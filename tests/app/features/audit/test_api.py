"""REST: the audit trail."""

import httpx
import pytest

from app.testing.factories import UserFactory

pytestmark = pytest.mark.one_engine

AUDIT = "/api/v1/audit"


class TestList:
    """GET /audit."""

    @pytest.mark.actor("admin")
    async def test_request_can_be_traced(
        self, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """The request id that an answer carried leads to what it did."""
        user = await make_user()
        answer = await client.delete(f"/api/v1/users/{user.id}")

        query = {"request_id": answer.headers["x-request-id"]}
        [entry] = (await client.get(AUDIT, params=query)).json()["items"]

        assert (entry["action"], entry["outcome"]) == ("user.delete", "succeeded")
        assert (entry["actor_name"], entry["channel"]) == ("Actor", "api")
        assert entry["target_id"] == str(user.id)
        assert (await client.get(f"{AUDIT}/{entry['id']}")).json() == entry

    @pytest.mark.actor("admin")
    async def test_user_agent_is_cut(
        self, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """A long or odd user agent does not keep an action from being recorded."""
        user = await make_user()
        agent = "Mozilla/5.0 \xe9" + "x" * 5000

        answer = await client.post(
            f"/api/v1/users/{user.id}/suspend", headers={"User-Agent": agent.encode("latin-1")}
        )

        query = {"request_id": answer.headers["x-request-id"]}
        [entry] = (await client.get(AUDIT, params=query)).json()["items"]
        assert entry["user_agent"] == agent[:300]

    @pytest.mark.actor("user")
    async def test_refused(self, client: httpx.AsyncClient) -> None:
        """403 names the permission."""
        response = await client.get(AUDIT)

        assert (response.status_code, response.json()["permission"]) == (403, "audit.read")
