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
        family = [parent, *parent.children(recursive=True)]
        writers = Writers(server)
        async with writers.at_work():
            await writers.has_written(20)
            # The program that binds the server to us hands the signal on; this one it cannot.
            serving = next(each for each in family if "serve" in each.cmdline()[-1:])
            workers = serving.children(recursive=True)
            os.kill(serving.pid, signal.SIGKILL)
            gone, alive = await asyncio.to_thread(
                psutil.wait_procs, workers, timeout=PATIENCE_SECONDS
            )
        server.kill()
        server.start()

        assert (len(gone) > 0, alive) == (True, [])
        assert await writers.lost() == set()
        async with server.client() as client:
            assert (await client.get("/ready")).status_code == 200
