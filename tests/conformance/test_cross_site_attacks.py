"""What other sites try with a visitor's browser, replayed against real servers."""

import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qs, urljoin, urlsplit
from uuid import UUID

import aiohttp
import pytest

from app.bootstrap import build_registry
from tests.conformance.api_document import operations
from tests.fixtures.attacks import ELSEWHERE, guest_cookie
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, CONFIGURED_ORIGIN, Server

pytestmark = pytest.mark.slow


class TestCrossSiteForms:
    """A form on another site's page changes nothing."""

    @pytest.mark.parametrize("path", ["sign-in", "sign-out", "password"])
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": ELSEWHERE},
            {"Origin": "null"},
            {"Origin": ""},
            {"Origin": ELSEWHERE, "Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
        ids=lambda headers: " ".join(headers.values()) or "empty",
    )
    async def test_refused(self, server: Server, path: str, headers: Mapping[str, str]) -> None:
        """The answer is 403, no cookie is set or taken, and the session goes on."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        form = {
            "email": ADMIN_EMAIL,
            "password": ADMIN_PASSWORD,
            "current_password": ADMIN_PASSWORD,
            "new_password": "chosen by somebody else",
        }
        async with aiohttp.ClientSession(cookies={"atrium_session": cookie}) as client:
            address = f"{server.address}/session/{path}"
            async with client.post(address, data=form, headers=headers) as answer:
                assert answer.status == 403
                assert "Set-Cookie" not in answer.headers
        async with server.client(cookie) as browser:
            assert (await browser.get("/users")).status_code == 200

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def test_pages_are_read_only(self, server: Server, method: str) -> None:
        """A page is looked at; it answers to nothing else."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.client(cookie) as client:
            answer = await client.request(method, "/users")

        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"

    @pytest.mark.parametrize("path", ["sign-in", "sign-out", "password"])
    async def test_not_by_a_link(self, server: Server, path: str) -> None:
        """Opening an address does nothing either."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.client(cookie) as client:
            assert (await client.get(f"/session/{path}")).status_code == 405
            assert (await client.get("/users")).status_code == 200

    async def test_cookie_opens_no_api(self, server: Server) -> None:
        """The REST API takes bearer tokens only, so a foreign page cannot use it."""
        cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.client(cookie) as client:
            assert (await client.get("/api/v1/users")).status_code == 401
            assert (await client.get("/api/v1/auth/me")).status_code == 401


class TestForeignScripts:
    """Scripts of other sites use the REST API if their origin is configured, and only then."""

    SENT: ClassVar = {"authorization", "content-type", "traceparent", "x-request-id"} | {
        parameter["name"].lower()
        for each in operations()
        for parameter in each.facts.get("parameters", ())
        if parameter["in"] == "header"
    }
    TOLD: ClassVar = {
        name.lower()
        for each in operations()
        for answer in each.facts["responses"].values()
        for name in answer.get("headers", ())
    }
    ASKED: ClassVar = {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": ", ".join(sorted(SENT)),
    }

    async def test_configured(self, one_worker: Server) -> None:
        """They may send every header that the API reads, but not the cookie, and read all."""
        async with one_worker.client(origin=CONFIGURED_ORIGIN) as client:
            asked = await client.options("/api/v1/users", headers=self.ASKED)
            answer = await client.get("/api/v1/users")

        assert asked.status_code == 200
        assert answer.status_code == 401
        for each in (asked, answer):
            assert each.headers["access-control-allow-origin"] == CONFIGURED_ORIGIN
            assert "access-control-allow-credentials" not in each.headers
        shown = set(answer.headers["access-control-expose-headers"].lower().split(", "))
        assert shown >= self.TOLD

    @pytest.mark.parametrize("origin", [ELSEWHERE, "null", f"{CONFIGURED_ORIGIN}.evil.example"])
    async def test_others(self, one_worker: Server, origin: str) -> None:
        """The browser is not told that it may show them the answer."""
        async with one_worker.client(origin=origin) as client:
            asked = await client.options("/api/v1/users", headers=self.ASKED)
            answer = await client.get("/api/v1/users")

        assert asked.status_code == 400
        for each in (asked, answer):
            assert "access-control-allow-origin" not in each.headers


OTHER_SITES = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\u00a0//evil.example",
    "/\u2028/evil.example",
    "/\x00/evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTPS:/evil.example",
    "http://127.0.0.1@evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "/\r\nSet-Cookie: atrium_session=planted",
    "/\\\\evil.example/..",
    f"/{'a' * 2000}",
    "",
]

SAME_SITE = [
    "/users?q=a%20b&sort=-email",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/.//evil.example",
    "/users/../users",
    "/?next=//evil.example",
]


class TestOpenRedirect:
    """Whatever stands in `next`, signing in leads to a page of ours."""

    @pytest.mark.parametrize("wanted", [*OTHER_SITES, *SAME_SITE])
    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    async def test_sign_in(self, server: Server, wanted: str, accept: str) -> None:
        """Both a plain form and the page's own script stay on this site."""
        form = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "next": wanted}
        async with server.client() as client:
            answer = await client.post("/session/sign-in", data=form, headers={"Accept": accept})

        assert answer.status_code in (200, 303)
        location = answer.headers.get("location") or answer.json()["location"]
        assert as_browser(server.address, location).startswith(f"{server.address}/")
        assert location == ("/" if wanted in OTHER_SITES else wanted)
        assert "planted" not in str(answer.headers)

    @pytest.mark.parametrize(
        "path",
        [
            "//evil.example",
            "/users//evil.example",
            "/users/%5c%5cevil.example",
            "/users/%0d%0aX: y",
        ],
    )
    async def test_way_to_the_sign_in(self, server: Server, path: str) -> None:
        """An address that needs a sign-in cannot smuggle another site into the way back."""
        async with aiohttp.ClientSession() as client:
            address = f"{server.address}{path}"
            async with client.get(address, allow_redirects=False) as answer:
                location = answer.headers.get("Location", "/")
        back = parse_qs(urlsplit(location).query).get("next", ["/"])[0]

        assert as_browser(server.address, location).startswith(f"{server.address}/")
        assert as_browser(server.address, back).startswith(f"{server.address}/")


class TestContentSecurityPolicy:
    """No page runs a script that is not part of the build."""

    PATHS = (*(page.route for page in build_registry().pages), "/no-such-page")

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("role", ["admin", "guest", ""], ids=["admin", "guest", "anonymous"])
    async def test_is_strict(self, server: Server, path: str, role: str) -> None:
        """Scripts: ours and hashes of those in the page; nothing evaluated, nothing foreign."""
        cookie = await guest_cookie(server) if role == "guest" else ""
        if role == "admin":
            cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        async with server.client(cookie) as client:
            answer = await client.get(re.sub(r"\[\w+\]", str(UUID(int=0)), path))
        policy = directives(answer.headers["content-security-policy"])

        assert not re.search(r"unsafe|\*|https?:|data:|blob:", policy.get("script-src", ""))
        assert policy["default-src"] in ("'self'", "'none'")
        assert policy["frame-ancestors"] == "'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        if "text/html" in answer.headers.get("content-type", ""):
            assert policy["object-src"] == policy["base-uri"] == "'none'"
            assert policy["form-action"] == policy["connect-src"] == "'self'"
            assert not re.search(r"\son\w+=|javascript:", answer.text)
            sources = re.findall(r"<script[^>]+src=\"([^\"]+)", answer.text)
            assert all(source.startswith("/") and source[1] != "/" for source in sources)

    @pytest.mark.parametrize("path", ["/healthz", "/api/v1/users", "/api/no", "/openapi.json"])
    async def test_answers_for_programs(self, server: Server, path: str) -> None:
        """What is no page may load nothing at all."""
        async with server.client() as client:
            answer = await client.get(path)

        assert directives(answer.headers["content-security-policy"])["default-src"] == "'none'"


def directives(policy: str) -> dict[str, str]:
    """A content security policy by directive."""
    parts = (part.strip().partition(" ") for part in policy.split(";"))
    return {name: value for name, _, value in parts if name}


def as_browser(base: str, location: str) -> str:
    r"""Where a browser would go: it drops tabs and newlines and takes `\` for `/`."""
    return urljoin(
        f"{base}/", re.sub(r"[\t\r\n]", "", location).strip("\x00\x1f ").replace("\\", "/")
    )


def quoted(text: str) -> str:
    """Text as it stands in an address."""
    return "".join(f"%{byte:02X}" for byte in text.encode())
