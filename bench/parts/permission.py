"""One permission check, from memory and cold, beside pycasbin on the same policy."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import casbin
from sqlalchemy import insert

from app.core.access import Access, Grant
from app.core.role_graph import Held, RoleGraph, RoleNode
from app.features.roles.models import RoleInclude
from app.features.roles.resolver import AccessResolver
from app.testing.factories import RoleFactory, UserFactory
from app.testing.fixtures import settings_for
from app.testing.platform import Platform, open_platform
from bench.effort import Effort
from bench.figures import Figure
from bench.parts.me import databases
from bench.statistics import median, median_ratio

ROLES = 20
PERMISSIONS = 200
GOAL_MICROSECONDS = 5

_USER = "ada"
_EACH = PERMISSIONS // ROLES
_PERMISSIONS = [f"thing{number}.read" for number in range(PERMISSIONS)]
_DENIED = "thing_of_others.read"

_MODEL = """
[request_definition]
r = sub, act
[policy_definition]
p = sub, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && g(r.sub, p.sub)
"""


def measure(effort: Effort) -> Iterator[Figure]:
    """Somebody with twenty roles, of which half come by inclusion, and two hundred permissions."""
    with tempfile.TemporaryDirectory() as home:
        policy = _write_policy(Path(home))

        def enforcer() -> Any:
            return casbin.FastEnforcer(*policy, cache_key_order=[1])

        yield from _from_memory(enforcer(), effort)
        yield from _cold(enforcer, effort)
    for title, database in databases():
        with database as url, tempfile.TemporaryDirectory() as directory:
            yield asyncio.run(_from_database(title, url, Path(directory), effort))


def _from_memory(enforcer: Any, effort: Effort) -> Iterator[Figure]:
    access = _access()
    for permission in (*_PERMISSIONS, _DENIED):
        if (permission in access) != enforcer.enforce(_USER, permission):
            message = f"The two engines disagree about {permission}."
            raise AssertionError(message)
    ours, theirs = [], []
    for _ in range(effort.rounds):
        ours.append(_seconds(access.__contains__, 100_000))
        theirs.append(_seconds(partial(enforcer.enforce, _USER), effort.samples))
    yield Figure(
        "permission",
        f"check from memory, {PERMISSIONS} permissions of {ROLES} roles",
        median(ours) * 1e6,
        "µs",
        at_most=GOAL_MICROSECONDS,
    )
    yield Figure(
        "permission",
        "check from memory to pycasbin's",
        median_ratio(ours, theirs),
        at_most=1,
        note=f"{median(ours) * 1e6:.2f} µs to {median(theirs) * 1e6:,.0f} µs",
    )


def _cold(enforcer: Callable[[], Any], effort: Effort) -> Iterator[Figure]:
    """From the policy's rows to the first answer."""

    def ours(permission: str) -> bool:
        return permission in _access()

    def theirs(permission: str) -> bool:
        answer: bool = enforcer().enforce(_USER, permission)
        return answer

    mine, others = [], []
    for _ in range(effort.rounds):
        mine.append(_seconds(ours, effort.samples // 10))
        others.append(_seconds(theirs, effort.samples // 10))
    yield Figure(
        "permission",
        "first check of a policy read anew to pycasbin's",
        median_ratio(mine, others),
        at_most=1,
        note=f"{median(mine) * 1e6:,.0f} µs to {median(others) * 1e6:,.0f} µs",
    )


async def _from_database(title: str, url: str, directory: Path, effort: Effort) -> Figure:
    """A check of somebody whom this worker does not know yet; the roles it knows."""
    async with open_platform(settings_for(url, directory)) as platform:
        await platform.prepare()
        user_id = await _store(platform)
        database = await platform.database()
        resolver = AccessResolver(database)
        taken = []
        for number in range(effort.samples):
            start = time.perf_counter()
            # Another version of the user: what is known of them no longer counts.
            access, _ = await resolver.of_user(user_id, (0, number))
            assert _PERMISSIONS[number % PERMISSIONS] in access  # noqa: S101 - what is measured must be right
            taken.append(time.perf_counter() - start)
    return Figure("permission", f"check with its one query, {title}", median(taken) * 1e6, "µs")


def _direct() -> list[str]:
    """Every second role is given; each of them includes the next one."""
    return [f"role{number}" for number in range(0, ROLES, 2)]


def _granted() -> Iterator[tuple[str, str]]:
    """Role and permission of every grant."""
    for number, permission in enumerate(_PERMISSIONS):
        yield f"role{number // _EACH}", permission


def _included() -> Iterator[tuple[str, str]]:
    """The roles that include one, and which."""
    for number in range(0, ROLES, 2):
        yield f"role{number}", f"role{number + 1}"


def _access() -> Access:
    granted: dict[str, list[Grant]] = {f"role{number}": [] for number in range(ROLES)}
    for role, permission in _granted():
        granted[role].append(Grant(permission))
    includes = dict(_included())
    graph = RoleGraph(
        {
            role: RoleNode(tuple(grants), (includes[role],) if role in includes else ())
            for role, grants in granted.items()
        }
    )
    return graph.access([Held(role) for role in _direct()])


def _write_policy(home: Path) -> tuple[str, str]:
    """The same policy for pycasbin: the files of its model and of its rules."""
    model, rules = home / "model.conf", home / "policy.csv"
    model.write_text(_MODEL)
    roles = (*((_USER, role) for role in _direct()), *_included())
    lines = [f"p, {role}, {permission}" for role, permission in _granted()]
    lines += [f"g, {role}, {included}" for role, included in roles]
    rules.write_text("\n".join(lines))
    return str(model), str(rules)


def _seconds(check: Callable[[str], bool], count: int) -> float:
    """The mean of so many checks, over all permissions in turn."""
    start = time.perf_counter()
    for number in range(count):
        check(_PERMISSIONS[number % PERMISSIONS])
    return (time.perf_counter() - start) / count


async def _store(platform: Platform) -> UUID:
    """Write the policy into the database; whose it is."""
    make_role, roles = RoleFactory(platform), {}
    for name in sorted({role for role, _ in _granted()}):
        grants = [permission for role, permission in _granted() if role == name]
        roles[name] = await make_role(*grants, name=name)
    user = await UserFactory(platform)(roles=_direct())
    async with (await platform.database()).writing.begin() as connection:
        for role, included in _included():
            row = {"role_id": roles[role].id, "included_id": roles[included].id}
            await connection.execute(insert(RoleInclude), row)
    return user.id
