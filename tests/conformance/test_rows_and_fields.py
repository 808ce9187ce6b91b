"""Nobody learns more by a list, a count, a search, an export or the audit trail than by a look.

Generated for every row rule and every field that a feature registers, through
the REST API of a whole platform.
"""

import csv
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import httpx
import pytest

from app.bootstrap import build_registry
from app.core.actor import SYSTEM
from app.core.permissions import resource_of
from app.features.audit.seal_service import SealService
from app.features.roles.schemas import GrantSpec, MembersAdd, RoleListQuery
from app.features.roles.service import RoleService
from app.features.users.credential_service import CredentialService
from app.features.users.schemas import FIELDS, EmailChange, UserRead
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.platform import Platform

pytestmark = pytest.mark.slow

REGISTRY = build_registry()
RULES = [
    (resource.name, rule.name)
    for module in REGISTRY.modules
    for resource in module.resources
    for rule in resource.rules
]
VISIBLE = sorted(FIELDS.keys() - {"password"})
# What a plain reader says of a rule: does the viewer see this user?
USER_RULES: dict[str, Callable[[UserRead, UserRead], bool]] = {
    "own": lambda viewer, user: user.id == viewer.id,
    "same_role": lambda viewer, user: not set(viewer.roles).isdisjoint(user.roles),
}


@dataclass
class Viewer:
    """Somebody with limited access, and everybody they might see."""

    user: UserRead
    client: httpx.AsyncClient
    people: list[UserRead]

    async def json(self, path: str) -> Any:
        """The body of a successful answer."""
        response = await self.client.get(f"/api/v1{path}")
        assert response.status_code == 200, response.text
        return response.json()

    async def listed(self, query: str = "") -> list[dict[str, Any]]:
        """All users of the list, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.json(f"/users?limit=2{query}{cursor}")
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def exported(self, query: str = "") -> list[dict[str, str]]:
        """The lines of the export."""
        response = await self.client.get(f"/api/v1/users/export?sort=-created_at{query}")
        assert response.status_code == 200, response.text
        return list(csv.DictReader(StringIO(response.text)))


@pytest.fixture
async def viewer(
    grants: list[GrantSpec],
    platform: Platform,
    make_user: UserFactory,
    make_role: RoleFactory,
) -> AsyncIterator[Viewer]:
    """Somebody who holds the grants that the test is run with, among four others."""
    await make_role(*grants, name="limited")
    await make_role(name="team")
    people = [
        await make_user(display_name="Ada Alpha", email="ada@one.example", roles=["team"]),
        await make_user(display_name="Bob Beta", email="bob@two.example", roles=["guest"]),
        await make_user(display_name="Cem Gamma", email="cem@three.example", roles=[]),
        await make_user(display_name="Dee Delta", email="dee@four.example", roles=["team", "user"]),
    ]
    user = await make_user(
        display_name="Vic Viewer", email="vic@five.example", roles=["limited", "team"]
    )
    signed_in = await platform.sign_in(user, PASSWORD)
    await platform.caller(SYSTEM)(SealService.seal, limit=5000)
    async with platform.client(signed_in.tokens.access_token) as client:
        yield Viewer(user, client, [*people, user])


def limited(permission: str, **conditions: Any) -> GrantSpec:
    """One grant."""
    return GrantSpec(permission=permission, **conditions)


def test_every_rule_of_users_is_tried() -> None:
    """A new row rule of the users feature needs a line above."""
    assert {rule for resource, rule in RULES if resource == "user"} == USER_RULES.keys()


@pytest.mark.parametrize("resource", sorted({resource for resource, _ in RULES}))
def test_rules_belong_to_permissions(resource: str) -> None:
    """A rule for which there is no permission could never be granted."""
    assert resource in {resource_of(name) for name in REGISTRY.permissions}


ROWS = [
    pytest.param([limited("user.read", rule=rule)], (rule,), id=rule) for rule in sorted(USER_RULES)
] + [
    pytest.param(
        [limited("user.read", rule=rule) for rule in USER_RULES], tuple(USER_RULES), id="both"
    ),
    pytest.param([limited("*.read", rule="own"), limited("role.read")], ("own",), id="wildcard"),
]


@pytest.mark.parametrize(("grants", "rules"), ROWS)
class TestRows:
    """What a row rule leaves out cannot be found by any way."""

    async def test_by_any_way(self, viewer: Viewer, rules: tuple[str, ...]) -> None:
        """List, page, search, filter, export and the record agree with the rule read by eye."""
        seen = {
            str(user.id)
            for user in viewer.people
            if any(USER_RULES[rule](viewer.user, user) for rule in rules)
        }

        assert {user["id"] for user in await viewer.listed()} == seen
        assert {user["id"] for user in await viewer.listed("&sort=email")} == seen
        assert {row["id"] for row in await viewer.exported()} == seen
        for user in viewer.people:
            word = user.display_name.split()[1]
            found = {each["id"] for each in await viewer.listed(f"&q={word}")}
            assert found == {str(user.id)} & seen
            assert {row["id"] for row in await viewer.exported(f"&q={word}")} == found
            response = await viewer.client.get(f"/api/v1/users/{user.id}")
            assert response.status_code == (200 if str(user.id) in seen else 404)
        for role in ("team", "guest", "user"):
            found = {each["id"] for each in await viewer.listed(f"&role={role}")}
            assert found == seen & {str(user.id) for user in viewer.people if role in user.roles}


WRITING = [
    limited("user.read"),
    limited("user.update", rule="same_role"),
    limited("user.delete", rule="own"),
]


@pytest.mark.parametrize("grants", [WRITING])
class TestWriting:
    """Seen by one permission, changed by another."""

    async def test_seen_but_refused(self, viewer: Viewer) -> None:
        """403 names the permission that does not reach this user."""
        ada, bob, *_ = viewer.people

        allowed = await viewer.client.patch(
            f"/api/v1/users/{ada.id}", json={"display_name": "Ada Again"}
        )
        refused = await viewer.client.patch(
            f"/api/v1/users/{bob.id}", json={"display_name": "Taken"}
        )
        kept = await viewer.client.delete(f"/api/v1/users/{ada.id}")

        # Sharing a role is not all: what Ada holds, the viewer holds too.
        assert allowed.status_code == 200, allowed.text
        assert (refused.status_code, refused.json()["code"]) == (403, "permission.row")
        assert refused.json()["permission"] == "user.update"
        assert (kept.status_code, kept.json()["permission"]) == (403, "user.delete")


@pytest.mark.parametrize(
    ("grants", "hidden"),
    [
        pytest.param(
            [
                limited("user.read", readable=[name for name in VISIBLE if name != field]),
                limited("audit.read"),
                limited("user.update"),
            ],
            field,
            id=field,
        )
        for field in VISIBLE
    ],
)
class TestFields:
    """A field that may not be read is absent everywhere."""

    async def test_by_any_way(self, viewer: Viewer, platform: Platform, hidden: str) -> None:
        """Record, list, export, filter, sort, search and the audit trail."""
        ada = viewer.people[0]
        await platform.sign_in(ada, PASSWORD)
        system = platform.caller(SYSTEM)
        team = (await system(RoleService.page, RoleListQuery(q="team"))).items[0]
        await system(RoleService.add_members, team.id, MembersAdd(user_ids=[viewer.people[2].id]))
        await system(SealService.seal, limit=5000)
        listed = await viewer.listed()
        assert len(listed) == len(viewer.people)
        assert all(hidden not in user for user in listed)
        assert all(user.keys() >= set(VISIBLE) - {hidden} for user in listed)
        assert hidden not in await viewer.json(f"/users/{ada.id}")
        assert {row.get(hidden, "") for row in await viewer.exported()} == {""}

        if hidden in ("email", "display_name", "last_sign_in_at"):
            refused = await viewer.client.get(f"/api/v1/users?sort={hidden}")
            assert (refused.status_code, refused.json()["code"]) == (422, "page.sort.hidden")
        if hidden == "status":
            assert await viewer.listed("&status=active") == []
        if hidden == "roles":
            assert await viewer.listed("&role=team") == []
        if hidden == "email":
            assert await viewer.listed("&q=one") == []
            assert len(await viewer.listed("&q=alpha")) == 1
        if hidden == "display_name":
            assert await viewer.listed("&q=alpha") == []
            assert len(await viewer.listed("&q=one")) == 1

        entries = (await viewer.json(f"/audit?target_type=user&target_id={ada.id}"))["items"]
        assert entries
        for entry in entries:
            assert hidden not in [change["field"] for change in entry["changes"]]
            one = await viewer.json(f"/audit/{entry['id']}") if hidden == "email" else entry
            assert hidden != "email" or ada.email not in str(one)
        # Nobody is found by what is hidden; nor by their name when their address is.
        by_name = (await viewer.json("/audit?text=alpha"))["items"]
        assert bool(by_name) is (hidden not in {"display_name", "email"})
        by_address = (await viewer.json("/audit?text=one"))["items"]
        assert bool(by_address) is (hidden != "email")
        all_of_it = str(await viewer.json("/audit?limit=200"))
        assert (hidden != "email") is ("one.example" in all_of_it)
        assert (hidden != "email") is ("three.example" in all_of_it)
        assert (hidden != "display_name") is ("Ada Alpha" in all_of_it)


# What a plain reader says of a rule: does the viewer see this entry?
AUDIT_RULES: dict[str, Callable[[UserRead, dict[str, Any]], bool]] = {
    "own": lambda viewer, entry: entry["actor_id"] == str(viewer.id),
    "about_me": lambda viewer, entry: (
        (entry["target_type"], entry["target_id"]) == ("user", str(viewer.id))
    ),
}


def test_every_rule_of_the_trail_is_tried() -> None:
    """A new row rule of the audit trail needs a line above."""
    assert {rule for resource, rule in RULES if resource == "audit"} == AUDIT_RULES.keys()


@pytest.mark.parametrize(
    ("grants", "rule"),
    [
        # Nobody is found by a name that is hidden, so the names of people are not.
        pytest.param([limited("audit.read", rule=rule), limited("user.read")], rule, id=rule)
        for rule in AUDIT_RULES
    ],
)
class TestTrail:
    """What a row rule of the audit trail leaves out is not found by any filter or word."""

    async def test_by_any_way(self, viewer: Viewer, platform: Platform, rule: str) -> None:
        """The list, and the search for whatever is written in it or not."""
        ada = viewer.people[0]
        system = platform.caller(SYSTEM)
        await system(
            CredentialService.change_email, viewer.user.id, EmailChange(email="new@seven.example")
        )
        await system(CredentialService.change_email, ada.id, EmailChange(email="ada@eight.example"))
        # Another address ends the sessions.
        again = viewer.user.model_copy(update={"email": "new@seven.example"})
        tokens = (await platform.sign_in(again, PASSWORD)).tokens
        viewer.client.headers["Authorization"] = f"Bearer {tokens.access_token}"
        await viewer.client.delete(f"/api/v1/users/{ada.id}")
        await system(SealService.seal, limit=5000)
        everything = [entry.model_dump(mode="json") for entry in await platform.audit()]
        seen = {entry["id"] for entry in everything if AUDIT_RULES[rule](viewer.user, entry)}

        assert {each["id"] for each in await self.found(viewer, "")} == seen
        for word in ("ada", "eight", "one", "vic", "five", "seven", "viewer", "system"):
            for entry in await self.found(viewer, f"&text={word}"):
                assert entry["id"] in seen
                columns = ("actor_name", "actor_email", "target_label")
                assert word in " ".join(entry[column] for column in columns).lower()
        assert await self.found(viewer, "&text=vic")
        assert await self.found(viewer, "&text=eight") == []

    @staticmethod
    async def found(viewer: Viewer, query: str) -> list[dict[str, Any]]:
        """What the trail shows; sign-ins go on, the viewer does nothing meanwhile."""
        items: list[dict[str, Any]] = (await viewer.json(f"/audit?limit=200{query}"))["items"]
        return items


MASKED_TRAIL = [limited("user.read", readable=["display_name"]), limited("audit.read")]


@pytest.mark.parametrize("grants", [MASKED_TRAIL])
class TestFormerNames:
    """A hidden name is not found by what it was either."""

    async def test_by_text(self, viewer: Viewer, platform: Platform) -> None:
        """Neither the former nor the present address finds an entry."""
        system = platform.caller(SYSTEM)
        change = EmailChange(email="ada@eight.example")
        await system(CredentialService.change_email, viewer.people[0].id, change)
        await system(SealService.seal, limit=5000)

        for word in ("eight", "one", "ada"):
            assert (await viewer.json(f"/audit?text={word}"))["items"] == []


MASKED_BY_ROW = [limited("user.read", readable=["display_name"]), limited("user.read", rule="own")]


@pytest.mark.parametrize("grants", [MASKED_BY_ROW])
class TestFieldsByRow:
    """Several grants add up row by row."""

    async def test_own_record_shows_more(self, viewer: Viewer) -> None:
        """Everything of oneself, the name of others; a search does not betray the rest."""
        users = {user["id"]: user for user in await viewer.listed()}

        own = users.pop(str(viewer.user.id))
        assert own.keys() >= set(VISIBLE)
        assert {frozenset(user) for user in users.values()} == {
            frozenset({"id", "version", "display_name"})
        }
        assert await viewer.listed("&q=one") == []
        assert [user["id"] for user in await viewer.listed("&q=five")] == [str(viewer.user.id)]


LOCKED = [limited("user.read"), limited("user.update", writable=["display_name"])]


@pytest.mark.parametrize("grants", [LOCKED])
class TestWritableFields:
    """A grant may open some fields for writing."""

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"display_name": "New Name"}, 200),
            ({"must_change_password": True}, 403),
            ({"display_name": "New", "must_change_password": True}, 403),
        ],
    )
    async def test_only_those(self, viewer: Viewer, change: dict[str, Any], status: int) -> None:
        """All of a change must be open."""
        cem = viewer.people[2]

        response = await viewer.client.patch(f"/api/v1/users/{cem.id}", json=change)

        assert response.status_code == status, response.text
        if status == 403:
            assert response.json()["code"] == "permission.field"


CREATING = [
    limited("user.read"),
    limited("user.create", writable=["display_name", "email", "password"]),
]


@pytest.mark.parametrize("grants", [CREATING])
class TestFieldsOfNewUsers:
    """What may not be set is not set by creating somebody either."""

    @pytest.mark.parametrize(
        ("more", "status"), [({}, 201), ({"verified": True}, 403), ({"roles": []}, 403)]
    )
    async def test_only_those(self, viewer: Viewer, more: dict[str, Any], status: int) -> None:
        """All that is given must be open."""
        new = {"email": "new@six.example", "display_name": "New", "password": PASSWORD, **more}

        response = await viewer.client.post("/api/v1/users", json=new)

        assert response.status_code == status, response.text
        if status == 403:
            assert response.json()["code"] == "permission.field"
