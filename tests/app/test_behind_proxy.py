"""Behind a proxy that ends TLS, set up as docs/operations.md says; the proxy is nginx's double."""

import asyncio
import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self
from uuid import uuid4

import aiohttp
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.settings import variable_name
from app.testing.fixtures import settings_for
from scripts.servers import free_port
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, bootstrap

pytestmark = pytest.mark.slow

CALLER = "198.51.100.7"


def certificate(directory: Path) -> Path:
    """A certificate for this machine, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = directory / "proxy.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Proxy:
    """Ends TLS, adds what nginx adds to the head of a connection, and passes on the rest."""

    def __init__(self, port: int, upstream: int, pem: Path) -> None:
        self._port, self._upstream = port, upstream
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(pem)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._pass, "127.0.0.1", self._port, ssl=self._tls)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        open_ones = asyncio.all_tasks() - {asyncio.current_task()}
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self._upstream)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = [
            line
            for line in head.removesuffix(b"\r\n\r\n").split(b"\r\n")
            # One request per connection, as nginx asks its upstream for; the caller's own claims
            # stand before what the proxy saw.
            if not line.lower().startswith((b"x-forwarded-proto:", b"keep-alive:"))
        ]
        if not any(line.lower().startswith(b"upgrade:") for line in lines):
            lines = [line for line in lines if not line.lower().startswith(b"connection:")]
            lines.append(b"Connection: close")
        lines += [f"X-Forwarded-For: {CALLER}".encode(), b"X-Forwarded-Proto: https"]
        forth.write(b"\r\n".join(lines) + b"\r\n\r\n")
        with suppress(ConnectionError, OSError):
            await asyncio.gather(_copy(reader, forth), _copy(back, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError, OSError, ssl.SSLError):
            while some := await reader.read(65536):
                writer.write(some)
                await writer.drain()
    finally:
        writer.close()
        with suppress(ConnectionError, OSError, ssl.SSLError):
            await writer.wait_closed()


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The public address of a server behind the proxy."""
    directory = tmp_path_factory.mktemp("proxied")
    port = free_port()
    address = f"https://127.0.0.1:{port}"
    server = Server(
        settings_for(f"sqlite:///{directory / 'atrium.db'}", directory),
        directory,
        **bootstrap(),
        **{
            variable_name("server.public_url"): address,
            variable_name("server.trusted_proxy_hops"): "1",
        },
    )
    server.start()
    with Proxy(port, server.port, certificate(directory)):
        yield address
    server.stop()


@pytest.fixture
async def browser(public: str) -> httpx.AsyncClient:
    """Somebody beyond the proxy, who claims to be somewhere else."""
    return httpx.AsyncClient(
        base_url=public, verify=False, headers={"X-Forwarded-For": "203.0.113.99"}
    )


async def test_console(browser: httpx.AsyncClient, public: str) -> None:
    """Sign-in by form: a secure cookie of this host alone, and no way back to plain HTTP."""
    form = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "next": "/users"}
    async with browser:
        answer = await browser.post("/session/sign-in", data=form, headers={"Origin": public})

    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/users"
    assert "strict-transport-security" in answer.headers
    [cookie] = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-atrium_session=")
    assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_api(browser: httpx.AsyncClient) -> None:
    """Programs sign in, and the session knows where they called from: what the proxy saw."""
    async with browser:
        credentials = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        tokens = (await browser.post("/api/v1/auth/login", json=credentials)).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        sessions = (await browser.get("/api/v1/auth/sessions", headers=bearer)).json()["items"]

    assert {session["address"] for session in sessions if session["is_current"]} == {CALLER}


@pytest.mark.parametrize("is_own", [True, False], ids=["own page", "another site"])
async def test_socket(
    public: str,
    is_own: bool,
) -> None:
    """The console's socket opens for its own page, by its public origin, and for no other."""
    origin = public if is_own else "https://elsewhere.example"
    url = f"{public}/_event/?EIO=4&transport=websocket&token={uuid4()}"
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(url, ssl=False, headers={"Origin": origin}) as socket:
                opened = (await socket.receive()).type is aiohttp.WSMsgType.TEXT
        except aiohttp.WSServerHandshakeError:
            opened = False

    assert opened is is_own


async def test_another_host(browser: httpx.AsyncClient) -> None:
    """A name that is not ours is not answered, whoever passes it on."""
    async with browser:
        answer = await browser.get("/api/v1/auth/me", headers={"Host": "elsewhere.example"})

    assert answer.status_code == 421
