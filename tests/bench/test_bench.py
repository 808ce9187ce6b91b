"""The measurements measure what they say; how fast anything is, no test decides."""

import asyncio
import json
from itertools import repeat
from pathlib import Path

import pytest

from app.testing.platform import Platform
from bench import data, figures
from bench.__main__ import PARTS
from bench.data import Table, Trail
from bench.figures import Figure
from bench.load import Connection, UnexpectedAnswer, pace, request, saturate
from bench.statistics import median_ratio, percentile


class TestStatistics:
    """The arithmetic of the figures."""

    @pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 50), (95, 95), (100, 100)])
    def test_percentile(self, percent: float, expected: float) -> None:
        """A percentile is a value that occurred."""
        assert percentile(list(range(100, 0, -1)), percent) == expected

    def test_percentile_of_one(self) -> None:
        """One value is every percentile."""
        assert percentile([7], 95) == 7

    def test_median_ratio_pairs_neighbours(self) -> None:
        """Each value is compared with the one taken beside it, whatever the machine did then."""
        assert median_ratio([10, 1, 30], [20, 2, 15]) == 0.5


class TestFigure:
    """A value beside its goal."""

    @pytest.mark.parametrize(
        ("figure", "met"),
        [
            (Figure("me", "ratio", 0.6, at_least=0.6), True),
            (Figure("me", "ratio", 0.59, at_least=0.6), False),
            (Figure("lists", "p95", 1.3, at_most=1.3), True),
            (Figure("lists", "p95", 1.31, at_most=1.3), False),
            (Figure("start", "memory", 90), None),
        ],
    )
    def test_goal(self, figure: Figure, met: bool | None) -> None:
        """A goal is met at its very value; without one there is nothing to meet."""
        assert figure.is_met is met

    def test_is_written_as_json(self, tmp_path: Path) -> None:
        """Programs read the same values."""
        figures.write([Figure("start", "memory", 90, "MiB")], tmp_path / "figures.json")
        written = json.loads((tmp_path / "figures.json").read_text())

        assert written["figures"][0]["value"] == 90
        assert written["machine"]["cores"]


class TestLoad:
    """The clients."""

    async def test_counts_answers(self) -> None:
        """Every answer is counted, at full speed and at a steady rate."""
        async with _Server(200) as address:
            make = repeat(request("GET", "/", body={"any": "thing"})).__next__
            full = await asyncio.to_thread(saturate, address, make, clients=2, seconds=0.05)
            steady = await pace(address, _ask, per_second=100, seconds=0.05)

        assert full.rate > 20
        assert len(steady.latencies) == 5

    async def test_refuses_other_answers(self) -> None:
        """What is not the expected answer is not a fast one."""
        async with _Server(500) as address:
            connection = await Connection.open(address)
            with pytest.raises(UnexpectedAnswer, match="500"):
                await _ask(connection)
            connection.close()


def test_rows_are_known_by_their_number() -> None:
    """Ids are versions 7 in the order of their numbers."""
    ids = [Table(1000).id(number) for number in range(1000)]

    assert ids == sorted(ids)
    assert {one.version for one in ids} == {7}


async def test_entries_are_known_by_their_number(database_url: str, platform: Platform) -> None:
    """The filler and who measures mean the same rows, and what is rare fills a page."""
    trail = Trail(1000)
    await data.fill(database_url, "trail", trail.rows)

    entries = [entry for entry in await platform.audit() if entry.request_id.startswith("0" * 20)]
    assert [entry.id for entry in entries] == [trail.id(number) for number in range(1000)]
    assert [entry.at for entry in entries] == [trail.at(number) for number in range(1000)]
    assert {entry.target_id for entry in entries} >= {str(data.target_id(n)) for n in range(5)}
    rare = [
        sum(entry.action == data.RARE_ACTION for entry in entries),
        sum(entry.actor_id == data.actor_id(data.RARE_ACTOR) for entry in entries),
        sum(entry.target_type == data.RARE_TYPE for entry in entries),
        sum(entry.outcome == "failed" for entry in entries),
    ]
    assert min(rare) >= 50


def test_every_part_is_there() -> None:
    """The parts that can be asked for."""
    assert set(PARTS) == {
        "login",
        "me",
        "create",
        "permission",
        "audit",
        "lists",
        "pages",
        "resources",
        "trail",
        "browser",
        "matrix",
        "admission",
        "sockets",
        "start",
        "dev",
    }


async def _ask(connection: Connection) -> None:
    await connection.ask(request("GET", "/", body={"any": "thing"}))


class _Server:
    """Answers every request with a status and two bytes, in two pieces."""

    def __init__(self, status: int) -> None:
        self._status = status
        self._tasks: set[asyncio.Task[None] | None] = set()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        await asyncio.gather(*filter(None, self._tasks))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        while await reader.read(10_000):
            writer.write(f"HTTP/1.1 {self._status} X\r\nContent-Length: 2\r\n\r\n".encode())
            await writer.drain()
            await asyncio.sleep(0.001)
            writer.write(b"ok")
        writer.close()
        await writer.wait_closed()
