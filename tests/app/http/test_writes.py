"""Each request that could have changed something is in the audit trail once, done or refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.audit import AuditEntry
from app.scheduling import run
from app.settings import Settings
from app.testing.factories import PASSWORD, UserFactory
from app.testing.fixtures import settings_for
from app.testing.platform import ADDRESS, ORIGIN, Platform, SignedIn

pytestmark = pytest.mark.one_engine

ACTION = "request.write"
USER = "/api/v1/users/01890000-0000-7000-8000-000000000001"
JSON = {"Content-Type": "application/json"}
LARGE = b'{"display_name": "' + b"x" * 11 * 1024 * 1024 + b'"}'


async def recorded(platform: Platform, response: httpx.Response) -> list[AuditEntry]:
    """The entries of a request."""
    return await platform.audit(request_id=response.headers["x-request-id"])


class Pieces:
    """A body that does not say how large it is."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Its parts."""
        for start in range(0, len(LARGE), 1024 * 1024):
            yield LARGE[start : start + 1024 * 1024]


@pytest.mark.actor("admin")
class TestSignedIn:
    """What no operation has recorded."""

    @pytest.mark.parametrize(
        ("method", "path", "sent", "status", "code", "route"),
        [
            ("POST", "/api/v1/users", {"json": {}}, 422, "request.invalid", "/api/v1/users"),
            ("PATCH", USER, {"json": {"no_such": 1}}, 422, "request.invalid",
             "/api/v1/users/{user_id}"),
            ("PATCH", f"{USER}?no_such=1", {"json": {}}, 422, "request.invalid",
             "/api/v1/users/{user_id}"),
            ("PUT", "/api/v1/users/7", {"json": {}}, 422, "request.invalid",
             "/api/v1/users/{user_id}"),
            ("POST", "/api/v1/users", {"content": b"{", "headers": JSON}, 400,
             "request.body.not_json", "/api/v1/users"),
            ("POST", "/api/v1/users", {"content": b"a", "headers": {"Content-Type": "text/plain"}},
             415, "request.media_type", "/api/v1/users"),
            ("POST", "/api/v1/no-such", {"json": {}}, 404, "route.not_found", ""),
            ("DELETE", "/api/v2/users", {}, 404, "route.not_found", ""),
            ("DELETE", "/api/v1/users", {}, 405, "route.method_not_allowed", "/api/v1/users"),
            ("POST", USER, {}, 405, "route.method_not_allowed", "/api/v1/users/{user_id}"),
            ("PATCH", USER, {"content": LARGE}, 413, "request.body.too_large",
             "/api/v1/users/{user_id}"),
            ("PATCH", USER, {"content": Pieces()}, 413, "request.body.too_large",
             "/api/v1/users/{user_id}"),
            ("PATCH", USER, {"headers": {"X-Large": "x" * 40_000}}, 431,
             "request.headers.too_large", "/api/v1/users/{user_id}"),
            ("POST", "/api/v1/auth/login", {"json": {}}, 422, "request.invalid",
             "/api/v1/auth/login"),
        ],
    )  # fmt: skip
    async def test_refused(  # noqa: PLR0917 - a table
        self,
        client: httpx.AsyncClient,
        platform: Platform,
        signed_in: SignedIn,
        method: str,
        path: str,
        sent: dict[str, Any],
        status: int,
        code: str,
        route: str,
    ) -> None:
        """Has one entry: who, what, where, and with which answer."""
        response = await client.request(method, path, **sent)

        path = path.partition("?")[0]
        [entry] = await recorded(platform, response)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert (entry.action, entry.outcome, entry.error_code) == (ACTION, "failed", code)
        assert entry.detail == {"method": method, "route": route, "path": path, "status": status}
        assert entry.target_label == f"{method} {route or 'to an unknown address'}"
        assert entry.actor_id == signed_in.user.id
        assert entry.session_id == signed_in.actor.session_id
        assert entry.channel == "api"
        assert 0 <= entry.duration_ms < 10_000

    async def test_tells_what_the_caller_calls_it(
        self, client: httpx.AsyncClient, platform: Platform
    ) -> None:
        """An id that the caller sent stands in the details, beside ours and never in its place."""
        headers = {"X-Request-ID": "theirs-1"}
        role = {"name": "planned", "description": ""}
        done = await client.post("/api/v1/roles", json=role, headers=headers)
        refused = await client.post("/api/v1/users", json={}, headers=headers)

        assert (done.status_code, refused.status_code) == (201, 422)
        for answer in (done, refused):
            [entry] = await recorded(platform, answer)
            assert entry.detail["client_request_id"] == "theirs-1"
        assert await platform.audit(request_id="theirs-1") == []

    async def test_done_by_a_query(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """What asks by POST has an entry, too."""
        change = {"change": {"name": "planned"}}
        response = await client.post("/api/v1/roles/what-if", json=change)

        [entry] = await recorded(platform, response)
        assert response.status_code == 200
        assert (entry.action, entry.outcome, entry.error_code) == (ACTION, "succeeded", "")

    @pytest.mark.parametrize(
        ("method", "path", "body", "action", "outcome"),
        [
            ("DELETE", USER, None, "user.delete", "failed"),
            ("POST", "/api/v1/roles", {"name": "new"}, "role.create", "succeeded"),
            ("POST", "/api/v1/auth/login", {"email": "a", "password": "b"}, "auth.token.issue",
             "failed"),
            ("POST", "/api/v1/auth/logout", None, "auth.sign_out", "succeeded"),
        ],
    )  # fmt: skip
    async def test_recorded_by_its_operation(  # noqa: PLR0917 - a table
        self,
        client: httpx.AsyncClient,
        platform: Platform,
        method: str,
        path: str,
        body: dict[str, str] | None,
        action: str,
        outcome: str,
    ) -> None:
        """Has no second entry."""
        response = await client.request(method, path, json=body)

        [entry] = await recorded(platform, response)
        assert (entry.action, entry.outcome) == (action, outcome)

    @pytest.mark.parametrize("path", ["/api/v1/users?limit=0", "/api/v1/no-such", USER])
    async def test_reading(self, client: httpx.AsyncClient, platform: Platform, path: str) -> None:
        """Has none."""
        response = await client.get(path)

        assert response.status_code in (404, 422)
        assert await recorded(platform, response) == []

    async def test_long_address(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """Only its beginning is kept."""
        response = await client.post(f"/api/{'x' * 5_000}")

        [entry] = await recorded(platform, response)
        assert entry.detail["path"] == f"/api/{'x' * 195}"


READ = "request.read"


@pytest.mark.actor("admin")
class TestEverything:
    """With `audit.record_requests` also requests that only read are told of, by a job."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path) -> Settings:
        """The settings of `platform`."""
        configured = settings_for(database_url, tmp_path)
        audit = configured.audit.model_copy(update={"record_requests": True})
        return configured.model_copy(update={"audit": audit})

    async def noted(self, platform: Platform, response: httpx.Response) -> list[AuditEntry]:
        """The entries of a request, once the job has run."""
        job = next(each for each in platform.registry.jobs if each.id == "audit.reads")
        await run(job, platform.container)
        return await recorded(platform, response)

    @pytest.mark.parametrize(
        ("method", "path", "status", "code", "route"),
        [
            ("GET", "/api/v1/auth/me", 200, "", "/api/v1/auth/me"),
            ("GET", "/api/v1/users?limit=0", 422, "request.invalid", "/api/v1/users"),
            ("GET", USER, 404, "user.not_found", "/api/v1/users/{user_id}"),
            ("GET", "/api/v1/no-such", 404, "route.not_found", ""),
        ],
    )
    async def test_reading(  # noqa: PLR0917 - a table
        self,
        client: httpx.AsyncClient,
        platform: Platform,
        signed_in: SignedIn,
        method: str,
        path: str,
        status: int,
        code: str,
        route: str,
    ) -> None:
        """Has one entry: who, what, where, and with which answer; nothing of what was asked."""
        response = await client.request(method, path)

        assert await recorded(platform, response) == []
        [entry] = await self.noted(platform, response)
        outcome = "failed" if code else "succeeded"
        assert (response.status_code, entry.action) == (status, READ)
        assert (entry.outcome, entry.error_code) == (outcome, code)
        path = path.partition("?")[0]
        facts = {"method": method, "route": route, "path": path, "status": status}
        assert facts.items() <= entry.detail.items()
        assert entry.detail["first_at"] == entry.detail["last_at"]
        assert (entry.actor_id, entry.address) == (signed_in.user.id, ADDRESS)
        assert entry.target_label == f"{method} {route or 'to an unknown address'}"

    async def test_each_for_itself(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """The same request twice has two entries."""
        for _ in range(2):
            response = await client.get("/api/v1/auth/me")
        await self.noted(platform, response)

        assert len(await platform.audit(action=READ)) == 2

    @pytest.mark.parametrize(
        ("method", "path", "action"),
        [("POST", "/api/v1/users", ACTION), ("POST", "/api/v1/auth/logout", "auth.sign_out")],
    )
    async def test_writing(
        self, client: httpx.AsyncClient, platform: Platform, method: str, path: str, action: str
    ) -> None:
        """What has an entry anyway has no second one."""
        response = await client.request(method, path)

        assert [each.action for each in await self.noted(platform, response)] == [action]

    async def test_denied(self, platform: Platform, make_user: UserFactory) -> None:
        """A refusal has an entry anyway, too."""
        signed_in = await platform.sign_in(await make_user(), PASSWORD)
        async with platform.client(signed_in.tokens.access_token) as nobody:
            response = await nobody.get("/api/v1/users")

        [entry] = await self.noted(platform, response)
        assert (entry.action, entry.outcome) == ("user.read", "denied")

    async def test_by_nobody(self, platform: Platform) -> None:
        """Visitors leave none."""
        async with platform.client() as visitor:
            response = await visitor.get("/api/v1/users")

        assert response.status_code == 401
        assert await self.noted(platform, response) == []


@pytest.mark.actor("user")
async def test_denied_by_its_operation(client: httpx.AsyncClient, platform: Platform) -> None:
    """A missing permission is recorded once, by the gate."""
    response = await client.post("/api/v1/users", json={})

    [entry] = await recorded(platform, response)
    assert (entry.action, entry.outcome) == ("user.create", "denied")


class TestNobody:
    """Visitors leave no entry: there is nobody to tell of, and they could fill the trail."""

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "?"}])
    @pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/v1/no-such", "/session/no-such"])
    async def test_no_entry(self, platform: Platform, headers: dict[str, str], path: str) -> None:
        """Whatever they claim to be."""
        async with platform.client() as client:
            response = await client.post(path, json={}, headers=headers)

        assert response.status_code in (404, 422)
        assert await recorded(platform, response) == []


class TestConsole:
    """The console's own forms, by cookie."""

    @pytest.fixture
    async def browser(
        self, platform: Platform, make_user: UserFactory
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A browser in which somebody is signed in."""
        user = await make_user(email="ada@example.com")
        async with platform.client() as client:
            form = {"email": user.email, "password": PASSWORD}
            await client.post("/session/sign-in", data=form)
            yield client

    async def test_refused(self, browser: httpx.AsyncClient, platform: Platform) -> None:
        """A form that is refused has an entry."""
        response = await browser.post("/session/password", data={"current_password": PASSWORD})

        [entry] = await recorded(platform, response)
        assert (entry.action, entry.outcome, entry.channel) == (ACTION, "failed", "console")
        assert entry.actor_email == "ada@example.com"
        assert PASSWORD not in str(entry)

    async def test_from_elsewhere(self, browser: httpx.AsyncClient, platform: Platform) -> None:
        """So has one that another site sent: it came with their cookie."""
        headers = {"Origin": "https://evil.example"}
        response = await browser.post("/session/sign-out", headers=headers)

        [entry] = await recorded(platform, response)
        assert (entry.action, entry.outcome) == (ACTION, "denied")
        assert entry.error_code == "request.cross_origin"

    async def test_no_token_of_a_program(
        self, browser: httpx.AsyncClient, platform: Platform
    ) -> None:
        """At the addresses for programs the cookie stands for nobody."""
        response = await browser.post(f"{ORIGIN}/api/v1/no-such")

        assert await recorded(platform, response) == []


@pytest.mark.actor("admin")
class TestDefects:
    """What goes wrong without anybody's intention."""

    async def test_lost_with_its_operation(
        self, client: httpx.AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An operation whose entry was rolled back with it leaves this one."""

        async def fail(*_: Any) -> None:
            message = "the answer cannot be made"
            raise RuntimeError(message)

        monkeypatch.setattr("fastapi.routing.serialize_response", fail)
        response = await client.post("/api/v1/roles", json={"name": "lost"})
        platform.reports.clear()

        [entry] = await recorded(platform, response)
        assert response.status_code == 500
        assert (entry.action, entry.outcome, entry.error_code) == (ACTION, "failed", "internal")

    async def test_answered_all_the_same(
        self, client: httpx.AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the trail cannot be written, the request is answered as it would have been."""
        database = await platform.database()
        async with database.writing.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE core_audit_entries RENAME TO away")
        response = await client.post("/api/v1/users", json={})

        assert response.status_code == 422
        assert len(platform.reports) == 1
        platform.reports.clear()
