"""The outermost layer: request ids, limits, security headers, forwarding, panics."""

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from app.core.actor import RequestContext
from app.core.log import call_facts
from app.http.edge import MAX_HEADER_BYTES, Edge
from app.settings import ServerSettings

Endpoint = Callable[[Request], Awaitable[Response]]


async def tell(request: Request) -> Response:
    """Say what the edge made of the request."""
    context: RequestContext = request.scope["atrium.context"]
    return JSONResponse(
        {
            "request_id": context.request_id,
            "client_request_id": context.client_request_id,
            "channel": context.channel,
            "address": context.address,
            "user_agent": context.user_agent,
            "trace_id": context.trace_id,
            "reason": context.reason,
            "scheme": request.url.scheme,
            "body_bytes": len(await request.body()),
        }
    )


HTTP_SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/",
    "scheme": "http",
    "headers": [(b"host", b"127.0.0.1")],
}


async def context_of(scope: dict[str, Any], **settings: Any) -> RequestContext:
    """What the edge makes of a connection."""
    contexts: list[RequestContext] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        contexts.append(scope["atrium.context"])

    async def unused(*_: Any) -> Any:
        return {}

    edge = Edge(app, ServerSettings(**settings), report=lambda *_, **__: None)
    await edge(HTTP_SCOPE | {"method": "GET", "path": "/healthz"} | scope, unused, unused)
    return contexts[0]


class Door:
    """An edge around one endpoint, and a client in front of it."""

    def __init__(self, endpoint: Endpoint = tell, **settings: Any) -> None:
        self.reports: list[tuple[BaseException, dict[str, Any]]] = []
        server = ServerSettings(**{"allowed_hosts": ["atrium.test"], **settings})

        async def app(scope: Any, receive: Any, send: Any) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

        def report(error: BaseException, **facts: Any) -> None:
            self.reports.append((error, facts))

        self.edge = Edge(app, server, report=report)
        self.base_url = "http://atrium.test"

    async def get(self, path: str = "/api/x", **options: Any) -> httpx.Response:
        """GET a path."""
        return await self.request("GET", path, **options)

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request."""
        transport = httpx.ASGITransport(self.edge, client=("192.0.2.1", 40000))
        async with httpx.AsyncClient(transport=transport, base_url=self.base_url) as client:
            return await client.request(method, path, **options)


TRACE = "0af7651916cd43dd8448eb211c80319c"


class TestTrace:
    """Calls that belong together can be told by their trace."""

    @pytest.mark.parametrize(
        "given",
        [
            f"00-{TRACE}-b7ad6b7169203331-01",
            f"00-{TRACE}-b7ad6b7169203331-00",
            f"01-{TRACE}-b7ad6b7169203331-00-what comes later",
        ],
    )
    async def test_is_taken_over(self, given: str) -> None:
        """The caller's trace goes on here."""
        response = await Door().get(headers={"traceparent": given})

        assert response.json()["trace_id"] == TRACE

    @pytest.mark.parametrize(
        "given",
        [
            "",
            TRACE,
            f"00-{TRACE.upper()}-b7ad6b7169203331-01",
            f"00-{'0' * 32}-b7ad6b7169203331-01",
            f"00-{TRACE}-{'0' * 16}-01",
            f"ff-{TRACE}-b7ad6b7169203331-01",
            f"00-{TRACE}-b7ad6b7169203331-01-more",
            f"00-{TRACE}-b7ad6b7169203331-01\n",
        ],
    )
    async def test_is_made(self, given: str) -> None:
        """Without one, or with something else, each call gets its own."""
        headers = {"traceparent": given.encode()}
        first = (await Door().get(headers=headers)).json()["trace_id"]
        second = (await Door().get(headers=headers)).json()["trace_id"]

        assert re.fullmatch("[0-9a-f]{32}", first)
        assert len({first, second, TRACE}) == 3


class TestReason:
    """A writing call may say why."""

    @pytest.mark.parametrize("given", ["", "Ticket 7", "Grüße, 山田", "x" * 300, "ü" * 300])
    async def test_is_taken_over(self, given: str) -> None:
        """In any language."""
        headers = {"X-Audit-Reason": given.encode()}
        response = await Door().request("POST", "/api/x", headers=headers)

        assert response.json()["reason"] == given

    @pytest.mark.parametrize(
        "given", [b"x" * 301, "\u00e9".encode("latin-1"), b"a\tb", "a\u2028b".encode(), b"\x1b[1m"]
    )
    async def test_is_refused(self, given: bytes) -> None:
        """What is too long, or no line of text, is not kept half."""
        headers = {"X-Audit-Reason": given}
        response = await Door().request("POST", "/api/x", headers=headers)

        assert (response.status_code, response.json()["code"]) == (422, "request.reason.invalid")

    async def test_only_once(self) -> None:
        """Of two nobody knows which one counts."""
        headers = [("X-Audit-Reason", "one"), ("X-Audit-Reason", "two")]
        response = await Door().request("DELETE", "/api/x", headers=headers)

        assert response.json()["code"] == "request.reason.invalid"


class TestRequestId:
    """Every answer can be quoted."""

    async def test_is_made(self) -> None:
        """A request without an id gets one, on the answer and inside alike."""
        first, second = await Door().get(), await Door().get()

        assert first.headers["x-request-id"] == first.json()["request_id"]
        assert len(first.headers["x-request-id"]) == 32
        assert first.headers["x-request-id"] != second.headers["x-request-id"]

    @pytest.mark.parametrize("given", ["a", "abc-123_DEF.4", "x" * 64])
    async def test_of_the_caller_is_kept_beside_ours(self, given: str) -> None:
        """A well-formed id of the caller is kept as theirs; the request's own is still ours."""
        door = Door()
        first, second = [await door.get(headers={"X-Request-ID": given}) for _ in range(2)]

        assert first.json()["client_request_id"] == given
        assert first.headers["x-request-id"] == first.json()["request_id"]
        assert len({given, first.headers["x-request-id"], second.headers["x-request-id"]}) == 3

    async def test_both_are_logged(self) -> None:
        """The lines of a request carry both ids, and those of the next one only its own."""
        logged = []

        async def note(_: Request) -> Response:
            logged.append(call_facts.get())
            return Response()

        door = Door(note)
        answer = await door.get(headers={"X-Request-ID": "theirs"})
        await door.get()

        assert logged[0]["request_id"] == answer.headers["x-request-id"]
        assert logged[0]["client_request_id"] == "theirs"
        assert "client_request_id" not in logged[1]

    @pytest.mark.parametrize(
        "given", ["", " ", "x" * 65, "a b", "a\tb", "a;b", "<script>", "é", "a/b", "../x", "a\\nb"]
    )
    async def test_is_dropped_when_malformed(self, given: str) -> None:
        """An id of the caller that could do harm in a log is not kept."""
        response = await Door().get(headers={"X-Request-ID": given.encode("latin-1")})

        assert response.headers["x-request-id"] == response.json()["request_id"]
        assert response.json()["client_request_id"] == ""
        assert len(response.headers["x-request-id"]) == 32

    async def test_stays_with_its_request(self) -> None:
        """Requests at the same time do not mix up their ids."""

        async def slow(request: Request) -> Response:
            await asyncio.sleep(0.005)
            return await tell(request)

        door = Door(slow)
        responses = await asyncio.gather(
            *(door.get(headers={"X-Request-ID": f"r{number}"}) for number in range(20))
        )

        theirs = [response.json()["client_request_id"] for response in responses]
        assert theirs == [f"r{number}" for number in range(20)]
        assert all(
            response.json()["request_id"] == response.headers["x-request-id"]
            for response in responses
        )


class TestHeaders:
    """Security headers on every answer."""

    @pytest.mark.parametrize("path", ["/", "/api/v1/x", "/assets/x.js"])
    async def test_are_complete(self, path: str) -> None:
        """Nothing is sniffed, framed, leaked or cached."""
        headers = (await Door().get(path)).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "base-uri 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers

    @pytest.mark.parametrize(
        ("public_url", "is_remembered"),
        [
            ("https://atrium.test", True),
            ("https://atrium.test:8443", True),
            ("http://atrium.test", False),
            (None, False),
        ],
    )
    @pytest.mark.parametrize("forwarded", ["http", "https", ""])
    async def test_https_is_remembered(
        self, public_url: str | None, forwarded: str, *, is_remembered: bool
    ) -> None:
        """Where browsers come by https they are told to stay there, whatever a proxy says."""
        door = Door(public_url=public_url, trusted_proxy_hops=1)
        response = await door.get(headers={"X-Forwarded-Proto": forwarded})

        assert ("strict-transport-security" in response.headers) is is_remembered

    async def test_own_policy_is_kept(self) -> None:
        """A page brings its own policy and caching; there is one of each."""

        async def page(_: Request) -> Response:
            headers = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "private"}
            return Response(headers=headers)

        headers = (await Door(page).get("/")).headers

        assert headers.get_list("content-security-policy") == ["default-src 'self'"]
        assert headers.get_list("cache-control") == ["private"]

    async def test_on_refusals_too(self) -> None:
        """What the edge itself answers has them as well."""
        response = await Door().get(headers={"X-Huge": "x" * MAX_HEADER_BYTES})

        assert response.status_code == 431
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-request-id"] == response.json()["request_id"]


class TestLimits:
    """Nobody sends more than is good for us."""

    async def test_headers(self) -> None:
        """Huge headers are refused; large ones are not."""
        door = Door()

        large = await door.get(headers={"X-Large": "x" * (MAX_HEADER_BYTES - 1000)})
        huge = await door.get(headers={"X-Huge": "x" * MAX_HEADER_BYTES})
        many = await door.get(headers={f"X-{number}": "x" for number in range(5_000)})

        assert large.status_code == 200
        assert (huge.status_code, huge.json()["code"]) == (431, "request.headers.too_large")
        assert many.status_code == 431


class TestContext:
    """Where a call came from."""

    async def test_channel(self) -> None:
        """The API is told from the console by its path."""
        door = Door()

        assert (await door.get("/api/v1/users")).json()["channel"] == "api"
        assert (await door.get("/session/sign-in")).json()["channel"] == "console"
        assert (await door.get("/apiary")).json()["channel"] == "console"

    async def test_user_agent_is_cut(self) -> None:
        """A long user agent is cut to fit."""
        response = await Door().get(headers={"User-Agent": "x" * 1000})

        assert response.json()["user_agent"] == "x" * 300

    @pytest.mark.parametrize(
        ("hops", "forwarded", "address"),
        [
            (0, ["203.0.113.9"], "192.0.2.1"),
            (1, [], "192.0.2.1"),
            (1, [""], "192.0.2.1"),
            (1, ["203.0.113.9"], "203.0.113.9"),
            (1, ["spoofed, 203.0.113.9"], "203.0.113.9"),
            (1, ["spoofed", "203.0.113.9"], "203.0.113.9"),
            (2, ["203.0.113.9"], "192.0.2.1"),
            (2, ["203.0.113.9, 198.51.100.1"], "203.0.113.9"),
            (2, ["spoofed, 203.0.113.9, 198.51.100.1"], "203.0.113.9"),
            (2, ["spoofed", "203.0.113.9", "198.51.100.1"], "203.0.113.9"),
            (1, ["x" * 100], "192.0.2.1"),
            (1, ["198.51.100.8:40001"], "198.51.100.8"),
            (1, ["[2001:db8::1]:40001"], "2001:db8::1"),
            (1, ["unknown"], "192.0.2.1"),
        ],
    )
    async def test_forwarded_address(self, hops: int, forwarded: list[str], address: str) -> None:
        """As many proxies are believed as are trusted; what callers write themselves is not."""
        headers = [("X-Forwarded-For", value) for value in forwarded]

        response = await Door(trusted_proxy_hops=hops).get(headers=headers)

        assert response.json()["address"] == address

    @pytest.mark.parametrize(
        ("peer", "address"),
        [
            (("::ffff:127.0.0.2", 40000), "127.0.0.2"),
            (("2001:DB8:0::1%eth0", 40000), "2001:db8::1"),
            (("", 0), ""),
            (None, ""),
        ],
    )
    @pytest.mark.parametrize("kind", ["http", "websocket"])
    async def test_address_of_the_connection(self, kind: str, peer: Any, address: str) -> None:
        """The connection's own address has one spelling, for requests and for sockets."""
        context = await context_of({"type": kind, "client": peer})

        assert context.address == address

    @given(
        lines=st.lists(
            st.text(st.characters(max_codepoint=255), max_size=60)
            | st.lists(st.ip_addresses().map(str) | st.text(max_size=9), max_size=4).map(",".join),
            max_size=3,
        ),
        hops=st.integers(0, 3),
    )
    def test_whatever_is_forwarded(self, lines: list[str], hops: int) -> None:
        """Whatever stands in the header, the caller's address is an address in one spelling."""
        headers = [(b"x-forwarded-for", line.encode("latin-1", "replace")) for line in lines]
        scope = {"headers": headers, "client": ("::ffff:192.0.2.1", 40000)}

        address = asyncio.run(context_of(scope, trusted_proxy_hops=hops)).address

        assert address == str(ipaddress.ip_address(address))
        assert "%" not in address
        assert not address.startswith("::ffff:")

    @pytest.mark.parametrize(
        ("hops", "forwarded", "scheme"),
        [
            (0, ["https"], "http"),
            (1, ["https"], "https"),
            (1, ["http"], "http"),
            (1, ["gopher"], "http"),
            (1, ["http, https"], "https"),
            (1, ["http", "https"], "https"),
        ],
    )
    async def test_forwarded_scheme(self, hops: int, forwarded: list[str], scheme: str) -> None:
        """A trusted proxy says whether the browser spoke https."""
        headers = [("X-Forwarded-Proto", value) for value in forwarded]

        response = await Door(trusted_proxy_hops=hops).get(headers=headers)

        assert response.json()["scheme"] == scheme


class TestPanic:
    """A defect of ours."""

    async def test_is_answered_and_reported(self) -> None:
        """500 with a request id and nothing of the inside; the defect is reported once."""

        async def broken(_: Request) -> Response:
            message = "secret internals"
            raise LookupError(message)

        door = Door(broken)
        response = await door.get()

        problem = response.json()
        assert (response.status_code, problem["code"]) == (500, "internal")
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["request_id"] == response.headers["x-request-id"]
        assert "secret" not in response.text
        assert "LookupError" not in response.text
        [(error, facts)] = door.reports
        assert isinstance(error, LookupError)
        assert facts == {
            "event": "http.panic",
            "action": "",
            "method": "GET",
            "path": "/api/x",
            "request_id": problem["request_id"],
            "user_id": None,
        }

    async def test_in_the_middle_of_an_answer(self) -> None:
        """When half the answer is out there is no second one; the defect is reported."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise LookupError

        sent: list[MutableMapping[str, Any]] = []
        reports: list[BaseException] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b""}

        edge = Edge(app, ServerSettings(), report=lambda error, **_: reports.append(error))
        with suppress(LookupError):
            await edge({**HTTP_SCOPE}, receive, send)

        assert [message["type"] for message in sent].count("http.response.start") == 1
        assert [type(error) for error in reports] == [LookupError]

    async def test_visitor_who_leaves_is_no_defect(self) -> None:
        """A caller who hangs up in the middle of the body is nothing to report."""

        async def read(request: Request) -> Response:
            await request.body()
            return Response()

        sent: list[Any] = []
        door = Door(read)

        async def send(message: Any) -> None:
            sent.append(message)

        async def hang_up() -> MutableMapping[str, Any]:
            return {"type": "http.disconnect"}

        with suppress(ClientDisconnect):
            await door.edge({**HTTP_SCOPE}, hang_up, send)

        assert door.reports == []
