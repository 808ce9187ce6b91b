"""The gate: who may call an operation, what is recorded, and what is undone."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.core.access import Access
from app.core.actor import ANONYMOUS, SYSTEM, Actor
from app.core.audit import AuditEntry
from app.core.errors import Conflict, NotFound, PermissionDenied, Unauthenticated
from app.core.operations import Operation, Service, operation, operations_of, query
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.refusals import StrangerRefusals
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import AccessStamp
from app.testing.platform import Platform

USER_ID = UUID("01890000-0000-7000-8000-000000000001")
RAISE = update(AccessStamp).values(version=AccessStamp.version + 1)


class StampService(Service):
    """Operations on the access stamp, because it is the smallest table there is."""

    @query("stamp.read")
    async def read(self) -> int:
        """The stamp."""
        return int((await self.uow.session.execute(select(col(AccessStamp.version)))).scalar_one())

    @query("stamp.read", action="stamp.look")
    async def look_for_nothing(self) -> None:
        """A read that fails."""
        code = "stamp.not_found"
        raise NotFound(code, "There is no such stamp.")

    @query("stamp.read", action="stamp.look")
    async def look_where_one_may_not(self) -> None:
        """A read that is refused for what it would show."""
        raise PermissionDenied("stamp.secret")

    @operation("stamp.raise")
    async def raise_it(self, by: int = 1) -> int:
        """Raise the stamp."""
        for _ in range(by):
            await self.uow.session.execute(RAISE)
        change = {"field": "version", "before": 0, "after": by}
        self.uow.audit.about("stamp", 1, "the stamp", changes=[change], detail={"by": by})
        return by

    @operation("stamp.raise")
    async def raise_and_fail(self, error: Exception) -> None:
        """Raise the stamp, then fail."""
        await self.raise_it()
        self.uow.audit.about(
            "stamp", 1, "the stamp", changes=[{"field": "version", "before": 0, "after": 1}]
        )
        raise error

    @operation("stamp.raise", action="stamp.tick", recorded=False)
    async def tick(self, error: Exception | None = None) -> None:
        """Raise the stamp without a word, or fail."""
        await self.uow.session.execute(RAISE)
        if error is not None:
            raise error

    @operation("stamp.raise")
    async def raise_unrecordably(self) -> None:
        """Raise the stamp, and say something that the audit trail cannot hold."""
        await self.uow.session.execute(RAISE)
        self.uow.audit.about("stamp", 1, "the stamp", detail={"not JSON": object()})

    @operation("stamp.double", action="stamp.twice")
    async def raise_twice(self) -> int:
        """Call another operation twice."""
        await self.raise_it()
        self.uow.audit.about("stamp", 2, "twice")
        return await self.raise_it()

    @operation(PUBLIC, action="stamp.greet")
    async def greet(self) -> str:
        """Anyone may call it."""
        return f"hello {self.uow.actor.name}"

    @operation(SIGNED_IN, action="stamp.own")
    async def own(self) -> str:
        """Everybody who is signed in may call it."""
        return self.uow.actor.name

    @operation(SIGNED_IN, action="stamp.obey", allowed_before_password_change=True)
    async def obey(self) -> str:
        """Open to those who must change their password."""
        return self.uow.actor.name

    async def forgotten(self) -> None:
        """Passed no gate."""


Run = Callable[..., Awaitable[Any]]


@pytest.fixture
def run(platform: Platform) -> Run:
    """Calls an operation as an edge does, and commits."""

    async def call(method: Callable[..., Awaitable[Any]], *args: Any, actor: Actor) -> Any:
        async with platform.caller(actor, address="192.0.2.7").unit() as unit:
            uow = await unit.get(UnitOfWork)
            result = await method(StampService(uow), *args)
            await uow.commit()
        return result

    return call


def user(*grants: str, **details: Any) -> Actor:
    """A signed-in user with these grants."""
    return Actor(kind="user", name="Ada", access=Access.to(*grants), user_id=USER_ID, **details)


async def stamp(run: Run) -> int:
    """The stamp as everybody sees it."""
    version: int = await run(StampService.read, actor=SYSTEM)
    return version


async def entries(platform: Platform) -> list[AuditEntry]:
    """What was recorded about stamps."""
    return [entry for entry in await platform.audit() if entry.action.startswith("stamp.")]


class TestAllowed:
    """Whoever holds the permission gets through, and it is recorded with the change."""

    async def test_change(self, platform: Platform, run: Run) -> None:
        """A change is committed together with one entry that says what it was about."""
        before = await stamp(run)

        assert await run(StampService.raise_it, 2, actor=user("stamp.*")) == 2

        assert await stamp(run) == before + 2
        [entry] = await entries(platform)
        assert (entry.action, entry.outcome, entry.error_code) == ("stamp.raise", "succeeded", "")
        assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("user", USER_ID, "Ada")
        assert (entry.target_type, entry.target_id, entry.target_label) == (
            "stamp",
            "1",
            "the stamp",
        )
        assert entry.changes == [{"field": "version", "before": 0, "after": 2}]
        assert entry.detail == {"by": 2}
        assert (entry.channel, entry.address) == ("api", "192.0.2.7")
        assert entry.request_id
        assert entry.at.tzinfo is not None
        assert entry.duration_ms >= 0

    async def test_read(self, platform: Platform, run: Run) -> None:
        """A read leaves no entry."""
        await run(StampService.read, actor=user("stamp.read"))

        assert await entries(platform) == []

    @pytest.mark.parametrize("actor", [ANONYMOUS, user(), SYSTEM])
    async def test_public(self, platform: Platform, run: Run, actor: Actor) -> None:
        """What is public is open to all, and recorded under its action."""
        assert await run(StampService.greet, actor=actor) == f"hello {actor.name}"

        [entry] = await entries(platform)
        assert (entry.action, entry.actor_kind) == ("stamp.greet", actor.kind)

    @pytest.mark.parametrize("actor", [user(), SYSTEM])
    async def test_signed_in(self, run: Run, actor: Actor) -> None:
        """Whoever is signed in may do what needs no more."""
        assert await run(StampService.own, actor=actor) == actor.name

    async def test_before_the_password_is_changed(self, run: Run) -> None:
        """Someone who must change their password may do what leads there."""
        assert await run(StampService.obey, actor=user(must_change_password=True)) == "Ada"


class TestRefused:
    """Whoever does not hold the permission changes nothing, and it is recorded or counted."""

    @pytest.mark.parametrize(
        "method", [StampService.read, StampService.raise_it, StampService.own, StampService.obey]
    )
    async def test_anonymous(self, platform: Platform, run: Run, method: Any) -> None:
        """A visitor is told to sign in, whatever else the operation needs."""
        before = await stamp(run)

        with pytest.raises(Unauthenticated) as refused:
            await run(method, actor=ANONYMOUS)

        assert refused.value.code == "auth.required"
        assert await stamp(run) == before
        assert await entries(platform) == []
        [calls] = (await platform.container.get(StrangerRefusals)).take()
        assert calls.samples == [method.__operation__.action]
        assert calls.codes == {"auth.required": 1}

    @pytest.mark.parametrize("grants", [[], ["stamp.read"], ["stamp.raise_all"], ["user.*"]])
    async def test_without_the_permission(
        self, platform: Platform, run: Run, grants: list[str]
    ) -> None:
        """Neither no grant nor a similar one opens the operation; the missing one is named."""
        before = await stamp(run)

        with pytest.raises(PermissionDenied) as refused:
            await run(StampService.raise_it, actor=user(*grants))

        assert refused.value.permission == "stamp.raise"
        assert await stamp(run) == before
        [entry] = await entries(platform)
        assert (entry.action, entry.outcome) == ("stamp.raise", "denied")
        assert (entry.actor_id, entry.error_code) == (USER_ID, "permission.denied")
        assert entry.changes == []

    @pytest.mark.parametrize("method", [StampService.raise_it, StampService.own, StampService.read])
    async def test_before_the_password_is_changed(
        self, platform: Platform, run: Run, method: Any
    ) -> None:
        """Someone who must change their password first may do nothing else, whatever they hold."""
        with pytest.raises(PermissionDenied) as refused:
            await run(method, actor=user("*", must_change_password=True))

        assert refused.value.code == "auth.password.change_required"
        [entry] = await entries(platform)
        assert (entry.outcome, entry.error_code) == ("denied", "auth.password.change_required")

    async def test_inside_the_operation(self, platform: Platform, run: Run) -> None:
        """A refusal for the object's sake undoes everything and is recorded as denied."""
        before = await stamp(run)

        with pytest.raises(PermissionDenied):
            await run(StampService.raise_and_fail, PermissionDenied("stamp.other"), actor=SYSTEM)

        assert await stamp(run) == before
        [entry] = await entries(platform)
        assert (entry.action, entry.outcome) == ("stamp.raise", "denied")
        assert (entry.target_label, entry.changes) == ("the stamp", [])

    async def test_inside_a_read(self, platform: Platform, run: Run) -> None:
        """Reads that are refused are recorded too."""
        with pytest.raises(PermissionDenied):
            await run(StampService.look_where_one_may_not, actor=SYSTEM)

        [entry] = await entries(platform)
        assert (entry.action, entry.outcome) == ("stamp.look", "denied")


class TestFailed:
    """What goes wrong changes nothing, and is recorded in a transaction of its own."""

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (Conflict("stamp.raise.twice", "Only once."), "stamp.raise.twice"),
            (LookupError("boom"), "internal"),
        ],
    )
    async def test_change(self, platform: Platform, run: Run, error: Exception, code: str) -> None:
        """The change is undone, the entry stays and says what was tried but no change."""
        before = await stamp(run)

        with pytest.raises(type(error)) as raised:
            await run(StampService.raise_and_fail, error, actor=user("stamp.raise"))

        assert raised.value is error
        assert await stamp(run) == before
        [entry] = await entries(platform)
        assert (entry.action, entry.outcome, entry.error_code) == ("stamp.raise", "failed", code)
        assert (entry.target_label, entry.changes) == ("the stamp", [])

    async def test_read(self, platform: Platform, run: Run) -> None:
        """A read that finds nothing is nothing to record."""
        with pytest.raises(NotFound):
            await run(StampService.look_for_nothing, actor=SYSTEM)

        assert await entries(platform) == []

    async def test_recording(self, platform: Platform, run: Run) -> None:
        """A change that cannot be recorded does not happen."""
        before = await stamp(run)

        with pytest.raises(TypeError, match="not JSON serializable"):
            await run(StampService.raise_unrecordably, actor=SYSTEM)

        assert await stamp(run) == before
        assert await entries(platform) == []


class TestNested:
    """An operation may call others; all of it is one transaction."""

    async def test_records_each(self, platform: Platform, run: Run) -> None:
        """Every operation has its own entry, described for itself."""
        before = await stamp(run)

        await run(StampService.raise_twice, actor=user("stamp.*"))

        assert await stamp(run) == before + 2
        found = [(entry.action, entry.target_label) for entry in await entries(platform)]
        assert sorted(found) == [
            ("stamp.raise", "the stamp"),
            ("stamp.raise", "the stamp"),
            ("stamp.twice", "twice"),
        ]

    async def test_needs_every_permission(self, platform: Platform, run: Run) -> None:
        """Holding the outer permission does not lend the inner one; nothing is changed."""
        before = await stamp(run)

        with pytest.raises(PermissionDenied) as refused:
            await run(StampService.raise_twice, actor=user("stamp.double"))

        assert refused.value.permission == "stamp.raise"
        assert await stamp(run) == before
        assert {(entry.action, entry.outcome) for entry in await entries(platform)} == {
            ("stamp.raise", "denied"),
            ("stamp.twice", "denied"),
        }

    async def test_fails_as_a_whole(self, platform: Platform, run: Run) -> None:
        """If the outer one fails, the inner one's success is undone with its entry."""
        before = await stamp(run)

        with pytest.raises(LookupError):
            await run(StampService.raise_and_fail, LookupError(), actor=SYSTEM)

        assert await stamp(run) == before
        assert [entry.outcome for entry in await entries(platform)] == ["failed"]


class TestDeclaration:
    """What is known of operations without running them."""

    def test_lists_operations(self) -> None:
        """Every public method is listed; one that passed no gate stands out."""
        found = operations_of(StampService)

        assert found["raise_twice"] == Operation(
            "stamp.double", "stamp.twice", changes=True, allowed_before_password_change=False
        )
        assert found["read"] == Operation(
            "stamp.read", "stamp.read", changes=False, allowed_before_password_change=False
        )
        assert [name for name, op in found.items() if op is None] == ["forgotten"]

    def test_keeps_name_and_documentation(self) -> None:
        """The gate does not hide what it guards."""
        assert StampService.raise_it.__name__ == "raise_it"
        assert StampService.raise_it.__doc__ == "Raise the stamp."

    @pytest.mark.parametrize("permission", [PUBLIC, SIGNED_IN])
    @pytest.mark.parametrize("gate", [operation, query])
    def test_needs_a_name_for_the_audit(self, gate: Any, permission: str) -> None:
        """What needs no permission must say what to call it in the audit trail."""
        with pytest.raises(ValueError, match="needs an action"):
            gate(permission)


class TestUnrecorded:
    """What the platform does again and again by itself."""

    async def test_leaves_no_entry(self, platform: Platform, run: Run) -> None:
        """It works, or fails and is undone, without a word."""
        before = await run(StampService.read, actor=SYSTEM)
        await run(StampService.tick, actor=SYSTEM)
        with pytest.raises(LookupError):
            await run(StampService.tick, LookupError(), actor=SYSTEM)

        assert await run(StampService.read, actor=SYSTEM) == before + 1
        assert await platform.audit(action="stamp.tick") == []

    async def test_refusal_is_recorded(self, platform: Platform, run: Run) -> None:
        """Whoever may not is remembered."""
        with pytest.raises(PermissionDenied):
            await run(StampService.tick, actor=user("stamp.read"))

        [entry] = await platform.audit(action="stamp.tick")
        assert entry.outcome == "denied"
