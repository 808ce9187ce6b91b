"""A server that is told to go."""

import asyncio
import signal
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.fixtures.writers import PATIENCE_SECONDS, StartServer, Writers, status

pytestmark = pytest.mark.slow


class TestDrain:
    """Between SIGTERM and the close."""

    async def first_refusal(self, client: httpx.AsyncClient) -> Any:
        """What `/ready` says as soon as it no longer says that the server is up."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                code, facts = await status(client, "/ready")
                if code == 503:
                    return facts

    async def test_drains(self, start_server: StartServer) -> None:
        """Told to go, it first says so, still answers everybody, and cuts nobody off."""
        server = start_server(ATRIUM_SERVER__DRAIN_SECONDS="2")
        writers = Writers(server)
        async with writers.at_work() as client:
            await writers.has_written(20)
            assert server._process is not None
            server._process.send_signal(signal.SIGTERM)
            facts = await self.first_refusal(client)
            await writers.has_written(5)
            meanwhile = Counter(writers.answers)
        await asyncio.to_thread(server._process.wait, PATIENCE_SECONDS)

        assert facts["components"]["server"]["problem"] == "The server is about to close."
        assert (meanwhile.keys(), writers.cut_off) == ({201}, 0)
        assert await writers.lost() == set()
