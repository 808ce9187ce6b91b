"""Liveness and readiness."""

from pathlib import Path

import httpx

from app.bootstrap import file_troubles
from app.core.migrations import Migrator
from app.settings import RedisSettings, load_settings
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

    async def test_without_redis(self, tmp_path: Path, database_url: str) -> None:
        """Without the Redis of several workers the API is ready, and the answer says degraded."""
        settings = settings_for(database_url, tmp_path)
        redis = RedisSettings(url=f"redis://127.0.0.1:{free_port()}/0")
        settings = settings.model_copy(update={"redis": redis})
        async with open_platform(settings) as platform, platform.client() as client:
            response = await client.get("/ready")

        ready = response.json()
        assert (response.status_code, ready["state"]) == (200, "degraded")
        assert ready["components"]["redis"]["state"] == "degraded"
        assert ready["components"]["database"]["state"] == "up"

    async def test_files_missing(self, tmp_path: Path, database_url: str) -> None:
        """Without the file of roles, or the anchor file's folder, the answer says degraded."""
        settings = settings_for(database_url, tmp_path)
        access = settings.access.model_copy(update={"file": tmp_path / "roles.yaml"})
        audit = settings.audit.model_copy(update={"anchor_file": tmp_path / "none" / "anchor"})
        for change in ({"access": access}, {"audit": audit}):
            changed = settings.model_copy(update=change)
            assert len(file_troubles(changed)) == 1
            async with open_platform(changed) as platform, platform.client() as client:
                response = await client.get("/ready")

            ready = response.json()
            assert (response.status_code, ready["state"]) == (200, "degraded")
            assert ready["components"]["files"]["state"] == "degraded"

    async def test_schema_not_current(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """A server of the next version is not ready before its migrations ran."""
        await (await platform.container.get(Migrator)).downgrade("base", destroys_proof=True)

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

    async def test_stranger(self, tmp_path: Path) -> None:
        """Whoever is not signed in is refused without asking the database."""
        settings = settings_for(f"postgresql://x:hidden@127.0.0.1:{free_port()}/x", tmp_path)
        async with open_platform(settings) as platform, platform.client() as client:
            response = await client.get("/api/v1/users")

        assert (response.status_code, response.json()["code"]) == (401, "auth.required")

    async def test_unavailable(self, tmp_path: Path) -> None:
        """503 with a problem that says to try again, and no internals; it is no defect."""
        settings = settings_for(f"postgresql://x:hidden@127.0.0.1:{free_port()}/x", tmp_path)
        credentials = {"email": "ada@example.com", "password": "x"}
        async with open_platform(settings) as platform, platform.client() as client:
            response = await client.post("/api/v1/auth/login", json=credentials)

            assert platform.reports == []
        problem = response.json()
        assert (response.status_code, problem["code"]) == (503, "database.unavailable")
        assert response.headers["Retry-After"] == str(problem["retry_after_seconds"])
        assert "hidden" not in response.text
        assert "asyncpg" not in response.text
