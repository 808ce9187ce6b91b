"""The end of a server and of its workers."""

import asyncio
import os
import signal

import psutil
import pytest

from tests.fixtures.writers import PATIENCE_SECONDS, StartServer, Writers

pytestmark = pytest.mark.slow


class TestEndWithParent:
    """Workers do not outlive the process that started them."""

    async def test_parent_killed(self, start_server: StartServer) -> None:
        """When the parent is killed its workers end, and a new server starts in their place."""
        server = start_server()
        assert server._process is not None
        parent = psutil.Process(server._process.pid)
        writers = Writers(server)
        async with writers.at_work():
            await writers.has_written(20)
            workers = parent.children(recursive=True)
            os.kill(parent.pid, signal.SIGKILL)
            gone, alive = await asyncio.to_thread(
                psutil.wait_procs, workers, timeout=PATIENCE_SECONDS
            )
        server.kill()
        server.start()

        assert (len(gone) > 0, alive) == (True, [])
        assert await writers.lost() == set()
        async with server.client() as client:
            assert (await client.get("/ready")).status_code == 200
