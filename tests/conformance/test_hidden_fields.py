"""Only `<thing>.read` decides what is shown of a thing, whatever else somebody may do.

A value that there is only once is planted in every field of every resource. Then somebody who holds
every other permission, but not the one to read that field, calls every route and every handler of
the console; nothing that comes back holds the value.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile, is_zipfile

import pytest
from pydantic_core import to_json
from sqlalchemy import update
from sqlmodel import col

from app.bootstrap import build_container, build_registry
from app.core.actor import SYSTEM
from app.core.errors import PlatformError
from app.core.record_read import RecordRead
from app.core.unit_of_work import UnitOfWork
from app.entry_points import short_name
from app.features.audit.seal_service import SealService
from app.features.roles.schemas import Grants, GrantSpec, MembersAdd, RoleRead, RoleUpdate
from app.features.roles.service import RoleService
from app.features.users.credential_service import CredentialService
from app.features.users.models import User
from app.features.users.schemas import EmailChange, UserExportQuery, UserRead, UserUpdate
from app.features.users.service import UserService
from app.features.views.schemas import ViewCreate
from app.features.views.service import ViewService
from app.http.api import build_api
from app.http.coverage import RestRoute, rest_routes
from app.settings import load_settings
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Platform
from app.ui.handlers import permission_of
from tests.conformance.test_routes import BODIES
from tests.fixtures.handlers import RESUME, handlers, is_let_through, plausible
from tests.fixtures.roles import role_named
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.slow

REGISTRY = build_registry()
PERMISSIONS = [str(name) for name in REGISTRY.permissions]
RESOURCES = {
    resource.name: resource for module in REGISTRY.modules for resource in module.resources
}
TIMES = {
    "created_at": datetime(2021, 3, 4, 5, 6, 7, 111213, UTC),
    "updated_at": datetime(2022, 3, 4, 5, 6, 7, 212223, UTC),
    "last_sign_in_at": datetime(2023, 3, 4, 5, 6, 7, 313233, UTC),
}
USER_TEXTS = {
    "email": ("planted-now@zqone.example", "planted-then@zqtwo.example", "zqone", "zqtwo"),
    "display_name": ("Zqthree Now", "Zqfour Then", "Zqthree", "Zqfour"),
    "roles": ("zqrole",),
    **{name: (f"{moment:.%f}"[1:],) for name, moment in TIMES.items()},
}
"""What stands in a user's fields, now and earlier; truth values have no text of their own."""
ROLE_TEXTS = ("zqrole", "Zqdescription", "Zqbecause", "Zqmembership", "Zqinperson")
SESSION_TEXTS = ("203.0.113.77", "Zqbrowser")
VIEW_TEXTS = ("Zqview", "zqfilter")
"""A view that is not shared is its owner's alone."""


@dataclass(frozen=True)
class Case:
    """Somebody who may not read something, and what they must not be shown."""

    name: str
    grants: tuple[GrantSpec, ...]
    texts: tuple[str, ...]
    hidden: frozenset[str] = frozenset()
    """Fields of the user that no answer about them has."""


def all_but(*left_out: str, **masked: Any) -> tuple[GrantSpec, ...]:
    """Every permission, but some; and some within conditions."""
    limits = {name.replace("_", "."): conditions for name, conditions in masked.items()}
    return tuple(
        GrantSpec(permission=name, **limits.get(name, {}))
        for name in PERMISSIONS
        if name not in left_out
    )


FIELDS = sorted(RESOURCES["user"].fields.keys() - {"password"})
ALL_OF_USER = tuple(text for texts in USER_TEXTS.values() for text in texts if text != "zqrole")


def cases() -> Iterator[Case]:
    """One per field that can be hidden, one per permission to read."""
    for name in FIELDS:
        readable = [other for other in RESOURCES["user"].fields if other != name]
        # The names of roles are no secret for those who read roles.
        left_out = ("role.read",) if name == "roles" else ()
        grants = all_but(*left_out, user_read={"readable": readable})
        yield Case(f"user.{name}", grants, USER_TEXTS.get(name, ()), frozenset({name}))
    yield Case("user", all_but("user.read"), ALL_OF_USER + SESSION_TEXTS, frozenset(FIELDS))
    own = all_but(user_read={"rule": "own"})
    yield Case("user in own rows", own, ALL_OF_USER + SESSION_TEXTS, frozenset(FIELDS))
    yield Case("role", all_but("role.read", user_read={"readable": ["email"]}), ROLE_TEXTS)
    yield Case("session", all_but("session.read"), SESSION_TEXTS)
    yield Case("view", all_but(), VIEW_TEXTS)


CASES = list(cases())


def test_every_resource_is_planted() -> None:
    """A resource with fields of its own needs texts, and a schema that the gate knows."""
    masked = {schema.resource for schema in schemas_of(RecordRead)}

    assert {name for name, each in RESOURCES.items() if each.fields} == {"user"}
    assert {name for name, each in RESOURCES.items() if each.fields} <= masked
    assert set(FIELDS) - USER_TEXTS.keys() == {"must_change_password", "status", "verified"}


def schemas_of(base: type[RecordRead]) -> Iterator[type[RecordRead]]:
    """All schemas of records."""
    for schema in base.__subclasses__():
        yield schema
        yield from schemas_of(schema)


@dataclass
class World:
    """All that was planted, and somebody who looks for it."""

    platform: Platform
    victim: UserRead
    role: RoleRead
    ids: dict[str, str]
    token: str
    tab: Tab
    found: list[str] = field(default_factory=list)


@pytest.fixture
async def world(
    case: Case, platform: Platform, make_user: UserFactory, make_role: RoleFactory, tab: Tab
) -> World:
    """A user, a role, a session and a view with planted values, and entries that tell of them."""
    system = platform.caller(SYSTEM)
    texts = USER_TEXTS
    await make_role(GrantSpec(permission="view.share", reason="Zqbecause"), name="zqrole")
    role = await role_named(platform, "zqrole")
    victim = await make_user(
        email=texts["email"][1], display_name=texts["display_name"][1], roles=["zqrole"]
    )
    chief = await make_user(display_name="Chief", roles=["admin"])
    chief_calls = platform.caller((await platform.sign_in(chief, PASSWORD)).actor)
    await system(RoleService.update, role.id, RoleUpdate(description="Zqdescription"))
    address = EmailChange(email=texts["email"][0])
    await system(CredentialService.change_email, victim.id, address)
    change = UserUpdate(display_name=texts["display_name"][0])
    victim = await system(UserService.update, victim.id, change)
    await system(RoleService.remove_members, role.id, [victim.id])
    members = MembersAdd(user_ids=[victim.id], reason="Zqmembership")
    await chief_calls(RoleService.add_members, role.id, members)
    in_person = Grants(grants=[GrantSpec(permission="view.share", reason="Zqinperson")])
    await chief_calls(RoleService.set_own_grants, victim.id, in_person)
    signed_in = await platform.sign_in(victim, PASSWORD, address=SESSION_TEXTS[0])
    theirs = platform.caller(signed_in.actor, address=SESSION_TEXTS[0])
    theirs.context.user_agent = SESSION_TEXTS[1]
    viewable = [page.route for page in REGISTRY.pages if page.permission == "signed_in"]
    with suppress(PlatformError):
        new = ViewCreate(path=viewable[0], name="Zqview", query="q=zqfilter")
        await theirs(ViewService.create, new)

    async def nowhere(_users: Any) -> None:
        """An export that nobody reads."""

    await chief_calls(UserService.export, UserExportQuery(q="zqone zqthree"), nowhere)
    async with system.unit() as unit:
        uow = await unit.get(UnitOfWork)
        await uow.begin_write()
        await uow.session.execute(update(User).where(col(User.id) == victim.id).values(**TIMES))
        await uow.commit()
    await make_role(*case.grants, name="limited")
    viewer = await make_user(display_name="Viewer", roles=["limited"])
    await system(SealService.seal, limit=5000)
    [entry] = await platform.audit(action="user.update", target_id=str(victim.id))
    grant = (await role_named(platform, "zqrole")).grants[0]
    mine = await platform.sign_in(viewer, PASSWORD)
    tab.actor = mine.actor
    ids = {
        "user_id": str(victim.id),
        "role_id": str(role.id),
        "grant_id": str(grant.id),
        "entry_id": str(entry.id),
        "session_id": str(signed_in.actor.session_id),
        "request_id": entry.request_id,
    }
    return World(platform, victim, role, ids, mine.tokens.access_token, tab)


QUERIES: dict[str, list[str]] = {
    "/api/v1/audit": [
        "?limit=200",
        "?target_type=user&target_id={user_id}&limit=200",
        "?text=zqone",
        "?text=zqfour",
        "?text=zqrole",
    ],
    "/api/v1/audit/export": ["?format=jsonl", "?format=csv"],
    "/api/v1/permissions/compare": ["?a=zqrole&b=user"],
    "/api/v1/permissions/explain": [
        "?user_id={user_id}&permission=view.share",
        "?user_id={user_id}&permission=user.read&object_id={user_id}",
    ],
    "/api/v1/permissions/holders": ["?permission=view.share"],
    "/api/v1/permissions/holders/export": ["?permission=view.share"],
    "/api/v1/users": ["?limit=100", "?q=zqone", "?q=zqthree", "?status=active", "?role=zqrole"],
}
# In place of those that would let the user do what nobody may act on.
OTHER_BODIES: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("POST", "/api/v1/roles/{role_id}/permissions"): [{"permissions": ["view.share"]}],
    ("PATCH", "/api/v1/users/{user_id}"): [{}, {"display_name": "Somebody"}, {"version": 99}],
    ("POST", "/api/v1/users"): [
        {"email": "new@example.com", "display_name": "New", "password": PASSWORD, "roles": ["x"]}
    ],
    ("POST", "/api/v1/users/{user_id}/roles"): [{"roles": ["nothing"]}, {"roles": ["user"]}],
    ("POST", "/api/v1/roles/{role_id}/members"): [{"user_ids": ["{user_id}"]}],
    ("POST", "/api/v1/roles/what-if"): [
        {"role_id": "{role_id}"},
        {"role_id": "{role_id}", "change": {"permissions": []}},
    ],
    ("PATCH", "/api/v1/roles/{role_id}"): [{"description": "Other"}, {"version": 99}],
    ("PUT", "/api/v1/users/{user_id}/grants"): [
        {"permissions": ["view.share"]},
        {"permissions": ["view.share"], "version": "0"},
    ],
}


def routes() -> list[RestRoute]:
    """All routes for programs: those that read first, those that remove last."""
    container = build_container(load_settings(environment="test"), REGISTRY)
    order = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    found = [
        each
        for each in rest_routes(build_api(REGISTRY, container))
        if each.permission and each.path.startswith("/api/") and "/auth/" not in each.path
    ]
    return sorted(found, key=lambda each: order.index(each.method))


def sent(route: RestRoute, ids: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The requests to a route: addresses and bodies."""
    path = route.path.format_map(ids)
    if route.method == "GET":
        for query in QUERIES.get(route.path, [""]):
            yield path + query.format_map(ids), {}
        return
    bodies = OTHER_BODIES.get((route.method, route.path), [])
    for body in bodies:
        text = json.dumps(body)
        for name, value in ids.items():
            text = text.replace(f"{{{name}}}", value)
        yield path, {"json": json.loads(text)}
    if not bodies:
        yield path, BODIES.get((route.method, route.path), {})


def look(case: Case, world: World, where: str, said: str, told: Any = None) -> None:
    """Remember what an answer should not have shown."""
    # From where and with what somebody acted, entries tell by themselves.
    is_trail = "audit" in where or "trail" in where
    texts = [text for text in case.texts if not (is_trail and text in SESSION_TEXTS)]
    world.found += [f"{where} shows {text}" for text in texts if text in said]
    for fact in facts_of(told):
        about = str(fact.get("id", ""))
        if about == world.ids["user_id"]:
            shown = {name for name in case.hidden if fact.get(name) not in (None, "")}
            world.found += [f"{where} has {name}" for name in shown]
        if fact.get("target_id") == world.ids["user_id"]:
            changed = {change["field"] for change in fact.get("changes") or []}
            world.found += [f"{where} tells of {name}" for name in changed & case.hidden]


def facts_of(told: Any) -> Iterator[dict[str, Any]]:
    """All objects in an answer."""
    if isinstance(told, dict):
        yield told
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from facts_of(each)


def read(content: bytes) -> str:
    """An answer as text, unpacked."""
    if not is_zipfile(BytesIO(content)):
        return content.decode()
    with ZipFile(BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_by_rest(case: Case, world: World) -> None:
    """No route shows what is hidden: no list, record, export, refusal, conflict or audit entry."""
    statuses = set()
    async with world.platform.client(world.token) as client:
        for route in routes():
            for path, body in sent(route, world.ids):
                response = await client.request(route.method, path, **body)
                statuses.add(response.status_code)
                is_json = "json" in response.headers.get("content-type", "")
                told = response.json() if is_json and response.content else None
                where = f"{route.method} {path} {response.status_code}"
                look(case, world, where, read(response.content), told)
        # What was just done is recorded, and that is not shown either.
        await world.platform.caller(SYSTEM)(SealService.seal, limit=5000)
        trail = await client.get("/api/v1/audit?limit=200")
        look(case, world, "the trail afterwards", trail.text, trail.json())

    assert world.found == []
    assert {200, 201, 204, 404} <= statuses


ADDRESSES = (
    "/users/{user_id}",
    "/roles/{role_id}",
    "/audit?entry={entry_id}",
    "/users?q=planted",
    "/access/explain?user={user_id}&permission=user.read&object={user_id}",
)
LOADED = [each for each in CASES if each.name in ("user.email", "user", "role")]


@pytest.mark.slow
@pytest.mark.one_engine
@pytest.mark.parametrize("case", LOADED, ids=lambda case: case.name)
async def test_by_console(case: Case, world: World) -> None:
    """No handler of the console brings what is hidden into the browser."""
    for name, registered in sorted(handlers().items()):
        fn = registered.handler.fn
        if is_let_through(name) or permission_of(fn) is None or short_name(name) == RESUME:
            continue
        handler = getattr(registered.states[0], fn.__name__)
        arguments = plausible(name, world.victim.model_copy(update={"email": "x@y.example"}))
        for address in ADDRESSES:
            tab = Tab(world.tab.actor)
            tab.at(address.format_map(world.ids))
            try:
                await tab.call(handler, *arguments.values())
                said = ""
            except PlatformError as error:
                said = f"{error.message} {error.details}"
            said += to_json(tab.shown(), fallback=str).decode()
            look(case, world, f"{short_name(name)} at {address}", said)

    assert world.found == []
