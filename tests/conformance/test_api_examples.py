"""What the API's document shows as an example is accepted when it is sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.core.actor import SYSTEM
from app.features.auth.session_service import SessionService
from app.features.roles.schemas import Grants
from app.features.roles.service import RoleService
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Platform, SignedIn
from tests.conformance.api_document import Documented, operations, resolved

pytestmark = pytest.mark.slow

# The account of the examples, for the operations that are called as it.
ADA = {"email": "ada@example.com", "password": "a long sentence you remember"}
AS_ADA = {"login", "change_own_password", "reauthenticate"}
# What an example can only be about when something went wrong before.
IMPOSSIBLE = {"acknowledge_irregularities": (409, "audit.acknowledge.none")}


def examples() -> list[Any]:
    """Every whole example, and that with each example of one of its fields put in."""
    found = []
    for each in operations():
        if each.body is None:
            continue
        found.append(pytest.param(each, each.example, id=f"{each}"))
        for field, schema in each.body["properties"].items():
            for number, value in enumerate(_values(schema)):
                body = each.example | {field: value}
                if body != each.example:
                    found.append(pytest.param(each, body, id=f"{each}-{field}-{number}"))
    return found


def _values(schema: Mapping[str, Any]) -> list[Any]:
    values = list(schema.get("examples", []))
    items = resolved(schema.get("items", {}))
    return values + [[value] for value in items.get("examples", []) if "$ref" not in schema]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Which engine it is makes no difference to what is accepted."""
    return sqlite_url


@dataclass
class World:
    """Where the examples are sent."""

    client: httpx.AsyncClient
    ids: Mapping[str, str]
    tokens: Mapping[str, str]

    def real(self, value: Any, field: str = "") -> Any:
        """An example with ids and tokens that exist."""
        if isinstance(value, dict):
            return {name: self.real(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self.real(each, field.removesuffix("s")) for each in value]
        return self.ids.get(field) or self.tokens.get(field) or value


@pytest.fixture
async def world(platform: Platform, make_user: UserFactory, make_role: RoleFactory) -> Any:
    """Two administrators, somebody with a session, and a role; nobody has the example's address."""
    admin = await make_user(email="root@example.com", roles=["admin"])
    user = await make_user(email="grace@example.com", roles=["user"])
    session = await platform.sign_in(user, PASSWORD)
    [of_user] = await platform.caller(SYSTEM)(SessionService.of_user, user.id)
    role = await make_role("user.read", name="desk")
    await platform.caller(SYSTEM)(
        RoleService.set_own_grants, user.id, Grants(permissions=["audit.read"])
    )
    signed_in = await platform.sign_in(admin, PASSWORD)
    ids = {
        "user_id": str(user.id),
        "role_id": str(role.id),
        "grant_id": str(role.grants[0].id),
        "session_id": str(of_user.id),
    }
    async with platform.client(signed_in.tokens.access_token) as client:
        yield World(client, ids, {"refresh_token": session.tokens.refresh_token})


@pytest.mark.parametrize(("operation", "body"), examples())
async def test_is_accepted(
    operation: Documented,
    body: dict[str, Any],
    world: World,
    platform: Platform,
    make_user: UserFactory,
) -> None:
    """It does what it says, by anybody who may."""
    headers = {}
    if str(operation) in AS_ADA:
        ada = await make_user(**ADA, roles=["admin"])
        signed_in: SignedIn = await platform.sign_in(ada, ADA["password"])
        headers = {"Authorization": f"Bearer {signed_in.tokens.access_token}"}
    path = re.sub(r"\{(\w+)\}", lambda name: world.ids[name[1]], operation.path)

    answer = await world.client.request(
        operation.method, path, json=world.real(body), headers=headers
    )

    if str(operation) in IMPOSSIBLE:
        assert (answer.status_code, answer.json()["code"]) == IMPOSSIBLE[str(operation)]
    else:
        assert answer.is_success, answer.text


def test_every_body_has_one() -> None:
    """Whoever reads the document sees what to send."""
    lacking = [str(each) for each in operations() if each.body and "examples" not in each.body]

    assert lacking == []
