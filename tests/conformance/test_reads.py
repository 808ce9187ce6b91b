"""Who looked at a record is in the audit trail, as the policy of its resource says.

Generated for every resource that has records, every policy, and every field that can be hidden,
through the REST API of a whole platform.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.bootstrap import build_registry
from app.core.actor import SYSTEM
from app.core.audit import AuditEntry
from app.core.reads import Kept, ReadRecords, kept
from app.core.record_read import RecordRead
from app.entry_points import short_name
from app.features.audit.schemas import VerifyQuery
from app.features.audit.seal_service import SealService
from app.features.dashboard.service import DashboardService
from app.features.roles.schemas import GrantSpec
from app.scheduling import run, run_last
from app.settings import Settings, variable_name
from app.testing.factories import PASSWORD, RoleFactory, UserFactory
from app.testing.fixtures import settings_for
from app.testing.platform import Platform, SignedIn
from tests.conformance.test_hidden_fields import schemas_of
from tests.fixtures.console import console
from tests.fixtures.handlers import handlers
from tests.fixtures.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, bootstrap
from tests.fixtures.statements import statements

pytestmark = pytest.mark.slow

REGISTRY = build_registry()
RESOURCES = {
    resource.name: resource
    for module in REGISTRY.modules
    for resource in module.resources
    if resource.label
}
PATHS = {"user": "/api/v1/users", "role": "/api/v1/roles"}
POLICIES = [
    (name, policy)
    for name, resource in RESOURCES.items()
    for policy in ("off", "sensitive", "all")
    if policy != "sensitive" or resource.sensitive
]
FIELDS = [
    (name, policy, field)
    for name, policy in POLICIES
    for field in sorted(RESOURCES[name].fields.keys() - {"password"})
]


@pytest.fixture
def reads() -> dict[str, str]:
    """The setting `audit.reads`."""
    return {"user": "sensitive"}


@pytest.fixture
def settings(database_url: str, tmp_path: Path, reads: dict[str, str]) -> Settings:
    """The settings of `platform`."""
    configured = settings_for(database_url, tmp_path)
    audit = configured.audit.model_copy(update={"reads": reads})
    return configured.model_copy(update={"audit": audit})


async def written(platform: Platform, **expected: object) -> list[AuditEntry]:
    """Let all that was noted be written; the entries about it."""
    await run_last(platform.registry, platform.container, only="audit.reads")
    return await platform.audit(**expected)


@asynccontextmanager
async def looking(
    platform: Platform, make_user: UserFactory, *roles: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with these roles."""
    signed_in = await platform.sign_in(await make_user(roles=roles), PASSWORD)
    async with platform.client(signed_in.tokens.access_token) as client:
        yield client


async def record_of(resource: str, make_user: UserFactory, make_role: RoleFactory) -> UUID:
    """A record to look at."""
    made: Any = await (make_user() if resource == "user" else make_role())
    record_id: UUID = made.id
    return record_id


def test_every_resource_is_tried() -> None:
    """Records of every resource can be looked at by the addresses above."""
    whole = {each.resource for each in schemas_of(RecordRead) if not each.is_part}

    assert RESOURCES.keys() == PATHS.keys() == whole
    assert all(set(each.sensitive) <= each.fields.keys() for each in RESOURCES.values())


@pytest.mark.parametrize(("resource", "policy"), POLICIES)
async def test_policy(
    platform: Platform,
    make_user: UserFactory,
    make_role: RoleFactory,
    resource: str,
    policy: Any,
) -> None:
    """Whoever sees all of a record, opened or listed, leaves an entry unless looks are off."""
    (await platform.container.get(ReadRecords))._resources = kept(REGISTRY, {resource: policy})
    record_id = await record_of(resource, make_user, make_role)
    async with looking(platform, make_user, "admin") as client:
        opened = await client.get(f"{PATHS[resource]}/{record_id}")
        listed = await client.get(PATHS[resource])
    entries = await written(platform, action=f"{resource}.read", target_id=str(record_id))

    assert (opened.status_code, listed.status_code) == (200, 200)
    if policy == "off":
        assert entries == []
        return
    [entry] = entries
    assert (entry.outcome, entry.target_type) == ("succeeded", resource)
    assert (entry.detail["count"], entry.detail["listed"]) == (2, 1)
    assert entry.detail.get("fields", []) == sorted(RESOURCES[resource].sensitive)
    assert entry.target_label == opened.json()[RESOURCES[resource].label]
    assert entry.request_id == opened.headers["x-request-id"]
    assert (entry.address, entry.channel) == ("192.0.2.1", "api")
    # Everybody else who was in the list has an entry, too, but for who looked.
    others = await platform.audit(action=f"{resource}.read")
    ids = {each["id"] for each in listed.json()["items"]}
    assert {each.target_id for each in others} == ids - {str(entry.actor_id)}


@pytest.mark.parametrize(("resource", "policy", "field"), FIELDS)
async def test_one_field(  # noqa: PLR0917 - a table and fixtures
    platform: Platform,
    make_user: UserFactory,
    make_role: RoleFactory,
    resource: str,
    policy: Any,
    field: str,
) -> None:
    """Whoever sees one field only leaves an entry if it is sensitive, or all looks are recorded."""
    (await platform.container.get(ReadRecords))._resources = kept(REGISTRY, {resource: policy})
    record_id = await record_of(resource, make_user, make_role)
    await make_role(GrantSpec(permission=f"{resource}.read", readable=[field]), name="one-field")
    async with looking(platform, make_user, "one-field") as client:
        response = await client.get(f"{PATHS[resource]}/{record_id}")
    entries = await written(platform, target_id=str(record_id), action=f"{resource}.read")

    assert response.json().keys() == {"id", "version", field}
    is_sensitive = field in RESOURCES[resource].sensitive
    expected = policy == "all" or (policy == "sensitive" and is_sensitive)
    assert [each.detail.get("fields") for each in entries] == (
        [[field] if is_sensitive else None] if expected else []
    )


@pytest.mark.parametrize("reads", [{"user": "all"}])
@pytest.mark.actor("admin")
class TestWays:
    """By whichever way a record is shown."""

    @pytest.mark.parametrize(
        "path",
        [
            "/api/v1/users?q=grace",
            "/api/v1/roles/{role}/members",
            "/api/v1/permissions/holders?permission=audit.read",
        ],
    )
    async def test_lists_of_people(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory, path: str
    ) -> None:
        """Members, holders and what a search finds are looked at, too."""
        grace = await make_user(display_name="Grace", roles=["admin"])
        roles = (await client.get("/api/v1/roles")).json()["items"]
        admin = next(role["id"] for role in roles if role["name"] == "admin")
        response = await client.get(path.format(role=admin))
        [entry] = await written(platform, action="user.read", target_id=str(grace.id))

        assert response.status_code == 200
        assert entry.detail["listed"] == 1

    @pytest.mark.parametrize("path", ["/api/v1/auth/me", "/api/v1/users/{own}"])
    async def test_ones_own(
        self, platform: Platform, client: httpx.AsyncClient, signed_in: SignedIn, path: str
    ) -> None:
        """Nobody is told of by looking at themselves."""
        response = await client.get(path.format(own=signed_in.user.id))

        assert response.status_code == 200
        assert await written(platform, action="user.read") == []

    async def test_changes(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """Whoever changes a record has an entry already; what the answer shows makes no other."""
        grace = await make_user()
        response = await client.patch(f"/api/v1/users/{grace.id}", json={"display_name": "Grace"})

        assert response.status_code == 200
        assert await written(platform, action="user.read") == []
        assert len(await platform.audit(action="user.update")) == 1

    async def test_exports(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """An export has its one entry, whatever the policy."""
        await make_user()
        response = await client.get("/api/v1/users/export")

        assert response.status_code == 200
        assert await written(platform, action="user.read") == []
        assert len(await platform.audit(action="user.export")) == 1

    async def test_refused(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """What was not shown is no look."""
        await client.get(f"/api/v1/users/{UUID(int=7)}")

        assert await written(platform, action="user.read") == []


@pytest.mark.actor("admin")
class TestTold:
    """Who looked at this record?"""

    async def test_by_rest(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """The trail answers, by the id of the record; also without all else, or without looks."""
        grace = await make_user(email="grace@example.com")
        await client.get(f"/api/v1/users/{grace.id}")
        await written(platform)

        async def actions(more: str) -> list[str]:
            answer = await client.get(f"/api/v1/audit?target_id={grace.id}{more}")
            return [each["action"] for each in answer.json()["items"]]

        assert await actions("") == ["user.read", "user.create"]
        assert await actions("&reads=only") == ["user.read"]
        assert await actions("&reads=none") == ["user.create"]

    async def test_by_who_may_not_see_them(
        self,
        platform: Platform,
        client: httpx.AsyncClient,
        make_user: UserFactory,
        make_role: RoleFactory,
    ) -> None:
        """Whoever reads the trail and no users is told when and how often, not who and of whom."""
        grace = await make_user(email="grace@example.com")
        await client.get(f"/api/v1/users/{grace.id}")
        await written(platform)
        await make_role("audit.read", name="auditor")
        async with looking(platform, make_user, "auditor") as auditor:
            answer = await auditor.get(f"/api/v1/audit?target_id={grace.id}&reads=only")
        [entry] = answer.json()["items"]

        assert (entry["target_label"], entry["actor_name"], entry["actor_email"]) == ("", "", "")
        assert entry["detail"].keys() == {"count", "first_at", "last_at"}

    async def test_by_themselves(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory,
        make_role: RoleFactory,
    ) -> None:  # fmt: skip
        """Who may read what was done to their own record learns that somebody looked at it."""
        await make_role(GrantSpec(permission="audit.read", rule="about_me"), name="about-me")
        grace = await make_user(email="grace@example.com", roles=["about-me"])
        await client.get(f"/api/v1/users/{grace.id}")
        await written(platform)
        signed_in = await platform.sign_in(grace, PASSWORD)
        async with platform.client(signed_in.tokens.access_token) as theirs:
            answer = await theirs.get("/api/v1/audit?reads=only")

        assert [each["action"] for each in answer.json()["items"]] == ["user.read"]

    async def test_is_sealed(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """Looks are sealed like all entries, and verification finds nothing wrong with them."""
        await client.get("/api/v1/users")
        grace = await make_user()
        await client.get(f"/api/v1/users/{grace.id}")
        await written(platform)
        call = platform.caller(SYSTEM)
        await call(SealService.seal, limit=1_000)
        verified = await call(SealService.verify, VerifyQuery())

        assert verified.findings == []
        assert verified.waiting == 0


@pytest.mark.actor("admin")
class TestOthersUndisturbed:
    """What asks the trail for changes is answered as if nobody had looked."""

    async def test_undo(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """A change can be taken back although somebody looked since."""
        grace = await make_user(display_name="Grace")
        await client.patch(f"/api/v1/users/{grace.id}", json={"display_name": "Hopper"})
        await client.get(f"/api/v1/users/{grace.id}")
        await written(platform)
        [change] = await platform.audit(action="user.update")
        response = await client.post(f"/api/v1/audit/{change.id}/undo")

        assert response.status_code == 204
        shown = await client.get(f"/api/v1/users/{grace.id}")
        assert shown.json()["display_name"] == "Grace"

    async def test_nobody_looked(self, client: httpx.AsyncClient) -> None:
        """Without looks in the trail, leaving them out leaves out nothing."""
        every, none, only = [
            [each["id"] for each in (await client.get(f"/api/v1/audit{query}")).json()["items"]]
            for query in ("", "?reads=none", "?reads=only")
        ]

        assert none == every
        assert len(every) > 1
        assert only == []

    async def test_dashboard(
        self,
        platform: Platform,
        client: httpx.AsyncClient,
        make_user: UserFactory,
        signed_in: SignedIn,
    ) -> None:
        """One's own last activity is what one did."""
        grace = await make_user()
        await client.get(f"/api/v1/users/{grace.id}")
        await written(platform)
        own = await platform.caller(signed_in.actor)(DashboardService.own_activity)

        assert [each.action for each in own] == ["auth.token.issue"]


@pytest.mark.actor("admin")
class TestCost:
    """Reading waits for nothing."""

    async def test_no_statement_more(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """Opening and listing run the same statements with and without a policy."""
        grace = await make_user()
        reads = await platform.container.get(ReadRecords)
        counted: dict[str, list[str]] = {}
        policies: dict[str, dict[str, Kept]] = {
            "off": {},
            "all": {"user": Kept("email", ["email"], always=True)},
        }
        # The first calls prepare what later ones find prepared.
        for name in ("warm", *policies):
            reads._resources = policies.get(name, {})
            with statements(await platform.database()) as counted[name]:
                await client.get(f"/api/v1/users/{grace.id}")
                await client.get("/api/v1/users")

        assert len(reads) == 1
        assert counted["all"] == counted["off"]
        assert len(counted["off"]) > 1

    async def test_job(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """The job that runs every few seconds leaves looks that may still be repeated."""
        grace = await make_user()
        await client.get(f"/api/v1/users/{grace.id}")
        job = next(each for each in platform.registry.jobs if each.id == "audit.reads")
        await run(job, platform.container)

        assert await platform.audit(action="user.read") == []
        assert len(await platform.container.get(ReadRecords)) == 1


@pytest.mark.actor("admin")
class TestTrouble:
    """Nothing is lost without a word."""

    async def test_full(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """What found no room is an entry that says how much it was, and no answer is late."""
        for _ in range(3):
            await make_user()
        reads = await platform.container.get(ReadRecords)
        reads._most = 2
        response = await client.get("/api/v1/users")
        [lost] = await written(platform, action="audit.reads_lost")

        assert response.status_code == 200
        assert len(await platform.audit(action="user.read")) == 2
        assert (lost.outcome, lost.error_code) == ("failed", "audit.reads.full")
        assert lost.detail["rows"] == 1

    async def test_put_back(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """While the trail cannot be written records are shown all the same, and told afterwards."""
        grace = await make_user()
        database = await platform.database()
        async with database.writing.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE core_audit_entries RENAME TO away")
        response = await client.get(f"/api/v1/users/{grace.id}")
        await run_last(platform.registry, platform.container, only="audit.reads")
        assert len(platform.reports) == 1
        platform.reports.clear()
        async with database.writing.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE away RENAME TO core_audit_entries")
        [entry] = await written(platform, action="user.read")

        assert response.status_code == 200
        assert entry.target_id == str(grace.id)

    async def test_while_they_are_written(
        self, platform: Platform, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """Looks that come while others are written are neither lost nor written twice."""
        people = [await make_user() for _ in range(20)]

        async def look() -> None:
            for each in people:
                await client.get(f"/api/v1/users/{each.id}")

        async def write() -> None:
            for _ in range(10):
                await written(platform)
                await asyncio.sleep(0)

        await asyncio.gather(look(), write())
        entries = await written(platform, action="user.read")

        assert sum(each.detail["count"] for each in entries) == len(people)


@pytest.mark.slow
class TestConsole:
    """What is looked at in the console of a real server, written when it stops."""

    async def test_pages_and_events(self, frontend: None, tmp_path: Path) -> None:
        """Pages and what is sent from them have an entry each; the people listed have theirs."""
        settings = settings_for(f"sqlite:///{tmp_path / 'atrium.db'}", tmp_path)
        policy = {
            variable_name("audit.reads"): '{"user": "sensitive"}',
            variable_name("audit.record_requests"): "true",
        }
        server = Server(settings, tmp_path, **policy, **bootstrap())
        server.start()
        try:
            async with server.platform() as platform:
                grace = await server.add_user(platform, display_name="Grace")
            cookie = await server.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
            async with console(server, cookie) as tab:
                await tab.open("/users")
                await tab.call(
                    next(name for name in handlers() if short_name(name) == "user_list.search_for"),
                    {"text": "grace"},
                )
            async with console(server) as tab:
                await tab.open("/sign-in")
        finally:
            server.stop()
        async with server.platform() as platform:
            looks = await platform.audit(action="user.read")
            requests = await platform.audit(action="request.read")

        assert [each.target_id for each in looks] == [str(grace.id)]
        assert looks[0].detail["listed"] == looks[0].detail["count"]
        assert (looks[0].channel, looks[0].actor_email) == ("console", ADMIN_EMAIL)
        told = {(each.target_type, each.target_label) for each in requests}
        assert ("page", "/users") in told
        assert ("handler", "user_list.search_for") in told
        assert {each.actor_email for each in requests} == {ADMIN_EMAIL}
