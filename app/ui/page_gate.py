"""Full page loads: the same policy as in the browser, before any HTML leaves the server."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from dishka import AsyncContainer
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response

from app.core.actor import Actor
from app.core.audit import Description
from app.core.errors import PermissionDenied
from app.core.metrics import OTHER
from app.core.permissions import PUBLIC
from app.core.ports import Authenticator
from app.core.unit_of_work import UnitOfWork, open_unit
from app.http.cookies import session_cookie, set_session_cookie
from app.settings import Settings
from app.ui.frontend import PageSource
from app.ui.page_policy import PagePolicy

_READING = ("GET", "HEAD")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ASSETS = "assets"
"""What metrics call the route of all files."""


class PageGate:
    """Answers GET requests for pages and assets."""

    def __init__(
        self,
        frontend: PageSource,
        policy: PagePolicy,
        container: AsyncContainer,
        settings: Settings,
    ) -> None:
        self._frontend = frontend
        self._policy = policy
        self._container = container
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        if scope["method"] not in _READING:
            refused = Response(status_code=405, headers={"Allow": ", ".join(_READING)})
            await refused(scope, receive, send)
            return
        response = self._frontend.asset(scope["path"], headers)
        scope["atrium.quiet"] = response is not None
        scope["atrium.route"] = _ASSETS if response is not None else OTHER
        if response is None:
            response = await self._page(scope, headers)
        await response(scope, receive, send)

    async def _page(self, scope: Scope, headers: Headers) -> Response:
        page = self._policy.by_path(scope["path"])
        if page is None:
            return self._frontend.not_found(headers)
        scope["atrium.route"] = page.route
        cookie = session_cookie(scope)
        authenticator = await self._container.get(Authenticator)
        actor = await authenticator.from_cookie(cookie) if cookie else None
        scope["atrium.actor"] = actor
        asked = scope["path"]
        if scope["query_string"]:
            asked += "?" + scope["query_string"].decode("latin-1")
        has_ended = cookie is not None and actor is None and page.permission != PUBLIC
        why = await authenticator.why_ended(cookie) if cookie and has_ended else ""
        target = self._policy.redirect(page, actor, asked, why=why)
        if target is not None:
            return RedirectResponse(target, 303)
        if actor is not None:
            permission = self._policy.permission(page, scope["path"])
            if permission is None:
                return self._frontend.page(page.route, headers, status=404)
            if not actor.may(permission):
                await self._record(scope, actor, permission)
                return self._frontend.page(page.route, headers, status=403)
        response = self._frontend.page(page.route, headers)
        if cookie is not None and actor is not None:
            fresh = await authenticator.rotated_cookie(cookie)
            if fresh is not None:
                set_session_cookie(
                    response,
                    scope,
                    fresh,
                    lifetime_seconds=self._settings.auth.session_absolute_hours * 3600,
                )
        return response

    async def _record(self, scope: Scope, actor: Actor, permission: str) -> None:
        said = Description(target_type="page", target_id=scope["path"][:100])
        code = PermissionDenied(permission).code
        async with open_unit(self._container, actor, scope["atrium.context"]) as unit:
            uow = await unit.get(UnitOfWork)
            await uow.audit.record_refusal(permission, "denied", said, code, 0)
