"""Nobody reaches more by an operation of their own, whatever row rule limits them.

Generated for every row rule that a feature registers and every operation that changes who may do
what. Two siblings are tried as well: others who are put where they reach more than the one who puts
them there, and memberships that would go on when those of now have ended.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.bootstrap import build_registry
from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.errors import PermissionDenied, PlatformError
from app.core.permissions import resource_of
from app.core.rows import rows_of
from app.core.unit_of_work import UnitOfWork
from app.features.audit.service import AuditService
from app.features.roles.schemas import (
    Assignment,
    Grants,
    GrantSpec,
    MembersAdd,
    RoleCreate,
    RoleUpdate,
)
from app.features.roles.service import RoleService
from app.features.users.schemas import UserCreate, UserRead, UserUpdate
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.roles import role_named

pytestmark = pytest.mark.slow

REGISTRY = build_registry()
RULES = {
    f"{resource.name} {rule.name}": (resource, rule)
    for module in REGISTRY.modules
    for resource in module.resources
    for rule in resource.rules
}
# Whoever holds `role.grant` may grant anything; deleting users leaves less to reach.
MANAGING = ["role.create", "role.delete", "role.read", "role.update", "audit.undo", "user.create"]


@dataclass
class World:
    """A desk with the actor and a colleague, a board whom they do not reach, and an outsider."""

    platform: Platform
    lead: UserRead
    colleague: UserRead
    board: list[UserRead]
    outsider: UserRead
    roles: dict[str, UUID]
    grant: UUID
    """One of the desk's."""
    former: UUID
    """The entry that tells how the actor left the board."""

    async def actor(self) -> Actor:
        """The actor as they are now."""
        return (await self.platform.sign_in(self.lead, PASSWORD)).actor

    async def reached(self, actor: Actor) -> dict[str, set[Any]]:
        """The rows that somebody reaches, by permission."""
        found = {}
        async with self.platform.caller(SYSTEM).unit() as unit:
            session = (await unit.get(UnitOfWork)).session
            for name in REGISTRY.permissions:
                resource = REGISTRY.resource(resource_of(name))
                if name in actor.access and resource.rules:
                    rows = rows_of(REGISTRY, actor, name)
                    statement = select(resource.key).where(rows.condition)
                    found[str(name)] = set((await session.execute(statement)).scalars())
        return found


async def _world(
    platform: Platform, make_user: UserFactory, make_role: RoleFactory, limited: list[GrantSpec]
) -> World:
    roles = {
        "desk": await make_role(*limited, *MANAGING, name="desk"),
        "board": await make_role(name="board"),
        "team": await make_role(name="team"),
    }
    # Somebody keeps everything, whatever is tried.
    await make_user(roles=["admin"])
    lead = await make_user(roles=["desk", "team"])
    board = [await make_user(roles=["board"]) for _ in range(3)]
    system = platform.caller(SYSTEM)
    await system(UserService.assign_roles, lead.id, ["desk", "team", "board"])
    await system(UserService.assign_roles, lead.id, ["desk", "team"])
    left = await platform.audit(action="user.assign_roles")
    return World(
        platform,
        lead,
        await make_user(roles=["desk"]),
        board,
        await make_user(roles=[]),
        {name: role.id for name, role in roles.items()},
        roles["desk"].grants[0].id,
        max(entry.id for entry in left),
    )


def _new_user(*roles: str) -> UserCreate:
    return UserCreate.model_validate(
        {
            "email": "new@example.com",
            "display_name": "New",
            "password": PASSWORD,
            "roles": list(roles),
        }
    )


def _on_the_board(world: World) -> Assignment:
    return Assignment(
        role_id=world.roles["board"],
        role="board",
        user_id=world.lead.id,
        email=world.lead.email,
        granted_at=clock.now(),
    )


Attempt = Callable[[Caller, World], Awaitable[Any]]

ATTEMPTS: list[tuple[str, Attempt]] = [
    (
        "role.add_members",
        lambda call, world: call(
            RoleService.add_members, world.roles["board"], MembersAdd(user_ids=[world.lead.id])
        ),
    ),
    (
        "role.add_members",
        lambda call, world: call(
            RoleService.add_members, world.roles["team"], MembersAdd(user_ids=_ids(world.board))
        ),
    ),
    (
        "role.add_members",
        lambda call, world: call(
            RoleService.add_members, world.roles["team"], MembersAdd(user_ids=[world.outsider.id])
        ),
    ),
    (
        "role.add_members",
        lambda call, world: call(
            RoleService.add_members, world.roles["board"], MembersAdd(user_ids=[world.colleague.id])
        ),
    ),
    (
        "role.remove_members",
        lambda call, world: call(RoleService.remove_members, world.roles["team"], [world.lead.id]),
    ),
    (
        "role.restore_members",
        lambda call, world: call(
            RoleService.restore_members, world.roles["board"], [], [_on_the_board(world)]
        ),
    ),
    (
        "user.assign_roles",
        lambda call, world: call(
            UserService.assign_roles, world.lead.id, ["desk", "team", "board"]
        ),
    ),
    (
        "user.assign_roles",
        lambda call, world: call(UserService.assign_roles, world.colleague.id, ["desk", "board"]),
    ),
    (
        "user.assign_roles",
        lambda call, world: call(UserService.assign_roles, world.outsider.id, ["team"]),
    ),
    (
        "user.add_roles",
        lambda call, world: call(UserService.add_roles, world.lead.id, ["board"]),
    ),
    (
        "user.add_roles",
        lambda call, world: call(UserService.add_roles, world.outsider.id, ["team"]),
    ),
    (
        "user.remove_roles",
        lambda call, world: call(UserService.remove_roles, world.lead.id, ["team"]),
    ),
    ("user.create", lambda call, _world: call(UserService.create, _new_user("team"))),
    ("user.create", lambda call, _world: call(UserService.create, _new_user("desk", "board"))),
    (
        "user.update",
        lambda call, world: call(
            UserService.update, world.colleague.id, UserUpdate(display_name="Other")
        ),
    ),
    ("user.suspend", lambda call, world: call(UserService.suspend, world.colleague.id)),
    (
        "role.create",
        lambda call, _world: call(
            RoleService.create, RoleCreate(name="both", includes=["desk", "board"])
        ),
    ),
    (
        "role.update",
        lambda call, world: call(
            RoleService.update, world.roles["team"], RoleUpdate(includes=["board", "desk"])
        ),
    ),
    (
        "role.update",
        lambda call, world: call(
            RoleService.update, world.roles["board"], RoleUpdate(includes=["team"])
        ),
    ),
    (
        "role.add_permissions",
        lambda call, world: call(
            RoleService.grant,
            world.roles["team"],
            Grants(permissions=["user.read", "audit.read"]),
        ),
    ),
    (
        "role.remove_permission",
        lambda call, world: call(RoleService.revoke, world.roles["desk"], world.grant),
    ),
    ("role.delete", lambda call, world: call(RoleService.delete, world.roles["board"])),
    ("role.seed", lambda call, _world: call(RoleService.ensure_defaults)),
    (
        "user.set_grants",
        lambda call, world: call(
            RoleService.set_own_grants,
            world.lead.id,
            Grants(permissions=["user.read", "audit.read"]),
        ),
    ),
    ("audit.undo", lambda call, world: call(AuditService.undo, world.former)),
]


def _ids(users: list[UserRead]) -> list[UUID]:
    return [user.id for user in users]


def _limited(name: str) -> list[GrantSpec]:
    """All permissions on the rule's resource within the rule, and those on others without."""
    resource, rule = RULES[name]
    others = {"user", "audit"} - {resource.name}
    return [
        GrantSpec(permission=f"{resource.name}.*", rule=rule.name),
        *(GrantSpec(permission=f"{other}.*") for other in sorted(others)),
    ]


class TestEveryOperation:
    """What somebody reaches stays as it is, or gets less."""

    def test_is_tried(self) -> None:
        """Every operation that changes who may do what is among those that are tried."""
        assert REGISTRY.changing_access - {action for action, _ in ATTEMPTS} == set()

    def test_something_depends_on_memberships(self) -> None:
        """At least one rule of the core does, so that the tests here say something."""
        assert any("user.roles" in rule.depends_on for _, rule in RULES.values())

    @pytest.mark.parametrize("name", RULES)
    async def test_widens_nobodys_own_reach(
        self, name: str, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """Whatever is tried one after the other, no row is reached that was not before."""
        world = await _world(platform, make_user, make_role, _limited(name))
        existing = await world.reached(SYSTEM)
        before = await world.reached(await world.actor())
        refused = set()
        for action, attempt in ATTEMPTS:
            actor = await world.actor()
            try:
                await attempt(platform.caller(actor), world)
            except PlatformError as error:
                refused.add(error.code)
            after = await world.reached(await world.actor())
            for permission, rows in after.items():
                more = (rows & existing[permission]) - before.get(permission, set())
                assert not more, (action, permission)
        _, rule = RULES[name]
        assert ("role.widens_reach" in refused) is bool(rule.depends_on)


LIMITED = [GrantSpec(permission="user.*", rule="same_role")]
EVERYBODY = [
    GrantSpec(permission="user.read"),
    GrantSpec(permission="user.update", rule="same_role"),
]


class TestOthers:
    """People whom one puts into a role."""

    async def test_reach_no_more_than_who_puts_them_there(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """A colleague with the same grants cannot be sent where the actor does not reach."""
        world = await _world(platform, make_user, make_role, EVERYBODY)
        call = platform.caller(await world.actor())

        with pytest.raises(PermissionDenied) as caught:
            await call(
                RoleService.add_members,
                world.roles["board"],
                MembersAdd(user_ids=[world.colleague.id]),
            )

        assert caught.value.code == "role.widens_reach"
        [entry] = await platform.audit(action="role.add_members", outcome="denied")
        assert entry.error_code == "role.widens_reach"

    async def test_where_the_actor_is(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """A colleague may be taken into another role of the actor's own, and out of it."""
        world = await _world(platform, make_user, make_role, LIMITED)
        call = platform.caller(await world.actor())

        new = MembersAdd(user_ids=[world.colleague.id])
        assert await call(RoleService.add_members, world.roles["team"], new) == 1
        gone = [world.colleague.id]
        assert await call(RoleService.remove_members, world.roles["team"], gone) == 1

    async def test_new_users(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """A user may be made for the actor's own team, but not for a role beyond it."""
        world = await _world(platform, make_user, make_role, LIMITED)
        call = platform.caller(await world.actor())

        made = await call(UserService.create, _new_user("team"))

        assert made.id in (await world.reached(await world.actor()))["user.read"]


class TestForSomeTime:
    """Memberships that end."""

    async def test_are_not_made_longer(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """Who is on the board for two days does not stay there by adding themselves again."""
        world = await _world(platform, make_user, make_role, EVERYBODY)
        until = clock.now() + timedelta(days=2)
        joined = MembersAdd(user_ids=[world.lead.id], expires_at=until)
        await platform.caller(SYSTEM)(RoleService.add_members, world.roles["board"], joined)
        call = platform.caller(await world.actor())

        for longer in (None, until + timedelta(days=1)):
            with pytest.raises(PermissionDenied) as caught:
                await call(
                    RoleService.add_members,
                    world.roles["board"],
                    MembersAdd(user_ids=[world.lead.id], expires_at=longer),
                )
            assert caught.value.code == "role.widens_reach"
        shorter = MembersAdd(user_ids=[world.lead.id], expires_at=until - timedelta(days=1))
        assert await call(RoleService.add_members, world.roles["board"], shorter) == 1

    async def test_outlive_no_wider_grant(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """Who reaches everybody until tomorrow cannot join for longer than that."""
        world = await _world(platform, make_user, make_role, LIMITED)
        until = clock.now() + timedelta(days=1)
        everybody = Grants(grants=[GrantSpec(permission="user.*", expires_at=until)])
        await platform.caller(SYSTEM)(RoleService.set_own_grants, world.lead.id, everybody)
        call = platform.caller(await world.actor())
        board = world.roles["board"]

        with pytest.raises(PermissionDenied):
            await call(RoleService.add_members, board, MembersAdd(user_ids=[world.lead.id]))
        joined = MembersAdd(user_ids=[world.lead.id], expires_at=until)
        assert await call(RoleService.add_members, board, joined) == 1


class TestWhoReachesEverybody:
    """No comparison stands in their way."""

    async def test_joins_freely(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """Somebody who reaches all users may add themselves to a role that grants nothing more."""
        world = await _world(platform, make_user, make_role, [GrantSpec(permission="user.*")])
        call = platform.caller(await world.actor())

        new = MembersAdd(user_ids=[world.lead.id, *_ids(world.board)])
        assert await call(RoleService.add_members, world.roles["board"], new) == 1

    async def test_or_grants_anything(
        self, platform: Platform, make_user: UserFactory, make_role: RoleFactory
    ) -> None:
        """So may the holder of `role.grant`."""
        limited = [*EVERYBODY, GrantSpec(permission="role.grant")]
        world = await _world(platform, make_user, make_role, limited)
        call = platform.caller(await world.actor())

        new = MembersAdd(user_ids=[world.lead.id])
        assert await call(RoleService.add_members, world.roles["board"], new) == 1
        desk = await role_named(platform, "board")
        assert desk.members == 4
