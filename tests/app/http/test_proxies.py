"""What proxies say of a connection, and what the log says when they are not believed."""

from typing import Any

import structlog
from starlette.datastructures import Headers

from app.http.proxies import Proxies


def read(proxies: Proxies, **headers: str) -> list[Any]:
    """Let a request with these headers in; returns what was logged."""
    scope = {
        "type": "http",
        "client": ("192.0.2.1", 40000),
        "scheme": "http",
        "headers": Headers({name.replace("_", "-"): text for name, text in headers.items()}).raw,
    }
    with structlog.testing.capture_logs() as logs:
        proxies.read(scope)
    return list(logs)


class TestIgnored:
    """A header that is not believed is told of once."""

    def test_a_proxy_that_nobody_trusts(self) -> None:
        """The log says what was seen and which setting decides, once a process."""
        proxies = Proxies(0)

        [line] = read(proxies, x_forwarded_for="203.0.113.9, 198.51.100.1")

        assert line["log_level"] == "warning"
        assert (line["header"], line["peer"], line["entries"]) == (
            "X-Forwarded-For",
            "192.0.2.1",
            2,
        )
        assert "ATRIUM_SERVER__TRUSTED_PROXY_HOPS" in line["hint"]
        assert "203.0.113.9" not in str(line)
        assert read(proxies, x_forwarded_for="203.0.113.9") == []

    def test_more_hops_than_proxies(self) -> None:
        """Nor is it silent when fewer proxies have written than are trusted."""
        [line] = read(Proxies(2), x_forwarded_for="203.0.113.9")

        assert "2 proxies" in line["hint"]

    def test_a_path_in_front(self) -> None:
        """That the platform is not served below a path is said as well."""
        [line] = read(Proxies(1), x_forwarded_for="203.0.113.9", x_forwarded_prefix="/atrium")

        assert "below a path" in line["hint"]

    def test_nothing_to_say(self) -> None:
        """Without a proxy, or with one that is trusted, nothing is logged."""
        assert read(Proxies(None)) == []
        assert read(Proxies(1), x_forwarded_for="203.0.113.9", x_forwarded_proto="https") == []
