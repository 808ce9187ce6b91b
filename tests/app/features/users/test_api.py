"""REST: users."""

from typing import Any

import httpx
import pytest

from app.features.users.schemas import UserRead
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Platform

pytestmark = pytest.mark.one_engine

USERS = "/api/v1/users"
ADA = {"email": "ada@example.com", "display_name": "Ada", "password": PASSWORD}


@pytest.fixture
async def ada(make_user: UserFactory) -> UserRead:
    """A user to act on."""
    return await make_user(email="ada@example.com", display_name="Ada")


def shown(user: UserRead) -> Any:
    """A user as REST shows them."""
    return user.model_dump(mode="json")


class TestCreate:
    """POST /users."""

    @pytest.mark.actor("admin")
    async def test_allowed(self, client: httpx.AsyncClient) -> None:
        """201 with the user and where to find them, and nothing of the password."""
        response = await client.post(USERS, json=ADA | {"roles": ["guest"]})

        created = response.json()
        assert response.status_code == 201
        assert response.headers["location"] == f"{USERS}/{created['id']}"
        assert (created["email"], created["roles"]) == ("ada@example.com", ["guest"])
        assert created.keys() == UserRead.model_fields.keys()
        assert (await client.get(response.headers["location"])).json() == created

    @pytest.mark.actor("admin")
    async def test_conflict(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """409 when the address is taken, with the field at fault."""
        response = await client.post(USERS, json=ADA | {"email": "ADA@example.com"})

        problem = response.json()
        assert (response.status_code, problem["code"]) == (409, "user.email.taken")
        assert problem["fields"].keys() == {"email"}

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(
        ("password", "code"),
        [("aaaaaaaa", "user.password.weak"), ("iloveyou1", "user.password.guessable")],
    )
    async def test_weak_password(self, client: httpx.AsyncClient, password: str, code: str) -> None:
        """422 when the password is weak or among the first that others try."""
        response = await client.post(USERS, json=ADA | {"password": password})

        problem = response.json()
        assert (response.status_code, problem["code"]) == (422, code)
        assert problem["fields"].keys() == {"password"}

    @pytest.mark.actor(grants=["user.read"])
    async def test_refused(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """403 names the permission; the body is not even read."""
        response = await client.post(USERS, content=b"not JSON")

        problem = response.json()
        assert (response.status_code, problem["code"]) == (403, "permission.denied")
        assert problem["permission"] == "user.create"
        [entry] = await platform.audit(action="user.create", outcome="denied")
        assert entry.request_id == problem["request_id"]
        assert (entry.channel, entry.address) == ("api", "192.0.2.1")

    @pytest.mark.actor(grants=["user.create", "role.read"])
    async def test_role_above_oneself(self, client: httpx.AsyncClient) -> None:
        """403 when a role grants what one does not hold."""
        response = await client.post(USERS, json=ADA | {"roles": ["admin"]})

        problem = response.json()
        assert (response.status_code, problem["code"]) == (403, "user.above_actor")
        assert problem["permission"] == "*"


class TestRead:
    """GET /users/{id}."""

    @pytest.mark.actor(grants=["user.read"])
    async def test_allowed(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """200 with the user."""
        response = await client.get(f"{USERS}/{ada.id}")

        assert (response.status_code, response.json()) == (200, shown(ada))

    @pytest.mark.actor(grants=["user.read"])
    async def test_any_spelling_of_the_id(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """An id may be written without hyphens or in capitals."""
        for spelling in (ada.id.hex, str(ada.id).upper()):
            assert (await client.get(f"{USERS}/{spelling}")).json() == shown(ada)


class TestUpdate:
    """PATCH and PUT /users/{id}."""

    @pytest.mark.actor("admin")
    async def test_patch(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """What is given changes, the rest stays."""
        response = await client.patch(f"{USERS}/{ada.id}", json={"display_name": "Adda"})

        changed = response.json()
        assert response.status_code == 200
        assert changed == shown(ada) | {
            "display_name": "Adda",
            "version": 2,
            "updated_at": changed["updated_at"],
        }

    @pytest.mark.actor("admin")
    async def test_put(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """All details are replaced."""
        details = {"display_name": "Countess"}

        response = await client.put(f"{USERS}/{ada.id}", json=details)

        changed = response.json()
        assert response.status_code == 200
        assert {name: changed[name] for name in details} == details

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("method", ["PATCH", "PUT"])
    @pytest.mark.parametrize(
        ("field", "value"), [("email", "x@example.com"), ("password", PASSWORD), ("verified", True)]
    )
    async def test_credentials(
        self, client: httpx.AsyncClient, ada: UserRead, method: str, field: str, value: object
    ) -> None:
        """422 at the field names the route that changes it; nothing changes."""
        sent = {"display_name": "Adda", field: value}

        response = await client.request(method, f"{USERS}/{ada.id}", json=sent)

        problem = response.json()
        assert (response.status_code, problem["field_codes"]) == (422, {field: "elsewhere"})
        assert f"{USERS}/{{id}}/" in problem["fields"][field]
        assert (await client.get(f"{USERS}/{ada.id}")).json() == shown(ada)


class TestCredentials:
    """POST /users/{id}/reset-credentials and /users/{id}/email."""

    @pytest.mark.actor("admin")
    async def test_reset(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """The link is in the answer alone, which nobody may keep."""
        response = await client.post(f"{USERS}/{ada.id}/reset-credentials", json={})

        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        url, _, token = response.json()["url"].partition("#token=")
        assert url.endswith("/reset-password")
        assert len(token) == 43

    @pytest.mark.actor("admin")
    async def test_email(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """The user as they are now."""
        change = {"email": "countess@example.com", "verified": True}

        response = await client.post(f"{USERS}/{ada.id}/email", json=change)

        assert response.status_code == 200
        assert {name: response.json()[name] for name in change} == change


class TestConflicts:
    """PATCH /users/{id} with a version."""

    @pytest.mark.actor("admin")
    async def test_lost_update(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """409 with the current version when somebody else was faster."""
        first = {"display_name": "First", "version": 1}
        second = {"display_name": "Second", "version": 1}
        assert (await client.patch(f"{USERS}/{ada.id}", json=first)).status_code == 200

        response = await client.patch(f"{USERS}/{ada.id}", json=second)

        problem = response.json()
        assert (response.status_code, problem["code"]) == (409, "user.version.conflict")
        assert problem["current_version"] == 2

    @pytest.mark.actor("admin")
    async def test_empty_patch(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """Nothing given, nothing changed."""
        assert (await client.patch(f"{USERS}/{ada.id}", json={})).json() == shown(ada)


class TestDelete:
    """DELETE /users/{id}."""

    @pytest.mark.actor("admin")
    async def test_allowed(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """204 without a body, and then 404."""
        response = await client.delete(f"{USERS}/{ada.id}")

        assert (response.status_code, response.content) == (204, b"")
        assert (await client.delete(f"{USERS}/{ada.id}")).status_code == 404

    @pytest.mark.actor("admin")
    async def test_oneself(self, client: httpx.AsyncClient) -> None:
        """409: nobody removes themselves."""
        own = (await client.get("/api/v1/auth/me")).json()

        response = await client.delete(f"{USERS}/{own['id']}")

        assert (response.status_code, response.json()["code"]) == (409, "user.delete.self")


class TestAccess:
    """POST /users/{id}/suspend, /reactivate and /roles."""

    @pytest.mark.actor("admin")
    async def test_suspend_and_reactivate(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """The status follows."""
        suspended = await client.post(f"{USERS}/{ada.id}/suspend")
        reactivated = await client.post(f"{USERS}/{ada.id}/reactivate")

        assert (suspended.status_code, suspended.json()["status"]) == (200, "suspended")
        assert (reactivated.status_code, reactivated.json()["status"]) == (200, "active")

    @pytest.mark.actor("admin")
    async def test_roles(
        self, client: httpx.AsyncClient, ada: UserRead, make_role: RoleFactory
    ) -> None:
        """The roles are exactly those given."""
        await make_role("user.read", name="reader")

        response = await client.post(f"{USERS}/{ada.id}/roles", json={"roles": ["reader"]})

        assert (response.status_code, response.json()["roles"]) == (200, ["reader"])

    @pytest.mark.actor("admin")
    async def test_last_administrator(self, client: httpx.AsyncClient) -> None:
        """409: somebody has to be administrator."""
        own = (await client.get("/api/v1/auth/me")).json()

        response = await client.post(f"{USERS}/{own['id']}/roles", json={"roles": []})

        assert (response.status_code, response.json()["code"]) == (409, "user.last_administrator")


class TestList:
    """GET /users."""

    @pytest.mark.actor("admin")
    async def test_walk(self, client: httpx.AsyncClient, make_user: UserFactory) -> None:
        """`next_cursor` leads through the whole list and ends with null."""
        users = [await make_user(display_name="Same") for _ in range(5)]
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": 2, "sort": "display_name", "q": "same"}
            answer = await client.get(USERS, params=query | ({"cursor": cursor} if cursor else {}))
            page = answer.json()
            assert page.keys() == {"items", "next_cursor"}
            found += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]

        assert found == [str(user.id) for user in users]

    @pytest.mark.actor("admin")
    async def test_filters(self, client: httpx.AsyncClient, ada: UserRead) -> None:
        """Words, status and role narrow it."""
        query = {"q": "ADA exam", "status": "active", "role": "user"}

        assert (await client.get(USERS, params=query)).json()["items"] == [shown(ada)]
        query["status"] = "suspended"
        assert (await client.get(USERS, params=query)).json()["items"] == []
