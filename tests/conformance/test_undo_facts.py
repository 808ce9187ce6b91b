"""What is taken back is the very fact there was, or it is said what stands in the way.

Generated for every field that a feature says can be put back: all columns of all rows are compared,
with end, reason, who gave it and when. A way back that went through other hands is a conflict.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import SQLModel

from app.bootstrap import build_registry
from app.core import clock
from app.core.errors import AlreadyDone, Conflict, NotFound
from app.features.audit.service import AuditService
from app.features.roles.schemas import (
    Grants,
    GrantSpec,
    MembersAdd,
    RoleCreate,
    RoleRead,
    RoleUpdate,
)
from app.features.roles.service import RoleService
from app.features.users.schemas import UserRead, UserUpdate
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.roles import role_named

pytestmark = pytest.mark.slow

TABLES = (
    "core_users",
    "core_roles",
    "core_role_grants",
    "core_role_includes",
    "core_user_grants",
    "core_user_roles",
)
COUNTERS = frozenset({"version", "updated_at", "sessions_valid_from"})
"""What every change raises; sessions that have ended stay ended."""
TOMORROW = timedelta(days=1)


@dataclass
class World:
    """A user and a role with all that can be taken back, given by somebody else than the actor."""

    platform: Platform
    call: Caller
    giver: Caller
    ada: UserRead
    desk: RoleRead

    async def rows(self) -> dict[str, list[dict[str, Any]]]:
        """All rows that matter, column by column."""
        everything = await self.platform.contents()
        return {
            name: [
                {
                    column.name: value
                    for column, value in zip(
                        SQLModel.metadata.tables[name].columns, row, strict=True
                    )
                    if column.name not in COUNTERS
                }
                for row in everything[name]
            ]
            for name in TABLES
        }

    async def newest_change(self) -> UUID:
        """The newest entry of a change by the actor."""
        entries = await self.platform.audit(actor_id=self.call.actor.user_id, outcome="succeeded")
        return max(entry.id for entry in entries if entry.changes)


@pytest.fixture
async def world(
    call: Caller, platform: Platform, make_user: UserFactory, make_role: RoleFactory
) -> World:
    """Everything has an end, a reason and a giver."""
    until = clock.now() + TOMORROW
    chief = await make_user(display_name="Giver", roles=["admin"])
    giver = platform.caller((await platform.sign_in(chief, PASSWORD)).actor)
    await make_role("view.share", name="base")
    grant = GrantSpec(permission="user.read", rule="own", expires_at=until, reason="Own only")
    new = RoleCreate(name="desk", description="Answers", grants=[grant], includes=["base"])
    desk = await giver(RoleService.create, new)
    ada = await make_user(display_name="Ada", email="ada@example.com", roles=[])
    members = MembersAdd(user_ids=[ada.id], expires_at=until, reason="Stands in")
    await giver(RoleService.add_members, desk.id, members)
    own = GrantSpec(permission="audit.read", rule="own", expires_at=until, reason="For a week")
    await giver(RoleService.set_own_grants, ada.id, Grants(grants=[own]))
    return World(platform, call, giver, ada, await role_named(platform, "desk"))


Step = Callable[[World], Awaitable[Any]]


def user_update(**fields: Any) -> Step:
    """Change details of the user."""
    return lambda world: world.call(UserService.update, world.ada.id, UserUpdate(**fields))


def role_update(**fields: Any) -> Step:
    """Change details of the role."""
    return lambda world: world.call(
        RoleService.update, world.desk.id, RoleUpdate.model_validate(fields)
    )


# A change of each field, and the same by hand in the other direction.
CHANGES: dict[str, tuple[Step, Step]] = {
    "role.description": (role_update(description="Other"), role_update(description="Answers")),
    "role.grants": (
        role_update(grants=[]),
        role_update(grants=[{"permission": "user.read", "rule": "own"}]),
    ),
    "role.includes": (role_update(includes=[]), role_update(includes=["base"])),
    "role.members": (
        lambda world: world.call(RoleService.remove_members, world.desk.id, [world.ada.id]),
        lambda world: world.call(
            RoleService.add_members, world.desk.id, MembersAdd(user_ids=[world.ada.id])
        ),
    ),
    "role.name": (role_update(name="counter"), role_update(name="desk")),
    "user.display_name": (user_update(display_name="Adda"), user_update(display_name="Ada")),
    "user.grants": (
        lambda world: world.call(RoleService.set_own_grants, world.ada.id, Grants()),
        lambda world: world.call(
            RoleService.set_own_grants,
            world.ada.id,
            Grants(grants=[GrantSpec(permission="audit.read", rule="own")]),
        ),
    ),
    "user.roles": (
        lambda world: world.call(UserService.assign_roles, world.ada.id, ["guest"]),
        lambda world: world.call(UserService.assign_roles, world.ada.id, ["desk"]),
    ),
    "user.status": (
        lambda world: world.call(UserService.suspend, world.ada.id),
        lambda world: world.call(UserService.reactivate, world.ada.id),
    ),
}


def test_every_field_is_tried() -> None:
    """A field that can be put back needs a line above."""
    fields = {
        f"{undo.target_type}.{name}"
        for module in build_registry().modules
        for undo in module.undos
        for name in undo.fields
    }

    assert fields == CHANGES.keys()


@pytest.mark.actor("admin")
@pytest.mark.parametrize("change", sorted(CHANGES))
class TestEveryField:
    """A change, taken back."""

    async def test_is_put_back_whole(self, world: World, change: str) -> None:
        """Every row is as it was; when the undo is taken back too, as the change left it."""
        do, _ = CHANGES[change]
        before = await world.rows()
        await do(world)
        changed = await world.rows()
        assert changed != before

        await world.call(AuditService.undo, await world.newest_change())
        assert await world.rows() == before

        await world.call(AuditService.undo, await world.newest_change())
        assert without_moments(await world.rows()) == without_moments(changed)

    async def test_after_there_and_back(self, world: World, change: str) -> None:
        """There, back by hand and there again: the first change cannot be taken back."""
        do, back = CHANGES[change]
        await do(world)
        first = await world.newest_change()
        await back(world)
        await do(world)
        rows = await world.rows()

        with pytest.raises(Conflict) as caught:
            await world.call(AuditService.undo, first)

        assert caught.value.code == "audit.undo.conflict"
        assert await world.rows() == rows

    async def test_twice(self, world: World, change: str) -> None:
        """A second time it is said that it is done; that is no failure for the trail."""
        do, _ = CHANGES[change]
        await do(world)
        first = await world.newest_change()
        await world.call(AuditService.undo, first)
        rows = await world.rows()

        with pytest.raises(AlreadyDone) as caught:
            await world.call(AuditService.undo, first)

        assert caught.value.message == "This was taken back already."
        assert await world.rows() == rows
        assert await world.platform.audit(action="audit.undo", outcome="failed") == []
        shown = await world.call(AuditService.get, first)
        [undo] = await world.platform.audit(action="audit.undo")
        assert shown.undone_by == undo.id


@pytest.mark.actor("admin")
class TestInTheWay:
    """The very fact cannot be put back, and it is said why."""

    async def refused(self, world: World, entry_id: UUID, words: str) -> None:
        """Nothing is put back, and this is said."""
        rows = await world.rows()
        with pytest.raises(Conflict) as caught:
            await world.call(AuditService.undo, entry_id)
        assert caught.value.code == "audit.undo.obstacle"
        assert words in caught.value.message
        assert await world.rows() == rows

    @pytest.mark.parametrize("change", ["role.members", "user.roles", "user.grants", "role.grants"])
    async def test_end_is_past(
        self, world: World, change: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What ended meanwhile is not given again."""
        await CHANGES[change][0](world)
        entry_id = await world.newest_change()
        later = clock.now() + 2 * TOMORROW
        monkeypatch.setattr(clock, "now", lambda: later)

        await self.refused(world, entry_id, "ended on")

    async def test_another_role_of_the_name(self, world: World, make_role: RoleFactory) -> None:
        """A role that was deleted is not the one that is called so now."""
        await CHANGES["user.roles"][0](world)
        entry_id = await world.newest_change()
        await world.giver(RoleService.delete, world.desk.id)
        await make_role("*", name="desk")

        await self.refused(world, entry_id, "another role has this name now")

    async def test_included_role_is_gone(self, world: World, make_role: RoleFactory) -> None:
        """Nor is it included again."""
        await CHANGES["role.includes"][0](world)
        entry_id = await world.newest_change()
        base = await role_named(world.platform, "base")
        await world.giver(RoleService.delete, base.id)
        await make_role("*", name="base")

        await self.refused(world, entry_id, "The role base has been deleted since")

    async def test_role_has_another_name(self, world: World) -> None:
        """Whoever takes back reads what the role is called now."""
        await CHANGES["user.roles"][0](world)
        entry_id = await world.newest_change()
        await world.giver(RoleService.update, world.desk.id, RoleUpdate(name="counter"))

        await self.refused(world, entry_id, "The role desk is called counter now.")

    @pytest.mark.parametrize("change", ["role.members", "user.roles"])
    @pytest.mark.parametrize("grown", ["desk", "base"])
    async def test_role_grants_more(self, world: World, change: str, grown: str) -> None:
        """A role that has grown, by itself or by what it includes, is another gift than then."""
        await CHANGES[change][0](world)
        entry_id = await world.newest_change()
        role = await role_named(world.platform, grown)
        await world.giver(RoleService.grant, role.id, Grants(permissions=["user.delete"]))

        await self.refused(world, entry_id, "The role desk grants more now than it did then.")

    async def test_person_is_gone(self, world: World) -> None:
        """Nobody gets the role of somebody who was deleted."""
        await CHANGES["role.members"][0](world)
        entry_id = await world.newest_change()
        await world.giver(UserService.delete, world.ada.id)

        await self.refused(world, entry_id, "ada@example.com has been deleted since.")

    async def test_user_is_gone(self, world: World) -> None:
        """Nor is anything put back to a user who is no more."""
        await CHANGES["user.roles"][0](world)
        entry_id = await world.newest_change()
        await world.giver(UserService.delete, world.ada.id)

        with pytest.raises(NotFound):
            await world.call(AuditService.undo, entry_id)

    async def test_given_again_by_another_way(self, world: World) -> None:
        """Taken from the user's page, given on the role's: another fact, which stays."""
        await CHANGES["user.roles"][0](world)
        entry_id = await world.newest_change()
        again = MembersAdd(user_ids=[world.ada.id], reason="Again")
        await world.giver(RoleService.add_members, world.desk.id, again)

        with pytest.raises(Conflict) as caught:
            await world.call(AuditService.undo, entry_id)

        assert caught.value.code == "audit.undo.conflict"


def columns_of(table: str) -> Any:
    """The columns of a table, in order."""
    return SQLModel.metadata.tables[table].columns


def without_moments(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows without when something was given: an undo gives at its own time."""
    left_out = {"granted_at", "id"}
    return {
        name: [{key: row[key] for key in row if key not in left_out} for row in found]
        for name, found in rows.items()
    }
