"""Network addresses in one spelling, and the key under which one host's attempts are counted."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.admission.addresses import canonical_address, forwarded_address, network_of

PORT = st.integers(0, 65535)


class TestCanonicalAddress:
    """Every way to write an address is the same address."""

    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("198.51.100.8:40001", "198.51.100.8"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::FFFF:c000:201", "192.0.2.1"),
            ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:443", "192.0.2.1"),
            ("::ffff:192.0.2.1%eth0", "192.0.2.1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:40001", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("fe80::1%<script>", "fe80::1"),
        ],
    )
    def test_is_one_spelling(self, text: str, address: str) -> None:
        """Port and zone are dropped, and an IPv4 address in the form of IPv6 is unwrapped."""
        assert canonical_address(text) == address

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "unknown",
            "unknown3",
            "_hidden",
            "<script>alert(1)</script>",
            "=cmd()",
            "localhost",
            "example.com:80",
            "192.0.2",
            "192.0.2.256",
            "192.0.2.01",
            "192.0.2.1:",
            "192.0.2.1:http",
            "192.0.2.1:123456",
            "192.0.2.1%eth0",
            "192.0.2.1%eth0:80",
            "192.0.2.1/24",
            "3221225985",
            "0xc0000201",
            "\u0661\u0669\u0662.0.2.1",
            "2001:db8::1::",
            "[2001:db8::1",
            "[2001:db8::1]40001",
            "[[2001:db8::1]]",
            "unix:/run/socket",
            '"192.0.2.1"',
            "192.0.2.1\n",
            "1" * 10_000,
        ],
    )
    def test_refuses_what_is_no_address(self, text: str) -> None:
        """Names, markup, formulas, networks and numbers are no addresses."""
        assert canonical_address(text) is None

    @given(address=st.ip_addresses(v=4), port=PORT)
    def test_ipv4(self, address: ipaddress.IPv4Address, port: int) -> None:
        """The port of an IPv4 address makes no other address of it, nor does the IPv6 form."""
        ways = [
            f"{address}",
            f"{address}:{port}",
            f"::ffff:{address}",
            f"[::ffff:{address}]:{port}",
        ]

        assert {canonical_address(way) for way in ways} == {str(address)}

    @given(
        address=st.ip_addresses(v=6), port=PORT, zone=st.text("abc019.", min_size=1, max_size=15)
    )
    def test_ipv6(self, address: ipaddress.IPv6Address, port: int, zone: str) -> None:
        """Neither port nor zone, capitals nor zeros make another address of an IPv6 address."""
        ways = [
            f"{address}",
            f"[{address}]",
            f"[{address}]:{port}",
            f"{address}%{zone}",
            f"[{address}%{zone}]:{port}",
            address.exploded.upper(),
        ]

        assert {canonical_address(way) for way in ways} == {str(address.ipv4_mapped or address)}

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        """The outcome is an address in its one spelling, or nothing."""
        found = canonical_address(text)

        assert found is None or str(ipaddress.ip_address(found)) == found == canonical_address(
            found
        )


class TestForwardedAddress:
    """What proxies say of the caller."""

    @given(callers=st.lists(st.text(max_size=20), max_size=3), address=st.ip_addresses())
    def test_ignores_what_callers_write(
        self, callers: list[str], address: ipaddress.IPv4Address | ipaddress.IPv6Address
    ) -> None:
        """With one trusted proxy its own last entry counts, whatever stands before."""
        expected = canonical_address(str(address))

        assert forwarded_address([*callers, str(address)], 1) == expected
        assert forwarded_address([",".join([*callers, str(address)])], 1) == expected

    @pytest.mark.parametrize("hops", [0, 3])
    def test_needs_as_many_entries_as_hops(self, hops: int) -> None:
        """Nothing is believed without trusted proxies, or when fewer have written."""
        assert forwarded_address(["192.0.2.1, 192.0.2.2"], hops) is None


class TestNetworkOf:
    """The key of budgets and throttles."""

    @given(address=st.ip_addresses(v=6, network="2001:db8:1:2::/64"))
    def test_an_ipv6_network_is_one_key(self, address: ipaddress.IPv6Address) -> None:
        """All addresses that one host may choose among share a key."""
        assert network_of(str(address)) == "2001:db8:1:2::/64"

    @given(address=st.ip_addresses(v=4), other=st.ip_addresses(v=4))
    def test_each_ipv4_address_is_a_key(
        self, address: ipaddress.IPv4Address, other: ipaddress.IPv4Address
    ) -> None:
        """IPv4 addresses share a key only when they are the same, also in the form of IPv6."""
        assert network_of(f"::ffff:{address}") == str(address)
        assert (network_of(str(address)) == network_of(str(other))) is (address == other)

    @pytest.mark.parametrize(("address", "key"), [("::1", "::/64"), ("", ""), ("unknown", "")])
    def test_special_cases(self, address: str, key: str) -> None:
        """The loopback has a key, and all that is no address shares the empty one."""
        assert network_of(address) == key
