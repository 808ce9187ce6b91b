"""REST for programs: sign in, refresh, sign out."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine

from app.core import clock
from app.core.actor import SYSTEM
from app.features.users.service import UserService
from app.settings import ServerSettings, Settings
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform

pytestmark = pytest.mark.one_engine

AUTH = "/api/v1/auth"


async def login(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    """Sign in."""
    return await client.post(f"{AUTH}/login", json={"email": email, "password": password})


def bearer(token: str) -> dict[str, str]:
    """The header of an access token."""
    return {"Authorization": f"Bearer {token}"}


class TestLogin:
    """POST /auth/login."""

    async def test_allowed(self, client: httpx.AsyncClient, make_user: UserFactory) -> None:
        """200 with a pair of tokens that are never cached."""
        user = await make_user()

        response = await login(client, user.email)

        pair = response.json()
        assert response.status_code == 200
        assert pair.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
        assert response.headers["cache-control"] == "no-store"
        assert "set-cookie" not in response.headers
        me = await client.get(f"{AUTH}/me", headers=bearer(pair["access_token"]))
        assert (me.status_code, me.json()["email"]) == (200, user.email)

    async def test_same_answer(
        self, client: httpx.AsyncClient, platform: Platform, make_user: UserFactory
    ) -> None:
        """Unknown, wrong and suspended are answered byte by byte alike."""
        await make_user(email="known@example.com")
        suspended = await make_user(email="suspended@example.com")
        await platform.caller(SYSTEM)(UserService.suspend, suspended.id)

        answers = [
            await login(client, "known@example.com", "wrong"),
            await login(client, "unknown@example.com"),
            await login(client, "suspended@example.com"),
        ]

        assert [answer.status_code for answer in answers] == [401] * 3
        bodies = [answer.json() | {"request_id": ""} for answer in answers]
        assert bodies == [bodies[0]] * 3
        volatile = {"x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"}
        headers = [
            {name: value for name, value in answer.headers.items() if name not in volatile}
            for answer in answers
        ]
        assert headers == [headers[0]] * 3
        assert headers[0]["www-authenticate"] == "Bearer"

    async def test_throttled(self, client: httpx.AsyncClient, make_user: UserFactory) -> None:
        """429 says how long to wait, in the header and in the body."""
        user = await make_user()
        for _ in range(5):
            assert (await login(client, user.email, "wrong")).status_code == 401

        response = await login(client, user.email)

        problem = response.json()
        assert (response.status_code, problem["code"]) == (429, "auth.throttled")
        assert response.headers["retry-after"] == str(problem["retry_after_seconds"])
        assert 0 < problem["retry_after_seconds"] <= 1

    async def test_forwarded_address_of_nobody(
        self, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """Without a trusted proxy, nobody chooses the address they are counted under."""
        user = await make_user()
        statuses = []
        for number in range(7):
            response = await client.post(
                f"{AUTH}/login",
                json={"email": user.email, "password": "wrong"},
                headers={"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": "for=203.0.113.1"},
            )
            statuses.append(response.status_code)

        assert statuses == [401] * 5 + [429] * 2


class TestRefresh:
    """POST /auth/refresh."""

    async def test_rotation(self, client: httpx.AsyncClient, make_user: UserFactory) -> None:
        """Each token is good for one exchange; a second use, later, ends the family."""
        first = (await login(client, (await make_user()).email)).json()

        async def exchange(pair: Any) -> httpx.Response:
            body = {"refresh_token": pair["refresh_token"]}
            return await client.post(f"{AUTH}/refresh", json=body)

        second = (await exchange(first)).json()
        assert (await client.get(f"{AUTH}/me", headers=bearer(second["access_token"]))).is_success

        assert (await exchange(first)).json()["refresh_token"] == second["refresh_token"]
        with time_machine.travel(clock.now() + timedelta(seconds=11), tick=False):
            reused = await exchange(first)

        assert (reused.status_code, reused.json()["code"]) == (401, "auth.refresh.reused")
        for pair in (first, second):
            answer = await client.get(f"{AUTH}/me", headers=bearer(pair["access_token"]))
            assert (answer.status_code, answer.json()["code"]) == (401, "auth.token.invalid")
        assert (await exchange(second)).status_code == 401

    async def test_with_an_expired_access_token(
        self, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """A program that sends its old access token along gets a new one all the same."""
        pair = (await login(client, (await make_user()).email)).json()

        response = await client.post(
            f"{AUTH}/refresh",
            json={"refresh_token": pair["refresh_token"]},
            headers=bearer("expired"),
        )

        assert response.status_code == 200


class TestLogout:
    """POST /auth/logout."""

    @pytest.mark.actor("user")
    async def test_allowed(self, client: httpx.AsyncClient) -> None:
        """204, and the access token is worth nothing from now on."""
        response = await client.post(f"{AUTH}/logout")

        assert (response.status_code, response.content) == (204, b"")
        assert (await client.get(f"{AUTH}/me")).status_code == 401
        assert (await client.post(f"{AUTH}/logout")).status_code == 401


class TestMe:
    """GET /auth/me."""

    async def test_must_change_password(
        self, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """Someone who must change their password learns that, and may do nothing else."""
        user = await make_user(roles=["admin"], must_change_password=True)
        headers = bearer((await login(client, user.email)).json()["access_token"])

        me = await client.get(f"{AUTH}/me", headers=headers)
        users = await client.get("/api/v1/users", headers=headers)

        assert me.json()["must_change_password"] is True
        assert (users.status_code, users.json()["code"]) == (403, "auth.password.change_required")

    async def test_cookie_counts_for_nothing(
        self, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """The console's cookie does not open the API: no other site can make it act."""
        user = await make_user()
        form = {"email": user.email, "password": PASSWORD}
        signed_in = await client.post("/session/sign-in", data=form)
        assert signed_in.cookies["atrium_session"]

        response = await client.get(f"{AUTH}/me")

        assert "cookie" in response.request.headers
        assert response.status_code == 401


class TestCookieOverHttps:
    """The console's cookie where `server.public_url` begins with https."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """A platform that browsers find by https, through a proxy that nobody told about it."""
        server = ServerSettings(public_url="https://atrium.test")
        return settings.model_copy(update={"server": server})

    async def test_is_secure_and_of_this_host_alone(
        self, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """It is Secure, and no other host of the domain can set it, whatever the proxy speaks."""
        user = await make_user()
        form = {"email": user.email, "password": PASSWORD}

        begun = await client.post("/session/sign-in", data=form)
        name, _, rest = begun.headers["set-cookie"].partition("=")
        headers = {"Cookie": f"{name}={rest.partition(';')[0]}"}
        ended = await client.post("/session/sign-out", headers=headers)

        assert name == "__Host-atrium_session"
        for answer in (begun, ended):
            flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
            assert {"secure", "httponly", "path=/", "samesite=lax"} <= flags
            assert not any(flag.startswith("domain") for flag in flags)
        assert (ended.status_code, ended.headers["location"]) == (303, "/sign-in")

    async def test_no_other_name_counts(
        self, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """The session under the name without `__Host-` is nobody's."""
        user = await make_user()
        form = {"email": user.email, "password": PASSWORD}
        begun = await client.post("/session/sign-in", data=form)
        cookie = begun.headers["set-cookie"].partition("=")[2].partition(";")[0]
        headers = {"Cookie": f"atrium_session={cookie}"}

        ended = await client.post("/session/sign-out", headers=headers)

        assert ended.status_code == 401
