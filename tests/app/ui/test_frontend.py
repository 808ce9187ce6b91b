"""The built frontend as the server gives it out."""

import base64
import hashlib
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from app.ui.frontend import Frontend

SCRIPT = "console.log(1)"
NOTHING = Headers({})


@pytest.fixture
def frontend(tmp_path: Path) -> Frontend:
    """A build of two pages, one asset and the script that knows the backend's address."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(f"<html><script>{SCRIPT}</script></html>")
    (tmp_path / "404.html").write_text("<html>nothing here</html>")
    (tmp_path / "__spa-fallback.html").write_text("<html>shell</html>")
    (tmp_path / "assets" / "a-1.js").write_text("plain")
    (tmp_path / "assets" / "a-1.js.br").write_bytes(b"packed")
    (tmp_path / "assets" / "reflex-env-1.js").write_text("e={EVENT:`ws://localhost:8000/_event`}")
    return Frontend(tmp_path)


def test_page_for_a_lost_server_is_a_file(tmp_path: Path) -> None:
    """The browser keeps it; it is no page that somebody would have to be signed in for."""
    (tmp_path / "offline.html").write_text(f"<html><script>{SCRIPT}</script></html>")
    (tmp_path / "sw.js").write_text("fetch('/offline.html')")

    page = Frontend(tmp_path).asset("/offline.html", NOTHING)
    worker = Frontend(tmp_path).asset("/sw.js", NOTHING)

    assert page is not None
    assert "'sha256-" in page.headers["content-security-policy"]
    assert worker is not None
    assert "connect-src 'self'" in worker.headers["content-security-policy"]


class TestPage:
    """HTML pages."""

    def test_policy_allows_exactly_its_scripts(self, frontend: Frontend) -> None:
        """The content security policy carries the hash of each inline script and no eval."""
        policy = frontend.page("/", NOTHING).headers["content-security-policy"]
        digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()

        assert f"'sha256-{digest}'" in policy
        assert "unsafe-eval" not in policy
        assert "script-src 'self' 'unsafe-inline'" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "connect-src 'self';" in policy

    def test_dynamic_route_gets_the_shell(self, frontend: Frontend) -> None:
        """A route with parameters has no document of its own."""
        assert frontend.page("/users/[user_id]", NOTHING).body == b"<html>shell</html>"

    def test_not_found(self, frontend: Frontend) -> None:
        """An address that leads nowhere answers 404 with a page."""
        response = frontend.not_found(NOTHING)

        assert (response.status_code, response.body) == (404, b"<html>nothing here</html>")

    def test_unchanged(self, frontend: Frontend) -> None:
        """A page the browser has is not sent again, and its policy is."""
        tag = frontend.page("/", NOTHING).headers["etag"]
        again = frontend.page("/", Headers({"if-none-match": tag}))

        assert again.status_code == 304
        assert "content-security-policy" in again.headers

    def test_denied_page_is_never_304(self, frontend: Frontend) -> None:
        """A 403 stays a 403, whatever the browser has."""
        tag = frontend.page("/", NOTHING).headers["etag"]

        denied = frontend.page("/", Headers({"if-none-match": tag}), status=403)

        assert denied.status_code == 403


class TestAsset:
    """Scripts, styles and pictures."""

    def test_hashed_assets_are_kept_for_good(self, frontend: Frontend) -> None:
        """Their names change with their content."""
        response = frontend.asset("/assets/a-1.js", NOTHING)

        assert response is not None
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"

    def test_compressed(self, frontend: Frontend) -> None:
        """A browser that understands brotli gets what the build packed."""
        response = frontend.asset("/assets/a-1.js", Headers({"accept-encoding": "gzip, br"}))

        assert response is not None
        assert response.headers["content-encoding"] == "br"
        assert response.body == b"packed"

    def test_backend_is_the_pages_own_origin(self, frontend: Frontend) -> None:
        """One build serves any address."""
        response = frontend.asset("/assets/reflex-env-1.js", NOTHING)

        assert response is not None
        assert b"location?.origin" in bytes(response.body)
        assert b"localhost:8000" not in bytes(response.body)

    @pytest.mark.parametrize("path", ["/index.html", "/404.html", "/../secret", "/assets/none.js"])
    def test_nothing_else(self, frontend: Frontend, path: str) -> None:
        """Pages pass the page gate, and no path leads out of the build."""
        assert frontend.asset(path, NOTHING) is None


def test_not_built(tmp_path: Path) -> None:
    """Without a build the console says how to make one."""
    response = Frontend(tmp_path).page("/", NOTHING)

    assert response.status_code == 503
    assert b"make run" in bytes(response.body)
