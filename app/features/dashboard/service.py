"""Operations of the dashboard."""

from datetime import timedelta

from app.core import clock
from app.core.operations import Service, query
from app.core.unit_of_work import UnitOfWork
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import AuditRepository
from app.features.dashboard.schemas import DayCount
from app.features.users.permissions import UserPermission
from app.features.users.repository import COUNT_LIMIT, UserRepository
from app.features.users.schemas import UserFilter, UserStatus

DAYS = 30
_SIGN_INS = ("auth.sign_in", "auth.token.issue")


class DashboardService(Service):
    """The overview within one unit of work."""

    def __init__(self, uow: UnitOfWork, users: UserRepository, audit: AuditRepository) -> None:
        super().__init__(uow)
        self._users = users
        self._audit = audit

    @query(UserPermission.READ, action="dashboard.users")
    async def users(self) -> tuple[int, bool, int]:
        """How many users there are, whether that is exact, and how many are suspended."""
        count = await self._users.count(UserFilter())
        suspended = await self._users.count(UserFilter(status=UserStatus.SUSPENDED))
        return min(count, COUNT_LIMIT), count <= COUNT_LIMIT, min(suspended, COUNT_LIMIT)

    @query(AuditPermission.READ, action="dashboard.activity")
    async def activity(self) -> tuple[list[DayCount], int]:
        """Sign-ins of each of the last 30 days, oldest first, and refusals of the last day."""
        today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        first = today - timedelta(days=DAYS - 1)
        counted = {row[0]: row for row in await self._audit.daily(_SIGN_INS, first)}
        days = [(first + timedelta(days=n)).strftime("%Y-%m-%d") for n in range(DAYS)]
        sign_ins = [
            DayCount(day=day, succeeded=row[1], failed=row[2])
            for day in days
            for row in [counted.get(day, (day, 0, 0))]
        ]
        since = clock.now() - timedelta(days=1)
        return sign_ins, await self._audit.count_since(since, outcome="denied")
