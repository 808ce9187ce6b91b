"""Roles and reports name nobody whom the actor may not see, nor more of somebody than they may.

Every operation of these features is called on behalf of people who see some users, some fields or
nobody; what comes out, also in errors, is searched for what was planted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic_core import to_json

from app.core.errors import NotFound, PermissionDenied, PlatformError
from app.core.operations import operations_of
from app.features.access.roles_file import read
from app.features.access.schemas import CompareQuery, ExplainQuery, PreviewStart
from app.features.access.service import AccessService, PreviewService
from app.features.access.state import Holders
from app.features.members.state import RoleMembers
from app.features.roles.schemas import (
    Grants,
    GrantSpec,
    MemberListQuery,
    MembersAdd,
    RoleCreate,
    RoleListQuery,
    RoleRead,
    RoleUpdate,
)
from app.features.roles.service import RoleService
from app.features.users.schemas import UserRead
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Caller, Platform
from tests.fixtures.roles import role_named
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.slow

NAMES = frozenset({"Ada Alpha", "Zelda Omega"})
EMAILS = frozenset({"ada@alpha.example", "zelda@omega.example"})
ROLES = ("role.read", "role.create", "role.update", "role.delete", "role.grant")


@dataclass
class World:
    """Ada shares a role with the viewer, Zelda does not; Zelda gave what the others hold."""

    desk: RoleRead
    ada: UserRead
    zelda: UserRead
    call: Caller
    token: str

    @property
    def people(self) -> tuple[UserRead, UserRead]:
        """Those who are looked for."""
        return self.ada, self.zelda


@pytest.fixture
async def world(
    grants: list[GrantSpec], platform: Platform, make_user: UserFactory, make_role: RoleFactory
) -> World:
    """Somebody who holds the grants that the test is run with, and all that roles need."""
    await make_role(*ROLES, *grants, name="limited")
    await make_role(name="team")
    zelda = await make_user(
        display_name="Zelda Omega", email="zelda@omega.example", roles=["admin", "user"]
    )
    as_zelda = platform.caller((await platform.sign_in(zelda, PASSWORD)).actor)
    desk = await as_zelda(RoleService.create, RoleCreate(name="desk", permissions=["audit.read"]))
    ada = await make_user(display_name="Ada Alpha", email="ada@alpha.example", roles=["team"])
    members = MembersAdd(user_ids=[ada.id, zelda.id])
    await as_zelda(RoleService.add_members, desk.id, members)
    for user in (ada, zelda):
        await as_zelda(RoleService.set_own_grants, user.id, Grants(permissions=["view.share"]))
    viewer = await make_user(
        display_name="Vic Viewer", email="vic@viewer.example", roles=["limited", "team"]
    )
    signed_in = await platform.sign_in(viewer, PASSWORD)
    token = signed_in.tokens.access_token
    return World(desk, ada, zelda, platform.caller(signed_in.actor), token)


Arguments = Callable[[World], Iterable[tuple[Any, ...]]]
NEW = RoleUpdate(permissions=["audit.read", "user.delete"])
# What each operation is called with; those that change something come last.
CALLS: dict[str, Arguments] = {
    "AccessService.compare": lambda _: [(CompareQuery(a="desk", b="admin"),)],
    "AccessService.differences": lambda _: [(read("roles: []"),)],
    "AccessService.drift": lambda _: [()],
    "AccessService.explain": lambda world: [
        (ExplainQuery(user_id=user.id, permission=name),)
        for user in world.people
        for name in ("audit.read", "role.read")
    ],
    "AccessService.export": lambda _: [()],
    "AccessService.granters": lambda _: [("audit.read",), ("user.read",)],
    "AccessService.holder_counts": lambda _: [()],
    "AccessService.holders": lambda _: [("audit.read",), ("view.share",)],
    "AccessService.matrix": lambda _: [()],
    "AccessService.of_user": lambda world: [(user.id,) for user in world.people],
    "AccessService.people": lambda _: [(text,) for text in ("a", "ada", "zelda", "example")],
    "AccessService.permissions": lambda _: [()],
    "AccessService.person": lambda world: [
        (text,) for user in world.people for text in (str(user.id), user.email)
    ],
    "RoleService.all": lambda _: [()],
    "RoleService.count": lambda _: [(None,)],
    "RoleService.get": lambda world: [(world.desk.id,)],
    "RoleService.members": lambda world: [
        (world.desk.id, MemberListQuery()),
        (world.desk.id, MemberListQuery(limit=1)),
    ],
    "RoleService.own_grants": lambda world: [(user.id,) for user in world.people],
    "RoleService.page": lambda _: [(RoleListQuery(),)],
    "RoleService.what_if": lambda world: [(world.desk.id, NEW), (world.desk.id, None)],
    "PreviewService.start": lambda world: [
        (PreviewStart(kind="user", id=user.id),) for user in world.people
    ],
    "PreviewService.stop": lambda _: [()],
    "RoleService.set_own_grants": lambda world: [
        (user.id, Grants(permissions=["view.share"])) for user in world.people
    ],
    "RoleService.add_members": lambda world: [
        (world.desk.id, MembersAdd(user_ids=[user.id])) for user in world.people
    ],
    "RoleService.create": lambda _: [(RoleCreate(name="other"),)],
    "RoleService.update": lambda world: [(world.desk.id, RoleUpdate(description="Helps"))],
    "RoleService.grant": lambda world: [(world.desk.id, Grants(permissions=["user.delete"]))],
    "RoleService.revoke": lambda world: [(world.desk.id, world.desk.grants[0].id)],
    "RoleService.remove_members": lambda world: [
        (world.desk.id, [user.id for user in world.people])
    ],
    "RoleService.restore_members": lambda world: [
        (world.desk.id, [user.id], []) for user in world.people
    ],
    "RoleService.ensure_defaults": lambda _: [()],
    "RoleService.delete": lambda world: [(world.desk.id,)],
}
SERVICES: dict[str, Any] = {
    service.__name__: service for service in (AccessService, PreviewService, RoleService)
}


def seeing(**conditions: Any) -> list[GrantSpec]:
    """May see users, within these conditions."""
    return [GrantSpec(permission="user.read", **conditions)]


LIMITS = [
    pytest.param([], NAMES | EMAILS, id="nobody"),
    pytest.param(
        seeing(rule="same_role"), {"Zelda Omega", "zelda@omega.example"}, id="those of the team"
    ),
    pytest.param(seeing(readable=["display_name", "roles", "status"]), EMAILS, id="no addresses"),
    pytest.param(seeing(readable=["email", "roles", "status"]), NAMES, id="no names"),
]


def test_every_operation_is_tried() -> None:
    """A new operation needs a line above."""
    operations = {
        f"{name}.{method}"
        for name, service in SERVICES.items()
        for method in operations_of(service)
    }

    assert operations == CALLS.keys()


@pytest.mark.parametrize(("grants", "secrets"), LIMITS)
async def test_nothing_comes_out(world: World, secrets: frozenset[str]) -> None:
    """No name and no address, in no answer and no error."""
    for name, arguments in CALLS.items():
        service, _, method = name.partition(".")
        for each in arguments(world):
            try:
                answer: Any = await world.call(getattr(SERVICES[service], method), *each)
            except PlatformError as error:
                answer = [error.message, error.details]
            said = to_json(answer, fallback=str).decode()
            # An address that was asked for may be repeated.
            found = {secret for secret in secrets if secret in said and secret not in str(each)}
            assert not found, name


@pytest.mark.parametrize("grants", [seeing(rule="same_role")])
class TestSomeAreSeen:
    """The others are counted."""

    async def test_members(self, world: World) -> None:
        """By page and in all."""
        page = await world.call(RoleService.members, world.desk.id, MemberListQuery(limit=1))

        assert [(each.display_name, each.granted_by) for each in page.items] == [("Ada Alpha", "")]
        assert (page.hidden, page.next_cursor) == (1, None)

    async def test_what_if(self, world: World) -> None:
        """Who is not named is counted."""
        found = await world.call(RoleService.what_if, world.desk.id, RoleUpdate(permissions=[]))

        [group] = found.groups
        assert ([each.name for each in group.people], group.loses) == (
            ["Ada Alpha"],
            ["audit.read"],
        )
        assert (group.count, group.hidden, found.affected) == (1, 0, 1)

    async def test_holders(self, world: World, platform: Platform) -> None:
        """By REST, and as a file that does not look complete."""
        asked = "/api/v1/permissions/holders{}?permission=audit.read"
        async with platform.client(world.token) as client:
            told = (await client.get(asked.format(""))).json()
            lines = (await client.get(asked.format("/export"))).text.splitlines()

        assert ([each["display_name"] for each in told["items"]], told["hidden"]) == (
            ["Ada Alpha"],
            1,
        )
        assert lines[-1] == ",1 person you may not see,,,,"

    async def test_console(self, world: World, tab: Tab) -> None:
        """Lists say so below their lines."""
        tab.actor = world.call.actor
        tab.at(f"/roles/{world.desk.id}/members")
        await tab.call(RoleMembers.load)
        members = await tab.of(RoleMembers)
        tab.at("/access/holders?permission=audit.read")
        await tab.call(Holders.load)
        holders = await tab.of(Holders)

        assert [row.name for row in members.rows] == ["Ada Alpha"]
        assert members.unseen == "1 person you may not see"
        assert [row.name for row in holders.holders] == ["Ada Alpha"]
        assert holders.unseen == "1 person you may not see"

    async def test_a_person(self, world: World) -> None:
        """Who is not seen is not there."""
        with pytest.raises(NotFound):
            await world.call(AccessService.person, str(world.zelda.id))
        with pytest.raises(NotFound):
            await world.call(AccessService.person, world.zelda.email)
        assert (await world.call(AccessService.person, world.ada.email)).name == "Ada Alpha"


@pytest.mark.parametrize("grants", [seeing(readable=["display_name", "email"])])
class TestRolesAreHidden:
    """Whose roles may not be read, of them it is not told what they hold."""

    async def test_reports(self, world: World) -> None:
        """They are counted, and a question about one of them names what is missing."""
        members = await world.call(RoleService.members, world.desk.id, MemberListQuery())
        holders = await world.call(AccessService.holders, "audit.read")
        [group] = (
            await world.call(RoleService.what_if, world.desk.id, RoleUpdate(permissions=[]))
        ).groups
        wanted = ExplainQuery(user_id=world.ada.id, permission="audit.read")
        with pytest.raises(PermissionDenied) as caught:
            await world.call(AccessService.explain, wanted)

        assert (members.items, members.hidden) == ([], 2)
        assert (holders.items, holders.hidden) == ([], 2)
        assert (group.people, group.hidden) == ([], 1)
        assert (caught.value.permission, caught.value.code) == ("user.read", "permission.field")


@pytest.mark.parametrize("grants", [[]])
async def test_oneself_is_always_seen(world: World, platform: Platform) -> None:
    """Why one may not do something is told to whoever may ask."""
    limited = await role_named(platform, "limited")
    own = world.call.actor.user_id
    assert own is not None

    told = await world.call(
        AccessService.explain, ExplainQuery(user_id=own, permission="user.read")
    )
    page = await world.call(RoleService.members, limited.id, MemberListQuery())

    assert told.verdict.startswith("Vic Viewer does not hold")
    assert [(each.name, each.email) for each in page.items] == [
        ("Vic Viewer", "vic@viewer.example")
    ]
