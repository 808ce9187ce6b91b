"""Every role times every way in: what the declarations say is what the wire answers.

Nothing here is a list by hand. Roles come from the permissions that features declare, routes and
handlers from what is registered, and the expected answer from their permission and the engine.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.bootstrap import build_container, build_registry
from app.core.actor import ANONYMOUS, SYSTEM, Actor
from app.core.audit import AuditEntry
from app.core.errors import PermissionDenied
from app.core.permissions import SIGNED_IN
from app.entry_points import short_name
from app.features.roles.service import DEFAULT_ROLES, RoleService
from app.features.users.schemas import UserRead
from app.http.api import build_api
from app.http.coverage import RestRoute, rest_routes
from app.settings import load_settings
from app.testing.factories import PASSWORD
from app.testing.platform import Platform
from app.ui.handlers import permission_of
from tests.conformance.test_routes import BODIES
from tests.fixtures.console import Console, console
from tests.fixtures.handlers import (
    RESUME,
    handlers,
    is_let_through,
    parameters_of,
    plausible,
)
from tests.fixtures.server import Server

AUDIT = str(AuditEntry.__tablename__)
PERMISSIONS = [str(name) for name in build_registry().permissions]
VISITOR = "anonymous"
ROLES: dict[str, list[str]] = {
    **{f"only {name}": [name] for name in PERMISSIONS},
    **{
        f"all but {name}": [other for other in PERMISSIONS if other != name] for name in PERMISSIONS
    },
}
UNOPENED = "console.handler"

pytestmark = pytest.mark.slow


def routes() -> list[RestRoute]:
    """What the application routes to an operation."""
    registry = build_registry()
    container = build_container(load_settings(environment="test"), registry)
    return [each for each in rest_routes(build_api(registry, container)) if each.permission]


def events() -> Iterator[tuple[str, str]]:
    """The handlers that the guard decides on, with the permission it looks for."""
    for name in sorted(handlers()):
        if not is_let_through(name) and short_name(name) != RESUME:
            yield name, str(permission_of(handlers()[name].handler.fn) or UNOPENED)


def is_farewell(route: RestRoute) -> bool:
    """Whether it may end the caller's own session: it concerns only themselves, and changes it."""
    return (
        route.permission == SIGNED_IN
        and route.method not in ("GET", "HEAD")
        and "{" not in route.path
    )


def made_up(name: str) -> dict[str, Any]:
    """Arguments of the right type, about things that exist nowhere."""
    values = {bool: True, int: 1, list[str]: [str(uuid4())], dict[str, Any]: {}}
    return {
        parameter: values.get(annotation, str(uuid4()))
        for parameter, annotation in parameters_of(name).items()
    }


class Unknown(dict[str, str]):
    """Ids by their names in an address; those that are not given exist nowhere."""

    def __missing__(self, name: str) -> str:
        """An id of nothing."""
        return str(uuid4())


@dataclass
class Somebody:
    """One person with a role, and all that they send."""

    server: Server
    platform: Platform
    actor: Actor
    user: UserRead | None
    victim: UserRead
    tab: Console
    client: httpx.AsyncClient

    def may(self, permission: str) -> bool:
        """What the engine says."""
        return permission != UNOPENED and self.actor.may(permission)

    async def sign_in(self) -> None:
        """Open sessions of their own for programs and the console."""
        if self.user is not None:
            headers = await credentials(self.server, self.platform, self.user)
            self.client.headers.update(headers)

    async def request(self, route: RestRoute, *, ids: dict[str, str]) -> httpx.Response:
        """Call a route, with the ids of real things so that it would have an effect."""
        sent = BODIES.get((route.method, route.path), {}) if ids else {}
        if not sent and route.method in ("POST", "PUT", "PATCH"):
            sent = {"json" if route.path.startswith("/api/") else "data": {}}
        return await self.client.request(route.method, route.path.format_map(Unknown(ids)), **sent)

    async def emit(self, sent: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
        """Send events over one socket; returns what each refusal said, in order."""
        before = len(self.tab.raw)
        for name, payload in sent:
            await self.tab.send(name, payload)
        await self.tab.settle()
        return list(refusals(self.tab.raw[before:]))


def refusals(raw: Iterable[str]) -> Iterator[str]:
    """What the console said of each refused event; visitors learn that their session has ended."""
    for message in raw:
        for state, values in (json.loads(message).get("delta") or {}).items():
            if not state.endswith("____console"):
                continue
            if values.get("session_ended_rx_state_"):
                yield "Sign in first."
            for toast in values.get("toasts_rx_state_", [])[-1:]:
                if toast["kind"] == "danger":
                    yield toast["message"]


def words_of(permission: str, actor: Actor) -> str:
    """What the console says when the permission is missing."""
    if permission == UNOPENED:
        return "This cannot be called."
    return str(PermissionDenied(permission)) if actor.is_signed_in else "Sign in first."


async def credentials(server: Server, platform: Platform, user: UserRead) -> dict[str, str]:
    """Headers of somebody who has just signed in, both as a program and in the console."""
    signed_in = await platform.sign_in(user, PASSWORD)
    return {
        "Authorization": f"Bearer {signed_in.tokens.access_token}",
        "Cookie": f"atrium_session={await server.sign_in(user.email, PASSWORD)}",
    }


@asynccontextmanager
async def somebody(server: Server, role: str) -> AsyncIterator[Somebody]:
    """Somebody new with this role, signed in; or a visitor."""
    async with server.platform() as platform:
        victim = await server.add_user(platform, "user", display_name=f"Victim {uuid4().hex}")
        user, actor, headers = None, ANONYMOUS, {}
        if role != VISITOR:
            named = [role] if role in DEFAULT_ROLES else []
            user = await server.add_user(platform, *named, grants=ROLES.get(role, []))
            actor = (await platform.sign_in(user, PASSWORD)).actor
            headers = await credentials(server, platform, user)
        cookie = headers.get("Cookie", "").removeprefix("atrium_session=")
        async with console(server, cookie) as tab, server.client() as client:
            client.headers.update(headers)
            yield Somebody(server, platform, actor, user, victim, tab, client)


@pytest.fixture(params=[VISITOR, *DEFAULT_ROLES, *ROLES])
async def person(request: pytest.FixtureRequest, one_worker: Server) -> AsyncIterator[Somebody]:
    """One per role."""
    async with somebody(one_worker, request.param) as person:
        yield person


async def targets(person: Somebody) -> dict[str, str]:
    """Ids of real things that belong to others."""
    platform, victim = person.platform, person.victim
    session = (await platform.sign_in(victim, PASSWORD)).actor.session_id
    role = next(each for each in await platform.caller(SYSTEM)(RoleService.all) if each.grants)
    [entry, *_] = await platform.audit(target_id=str(victim.id))
    return {
        "user_id": str(victim.id),
        "session_id": str(session),
        "role_id": str(role.id),
        "grant_id": str(role.grants[0].id),
        "entry_id": str(entry.id),
    }


class TestMatrix:
    """All that a role does not allow is refused and recorded; all that it allows is open."""

    async def test_role(self, person: Somebody, request: pytest.FixtureRequest) -> None:
        """First all that is refused, then all that is allowed, at last what ends the session."""
        refused = await check_refused(person)
        # What the others open is seen with each alone, and with all of them as an administrator.
        if not request.node.callspec.params["person"].startswith("all but "):
            await check_allowed(person)
        if not person.actor.is_signed_in:
            assert await denials(person) == []
            assert await person.server.counted_refusals() == refused

    def test_is_whole(self) -> None:
        """Every operation's route, every handler and every permission is in it."""
        assert {each.permission for each in routes()} <= {*PERMISSIONS, "public", "signed_in"}
        assert {permission for _, permission in events()} > {"public", "signed_in", UNOPENED}
        assert len(ROLES) == 2 * len(PERMISSIONS)


async def check_refused(person: Somebody) -> int:
    """Call what is not allowed: the permission is named, nothing changes, all is recorded.

    Returns:
        How many calls were refused.
    """
    actor = person.actor
    ids = await targets(person)
    before = await person.platform.contents(without=[AUDIT])
    refused = [each for each in routes() if not person.may(str(each.permission))]
    answers = {}
    for route in refused:
        response = await person.request(route, ids=ids)
        answers[response.headers["x-request-id"]] = route.permission
        problem = response.json()
        where = f"{route.method} {route.path}: {response.text}"
        assert response.headers["content-type"] == "application/problem+json", where
        if actor.is_signed_in:
            assert response.status_code == 403, where
            assert problem["code"] == "permission.denied", where
            assert problem["permission"] == route.permission, where
        else:
            assert response.status_code == 401, where
    unopened = [(name, permission) for name, permission in events() if not person.may(permission)]
    said = await person.emit((name, plausible(name, person.victim)) for name, _ in unopened)

    assert said == [words_of(permission, actor) for _, permission in unopened]
    assert await person.platform.contents(without=[AUDIT]) == before
    if actor.is_signed_in:
        await check_recorded(person, answers.keys(), unopened)
    return len(answers) + len(unopened)


async def check_recorded(
    person: Somebody, request_ids: Collection[str], unopened: Collection[tuple[str, str]]
) -> None:
    """Each refusal has an entry of its own."""
    denied = await denials(person)
    recorded = {entry.request_id for entry in denied if entry.target_type != "handler"}
    assert recorded == request_ids
    assert Counter(e.action for e in denied if e.target_type == "handler") == Counter(
        permission for _, permission in unopened
    )
    assert {entry.target_id for entry in denied if entry.target_type == "handler"} == {
        name[-100:] for name, _ in unopened
    }


async def check_allowed(person: Somebody) -> None:
    """Call what is allowed, with arguments that are about nothing: never for want of a right."""
    before = {entry.id for entry in await denials(person)}
    allowed = [each for each in routes() if person.may(str(each.permission))]
    for route in sorted(allowed, key=is_farewell):
        if is_farewell(route):
            continue
        await check_open(person, route)
    opened = [name for name, permission in events() if person.may(permission)]
    said = await person.emit((name, made_up(name)) for name in opened)
    for route in filter(is_farewell, allowed):
        await person.sign_in()
        await check_open(person, route)

    assert [words for words in said if "permission" in words or "Sign in" in words] == []
    assert [e for e in await denials(person) if e.id not in before] == []


async def check_open(person: Somebody, route: RestRoute) -> None:
    """A route answers anything but that one may not."""
    response = await person.request(route, ids={})

    where = f"{route.method} {route.path}: {response.text[:300]}"
    assert response.status_code not in (401, 403), where
    assert response.status_code < 500, where


async def denials(person: Somebody) -> list[AuditEntry]:
    """What the trail says was refused to them."""
    owner: UUID | None = person.actor.user_id
    return await person.platform.audit(actor_id=owner, outcome="denied")
