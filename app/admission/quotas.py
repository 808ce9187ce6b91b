"""How many requests an address and a person may make.

The address is charged before anything else is looked at, the person as soon as it is known who
asks. Files of the console have a budget of their own: one page loads about forty of them, and an
office of two hundred people shares one address.
"""

import time
from functools import lru_cache
from uuid import UUID

from app.admission.addresses import network_of
from app.admission.budgets import Budget, Counters, Rate
from app.admission.limits import NO_ROUTE, RouteLimits
from app.admission.refusal import Refused, Scope
from app.core.errors import RateLimited
from app.core.log import get_logger

_FILES_PER_REQUEST = 10
RATE_LIMITED = "request.rate_limited"

log = get_logger(__name__)

_network_of = lru_cache(maxsize=10_000)(network_of)


class Quotas:
    """The budgets of requests. Lives as long as the process.

    Args:
        per_user: What a person may ask for.
        per_ip: What all who come from one address may ask for.
        addresses: Counts addresses.
        people: Counts people.
        enabled: Whether anything is counted.
    """

    def __init__(
        self, per_user: Rate, per_ip: Rate, addresses: Counters, people: Counters, *, enabled: bool
    ) -> None:
        self._per_user = per_user
        self._per_ip = per_ip
        self._per_ip_files = Rate(per_ip.amount * _FILES_PER_REQUEST, per_ip.seconds)
        self._addresses = addresses
        self._people = people
        self._enabled = enabled

    async def charge_address(self, scope: Scope, limits: RouteLimits = NO_ROUTE) -> None:
        """Charge the address that a request comes from.

        Raises:
            Refused: 429.
        """
        if not self._enabled:
            return
        network = _network_of(scope["client"][0] if scope.get("client") else "")
        if limits.per_ip is None:
            budget = await self._addresses.spend(f"ip:{network}", self._per_ip)
        else:
            key = f"ip:{network}:{scope['method']} {_route(scope)}"
            budget = await self._addresses.spend(key, limits.per_ip)
        scope["atrium.budget"] = budget
        if budget.is_exceeded:
            self._tell(budget, network=network)
            raise _refused(scope, budget)

    async def charge_file(self, scope: Scope) -> None:
        """Charge the address for a file of the console.

        Raises:
            Refused: 429.
        """
        if not self._enabled:
            return
        network = _network_of(scope["client"][0] if scope.get("client") else "")
        budget = await self._addresses.spend(f"files:{network}", self._per_ip_files)
        if budget.is_exceeded:
            self._tell(budget, network=network)
            raise _refused(scope, budget)

    async def charge_user(
        self, scope: Scope, user_id: UUID, limits: RouteLimits = NO_ROUTE
    ) -> None:
        """Charge the person who asks, once a request.

        Raises:
            RateLimited: They have asked for more than they may.
        """
        if not self._enabled or "atrium.charged" in scope:
            return
        scope["atrium.charged"] = user_id
        if limits.per_user is None:
            budget = await self._people.spend(f"user:{user_id}", self._per_user)
        else:
            key = f"user:{user_id}:{scope['method']} {_route(scope)}"
            budget = await self._people.spend(key, limits.per_user)
        others = scope.get("atrium.budget")
        if others is None or budget.remaining <= others.remaining:
            scope["atrium.budget"] = budget
        if budget.is_exceeded:
            self._tell(budget, user_id=str(user_id))
            scope["atrium.quiet"] = True
            raise RateLimited(RATE_LIMITED, _words(budget), retry_after_seconds=budget.seconds_left)

    def _tell(self, budget: Budget, **who: str) -> None:
        """Log the first refusal of a window; the others say nothing new."""
        if budget.spent == budget.limit + 1:
            log.warning(RATE_LIMITED, limit=budget.limit, **who)


def budget_headers(budget: Budget) -> list[tuple[bytes, bytes]]:
    """What an answer says of the budget that is closest to its end."""
    ends_at = int(time.time()) + budget.seconds_left
    return [
        (b"x-ratelimit-limit", b"%d" % budget.limit),
        (b"x-ratelimit-remaining", b"%d" % budget.remaining),
        (b"x-ratelimit-reset", b"%d" % ends_at),
    ]


def _refused(scope: Scope, budget: Budget) -> Refused:
    scope["atrium.quiet"] = True
    headers = {"Retry-After": str(budget.seconds_left)}
    return Refused(429, RateLimited.title, RATE_LIMITED, _words(budget), headers)


def _words(budget: Budget) -> str:
    return f"Too many requests. Try again in {budget.seconds_left} s."


def _route(scope: Scope) -> str:
    route = scope.get("atrium.operation_route")
    return str(route.path) if route is not None else ""
