"""No way in is open under a host name that is not ours."""

from collections.abc import Iterator
from uuid import uuid4

import aiohttp
import httpx
import pytest

from app.bootstrap import build_registry
from app.testing.platform import Platform
from scripts.build_frontend import ROOT
from tests.fixtures.entry_points import ROUTES
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

pytestmark = pytest.mark.slow

FOREIGN = ["evil.example", "EVIL.example:443", "atrium.test.evil.example", "192.0.2.7:8000"]
MALFORMED = ["", "a b", "atrium.test/x", "evil@atrium.test", "[::1", "atrium.test:port"]
EXPECTED = dict.fromkeys(FOREIGN, 421) | dict.fromkeys(MALFORMED, 400)
CODES = {400: "request.host.malformed", 421: "request.host.foreign"}
FORMS = [("POST", "/session/sign-in"), ("POST", "/session/sign-out"), ("POST", "/session/password")]
FILES = [("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/nowhere"), ("OPTIONS", "/users")]


class TestRoutes:
    """Every REST route and every form of the console."""

    @pytest.mark.parametrize("host", EXPECTED)
    @pytest.mark.actor("admin")
    async def test_refused_before_anything_else(
        self, platform: Platform, client: httpx.AsyncClient, host: str
    ) -> None:
        """The answer is 421 or 400, whoever asks for whatever, and leaves no trace."""
        before = await platform.contents()
        for method, path in [*ROUTES, *FORMS, *FILES]:
            headers = {"Host": host, "X-Audit-Reason": "x" * 1000}
            answer = await client.request(method, path, headers=headers, content=b"{")

            assert answer.status_code == EXPECTED[host], (method, path)
            assert answer.json()["code"] == CODES[answer.status_code]
            assert "set-cookie" not in answer.headers

        assert await platform.contents() == before

    async def test_two_hosts(self, platform: Platform) -> None:
        """Of two hosts nobody knows which one counts."""
        async with platform.client() as client:
            headers = [("Host", "atrium.test"), ("Host", "evil.example")]
            answer = await client.get("/api/v1/auth/me", headers=headers)

        assert answer.status_code == 400

    @pytest.mark.parametrize("path", ["/healthz", "/ready"])
    async def test_probes(self, platform: Platform, path: str) -> None:
        """Probes of health come by any address or without a host, but not by a foreign name."""
        async with platform.client() as client:
            for host in ("10.1.2.3:8000", "[2001:db8::1]:8000", "127.0.0.1", "localhost:8000", ""):
                assert (await client.get(path, headers={"Host": host})).status_code == 200
            foreign = await client.get(path, headers={"Host": "evil.example"})

        assert foreign.status_code == 421


def pages_and_assets() -> Iterator[str]:
    """An address of every page, and of one asset of each kind."""
    for page in build_registry().pages:
        yield "/" + "/".join(
            "1" if part.startswith("[") else part for part in page.route.strip("/").split("/")
        )
    client = ROOT / ".web" / "build" / "client"
    by_kind = {path.suffix: path for path in client.rglob("*") if path.is_file()}
    yield from (f"/{path.relative_to(client)}" for path in by_kind.values())


@pytest.mark.slow
class TestServer:
    """The whole server, with pages, assets and sockets."""

    async def test_pages_and_assets(self, one_worker: Server) -> None:
        """No page and no asset is served under a foreign host, signed in or not."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        addresses = [*pages_and_assets(), "/_event/?EIO=4&transport=polling"]
        assert len(addresses) > 20
        async with one_worker.client(cookie) as client:
            for address in addresses:
                answer = await client.get(address, headers={"Host": "evil.example"})

                assert (answer.status_code, answer.json()["code"]) == (421, CODES[421]), address

    @pytest.mark.parametrize(("host", "status"), [("evil.example", 421), ("a/b", 400)])
    async def test_sockets(self, one_worker: Server, host: str, status: int) -> None:
        """A socket is refused alike, also when the page's origin is the same foreign host."""
        headers = {"Host": host, "Origin": f"http://{host}"}
        address = f"{one_worker.address}/_event/?EIO=4&transport=websocket&token=x"
        async with aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(address, headers=headers)

        assert refused.value.status == status

    async def test_one_host_in_other_words(self, one_worker: Server) -> None:
        """Capitals, and another name of this machine, open form and socket as usual."""
        form = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        socket_path = f"/_event/?EIO=4&transport=websocket&token={uuid4()}"
        for host in (f"LocalHost:{one_worker.port}", f"127.0.0.1:{one_worker.port}"):
            headers = {"Host": host, "Origin": f"http://{host.lower()}"}
            async with httpx.AsyncClient(base_url=one_worker.address) as client:
                answer = await client.post("/session/sign-in", data=form, headers=headers)
            async with (
                aiohttp.ClientSession(one_worker.address) as browser,
                browser.ws_connect(socket_path, headers=headers) as socket,
            ):
                greeting = await socket.receive_str()

            assert answer.status_code == 303
            assert greeting.startswith("0{")
