"""Every public method of every service passes the gate, and the gate holds."""

from dataclasses import replace
from typing import Any

import pytest

from app.bootstrap import CORE_FEATURES, build_registry
from app.core.actor import Actor, Preview
from app.core.audit import AuditEntry
from app.core.errors import PermissionDenied, Unauthenticated
from app.core.operations import Operation, authorise, operations_of, services_in
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.refusals import StrangerRefusals
from app.core.unit_of_work import UnitOfWork
from app.testing import conformance
from app.testing.platform import Caller, Platform
from tests.conformance import broken
from tests.fixtures.entry_points import OPERATIONS

pytestmark = [pytest.mark.one_engine, pytest.mark.slow]

FEATURES = "app.features"
AUDIT = str(AuditEntry.__tablename__)

# What someone who must first change their password may call.
OPEN_BEFORE_PASSWORD_CHANGE = {
    "AuthService.change_password",
    "AuthService.change_password_for_tokens",
    "AuthService.identity",
    "AuthService.sign_out",
    # Whatever they send is told of.
    "RequestService.write",
}

METHODS = {
    f"{service.__qualname__}.{name}": getattr(service, name)
    for service in conformance.services_in(FEATURES)
    for name in operations_of(service)
}


def operation_of(name: str) -> Operation:
    """What the gate knows of an operation."""
    known: Operation = METHODS[name].__operation__
    return known


async def knock(call: Caller, name: str) -> None:
    """Call an operation without caring for its arguments: the gate comes before them."""
    method: Any = METHODS[name]
    await call(method, *[None] * (method.__wrapped__.__code__.co_argcount - 1))


class TestGate:
    """Nothing is open that is not in docs/security/entry-points.md."""

    def test_all_pass_the_gate(self) -> None:
        """No operation is without a permission."""
        assert [
            name for name, each in conformance.operations_in(FEATURES).items() if not each
        ] == []

    @pytest.mark.parametrize("module", CORE_FEATURES, ids=lambda module: module.id)
    def test_features_conform(self, module: Any) -> None:
        """Permissions are declared and used, actions are well-formed, routes call operations."""
        package = f"{FEATURES}.{module.id}"

        assert conformance.problems(module, package, build_registry()) == []

    def test_password_change_comes_first(self) -> None:
        """Very little is open to someone who must change their password."""
        found = {name for name in METHODS if operation_of(name).allowed_before_password_change}

        assert found == OPEN_BEFORE_PASSWORD_CHANGE

    def test_changes_are_recorded_under_distinct_names(self) -> None:
        """No two changes look alike in the audit trail."""
        actions = [operation_of(name).action for name in METHODS if operation_of(name).changes]

        assert sorted(actions) == sorted(set(actions))

    async def test_services_are_made_at_once(self, call: Caller) -> None:
        """Nothing is awaited to make a service of ours: every request pays for it."""
        made = [each for each in services_in(FEATURES) if not each.__subclasses__()]
        async with call.unit() as unit:
            for service in made:
                assert type(unit.get_sync(service)) is service


@pytest.mark.parametrize(
    "name", [name for name, permission in OPERATIONS.items() if permission != PUBLIC]
)
class TestAnonymous:
    """Visitors get nowhere."""

    async def test_is_refused(self, platform: Platform, call: Caller, name: str) -> None:
        """Told to sign in, with no effect but an entry."""
        before = await platform.contents(without=[AUDIT])

        with pytest.raises(Unauthenticated):
            await knock(call, name)

        assert await platform.contents(without=[AUDIT]) == before
        assert await platform.audit(outcome="denied") == []
        [calls] = (await platform.container.get(StrangerRefusals)).take()
        assert calls.samples == [operation_of(name).action]


@pytest.mark.parametrize(
    "name",
    [name for name, permission in OPERATIONS.items() if permission not in (PUBLIC, SIGNED_IN)],
)
class TestUnderPrivileged:
    """Whoever is signed in and holds nothing gets no further."""

    @pytest.mark.actor("user")
    async def test_is_refused(self, platform: Platform, call: Caller, name: str) -> None:
        """Refused with the permission that is missing, and no effect but an entry."""
        before = await platform.contents(without=[AUDIT])

        with pytest.raises(PermissionDenied) as refused:
            await knock(call, name)

        assert refused.value.permission == OPERATIONS[name]
        assert await platform.contents(without=[AUDIT]) == before
        [entry] = await platform.audit(action=operation_of(name).action, outcome="denied")
        assert entry.actor_id == call.actor.user_id

    @pytest.mark.actor(grants=["user.read_all", "users.read", "role.reader", "audits.*"])
    async def test_similar_grants_do_not_help(
        self, platform: Platform, call: Caller, name: str
    ) -> None:
        """Grants that merely look like the right one open nothing."""
        with pytest.raises(PermissionDenied):
            await knock(call, name)


class TestOtherReasons:
    """A refusal for another reason than a missing permission does not name one."""

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize(
        ("hindrance", "code"),
        [
            ({"must_change_password": True}, "auth.password.change_required"),
            ({"previewing": Preview("somebody")}, "preview.read_only"),
        ],
    )
    async def test_names_no_permission(
        self, platform: Platform, actor: Actor, hindrance: dict[str, Any], code: str
    ) -> None:
        """Whoever holds everything is told what stands in the way, by every operation."""
        refused = set()
        async with platform.caller(replace(actor, **hindrance)).unit() as unit:
            uow = await unit.get(UnitOfWork)
            for name in METHODS:
                try:
                    await authorise(operation_of(name), uow)
                except PermissionDenied as error:
                    refused.add((error.code, str(dict(error.details))))

        assert refused == {(code, "{}")}


class TestConformance:
    """The checks themselves see what is wrong."""

    def test_sees_what_is_wrong(self) -> None:
        """A module with every mistake is told each of them."""
        found = conformance.problems(broken.module, "tests.conformance.broken")

        assert sorted(found) == [
            "BrokenService.forgotten passes no gate",
            "BrokenService.undeclared needs shop.item.read, which no module declares",
            "BrokenService.unnamed is recorded as 'Unnamed', which is no action",
            "the permission broken.thing.read opens nothing",
            "the route /broken calls no operation",
        ]
