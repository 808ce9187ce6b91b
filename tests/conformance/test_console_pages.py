"""Every page of the console: who may open it, and what others get."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from app.core.permissions import PUBLIC, SIGNED_IN
from app.server import WEB
from app.testing.factories import PASSWORD
from tests.fixtures.console import ROOT_STATE, Console, console
from tests.fixtures.entry_points import PAGES
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

FIXED = sorted(route for route in PAGES if not route.startswith("/["))
"""Those that show the same thing at every address; tests/conformance/test_drawn_pages.py tries the
others where there is something to show."""


@pytest.mark.slow
class TestPages:
    """Pages by full load and by navigation in the browser: the same answer."""

    @pytest.mark.parametrize("route", FIXED)
    async def test_anonymous(self, one_worker: Server, route: str) -> None:
        """Nobody signed in is led to the sign-in, and back afterwards."""
        path = address_of(route)
        expected = f"/sign-in?next={quote(path)}" if path != "/" else "/sign-in"
        async with one_worker.client() as client, console(one_worker, path="/sign-in") as tab:
            answer = await client.get(path)
            await tab.open(path)

        if PAGES[route] == PUBLIC:
            assert answer.status_code == 200
            assert redirects(tab) == []
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, expected)
            assert answer.text == ""
            assert redirects(tab) == [expected]

    @pytest.mark.parametrize("query", ["?q=a&sort=-email", "?next=//evil.example", ""])
    async def test_way_back_keeps_the_query(self, one_worker: Server, query: str) -> None:
        """Search, filters and page are there again after signing in."""
        async with one_worker.client() as client:
            answer = await client.get(f"/users{query}")

        assert answer.headers["location"] == f"/sign-in?next={quote('/users' + query)}"

    @pytest.mark.parametrize("route", FIXED)
    async def test_guest(self, one_worker: Server, route: str) -> None:
        """Without the permission the page says which one; nothing of it is loaded."""
        path = address_of(route)
        async with one_worker.platform() as platform:
            guest = await one_worker.add_user(platform, "guest")
            cookie = await one_worker.sign_in(guest.email, PASSWORD)
            async with one_worker.client(cookie) as client, console(one_worker, cookie) as tab:
                answer = await client.get(path)
                await tab.open(path)
            entries = await platform.audit(actor_id=guest.id, outcome="denied")
        permission = PAGES[route]

        if route == "/sign-in":
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            assert redirects(tab) == ["/"]
        elif permission in (PUBLIC, SIGNED_IN):
            assert answer.status_code == 200
            assert tab.of("console")["refused"] == ""
            assert entries == []
        else:
            assert answer.status_code == 403
            assert tab.of("console")["refused"] == permission
            assert tab.state[ROOT_STATE]["is_hydrated"] is True
            assert [entry.action for entry in entries] == [permission, permission]
            assert ADMIN_EMAIL not in tab.text

    @pytest.mark.parametrize("route", sorted(set(FIXED) - {"/sign-in"}))
    async def test_administrator(self, one_worker: Server, route: str) -> None:
        """With all permissions every page opens; who is signed in needs no sign-in."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with one_worker.client(cookie) as client, console(one_worker, cookie) as tab:
            answer = await client.get(address_of(route))
            await tab.open(address_of(route))

        assert answer.status_code == 200
        assert answer.headers["cache-control"] in ("no-cache", "no-store")
        assert tab.of("console")["refused"] == ""
        assert redirects(tab) == []

    @pytest.mark.parametrize(
        "path",
        [
            "/no-such-page",
            "/users/a/b/c",
            "/Users",
            "/users.html",
            "/index.html",
            "/404.html",
            "/__spa-fallback.html",
            "/users/index.html",
            "/users/new.html/",
            "/assets/../users.html",
            "/%2e%2e/pyproject.toml",
            "/..%2fpyproject.toml",
            "/.env",
            "/api",
            "/api/v2/users",
            "/session/other",
            "/_event2",
            "/[user_id]",
            "/users/[user_id]/activity/",
        ],
    )
    async def test_unknown(self, one_worker: Server, path: str) -> None:
        """What leads nowhere says so, to everybody alike, and shows nothing of a page."""
        cookie = await one_worker.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        for sent in ("", cookie):
            async with one_worker.client(sent) as client:
                answer = await client.get(path)

            assert answer.status_code in (303, 400, 404) if not sent else (400, 404)
            assert "New user" not in answer.text

    @pytest.mark.parametrize("suffix", ["", "/", "//", "/index.html", ".html", "?", "%20", "#"])
    async def test_no_file_of_a_page_is_public(self, one_worker: Server, suffix: str) -> None:
        """The build's documents are reachable under no name but their page's."""
        # What is shown while the server is out of reach says nothing else.
        public = {route for route, who in PAGES.items() if who == PUBLIC} | {"/offline"}
        files = {path.relative_to(WEB / "build" / "client") for path in documents()}
        async with one_worker.client() as client:
            for file in files:
                stem = f"/{file.with_suffix('').as_posix()}"
                if stem.rstrip("/") in public:
                    continue
                answer = await client.get(f"{stem}{suffix}")
                assert answer.status_code in (303, 404), answer.url


def address_of(route: str) -> str:
    """An address of the page; the record it is about does not exist."""
    return re.sub(r"\[\w+\]", str(UUID(int=7)), route)


def documents() -> Iterator[Any]:
    """The HTML files of the build."""
    return (WEB / "build" / "client").rglob("*.html")


def redirects(tab: Console) -> list[str]:
    """Where the browser was told to go."""
    return [
        str(command["payload"]["path"])
        for command in tab.commands
        if command["name"].endswith("_redirect")
    ]
