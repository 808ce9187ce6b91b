"""Which users the filters of a list mean, by REST and for those who see only some of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine

from app.core import clock
from app.core.actor import SYSTEM
from app.features.roles.schemas import GrantSpec
from app.features.users.schemas import UserFilter, UserListQuery
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Platform

MONTH = timedelta(days=30)


@pytest.fixture
async def people(platform: Platform, make_user: UserFactory, make_role: RoleFactory) -> None:
    """Ada signs in, Bo did long ago, Cy never; they differ in roles and confirmed addresses."""
    for name in ("Reader", "Writer"):
        await make_role("user.read", name=name)
    ada = await make_user(display_name="Ada", roles=["Reader"], verified=True)
    bo = await make_user(display_name="Bo", roles=["Reader", "Writer"], verified=False)
    cy = await make_user(display_name="Cy", verified=False)
    await platform.caller(SYSTEM)(UserService.assign_roles, cy.id, [])
    with time_machine.travel(clock.now() - 2 * MONTH):
        await platform.sign_in(bo, PASSWORD)
    await platform.sign_in(ada, PASSWORD)


CASES: list[tuple[Mapping[str, Any], str]] = [
    ({"role.in": ["Reader", "Writer"]}, "Ada Bo"),
    ({"role.in": ["writer"]}, "Bo"),
    ({"role": "Reader", "role.in": ["Writer"]}, "Bo"),
    ({"role.empty": "true"}, "Cy"),
    ({"role.empty": "false"}, "Ada Bo"),
    ({"verified": "true"}, "Ada"),
    ({"verified": "false"}, "Bo Cy"),
    ({"last_sign_in_at.empty": "true"}, "Cy"),
    ({"last_sign_in_at.empty": "false"}, "Ada Bo"),
    ({"last_sign_in_at.max": lambda: clock.now() - MONTH}, "Bo"),
]


@pytest.mark.usefixtures("people")
@pytest.mark.actor("admin")
@pytest.mark.parametrize(("asked", "names"), CASES)
async def test_filter(
    platform: Platform, client: httpx.AsyncClient, asked: Mapping[str, Any], names: str
) -> None:
    """Each means the same in a list, its count and its file."""
    given = {key: value().isoformat() if callable(value) else value for key, value in asked.items()}
    answer = await client.get("/api/v1/users", params={**given, "sort": "display_name"})
    assert answer.status_code == 200, answer.text
    found = [user["display_name"] for user in answer.json()["items"]]
    counted = await platform.caller(SYSTEM)(UserService.count, UserFilter.model_validate(given))
    saved = await client.get("/api/v1/users/export", params=given)

    assert [name for name in found if name in ("Ada", "Bo", "Cy")] == names.split()
    assert counted.count == len(found) == len(saved.text.splitlines()) - 1


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("roles", {"role.in": ["Reader"]}),
        ("roles", {"role.empty": True}),
        ("verified", {"verified": False}),
        ("last_sign_in_at", {"last_sign_in_at.empty": True}),
        ("last_sign_in_at", {"last_sign_in_at.max": "2999-01-01T00:00:00Z"}),
    ],
)
@pytest.mark.usefixtures("people")
async def test_hidden(
    platform: Platform, make_user: UserFactory, make_role: RoleFactory, field: str, asked: Any
) -> None:
    """Nobody finds people by a field that they may not see."""
    shown = sorted({"display_name", "roles", "verified", "last_sign_in_at"} - {field})
    role = await make_role(GrantSpec(permission="user.read", readable=shown), name="Half")
    user = await make_user(roles=[role.name])
    call = platform.caller((await platform.sign_in(user, PASSWORD)).actor)

    assert (await call(UserService.page, UserListQuery(**asked))).items == []
    assert (await call(UserService.count, UserFilter(**asked))).count == 0


@pytest.mark.actor("admin")
@pytest.mark.parametrize("asked", ["role.empty=yes", "verified=1", "last_sign_in_at.max=yesterday"])
async def test_wrong(client: httpx.AsyncClient, asked: str) -> None:
    """What a filter does not take is said at it."""
    answer = await client.get(f"/api/v1/users?{asked}")
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {asked.partition("=")[0]}
