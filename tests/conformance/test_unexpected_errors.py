"""Every edge gives what it did not expect to the error bus, with request, user and module."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dishka import AsyncContainer

from app.core.error_bus import ErrorReport
from app.core.module import Job
from app.features.users.list_state import UserList
from app.features.users.permissions import UserPermission
from app.scheduling import run
from app.testing.platform import Platform, SignedIn
from app.ui.handlers import handler
from tests.fixtures.tab import Tab


@pytest.fixture
def reports(platform: Platform) -> Iterator[list[ErrorReport]]:
    """What is published meanwhile."""
    heard: list[ErrorReport] = []
    platform.errors.listen(heard.append)
    yield heard
    platform.reports.clear()


async def fail(*_: Any) -> None:
    """A defect."""
    raise LookupError


class TestEdges:
    """A defect behind each edge."""

    @pytest.mark.actor("admin")
    async def test_request(
        self,
        client: httpx.AsyncClient,
        signed_in: SignedIn,
        reports: list[ErrorReport],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A request that fails is published with its id, its user and its module."""
        monkeypatch.setattr("fastapi.routing.serialize_response", fail)
        response = await client.post("/api/v1/roles", json={"name": "lost"})

        [report] = reports
        assert (report.event, report.module) == ("http.panic", "roles")
        assert report.facts["request_id"] == response.headers["x-request-id"]
        assert report.facts["user_id"] == str(signed_in.user.id)

    @pytest.mark.actor("admin")
    async def test_handler(self, tab: Tab, signed_in: SignedIn, reports: list[ErrorReport]) -> None:
        """A handler of the console that fails is published with the same."""
        tab.act()
        await handler(UserPermission.READ)(fail)(await tab.of(UserList))

        [report] = reports
        assert (report.event, report.module) == ("console.panic", "users")
        assert report.facts["request_id"]
        assert report.facts["user_id"] == str(signed_in.user.id)

    async def test_job(self, platform: Platform, reports: list[ErrorReport]) -> None:
        """A job that fails is published with its name and its module."""

        async def work(_unit: AsyncContainer) -> None:
            await fail()

        await run(Job("audit.fails", timedelta(minutes=1), work), platform.container)

        [report] = reports
        assert (report.event, report.module) == ("job.failed", "audit")
        assert report.facts["job"] == "audit.fails"
