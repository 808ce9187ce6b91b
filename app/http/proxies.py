"""What proxies say of a connection: who called them, and how."""

from collections.abc import Iterable, MutableMapping
from typing import Any

from app.admission.addresses import canonical_address, forwarded_address
from app.core.log import get_logger

_HOPS = "server.trusted_proxy_hops (ATRIUM_SERVER__TRUSTED_PROXY_HOPS)"
_SECURE = {"http": "https", "websocket": "wss"}

log = get_logger("http")


class Proxies:
    """The proxies in front of the server. Lives as long as the process.

    What is ignored of their headers is said once in the log, because a wrong setting is seen
    nowhere else: everybody then shares the proxy's address and its budgets.
    """

    def __init__(self, trusted_hops: int | None) -> None:
        self._hops = trusted_hops or 0
        self._said: set[str] = set()

    def read(self, scope: MutableMapping[str, Any]) -> None:
        """Put the caller's address and scheme into the scope.

        The address is in its one spelling, and empty where there is none (a socket that is a file).
        """
        peer, port = scope.get("client") or ("", 0)
        peer = canonical_address(peer) or ""
        headers = _forwarding_headers(scope["headers"])
        lines = headers.get(b"x-forwarded-for", [])
        forwarded = forwarded_address(lines, self._hops)
        scope["client"] = (forwarded, 0) if forwarded else (peer, port)
        if lines and forwarded is None:
            self._say_ignored("X-Forwarded-For", peer, entries=",".join(lines).count(",") + 1)
        if b"x-forwarded-prefix" in headers:
            self._say_ignored("X-Forwarded-Prefix", peer)
        if self._hops:
            scheme = ",".join(headers.get(b"x-forwarded-proto", [])).split(",")[-1].strip()
            if scheme == "https":
                scope["scheme"] = _SECURE[scope["type"]]

    def _say_ignored(self, header: str, peer: str, **facts: int) -> None:
        if header in self._said:
            return
        self._said.add(header)
        if header == "X-Forwarded-Prefix":
            hint = "the platform cannot be served below a path; give it a host name of its own"
        elif self._hops:
            hint = f"no address from {self._hops} proxies in it, as {_HOPS} expects"
        else:
            hint = f"if {peer} is a proxy of yours, set {_HOPS}"
        log.warning("http.forwarded.ignored", header=header, peer=peer, hint=hint, **facts)


def _forwarding_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[str]]:
    """The headers by which proxies tell of their callers; each request pays for it."""
    found: dict[bytes, list[str]] = {}
    for name, value in headers:
        if name.startswith(b"x-forwarded-"):
            found.setdefault(name, []).append(value.decode("latin-1"))
    return found
