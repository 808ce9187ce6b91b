"""Network addresses in one spelling, and the key under which one host's attempts are counted."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

_LONGEST = 100
# Some proxies write the port too: 198.51.100.8:40001, [2001:db8::1]:40001.
_WITH_PORT = re.compile(r"(?P<ipv4>[0-9.]+):[0-9]{1,5}|\[(?P<ipv6>[^\[\]]+)\](:[0-9]{1,5})?")


def canonical_address(text: str) -> str | None:
    """The address in the one spelling in which it is stored and compared.

    Without a port and without the zone of an IPv6 address; an IPv4 address in the form of an IPv6
    address (`::ffff:192.0.2.1`) is the IPv4 address.

    Returns:
        None for everything that is no address.
    """
    return _canonical(text) if len(text) <= _LONGEST else None


@lru_cache(1000)
def _canonical(text: str) -> str | None:
    parsed = _parsed(text)
    return None if parsed is None else str(parsed)


def forwarded_address(lines: Sequence[str], trusted_proxy_hops: int) -> str | None:
    """The address that the outermost trusted proxy was called from.

    Args:
        lines: The values of `X-Forwarded-For`, in order; each proxy adds to the end of it.
        trusted_proxy_hops: How many proxies are believed.

    Returns:
        None if no proxy is trusted, fewer have written, or there stands no address.
    """
    chain = ",".join(lines).split(",")
    if not 0 < trusted_proxy_hops <= len(chain):
        return None
    return canonical_address(chain[-trusted_proxy_hops].strip())


@lru_cache(1000)
def network_of(address: str) -> str:
    """What stands for an address in the key of a budget, a quota or a throttle.

    Whoever has one IPv6 address can choose among the 2^64 of its network, so these count as one.

    Returns:
        The IPv4 address itself, the /64 network of an IPv6 address, or nothing if it is neither.
    """
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))
    return "" if parsed is None else str(parsed)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with_port = _WITH_PORT.fullmatch(text)
    if with_port:
        text = with_port["ipv4"] or with_port["ipv6"]
    without_zone = text.partition("%")[0]
    if ":" in without_zone:
        text = without_zone
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed
