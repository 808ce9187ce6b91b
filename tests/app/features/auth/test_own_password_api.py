"""Changing one's own password by the API."""

import httpx
import pytest

from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform, SignedIn

pytestmark = pytest.mark.one_engine

NEW = "another long password"


@pytest.mark.actor("user")
class TestChange:
    """`POST /users/change-password`."""

    async def test_ends_all_sessions_and_begins_one(
        self, client: httpx.AsyncClient, platform: Platform, signed_in: SignedIn
    ) -> None:
        """The old tokens are worth nothing, those in the answer work, and so does the password."""
        answer = await client.post(
            "/api/v1/users/change-password",
            json={"current_password": PASSWORD, "new_password": NEW},
        )
        old = await client.get("/api/v1/auth/me")
        async with platform.client(answer.json()["access_token"]) as fresh:
            new = await fresh.get("/api/v1/auth/me")

        assert answer.status_code == 200
        assert (old.status_code, new.status_code) == (401, 200)
        assert (await platform.sign_in(signed_in.user, NEW)).user.id == signed_in.user.id
        [entry] = await platform.audit(action="auth.password.change_by_api")
        assert entry.changes[0]["after"] == "[redacted]"

    async def test_wrong_current_password(self, client: httpx.AsyncClient) -> None:
        """A wrong guess is refused at the field, and the session goes on."""
        answer = await client.post(
            "/api/v1/users/change-password", json={"current_password": "guess", "new_password": NEW}
        )

        assert answer.status_code == 422
        assert list(answer.json()["fields"]) == ["current_password"]
        assert (await client.get("/api/v1/auth/me")).status_code == 200


async def test_first_sign_in(platform: Platform, make_user: UserFactory) -> None:
    """Who must change the password first can do so without a browser."""
    user = await make_user(must_change_password=True)
    session = await platform.sign_in(user, PASSWORD)
    async with platform.client(session.tokens.access_token) as client:
        refused = await client.get("/api/v1/users")
        changed = await client.post(
            "/api/v1/users/change-password",
            json={"current_password": PASSWORD, "new_password": NEW},
        )
    async with platform.client(changed.json()["access_token"]) as client:
        me = await client.get("/api/v1/auth/me")

    assert refused.json()["code"] == "auth.password.change_required"
    assert me.json()["must_change_password"] is False
