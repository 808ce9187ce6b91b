"""Who may open which page: one answer for full loads and for navigation in the browser."""

import re
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from app.core.actor import Actor
from app.core.module import PageSpec
from app.core.permissions import PUBLIC
from app.core.registry import Registry
from app.http.origin import local_path

SIGN_IN = "/sign-in"
SIGN_OUT = "/session/sign-out"
CHANGE_PASSWORD = "/change-password"  # noqa: S105 - a path
HOME = "/"
_EXPLAIN = "/access/explain"
_DRAWN = re.compile("(/[a-z][a-z0-9-]*){2}(/|$)")
"""How the addresses of resources begin, whatever is installed; see `Resource`."""


class PagePolicy:
    """The pages of the registry, and the rules for opening them."""

    def __init__(self, registry: Registry, *, development: bool) -> None:
        self._pages = {
            page.route: page for page in registry.pages if development or not page.development_only
        }
        self._permissions = frozenset(map(str, registry.permissions))
        self._registry = registry
        # As the router in the browser ranks them: the more of an address a route says, the better.
        self._patterns = [
            (re.compile(re.sub(r"\[\w+\]", "[^/]+", route)), page)
            for route, page in sorted(self._pages.items(), key=_by_parameters)
        ]

    def by_route(self, route: str) -> PageSpec | None:
        """The page with this route, e.g. `/users/[user_id]`; Reflex names the first one `index`."""
        name = route.strip("/")
        return self._pages.get(HOME if name == "index" else f"/{name}")

    def by_path(self, path: str) -> PageSpec | None:
        """The page that an address leads to; fixed routes come before patterns."""
        path = "/" + path.strip("/")
        exact = self._pages.get(path)
        if exact is not None and "[" not in path:
            return exact
        found = next((page for pattern, page in self._patterns if pattern.fullmatch(path)), None)
        if found is not None and found.permission_at is not None and not _DRAWN.match(path):
            return None
        return found

    def permission(self, page: PageSpec, path: str) -> str | None:
        """Who may open the page at this address; None when there is nothing."""
        if page.permission_at is None:
            return page.permission
        return page.permission_at(self._registry, path)

    def redirect(
        self, page: PageSpec, actor: Actor | None, asked: str, *, why: str = ""
    ) -> str | None:
        """Where to go instead of the page; None to stay.

        Args:
            page: The page.
            actor: Who opens it; None when nobody is signed in.
            asked: The address with its query, to come back to after the sign-in.
            why: Why they are not signed in any more, an `EndReason`; empty if they never were.
        """
        if actor is None:
            return None if page.permission == PUBLIC else self.sign_in_path(asked, why)
        if actor.must_change_password:
            # A link for choosing a password is as good a way to change it.
            is_open = page.permission == PUBLIC and page.route != SIGN_IN
            return None if is_open or page.route == CHANGE_PASSWORD else CHANGE_PASSWORD
        if page.route == SIGN_IN:
            wanted = parse_qs(urlsplit(asked).query).get("next", [HOME])[0]
            target = local_path(wanted)
            return HOME if target.startswith(SIGN_IN) else target
        return None

    def explanation(self, actor: Actor, permission: str) -> str:
        """Address of the page that tells why they lack a permission; empty if not theirs to see."""
        page = self.by_route(_EXPLAIN)
        if page is None or permission not in self._permissions or not actor.may(page.permission):
            return ""
        return f"{_EXPLAIN}?{urlencode({'user': actor.email, 'permission': permission})}"

    def sign_in_path(self, asked: str, why: str = "") -> str:
        """The sign-in page with the way back, and why they are not signed in any more."""
        back = local_path(asked)
        has_way = back != HOME and not back.startswith(SIGN_IN)
        parameters = {"next": back} if has_way else {}
        if why:
            parameters["why"] = why
        query = urlencode(parameters, safe="/", quote_via=quote)
        return f"{SIGN_IN}?{query}" if query else SIGN_IN


def _by_parameters(page: tuple[str, PageSpec]) -> tuple[bool, ...]:
    """Of two routes, the first whose segment is fixed where the other's is a parameter."""
    return tuple(segment.startswith("[") for segment in page[0].split("/"))
