"""Operations of the dashboard."""

from datetime import timedelta

from app.core import clock
from app.core.health import HealthChecks
from app.core.operations import Service, query
from app.core.permissions import SIGNED_IN
from app.core.registry import Registry
from app.core.rows import rows_of
from app.core.unit_of_work import UnitOfWork
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import AuditRepository
from app.features.audit.schemas import AuditEntryRead, AuditListQuery
from app.features.audit.sight import Masks
from app.features.dashboard.permissions import DashboardPermission
from app.features.dashboard.schemas import Activity, ComponentRead, SignInDay, UserNumbers
from app.features.users.permissions import UserPermission
from app.features.users.repository import COUNT_LIMIT, UserRepository
from app.features.users.schemas import UserFilter, UserStatus

DAYS = 30
SIGN_INS = ("auth.sign_in", "auth.token.issue")
"""Actions by which people begin a session: in a browser, and with a program."""
_OWN_ENTRIES = 8


class DashboardService(Service):
    """The overview within one unit of work."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        audit: AuditRepository,
        checks: HealthChecks,
        registry: Registry,
    ) -> None:
        super().__init__(uow)
        self._users = users
        self._audit = audit
        self._checks = checks
        self._registry = registry

    @query(UserPermission.READ, action="dashboard.users")
    async def users(self) -> UserNumbers:
        """How many users may sign in, and how many may not."""
        rows = rows_of(self._registry, self.uow.actor, UserPermission.READ)
        active = await self._users.count(UserFilter(status=UserStatus.ACTIVE), rows)
        suspended = await self._users.count(UserFilter(status=UserStatus.SUSPENDED), rows)
        return UserNumbers(
            active=min(active, COUNT_LIMIT),
            suspended=min(suspended, COUNT_LIMIT),
            is_exact=active <= COUNT_LIMIT,
        )

    @query(AuditPermission.READ, action="dashboard.activity")
    async def activity(self) -> Activity:
        """The sign-ins and the refusals; days begin at midnight UTC."""
        seen = rows_of(self._registry, self.uow.actor, AuditPermission.READ).condition
        now = clock.now()
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        first = today - timedelta(days=DAYS - 1)
        counted = {row[0]: row for row in await self._audit.daily(SIGN_INS, first, seen)}
        people, by_day = await self._audit.people(SIGN_INS, first, seen)
        days = [(first + timedelta(days=n)).strftime("%Y-%m-%d") for n in range(DAYS)]
        denied = await self._audit.count_since(now - timedelta(days=1), seen, outcome="denied")
        return Activity(
            days=[
                SignInDay(day=day, succeeded=row[1], failed=row[2], people=by_day.get(day, 0))
                for day in days
                for row in [counted.get(day, (day, 0, 0))]
            ],
            people=people,
            denied=denied,
        )

    @query(SIGNED_IN, action="dashboard.own_activity")
    async def own_activity(self) -> list[AuditEntryRead]:
        """What the actor last did or tried, newest first; of others no more than they may read."""
        if self.uow.actor.user_id is None:
            return []
        request = AuditListQuery(actor_id=self.uow.actor.user_id, reads="none", limit=_OWN_ENTRIES)
        masks = Masks(self._registry, self.uow.actor)
        entries = (await self._audit.page(request)).items
        return [entry.model_copy(update=masks.of(vars(entry))) for entry in entries]

    @query(DashboardPermission.HEALTH, action="dashboard.health")
    async def health(self) -> list[ComponentRead]:
        """Whether each component answers, and how fast."""
        return [
            ComponentRead(
                name=name,
                state=component.state,
                milliseconds=component.milliseconds,
                problem=component.problem,
            )
            for name, component in (await self._checks.run()).items()
        ]
