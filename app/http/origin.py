"""For which host a request is, and from which site it comes."""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers

from app.admission.hosts import Site, parse_host
from app.settings import ServerSettings

PROBED_PATHS = frozenset({"/healthz", "/ready"})


def refuse_host(
    scope: MutableMapping[str, Any], headers: Headers, site: Site
) -> tuple[int, str, str, str] | None:
    """The answer to a request for a host that is not ours; None if it is.

    Without this a name that somebody else makes lead here would be a site of ours to a browser.
    Probes of health come by any address.

    Returns:
        Status, title, code and sentence.
    """
    given = headers.getlist("host")
    host = parse_host(given[0]) if len(given) == 1 else None
    is_probe = scope["path"] in PROBED_PATHS
    if host is None:
        if is_probe and not any(given):
            return None
        detail = "The header `Host` must name one host, like admin.example.com."
        return 400, "Malformed request", "request.host.malformed", detail
    if site.answers_to(host) or (is_probe and (host.is_address or host.is_loopback)):
        return None
    detail = (
        "The platform does not answer under this host name. Whoever runs it names its hosts in "
        "server.public_url and server.allowed_hosts."
    )
    return 421, "Misdirected request", "request.host.foreign", detail


def is_same_origin(scope: MutableMapping[str, Any], settings: ServerSettings) -> bool:
    """Whether the request comes from our own pages, a configured origin, or no browser at all.

    A browser sends `Origin` with every websocket handshake and every POST; a
    program sends none and carries no cookie it did not choose to carry.
    """
    headers = Headers(scope=scope)
    origins = headers.getlist("origin")
    if not origins:
        return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    host = parse_host(headers.get("host", ""))
    if len(origins) > 1 or host is None:
        return False
    return origins[0] in settings.allowed_origins or settings.site.is_origin(origins[0], host)


_LONGEST_PATH = 2000


def local_path(text: str) -> str:
    r"""The text if it is a path on this site, else `/`: never a way to somewhere else.

    A browser reads `\` as `/` and drops tabs and newlines, so these are refused as well; and what
    is longer than any path of ours.
    """
    safe = (
        text.startswith("/")
        and len(text) <= _LONGEST_PATH
        and not text.startswith("//")
        and "\\" not in text
        and text.isprintable()
    )
    return text if safe else "/"
