"""Users as a CSV file."""

import asyncio
import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any
from uuid import UUID

import httpx
import pytest

import app.http.download
from app.core.errors import Invalid
from app.features.users import repository, service
from app.features.users.schemas import UserExportQuery, UserListQuery, UserRead
from app.features.users.service import UserService
from app.testing.factories import UserFactory
from app.testing.platform import Caller, Platform, SignedIn

EXPORT = "/api/v1/users/export"


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two users at a time, so that a few are many."""
    monkeypatch.setattr(repository, "_STEP", 2)


def table(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(StringIO(text, newline="")))


class TestOperation:
    """Hand out users."""

    @pytest.mark.actor(grants=["user.read"])
    @pytest.mark.parametrize("sort", [None, "email", "-display_name", "-last_sign_in_at"])
    async def test_everybody_once_in_order(
        self, call: Caller, make_user: UserFactory, sort: str | None
    ) -> None:
        """All that match come, some at a time, in the list's order."""
        for number in range(5):
            await make_user(display_name=f"Kim {number % 2}")
        sizes: list[int] = []
        exported: list[UUID] = []

        async def write(users: Sequence[UserRead]) -> None:
            sizes.append(len(users))
            exported.extend(user.id for user in users)

        await call(UserService.export, UserExportQuery(sort=sort), write)

        page = await call(UserService.page, UserListQuery(sort=sort))
        assert sizes == [2, 2, 2]
        assert exported == [user.id for user in page.items]

    @pytest.mark.actor(grants=["user.read"])
    async def test_is_recorded(
        self, call: Caller, make_user: UserFactory, platform: Platform
    ) -> None:
        """The trail says what was asked for and how many left."""
        for _ in range(3):
            await make_user(display_name="Kim", roles=["guest"])

        async def write(_users: Sequence[UserRead]) -> None: ...

        await call(UserService.export, UserExportQuery(q="kim", role="guest", sort="email"), write)

        [entry] = await platform.audit(action="user.export")
        assert entry.outcome == "succeeded"
        assert entry.detail == {"q": "kim", "role": "guest", "sort": "email", "rows": 3}

    @pytest.mark.actor(grants=["user.read"])
    @pytest.mark.parametrize("query", [{"sort": "nope"}, {"q": "kim"}])
    async def test_refused(
        self,
        call: Caller,
        make_user: UserFactory,
        monkeypatch: pytest.MonkeyPatch,
        query: dict[str, str],
    ) -> None:
        """Neither in an unknown order nor a part of what a search finds."""
        monkeypatch.setattr(service, "WALK_SEARCH_LIMIT", 2)
        for _ in range(2):
            await make_user(display_name="Kim")

        async def write(users: Sequence[UserRead]) -> None:
            raise AssertionError(users)

        with pytest.raises(Invalid):
            await call(UserService.export, UserExportQuery.model_validate(query), write)


class TestApi:
    """GET /users/export."""

    @pytest.mark.actor("admin")
    async def test_filters_and_sort(
        self, client: httpx.AsyncClient, make_user: UserFactory
    ) -> None:
        """The file holds what the list shows, all pages of it."""
        for number in range(5):
            await make_user(display_name=f"Kim {number}", roles=["user", "guest"])

        response = await client.get(EXPORT, params={"q": "kim", "sort": "-display_name"})

        rows = table(response.text)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/csv; charset=utf-8")
        assert response.headers["content-disposition"].startswith('attachment; filename="users-')
        assert [row["display_name"] for row in rows] == [f"Kim {n}" for n in (4, 3, 2, 1, 0)]
        assert {row["roles"] for row in rows} == {"guest, user"}
        assert {row["status"] for row in rows} == {"active"}

    @pytest.mark.actor("admin")
    async def test_nobody(self, client: httpx.AsyncClient) -> None:
        """Without a match there are only the names of the columns."""
        response = await client.get(EXPORT, params={"q": "nobody"})

        assert response.text.startswith("id,display_name,email,")
        assert table(response.text) == []

    @pytest.mark.actor("admin")
    @pytest.mark.parametrize("query", [{"sort": "nope"}, {"status": "x"}, {"limit": "5"}])
    async def test_wrong(self, client: httpx.AsyncClient, query: dict[str, str]) -> None:
        """422 before anything is sent."""
        response = await client.get(EXPORT, params=query)

        assert response.status_code == 422
        assert response.json()["fields"].keys() == query.keys()

    @pytest.mark.actor("admin")
    async def test_who_leaves_early(
        self, platform: Platform, make_user: UserFactory, signed_in: SignedIn
    ) -> None:
        """An export that was broken off is recorded with the rows that were read."""
        for _ in range(9):
            await make_user()

        await _hang_up(platform, signed_in.tokens.access_token)

        await asyncio.gather(*app.http.download._running)
        [entry] = await platform.audit(action="user.export")
        assert (entry.outcome, entry.error_code) == ("failed", "export.aborted")
        assert 0 < entry.detail["rows"] < 10


class TestConsole:
    """GET /session/users/export."""

    PATH = "/session/users/export"

    async def _get(self, platform: Platform, user: UserRead, **headers: str) -> httpx.Response:
        async with platform.client() as client:
            form = {"email": user.email, "password": "a long sentence"}
            await client.post("/session/sign-in", data=form)
            return await client.get(self.PATH, params={"q": "kim"}, headers=headers)

    async def test_by_cookie(self, platform: Platform, make_user: UserFactory) -> None:
        """The console's own link saves the file."""
        user = await make_user(display_name="Kim", password="a long sentence", roles=["admin"])

        response = await self._get(platform, user, **{"Sec-Fetch-Site": "same-origin"})

        assert [row["email"] for row in table(response.text)] == [user.email]

    @pytest.mark.parametrize(
        "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
    )
    async def test_from_elsewhere(
        self, platform: Platform, make_user: UserFactory, headers: dict[str, str]
    ) -> None:
        """Another site's page starts no export."""
        user = await make_user(password="a long sentence", roles=["admin"])

        response = await self._get(platform, user, **headers)

        assert response.status_code == 403
        assert await platform.audit(action="user.export", outcome="succeeded") == []


async def _hang_up(platform: Platform, token: str) -> None:
    """Ask for the export and leave after the first rows."""
    left = asyncio.Event()
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    pieces = 0

    async def send(message: Any) -> None:
        nonlocal pieces
        pieces += message["type"] == "http.response.body"
        if pieces == 2:
            left.set()
            await asyncio.sleep(1)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": EXPORT,
        "raw_path": EXPORT.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {token}".encode()), (b"host", b"atrium.test")],
        "client": ("192.0.2.1", 4000),
        "server": ("atrium.test", 80),
    }
    await platform.app(scope, receive, send)
