"""A PostgreSQL that stops or freezes: an answer for everybody in time, and nothing is lost.

See docs/reliability.md.
"""

import pytest

from tests.fixtures.postgres import MortalPostgres
from tests.fixtures.server import ADMIN_EMAIL
from tests.fixtures.writers import StartServer, Writers, status

pytestmark = pytest.mark.slow


@pytest.mark.postgres
class TestPostgres:
    """PostgreSQL in trouble."""

    async def test_frozen(self, mortal_postgres: MortalPostgres, start_server: StartServer) -> None:
        """Whoever asks a frozen database is told to try again, and it goes on when it thaws."""
        url = mortal_postgres.url(mortal_postgres.create_database())
        server = start_server(
            url,
            ATRIUM_DATABASE__CONNECT_SECONDS="1",
            ATRIUM_DATABASE__STATEMENT_SECONDS="2",
        )
        writers = Writers(server)
        async with writers.at_work() as client:
            await writers.has_written(20)
            mortal_postgres.freeze()
            await writers.is_refused()
            reading = await client.get("/api/v1/auth/me")
            login = await client.post(
                "/api/v1/auth/login", json={"email": ADMIN_EMAIL, "password": "x"}
            )
            ready, facts = await status(client, "/ready")
            alive, _ = await status(client, "/healthz")
            mortal_postgres.thaw()
            await writers.has_written(20)

        refused = {
            (response.status_code, "Retry-After" in response.headers)
            for response in (reading, login)
        }
        assert refused == {(503, True)}
        assert (alive, ready, facts["components"]["database"]["state"]) == (200, 503, "down")
        assert (writers.answers.keys(), writers.without_retry_after) == ({201, 503}, 0)
        assert await writers.lost() == set()
        assert "Traceback" not in server.log()

    async def test_restarted(
        self, mortal_postgres: MortalPostgres, start_server: StartServer
    ) -> None:
        """A restart under load is a 503 for those it meets, one line each in the log, no more."""
        url = mortal_postgres.url(mortal_postgres.create_database())
        server = start_server(url)
        writers = Writers(server)
        async with writers.at_work():
            for _ in range(3):
                await writers.has_written(20)
                mortal_postgres.stop()
                mortal_postgres.start(wait=False)
            await writers.is_refused()
            await writers.has_written(20)

        assert (writers.answers.keys(), writers.without_retry_after) == ({201, 503}, 0)
        assert await writers.lost() == set()
        assert "Traceback" not in server.log()
