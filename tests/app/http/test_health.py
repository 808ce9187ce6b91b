"""Liveness and readiness."""

from pathlib import Path

import httpx
import pytest

from app.core.migrations import Migrator
from app.settings import load_settings
from app.testing.fixtures import settings_for
from app.testing.platform import Platform, open_platform
from scripts.servers import free_port


class TestAlive:
    """GET /healthz."""

    async def test_up(self, client: httpx.AsyncClient) -> None:
        """The process answers."""
        response = await client.get("/healthz")

        assert (response.status_code, response.json()["state"]) == (200, "up")

    async def test_without_a_database(self, tmp_path: Path) -> None:
        """A process whose database is gone is alive all the same: restarting would not help."""
        settings = settings_for(f"postgresql://x@127.0.0.1:{free_port()}/x", tmp_path)
        async with open_platform(settings) as platform, platform.client() as client:
            response = await client.get("/healthz")

        assert response.status_code == 200


class TestReady:
    """GET /ready."""

    async def test_up(self, client: httpx.AsyncClient) -> None:
        """All components answer."""
        response = await client.get("/ready")

        ready = response.json()
        assert (response.status_code, ready["state"]) == (200, "up")
        assert {"database", "migrations"} <= ready["components"].keys()
        assert {part["state"] for part in ready["components"].values()} == {"up"}

    async def test_schema_not_current(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """A server of the next version is not ready before its migrations ran."""
        await (await platform.container.get(Migrator)).downgrade("base")

        response = await client.get("/ready")

        ready = response.json()
        assert (response.status_code, ready["state"]) == (503, "down")
        assert ready["components"]["database"]["state"] == "up"
        assert ready["components"]["migrations"]["state"] == "down"

    async def test_database_gone(self, tmp_path: Path) -> None:
        """Without a database the server is not ready; nothing of its address is shown."""
        settings = load_settings(
            data_dir=tmp_path,
            database={"url": f"postgresql://someone:hidden@127.0.0.1:{free_port()}/x"},
        )
        async with open_platform(settings) as platform, platform.client() as client:
            response = await client.get("/ready")

            assert platform.reports == []
        ready = response.json()
        assert (response.status_code, ready["state"]) == (503, "down")
        assert ready["components"]["database"]["state"] == "down"
        assert "hidden" not in response.text
        assert "127.0.0.1" not in response.text


class TestDatabaseGone:
    """Every other route when the database does not answer."""

    @pytest.mark.parametrize(
        ("method", "path"), [("POST", "/api/v1/auth/login"), ("GET", "/api/v1/users")]
    )
    async def test_unavailable(self, tmp_path: Path, method: str, path: str) -> None:
        """503 with a problem that says to try again, and no internals; it is no defect."""
        settings = settings_for(f"postgresql://x:hidden@127.0.0.1:{free_port()}/x", tmp_path)
        credentials = {"email": "ada@example.com", "password": "x"}
        async with open_platform(settings) as platform, platform.client() as client:
            response = await client.request(method, path, json=credentials)

            assert platform.reports == []
        problem = response.json()
        assert (response.status_code, problem["code"]) == (503, "database.unavailable")
        assert "hidden" not in response.text
        assert "asyncpg" not in response.text
