"""Prometheus has an address of its own with the sums over all workers; no other address tells."""

import asyncio
import os
import re
import signal
from pathlib import Path

import httpx
import pytest

from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform
from scripts.servers import free_port
from tests.fixtures.writers import PATIENCE_SECONDS, StartServer

PATHS = ("/metrics", "/metrics/", "/api/v1/metrics", "/api/metrics", "/session/metrics")


class TestClosed:
    """The server's own address tells nobody."""

    async def test_nobody(self, client: httpx.AsyncClient) -> None:
        """Without a sign-in there is nothing."""
        for path in PATHS:
            response = await client.get(path)
            assert response.status_code == 404, path
            assert "atrium_http" not in response.text

    @pytest.mark.parametrize("role", ["user", "admin"])
    async def test_roles(self, platform: Platform, make_user: UserFactory, role: str) -> None:
        """Nor is there for anybody who has signed in."""
        signed_in = await platform.sign_in(await make_user(roles=[role]), PASSWORD)
        async with platform.client(signed_in.tokens.access_token) as client:
            for path in PATHS:
                response = await client.get(path)
                assert response.status_code == 404, path
                assert "atrium_http" not in response.text


def number(text: str, name: str, **labels: str) -> float:
    """The sum of all samples of a name that have these labels."""
    total = 0.0
    for line in text.splitlines():
        found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if found and found[1] == name:
            given = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
            total += float(found[3]) if labels.items() <= given.items() else 0
    return total


@pytest.mark.slow
@pytest.mark.redis
class TestServed:
    """A server with two workers."""

    async def test_sums(self, start_server: StartServer, redis_port: int) -> None:
        """Numbers are the sums over both workers, also after one of them has died."""
        port = free_port()
        server = start_server(
            ATRIUM_SERVER__WORKERS="2",
            ATRIUM_REDIS__URL=f"redis://127.0.0.1:{redis_port}/0",
            ATRIUM_METRICS__ENABLED="true",
            ATRIUM_METRICS__PORT=str(port),
        )
        directory = Path(server.variables["ATRIUM_DATA_DIR"]) / "metrics"
        address = f"http://127.0.0.1:{port}/metrics"
        route = {"route": "/api/v1/auth/me", "status": "4xx"}

        async def ask(times: int) -> None:
            for _ in range(times):
                # A connection of its own for each: workers take turns.
                async with server.client() as client:
                    assert (await client.get("/api/v1/auth/me")).status_code == 401
                    other = await client.get("/metrics")
                    assert "atrium_http" not in other.text

        def pids() -> set[int]:
            return {int(file.stem.rpartition("_")[2]) for file in directory.glob("*/histogram_*")}

        async with httpx.AsyncClient() as prometheus, asyncio.timeout(PATIENCE_SECONDS):
            asked = 0
            while len(pids()) < 2 or asked < 20:
                await ask(5)
                asked += 5
            text = (await prometheus.get(address)).text
            assert number(text, "atrium_http_request_seconds_count", **route) == asked
            most = number(text, "atrium_database_connections_most")

            victim = min(pids())
            os.kill(victim, signal.SIGKILL)
            former = pids()
            while pids() == former:
                await ask(1)
                asked += 1
            after = (await prometheus.get(address)).text

        assert number(after, "atrium_http_request_seconds_count", **route) == asked
        assert number(after, "atrium_database_connections_most") == most == 20
        assert number(after, "atrium_build_info") == 1
        assert number(after, "atrium_server_process_resident_memory_bytes") > 0
        server.stop()
        with pytest.raises(httpx.ConnectError):
            await httpx.AsyncClient().get(address)
