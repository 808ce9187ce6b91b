"""What every request passes first: sizes, times and budgets, around any application."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.admission.budgets import MemoryCounters, Rate
from app.admission.gate import Admission
from app.admission.limits import RouteLimits
from app.admission.quotas import Quotas
from app.admission.refusal import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


async def tell(request: Request) -> Response:
    """Say how much came."""
    return JSONResponse({"body_bytes": len(await request.body())})


class Door:
    """Admission around one endpoint, and clients in front of it."""

    def __init__(
        self,
        endpoint: Endpoint = tell,
        *,
        limits: RouteLimits | None = None,
        per_ip: str = "1000/day",
        most_bytes: int = 1_000_000,
        seconds: float = 10,
    ) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

        async def quotas() -> Quotas:
            people, addresses = MemoryCounters(), MemoryCounters()
            return Quotas(Rate(100, 60), Rate.parse(per_ip), addresses, people, enabled=True)

        chosen = limits or RouteLimits(max_body_bytes=2048)
        self.app = Admission(
            app,
            limits_of=lambda _scope: chosen,
            quotas=quotas,
            max_body_bytes=most_bytes,
            body_seconds=seconds,
            is_file=lambda path: path.endswith(".js"),
        )

    async def request(
        self, method: str, path: str, *, address: str = "192.0.2.1", **options: Any
    ) -> httpx.Response:
        """Send a request."""
        transport = httpx.ASGITransport(self.app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://atrium.test") as client:
            return await client.request(method, path, **options)

    async def post(self, **options: Any) -> tuple[int, Any]:
        """POST something; the status and the code or the body of the answer."""
        response = await self.request("POST", "/x", **options)
        answer = response.json()
        return response.status_code, answer.get("code", answer)


class TestBody:
    """Nobody sends more than is good for us, nor more slowly."""

    async def test_within_the_limit(self) -> None:
        """A body of exactly the limit is read."""
        assert await Door().post(content=b"x" * 2048) == (200, {"body_bytes": 2048})

    async def test_declared_length(self) -> None:
        """A body that declares to be larger is refused before the application is asked."""

        async def never(_request: Request) -> Response:
            pytest.fail("the application was asked")

        answer = await Door(never).post(content=b"x" * 2049)

        assert answer == (413, "request.body.too_large")

    async def test_undeclared_length(self) -> None:
        """A body in chunks is refused as soon as it has become too large."""

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * 1000

        assert await Door().post(content=chunks()) == (413, "request.body.too_large")

    async def test_setting_is_the_most(self) -> None:
        """A route that takes more than the server's setting takes as much as that."""
        door = Door(limits=RouteLimits(max_body_bytes=10_000), most_bytes=1024)

        assert await door.post(content=b"x" * 1025) == (413, "request.body.too_large")

    @pytest.mark.parametrize("length", ["-1", "1e9", "0x10", "two", "٣", "1,1", ""])
    async def test_odd_length(self, length: str) -> None:
        """A length that is no number is refused."""
        answer = await Door().post(content=b"", headers={"Content-Length": length.encode()})

        assert answer == (400, "request.length.invalid")

    async def test_huge_length(self) -> None:
        """A length of thousands of digits is too large."""
        answer = await Door().post(content=b"", headers={"Content-Length": "9" * 5000})

        assert answer == (413, "request.body.too_large")

    @pytest.mark.parametrize(
        "headers",
        [
            [("Content-Length", "2"), ("Content-Length", "2")],
            [("Content-Length", "2"), ("Content-Length", "3")],
            [("Content-Length", "2"), ("Transfer-Encoding", "chunked")],
            [("Transfer-Encoding", "identity"), ("Content-Length", "2")],
        ],
    )
    async def test_ambiguous_length(self, headers: list[tuple[str, str]]) -> None:
        """Two statements of how long the body is are refused, whether they agree or not."""
        answer = await Door().post(content=b"{}", headers=headers)

        assert answer == (400, "request.length.ambiguous")

    @pytest.mark.parametrize("drips", [0, 3])
    async def test_slow(self, drips: int) -> None:
        """A body that is not complete in time is given up, also when it goes on arriving."""

        async def slow() -> AsyncIterator[bytes]:
            for _ in range(drips):
                yield b"x"
            await asyncio.Event().wait()

        assert await Door(seconds=0.05).post(content=slow()) == (408, "request.body.too_slow")


class TestAddress:
    """Addresses have an end."""

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/" + "x" * 2047, 200),
            ("/" + "x" * 2048, 414),
            ("/?" + "x" * 2048, 414),
            ("/" + "%C3%A4" * 340, 200),
            ("/" + "%C3%A4" * 342, 414),
            ("/?" + "&".join(["a"] * 50), 200),
            ("/?" + "&".join(["a"] * 51), 400),
        ],
    )
    async def test_length(self, path: str, status: int) -> None:
        """A longer address, or one with more parameters, is refused; of files, too."""
        assert (await Door().request("GET", path)).status_code == status


class TestBudget:
    """An address has a budget."""

    async def test_of_an_address(self) -> None:
        """Who has spent it is told when to come again; others are not held up."""
        door = Door(per_ip="2/day")

        answers = [await door.request("GET", "/x") for _ in range(3)]
        other = await door.request("GET", "/x", address="192.0.2.2")

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        left = [answer.headers["x-ratelimit-remaining"] for answer in answers]
        assert left == ["1", "0", "0"]
        assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"2"}
        assert answers[2].json()["code"] == "request.rate_limited"
        assert 0 < int(answers[2].headers["retry-after"]) <= 86400
        assert int(answers[2].headers["x-ratelimit-reset"]) > 1_700_000_000
        assert other.status_code == 200

    async def test_before_anything_else(self) -> None:
        """What is refused for its size has been charged all the same."""
        door = Door(per_ip="1/day")
        await door.request("GET", "/" + "x" * 3000)

        assert (await door.request("GET", "/x")).status_code == 429

    async def test_probes(self) -> None:
        """A load balancer is answered, whoever shares its address."""
        door = Door(per_ip="1/day")
        answers = [await door.request("GET", path) for path in ("/x", "/x", "/healthz", "/ready")]

        assert [answer.status_code for answer in answers] == [200, 429, 200, 200]

    async def test_files(self) -> None:
        """Files have a budget of their own, ten times as large."""
        door = Door(per_ip="1/day")
        answers = [await door.request("GET", "/a.js") for _ in range(11)]

        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        assert "x-ratelimit-limit" not in answers[0].headers
        assert (await door.request("GET", "/x")).status_code == 200

    async def test_of_a_route(self) -> None:
        """A route may have a budget of its own."""
        door = Door(limits=RouteLimits(per_ip=Rate(1, 86400)))
        answers = [await door.request("GET", "/x") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 429]
