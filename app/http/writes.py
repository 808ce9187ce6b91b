"""Requests that could have changed something and that no operation has recorded.

Input that is refused before an operation begins, an address that does not exist, a body that is
too large: whoever sent it was signed in, so the audit trail tells of it.
"""

import time
from collections.abc import Callable, MutableMapping
from typing import Any

from dishka import AsyncContainer
from starlette.datastructures import Headers

from app.core.actor import Actor, RequestContext
from app.core.errors import Unauthenticated
from app.core.log import get_logger
from app.core.ports import AnsweredRequest, Authenticator, RequestRecords
from app.core.unit_of_work import UnitOfWork
from app.http.cookies import session_cookie
from app.http.routing import bearer_token

Scope = MutableMapping[str, Any]

_WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PROGRAMS, _CONSOLE = "/api/", "/session/"

log = get_logger(__name__)


class WriteRecorder:
    """Records them; asked by the edge before every answer.

    Args:
        container: Makes units of work.
        route_of: The route at a path, with the names of its parameters; empty if there is none.
    """

    def __init__(self, container: AsyncContainer, route_of: Callable[[str], str]) -> None:
        self._container = container
        self._route_of = route_of

    async def __call__(self, scope: Scope, status: int, started: float) -> None:
        """Record a request of somebody signed in; where that fails, it is answered all the same."""
        if (
            scope["method"] not in _WRITING
            or scope["atrium.context"].is_recorded
            or not scope["path"].startswith((_PROGRAMS, _CONSOLE))
        ):
            return
        try:
            actor = await self._actor(scope)
            if actor is not None:
                await self._record(scope, actor, status, started)
        except Exception:
            log.exception("http.write_not_recorded", path=scope["path"], status=status)

    async def _actor(self, scope: Scope) -> Actor | None:
        """Who sent it, by the proof that counts at that address; None for nobody."""
        known: Actor | None = scope.get("atrium.actor")
        if known is not None and known.is_signed_in:
            return known
        authenticator: Authenticator = await self._container.get(Authenticator)
        if scope["path"].startswith(_CONSOLE):
            cookie = session_cookie(scope)
            return await authenticator.from_cookie(cookie) if cookie else None
        token = bearer_token(Headers(scope=scope).get("authorization", ""))
        try:
            return await authenticator.from_bearer(token) if token else None
        except Unauthenticated:
            return None

    async def _record(self, scope: Scope, actor: Actor, status: int, started: float) -> None:
        request = AnsweredRequest(
            method=scope["method"],
            path=scope["path"],
            route=self._route_of(scope["path"]),
            status=status,
            error_code=scope.get("atrium.error_code", ""),
            duration_ms=round((time.perf_counter() - started) * 1000),
        )
        facts = {Actor: actor, RequestContext: scope["atrium.context"]}
        async with self._container(context=facts) as unit:
            records = await unit.get(RequestRecords)
            await records.write(request)
            await (await unit.get(UnitOfWork)).commit()
