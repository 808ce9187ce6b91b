"""Under which names the platform is reached: hosts, origins, and whether by https."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.admission.addresses import canonical_address

_HOST = re.compile(r"(\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(:(?P<port>[0-9]{0,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class Host:
    """A host name in lower case, or an address without brackets; and a port if one is given."""

    name: str
    port: int | None = None

    @property
    def is_address(self) -> bool:
        """Whether it is an IP address, which nobody can make a name resolve to anew."""
        return canonical_address(self.name) is not None

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine by an address or name that never leaves it."""
        return _is_loopback(self.name)

    def origin(self, scheme: str) -> str:
        """The origin of its pages, as a browser writes it: without the scheme's own port."""
        has_default_port = self.port == _DEFAULT_PORTS[scheme]
        return f"{scheme}://{Host(self.name) if has_default_port else self}"

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port is None else f"{name}:{self.port}"


# Each request asks for its own host.
@lru_cache(256)
def _is_loopback(name: str) -> bool:
    address = canonical_address(name)
    return name == "localhost" or (
        address is not None and ipaddress.ip_address(address).is_loopback
    )


@lru_cache(256)
def parse_host(text: str) -> Host | None:
    """The host that a `Host` header names; None if it is malformed."""
    found = _HOST.fullmatch(text.lower())
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    name = canonical_address(found["ipv6"]) if found["ipv6"] else found["name"]
    is_possible = port is None or 0 < port <= _HIGHEST_PORT
    return Host(name, port) if name and is_possible else None


def parse_origin(text: str) -> tuple[str, Host] | None:
    """Scheme and host of an origin; None if it is none of `http` or `https`."""
    scheme, _, rest = text.partition("://")
    host = parse_host(rest)
    return (scheme.lower(), host) if host and scheme.lower() in _DEFAULT_PORTS else None


def canonical_origin(text: str) -> str | None:
    """The origin as a browser writes it; None if the text is none of `http` or `https`."""
    found = parse_origin(text)
    return None if found is None else found[1].origin(found[0])


@dataclass(frozen=True, slots=True)
class Site:
    """The names under which the platform answers. Lives as long as the settings.

    Attributes:
        public_url: Where browsers find it, as an origin; empty when it is not told, in development.
        allowed_hosts: Further names.
        listens_on: The address or name that it is bound to.
    """

    public_url: str
    allowed_hosts: Sequence[str]
    listens_on: str

    @property
    def is_https(self) -> bool:
        """Whether browsers come by https: cookies are then Secure, and https is remembered."""
        return self.public_url.startswith("https://")

    @property
    def is_safe(self) -> bool:
        """Whether nobody on the way can read along: by https, or without leaving this machine."""
        public = parse_origin(self.public_url)
        return self.is_https or (public is not None and public[1].is_loopback)

    def answers_to(self, host: Host) -> bool:
        """Whether this is one of its names; another one is a mistake, or a name made to lead here.

        Without a public URL these are the names of this machine, and its addresses when it listens
        on all of them.
        """
        if host.name in self.allowed_hosts:
            return True
        public = parse_origin(self.public_url)
        if public is not None:
            return host.name == public[1].name
        if self.listens_on in ANY_ADDRESS and host.is_address:
            return True
        return host.is_loopback or host.name == self.listens_on.lower()

    def is_origin(self, origin: str, host: Host) -> bool:
        """Whether a page of this origin, as the browser wrote it, is one of ours.

        Args:
            origin: The header `Origin`.
            host: What the browser called for it.
        """
        found = parse_origin(origin)
        if found is None:
            return False
        scheme, _ = found
        given = found[1].origin(scheme)
        if given == self.public_url:
            return True
        # A page of the same name by http is not ours: anybody on the way could have written it.
        may_be = scheme == "https" or not self.is_https
        return may_be and given == host.origin(scheme)
