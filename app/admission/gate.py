"""What every request passes first: before it is parsed, and before anybody asks who sent it."""

from collections.abc import Awaitable, Callable

from app.admission.limits import LimitedBody, RouteLimits, check_address, declared_length, too_large
from app.admission.quotas import Quotas, budget_headers
from app.admission.refusal import App, Message, Receive, Refused, Scope, Send, answer

_READING = ("GET", "HEAD")
_PROBES = frozenset({"/healthz", "/ready"})
"""What load balancers ask. A refusal would make them take a healthy server out of service."""


class Admission:
    """Wraps the application behind the edge.

    Args:
        app: The application.
        limits_of: What the route of a request takes.
        quotas: Makes the budgets, inside the event loop.
        max_body_bytes: No route takes more, whatever it says.
        body_seconds: A body must be complete so long after the headers.
        is_file: Whether a path that is read is a file of the console.
    """

    def __init__(
        self,
        app: App,
        *,
        limits_of: Callable[[Scope], RouteLimits],
        quotas: Callable[[], Awaitable[Quotas]],
        max_body_bytes: int,
        body_seconds: float,
        is_file: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._limits_of = limits_of
        self._make_quotas = quotas
        self._quotas: Quotas | None = None
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self._is_file = is_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_with_budget(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                budget = scope.get("atrium.budget")
                if budget is not None:
                    message["headers"] = [*message["headers"], *budget_headers(budget)]
            await send(message)

        try:
            body = await self._admit(scope, receive)
            await self._app(scope, body, send_with_budget)
        except Refused as refused:
            if has_begun:
                raise
            await answer(scope, send_with_budget, refused)

    async def _admit(self, scope: Scope, receive: Receive) -> Receive:
        quotas = self._quotas
        if quotas is None:
            quotas = self._quotas = await self._make_quotas()
        scope["atrium.quotas"] = quotas
        path = scope["path"]
        if scope["method"] in _READING and self._is_file(path):
            await quotas.charge_file(scope)
            check_address(scope)
            return receive
        limits = scope["atrium.limits"] = self._limits_of(scope)
        if path not in _PROBES:
            await quotas.charge_address(scope, limits)
        check_address(scope)
        most_bytes = min(limits.max_body_bytes, self._max_body_bytes)
        length = declared_length(scope["headers"])
        if length is not None and length > most_bytes:
            raise too_large(most_bytes)
        return LimitedBody(receive, most_bytes, self._body_seconds)
