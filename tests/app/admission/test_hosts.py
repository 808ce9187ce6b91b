"""Under which names the platform is reached."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.admission.hosts import Host, Site, canonical_origin, parse_host

DEVELOPMENT = Site("", (), "127.0.0.1")
PRODUCTION = Site("https://admin.example.com", ("old.example.com",), "0.0.0.0")


class TestParseHost:
    """What a `Host` header names."""

    @pytest.mark.parametrize(
        ("text", "host"),
        [
            ("admin.example.com", Host("admin.example.com")),
            ("ADMIN.Example.COM:443", Host("admin.example.com", 443)),
            ("localhost:", Host("localhost")),
            ("[::1]:8000", Host("::1", 8000)),
            ("[0:0::1]", Host("::1")),
            ("[::ffff:127.0.0.1]", Host("127.0.0.1")),
            ("127.0.0.1:8000", Host("127.0.0.1", 8000)),
        ],
    )
    def test_reads(self, text: str, host: Host) -> None:
        """Name and port, in one spelling."""
        assert parse_host(text) == host

    @pytest.mark.parametrize(
        "text",
        [
            *("", " ", ":80", "a:0", "a:65536", "a:b", "a:80:80", "::1", "[::1", "[x]", "[]"),
            *("a b", "a,b", "a/b", "a@b", "a?b", "a#b", "<a>", "a\\b", "a\n", "é", "%61", "*"),
        ],
    )
    def test_refuses(self, text: str) -> None:
        """Whatever is not one host and perhaps a port is malformed."""
        assert parse_host(text) is None

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        """What is read is read the same again."""
        host = parse_host(text)

        assert host is None or parse_host(str(host)) == host


class TestOrigin:
    """How a browser writes an origin."""

    @pytest.mark.parametrize(
        ("text", "origin"),
        [
            ("https://Admin.example.com:443", "https://admin.example.com"),
            ("http://admin.example.com:80", "http://admin.example.com"),
            ("https://admin.example.com:80", "https://admin.example.com:80"),
            ("http://[::1]:8000", "http://[::1]:8000"),
            ("null", None),
            ("", None),
            ("file://", None),
            ("chrome-extension://abc", None),
            ("https://admin.example.com/", None),
        ],
    )
    def test_one_spelling(self, text: str, origin: str | None) -> None:
        """Lower case, without the scheme's own port; anything else is none."""
        assert canonical_origin(text) == origin


class TestSite:
    """Which hosts and origins are ours."""

    @pytest.mark.parametrize(
        ("site", "host", "is_ours"),
        [
            (DEVELOPMENT, "localhost:3000", True),
            (DEVELOPMENT, "127.0.0.1:8000", True),
            (DEVELOPMENT, "127.0.0.2", True),
            (DEVELOPMENT, "[::1]:8000", True),
            (DEVELOPMENT, "192.168.1.5:8000", False),
            (DEVELOPMENT, "evil.example", False),
            (DEVELOPMENT, "127.0.0.1.evil.example", False),
            (DEVELOPMENT, "localhost.evil.example", False),
            (Site("", (), "atrium.lan"), "ATRIUM.lan:8000", True),
            (Site("", (), "0.0.0.0"), "192.168.1.5:8000", True),
            (Site("", (), "::"), "[2001:db8::5]:8000", True),
            (Site("", (), "0.0.0.0"), "evil.example", False),
            (PRODUCTION, "admin.example.com", True),
            (PRODUCTION, "Admin.Example.com:443", True),
            (PRODUCTION, "old.example.com", True),
            (PRODUCTION, "admin.example.com.", False),
            (PRODUCTION, "admin.example.com.evil.example", False),
            (PRODUCTION, "xadmin.example.com", False),
            (PRODUCTION, "sub.admin.example.com", False),
            (PRODUCTION, "127.0.0.1", False),
            (PRODUCTION, "localhost", False),
        ],
    )
    def test_answers_to(self, site: Site, host: str, *, is_ours: bool) -> None:
        """The names that it was told, or in development those of this machine."""
        found = parse_host(host)

        assert found is not None
        assert site.answers_to(found) is is_ours

    @pytest.mark.parametrize(
        ("site", "host", "origin", "is_ours"),
        [
            (PRODUCTION, "admin.example.com:443", "https://admin.example.com", True),
            (PRODUCTION, "ADMIN.example.com", "https://admin.example.com", True),
            (PRODUCTION, "admin.example.com", "https://admin.example.com:443", True),
            (PRODUCTION, "old.example.com", "https://old.example.com", True),
            (PRODUCTION, "old.example.com", "https://admin.example.com", True),
            (PRODUCTION, "admin.example.com", "http://admin.example.com", False),
            (PRODUCTION, "admin.example.com", "https://admin.example.com:8443", False),
            (PRODUCTION, "admin.example.com", "https://old.example.com", False),
            (PRODUCTION, "admin.example.com", "https://evil.example", False),
            (PRODUCTION, "admin.example.com", "null", False),
            (PRODUCTION, "admin.example.com", "", False),
            (DEVELOPMENT, "localhost:8000", "http://localhost:8000", True),
            (DEVELOPMENT, "[::1]:8000", "http://[::1]:8000", True),
            (DEVELOPMENT, "localhost:8000", "http://localhost:3000", False),
            (DEVELOPMENT, "localhost:8000", "http://127.0.0.1:8000", False),
        ],
    )
    def test_is_origin(self, site: Site, host: str, origin: str, *, is_ours: bool) -> None:
        """A page is ours by the public URL, or by the host it calls; never by http over https."""
        found = parse_host(host)

        assert found is not None
        assert site.is_origin(origin, found) is is_ours
