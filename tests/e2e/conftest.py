"""The console in a real browser. Whatever the browser complains about fails the test."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from app.features.users.schemas import UserRead
from app.testing.factories import PASSWORD, UserFactory
from tests.fixtures.browser import PATIENCE_MS
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, run_apart

DESK = (1280, 800)
PHONE = (390, 844)

Screen = tuple[tuple[int, int], str]

# The browser reports every refused request as an error, also one that a test is about.
REFUSED = r"the server responded with a status of {status} "


class Site:
    """A server seen through browsers, each of which belongs to one person.

    Attributes:
        complaints: What browsers have complained about: errors, violations of the policy.
    """

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._expected: list[str] = []
        self._api = httpx.Client(base_url=server.address)

    def visit(
        self,
        path: str = "/",
        *,
        email: str = "",
        password: str = PASSWORD,
        size: tuple[int, int] = DESK,
        scheme: str = "light",
        zone: str | None = None,
    ) -> Page:
        """Open a page in a browser of its own; nobody is signed in unless an address is given."""
        context = self._browser.new_context(
            base_url=self.server.address,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            has_touch=size == PHONE,
            timezone_id=zone,
        )
        self._contexts.append(context)
        if email:
            cookie = self.sign_in(email, password)
            context.add_cookies(
                [{"name": "atrium_session", "value": cookie, "url": self.server.address}]
            )
        page = self.new_tab(context)
        page.goto(path)
        # The browser drops keys that are pressed before the first paint.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        return page

    def new_tab(self, context: BrowserContext) -> Page:
        """Another tab of a browser."""
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def administrator(self, path: str = "/", **options: Any) -> Page:
        """Open a page as the administrator."""
        return self.visit(path, email=ADMIN_EMAIL, password=ADMIN_PASSWORD, **options)

    def expect_complaint(self, pattern: str) -> None:
        """Let complaints that contain this pattern pass."""
        self._expected.append(pattern)

    def expect_refusal(self, status: int) -> None:
        """Let the browser report requests that are refused with this status."""
        self.expect_complaint(REFUSED.format(status=status))

    def sign_in(self, email: str, password: str = PASSWORD) -> str:
        """Begin a session and return its cookie."""
        form = {"email": email, "password": password}
        headers = {"Origin": self.server.address}
        with httpx.Client(base_url=self.server.address, headers=headers) as client:
            return str(client.post("/session/sign-in", data=form).cookies["atrium_session"])

    def add_user(self, name: str = "", **details: Any) -> dict[str, Any]:
        """Make a user; their password is `PASSWORD` and need not be changed."""
        unique = uuid4().hex[:12]
        new = {"email": f"{unique}@example.com", "display_name": name or f"Person {unique}"}

        async def make() -> UserRead:
            async with self.server.platform() as platform:
                return await UserFactory(platform)(**(new | details))

        return run_apart(make).model_dump(mode="json")

    def api(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Call the API as the administrator."""
        if "Authorization" not in self._api.headers:
            sign_in = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
            tokens = self._api.post("/api/v1/auth/login", json=sign_in).raise_for_status().json()
            self._api.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return self._api.request(method, f"/api/v1{path}", **request).raise_for_status()

    def close(self) -> None:
        """Close all browsers, and fail if one of them had reason to complain."""
        for context in self._contexts:
            context.close()
        self._api.close()
        unexpected = [
            complaint
            for complaint in self.complaints
            if not any(re.search(pattern, complaint) for pattern in self._expected)
        ]
        assert unexpected == []

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")


@pytest.fixture
def site(one_worker: Server, browser: Browser) -> Iterator[Site]:
    """The console on a server that the tests of a file share."""
    site = Site(one_worker, browser)
    yield site
    site.close()


@pytest.fixture
def own_server(one_worker: Server) -> Iterator[Server]:
    """The same server, for tests that stop it; it runs again afterwards."""
    yield one_worker
    if not one_worker.is_running:
        one_worker.start()


@pytest.fixture(params=[(DESK, "light"), (PHONE, "dark")], ids=["desk light", "phone dark"])
def screen(request: pytest.FixtureRequest) -> Screen:
    """A size and a theme, each once: both together differ in nothing that axe looks at."""
    chosen: Screen = request.param
    return chosen
