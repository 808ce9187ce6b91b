"""Requests that could have changed something and that no operation has recorded.

Input that is refused before an operation begins, an address that does not exist, a body that is
too large: whoever sent it was signed in, so the audit trail tells of it. With
`audit.record_requests` it tells of those that only read, too.
"""

import time
from collections.abc import Callable, MutableMapping
from typing import Any

from dishka import AsyncContainer
from starlette.datastructures import Headers

from app.admission.quotas import RATE_LIMITED, Quotas
from app.core.actor import Actor
from app.core.error_bus import ErrorPublisher
from app.core.errors import RateLimited, Unauthenticated, Unavailable
from app.core.log import get_logger
from app.core.ports import AnsweredRequest, Authenticator, RequestRecords
from app.core.reads import ReadRecords, request_look
from app.core.unit_of_work import UnitOfWork, open_unit
from app.http.cookies import session_cookie
from app.http.routing import bearer_token

Scope = MutableMapping[str, Any]

_WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PROGRAMS, _CONSOLE = "/api/", "/session/"

log = get_logger(__name__)


async def _is_within_budget(scope: Scope, actor: Actor) -> bool:
    """Whether the person may ask for it at all: who asks for more fills no audit trail with it."""
    quotas: Quotas | None = scope.get("atrium.quotas")
    if quotas is None or actor.user_id is None:
        return True
    try:
        await quotas.charge_user(scope, actor.user_id)
    except RateLimited:
        return False
    return True


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
            scope["atrium.context"].is_recorded
            or scope.get("atrium.error_code") == RATE_LIMITED
            or not scope["path"].startswith((_PROGRAMS, _CONSOLE))
        ):
            return
        is_writing = scope["method"] in _WRITING
        try:
            reads = self._container.get_sync(ReadRecords)
            if not (is_writing or reads.requests):
                return
            actor = await self._actor(scope)
            if actor is None or not await _is_within_budget(scope, actor):
                return
            request = self._answered(scope, status, started)
            if is_writing:
                await self._record(scope, actor, request)
            else:
                reads.note(request_look(actor, scope["atrium.context"], request))
        except Unavailable as error:
            log.warning("http.write_not_recorded", path=scope["path"], reason=error.reason)
        except Exception as error:  # noqa: BLE001 - published; the request is answered
            errors = await self._container.get(ErrorPublisher)
            request_id = scope["atrium.context"].request_id
            errors.publish(error, event="http.write_not_recorded", request_id=request_id)

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

    def _answered(self, scope: Scope, status: int, started: float) -> AnsweredRequest:
        return AnsweredRequest(
            method=scope["method"],
            path=scope["path"],
            route=self._route_of(scope["path"]),
            status=status,
            error_code=scope.get("atrium.error_code", ""),
            duration_ms=round((time.perf_counter() - started) * 1000),
        )

    async def _record(self, scope: Scope, actor: Actor, request: AnsweredRequest) -> None:
        async with open_unit(self._container, actor, scope["atrium.context"]) as unit:
            records = await unit.get(RequestRecords)
            await records.write(request)
            await (await unit.get(UnitOfWork)).commit()
