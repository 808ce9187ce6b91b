"""Whoever is not signed in fills no audit trail: refusals are counted, one entry for many."""

import asyncio

import httpx
import pytest

from app.core.audit import AuditEntry
from app.core.permissions import PUBLIC
from app.core.refusals import StrangerRefusals
from app.scheduling import run, run_last
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform
from tests.conformance.test_admission import operation_routes


async def write(platform: Platform) -> None:
    """Do what is done each minute."""
    job = next(job for job in platform.registry.jobs if job.id == "audit.refusals")
    await run(job, platform.container)


async def told(platform: Platform) -> list[AuditEntry]:
    """All entries but that of the roles that the database began with."""
    return [entry for entry in await platform.audit() if entry.action != "role.seed"]


class TestStrangers:
    """Every way in, without a session."""

    @pytest.mark.parametrize("token", ["", "forged"])
    async def test_every_route(self, platform: Platform, token: str) -> None:
        """All refused calls of an address are one entry, written later, with how many and which."""
        called = 0
        async with platform.client(token) as client:
            for method, path, route in operation_routes(platform.api):
                if route.operation.permission != PUBLIC and path.startswith("/api/"):
                    answer = await client.request(method, path)
                    assert answer.status_code == 401, (method, path)
                    called += 1

        assert await told(platform) == []
        await write(platform)
        [entry] = await told(platform)
        assert (entry.action, entry.target_type) == ("request.refused", "address")
        assert entry.address == entry.target_label == "192.0.2.1"
        assert entry.detail["count"] == called > 50
        assert len(entry.detail["called"]) == 10
        assert list(entry.detail["codes"]) == ["auth.token.invalid" if token else "auth.required"]

    async def test_unknown_refresh_tokens(
        self, platform: Platform, client: httpx.AsyncClient
    ) -> None:
        """Guessing refresh tokens writes one entry a minute, too."""
        for number in range(5):
            body = {"refresh_token": str(number)}
            assert (await client.post("/api/v1/auth/refresh", json=body)).status_code == 401
        await write(platform)

        [entry] = await told(platform)
        assert entry.detail["count"] == 5

    async def test_refresh_tokens_of_an_ended_session(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """A token of a session that has ended can be sent as often as one likes."""
        signed_in = await platform.sign_in(await make_user(), PASSWORD)
        headers = {"Authorization": f"Bearer {signed_in.tokens.access_token}"}
        await client.post("/api/v1/auth/logout", headers=headers)
        before = len(await platform.audit())
        for _ in range(5):
            body = {"refresh_token": signed_in.tokens.refresh_token}
            assert (await client.post("/api/v1/auth/refresh", json=body)).status_code == 401

        assert len(await platform.audit()) == before

    async def test_wrong_password(self, platform: Platform, client: httpx.AsyncClient) -> None:
        """A wrong password has an entry of its own at once."""
        body = {"email": "a@example.com", "password": "wrong"}
        await client.post("/api/v1/auth/login", json=body)

        [entry] = await told(platform)
        assert (entry.outcome, entry.target_label) == ("failed", "a@example.com")

    async def test_last_ones(self, platform: Platform, client: httpx.AsyncClient) -> None:
        """What was counted when the server stops is written then."""
        await client.get("/api/v1/auth/me")
        await run_last(platform.registry, platform.container)

        assert len(await platform.audit(action="request.refused")) == 1

    @pytest.mark.parametrize("steps", range(12))
    async def test_cut_off(self, platform: Platform, client: httpx.AsyncClient, steps: int) -> None:
        """A run that the end of the server cuts off loses nothing: the last one writes it."""
        await client.get("/api/v1/auth/me")
        job = next(job for job in platform.registry.jobs if job.id == "audit.refusals")
        running = asyncio.create_task(run(job, platform.container))
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        await run_last(platform.registry, platform.container)

        assert len(await platform.audit(action="request.refused")) == 1

    async def test_nothing_to_write(self, platform: Platform) -> None:
        """A minute without refusals leaves no entry."""
        await write(platform)

        assert await told(platform) == []
        assert (await platform.container.get(StrangerRefusals)).take() == []
