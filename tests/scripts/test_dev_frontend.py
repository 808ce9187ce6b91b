"""The console as `make dev` serves it: pages from Vite, behind our own gates."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from scripts.dev_frontend import ForDevelopmentOnly, LiveFrontend, past_the_server

NOTHING = Headers({})
PAGE = "<html><script>console.log(1)</script></html>"


@pytest.fixture
def frontend(tmp_path: Path) -> LiveFrontend:
    """Files from a Vite that tells what it was asked for, or has a page."""
    for name in ("web/app/routes/[users]._index.jsx", "web/public/boot.js", "web/opened/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "opened").mkdir()
    live = LiveFrontend(tmp_path / "web", 4321, tmp_path / "opened", is_production=False)

    def vite(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/lost":
            raise httpx.ConnectError("nobody there")
        html = {"Content-Type": "text/html"}
        if "." not in request.url.path:
            return httpx.Response(200, text=PAGE, headers=html)
        return httpx.Response(200, text=request.url.raw_path.decode())

    live._client = httpx.AsyncClient(transport=httpx.MockTransport(vite))
    return live


class Said:
    """Whether the server said that it is ready."""

    def __init__(self) -> None:
        self.messages: list[None] = []

    def send(self, message: None) -> None:
        """Note it."""
        self.messages.append(message)


async def server(scope: Scope, receive: Receive, send: Send) -> None:
    """A server that answers everything itself."""
    if scope["type"] == "lifespan":
        await send({"type": "lifespan.startup.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ours"})


async def ask(app: ASGIApp, path: str) -> httpx.Response:
    """What an application answers to a request."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path)


class TestFiles:
    """Requests for files of pages."""

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/app/routes/[users]._index.jsx", True),
            ("/@vite/client", True),
            ("/@id/__x00__virtual:react-router/browser-manifest", True),
            ("/node_modules/.vite/deps/react.js", True),
            ("/boot.js", True),
            ("/", False),
            ("/users", False),
            ("/app/routes", False),
            ("/api/v1/users", False),
            ("/../outside", False),
        ],
    )
    def test_are_known(self, frontend: LiveFrontend, path: str, expected: bool) -> None:
        """Files are what lies in the web directory, and what Vite makes up; pages are not."""
        (frontend._web.parent / "outside").write_text("")

        assert frontend.has(path) is expected

    async def test_pass_the_server_by(self, frontend: LiveFrontend) -> None:
        """A page is hundreds of files: none of them is counted by the server's limits."""
        app = past_the_server(server, frontend, Said())  # type: ignore[arg-type]  # half a pipe

        file = await ask(app, "/@id/virtual:x.js?t=1")
        page = await ask(app, "/users")

        assert file.text == "/@id/virtual:x.js?t=1"
        assert page.text == "ours"

    async def test_of_a_page_tell_that_it_is_open(self, frontend: LiveFrontend) -> None:
        """The page that the browser asked for is the one to compile first."""
        app = past_the_server(server, frontend, Said())  # type: ignore[arg-type]  # half a pipe

        await ask(app, "/app/routes/[users]._index.jsx?t=1")

        assert [path.name for path in frontend._opened.iterdir()] == ["[users]._index.jsx"]


class TestPage:
    """The document of a page."""

    async def test_policy_allows_its_scripts_and_the_socket(self, frontend: LiveFrontend) -> None:
        """In development the same is allowed as in production, and Vite's socket."""
        answer = await ask(frontend.page("/users", NOTHING, status=403), "/users")
        policy = answer.headers["Content-Security-Policy"]

        assert answer.status_code == 403
        assert answer.text == PAGE
        assert "'sha256-" in policy
        assert "connect-src 'self' ws://127.0.0.1:4321;" in policy
        assert "script-src 'self' 'unsafe" not in policy

    async def test_says_that_vite_is_gone(self, frontend: LiveFrontend) -> None:
        """A page that cannot be had is no empty page."""
        answer = await ask(frontend.not_found(NOTHING), "/lost")

        assert answer.status_code == 503
        assert "Vite does not answer" in answer.text

    async def test_takes_a_cookie(self, frontend: LiveFrontend) -> None:
        """The gate renews a session with the page that it lets through."""
        page = frontend.page("/users", NOTHING)
        page.set_cookie("session", "new")

        assert (await ask(page, "/users")).cookies["session"] == "new"


async def test_ready_when_the_server_is(frontend: LiveFrontend) -> None:
    """The server before it ends then, and not sooner."""
    said: Any = Said()
    sent = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def receive() -> Any:
        raise NotImplementedError

    await past_the_server(server, frontend, said)({"type": "lifespan"}, receive, send)

    assert said.messages == [None]
    assert sent == ["lifespan.startup.complete"]


def test_refuses_production(tmp_path: Path) -> None:
    """Sources are no way to serve anybody else."""
    with pytest.raises(ForDevelopmentOnly):
        LiveFrontend(tmp_path, 4321, tmp_path, is_production=True)
