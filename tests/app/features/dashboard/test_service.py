"""Operations of the dashboard."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlmodel import col

from app.core import clock
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.errors import PermissionDenied, Unauthenticated
from app.core.ids import first_id_at
from app.core.unit_of_work import UnitOfWork
from app.features.auth.schemas import Credentials
from app.features.auth.service import AuthService
from app.features.dashboard.schemas import UserNumbers
from app.features.dashboard.service import DAYS, DashboardService
from app.features.users.schemas import UserRead
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Caller, Platform


async def sign_in(platform: Platform, user: UserRead, password: str = PASSWORD) -> None:
    """Sign in to the console, or fail to; the actor of a test has signed in to the API."""
    credentials = Credentials(email=user.email, password=SecretStr(password))
    try:
        await platform.caller(channel="console")(AuthService.sign_in, credentials)
    except Unauthenticated:
        assert password != PASSWORD


async def backdate(platform: Platform, at: datetime) -> None:
    """Make all that happened so far have happened then."""
    async with platform.caller(SYSTEM).unit() as unit:
        uow = await unit.get(UnitOfWork)
        await uow.begin_write()
        entries = (await uow.session.execute(select(col(AuditEntry.id)))).scalars()
        for number, entry_id in enumerate(entries.all()):
            # An entry's id is of the moment when it was made.
            made = {"id": UUID(int=first_id_at(at).int + number), "at": at}
            await uow.session.execute(
                update(AuditEntry).where(col(AuditEntry.id) == entry_id).values(made)
            )
        await uow.commit()


@pytest.mark.actor("admin")
class TestUsers:
    """How many users there are."""

    async def test_counts_by_status(self, call: Caller, make_user: UserFactory) -> None:
        """Suspended users are counted apart."""
        user = await make_user()
        await call(UserService.suspend, user.id)

        numbers = await call(DashboardService.users)

        assert numbers == UserNumbers(active=1, suspended=1, is_exact=True)

    @pytest.mark.actor(grants=["audit.read"])
    async def test_needs_permission(self, call: Caller) -> None:
        """Only those who may see users learn how many there are."""
        with pytest.raises(PermissionDenied, match=r"user\.read"):
            await call(DashboardService.users)


@pytest.mark.actor("admin")
class TestActivity:
    """Sign-ins and refusals."""

    async def test_counts_sign_ins_per_day(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Of console and API: successes, failures, different people, today and earlier."""
        ada, grace = await make_user(), await make_user()
        await sign_in(platform, ada)
        await backdate(platform, clock.now() - timedelta(days=3))
        await platform.sign_in(ada, PASSWORD)
        await sign_in(platform, ada)
        await sign_in(platform, grace)
        await sign_in(platform, grace, "wrong")
        assert not await platform.can_sign_in(grace.email, "wrong")

        activity = await call(DashboardService.activity)

        today, earlier = activity.days[-1], activity.days[-4]
        assert len(activity.days) == DAYS
        assert (today.succeeded, today.failed, today.people) == (3, 2, 2)
        assert (earlier.succeeded, earlier.failed, earlier.people) == (2, 0, 2)
        assert activity.people == 3

    async def test_forgets_what_is_older(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """Thirty days are thirty days."""
        await sign_in(platform, await make_user())
        await backdate(platform, clock.now() - timedelta(days=DAYS))

        activity = await call(DashboardService.activity)

        assert activity.people == 0
        assert all(day.succeeded == 0 for day in activity.days)

    async def test_days_are_those_of_utc(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """A minute after midnight belongs to the new day, wherever the server stands."""
        await sign_in(platform, await make_user())
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        await backdate(platform, midnight)

        activity = await call(DashboardService.activity)

        assert activity.days[-1].day == f"{midnight:%Y-%m-%d}"
        assert activity.days[-1].succeeded == 2

    async def test_counts_refusals_of_the_last_day(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """A refusal of the day before yesterday is no news."""
        nobody = platform.caller((await platform.sign_in(await make_user(), PASSWORD)).actor)
        for _ in range(2):
            with pytest.raises(PermissionDenied):
                await nobody(DashboardService.users)
        await backdate(platform, clock.now() - timedelta(days=2))
        with pytest.raises(PermissionDenied):
            await nobody(DashboardService.users)

        assert (await call(DashboardService.activity)).denied == 1


class TestOwnActivity:
    """What one did oneself."""

    @pytest.mark.actor("user")
    async def test_shows_nobody_else(
        self, call: Caller, platform: Platform, make_user: UserFactory
    ) -> None:
        """One's own entries, newest first, and no others."""
        await sign_in(platform, await make_user())

        entries = await call(DashboardService.own_activity)

        assert [entry.action for entry in entries] == ["auth.token.issue"]
        assert entries[0].actor_id == call.actor.user_id

    async def test_the_system_has_none(self, platform: Platform) -> None:
        """It is no person."""
        assert await platform.caller(SYSTEM)(DashboardService.own_activity) == []

    async def test_needs_somebody(self, call: Caller) -> None:
        """Nobody is signed in."""
        with pytest.raises(Unauthenticated):
            await call(DashboardService.own_activity)


class TestHealth:
    """Whether the components are well."""

    @pytest.mark.actor(grants=["system.health.check"])
    async def test_names_each_component(self, call: Caller) -> None:
        """Database and schema, and how long they took."""
        components = await call(DashboardService.health)

        assert {each.name: each.state for each in components} == {
            "server": "up",
            "database": "up",
            "migrations": "up",
            "writes": "up",
        }
        assert all(each.milliseconds > 0 for each in components)

    @pytest.mark.actor("user")
    async def test_needs_permission(self, call: Caller) -> None:
        """What the platform is made of is not everybody's to know."""
        with pytest.raises(PermissionDenied, match=r"system\.health\.check"):
            await call(DashboardService.health)
