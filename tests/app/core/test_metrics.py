"""What is counted, under labels that nobody outside can choose."""

import re
import time
import uuid

import httpx
import pytest
from prometheus_client import REGISTRY

from app.core import metrics
from app.core.error_bus import ErrorReport
from app.core.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from app.features.auth.service import AuthService
from app.http.api import build_api
from app.testing import conformance
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform


def count(name: str, **labels: str) -> float:
    """A number of this process."""
    return REGISTRY.get_sample_value(name, labels) or 0


def routes_counted() -> set[str]:
    """All routes under which a request was counted."""
    return {
        sample.labels["route"]
        for metric in REGISTRY.collect()
        if metric.name == "atrium_http_request_seconds"
        for sample in metric.samples
    }


class TestRequests:
    """Requests by route, method and status."""

    async def test_route_is_the_template(
        self, platform: Platform, client: httpx.AsyncClient
    ) -> None:
        """Every route is counted under its template, whatever stands in its place in the path."""
        api = build_api(platform.registry, platform.container)
        for route in conformance.rest_routes(api):
            path = re.sub(r"\{\w+\}", str(uuid.uuid4()), route.path)
            before = self.total(route.path)
            await client.request(route.method, path)
            assert self.total(route.path) == before + 1, route
        platform.reports.clear()

    @staticmethod
    def total(route: str) -> float:
        """How many requests were counted for a route."""
        return sum(
            sample.value
            for metric in REGISTRY.collect()
            for sample in metric.samples
            if sample.name == "atrium_http_request_seconds_count"
            and sample.labels["route"] == route
        )

    async def test_others(self, client: httpx.AsyncClient) -> None:
        """Addresses and methods that do not exist make no label of their own."""
        before = routes_counted()
        status = "atrium_http_request_seconds_count"
        others = count(status, method="other", route="other", status="4xx")
        for number in range(20):
            await client.get(f"/api/v1/nothing/{number}")
            await client.request(f"X{number}", f"/nothing/{number}")

        assert routes_counted() - before <= {"other"}
        assert count(status, method="other", route="other", status="4xx") == others + 20

    def test_refused_by_a_limit(self) -> None:
        """429 and 503 are counted by route."""
        for status in (200, 429, 503):
            before = count("atrium_http_refused_total", status=str(status), route="/x")
            metrics.end_request("GET", "/x", status, time.perf_counter(), metrics.begin_request())
            after = count("atrium_http_refused_total", status=str(status), route="/x")
            assert after - before == (status != 200)

    @pytest.mark.actor("admin")
    async def test_database(self, platform: Platform, client: httpx.AsyncClient) -> None:
        """Time in the database is counted under the route; no connection stays in use."""
        database = await platform.database()
        metrics.watch_engine(database.engine, database.most_connections)
        database.on_fetch = metrics.add_database_seconds
        in_use = count("atrium_database_connections_in_use")
        before = count("atrium_http_request_database_seconds_sum", route="/api/v1/users")
        await client.get("/api/v1/users")

        after = count("atrium_http_request_database_seconds_sum", route="/api/v1/users")
        assert after > before
        assert count("atrium_database_connections_in_use") == in_use
        assert count("atrium_database_connections_most") == database.most_connections


class TestOperations:
    """Operations by how they ended."""

    @pytest.mark.parametrize(
        ("error", "outcome"),
        [
            (None, "succeeded"),
            (PermissionDenied("x"), "denied"),
            (Unauthenticated("x", "x"), "denied"),
            (RateLimited("x", "x", retry_after_seconds=1), "limited"),
            (Unavailable("x", "x"), "unavailable"),
            (NotFound("x", "x"), "failed"),
            (Conflict("x", "x"), "failed"),
            (ZeroDivisionError(), "failed"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_outcome(self, error: Exception | None, outcome: str) -> None:
        """Each kind of end has one word."""
        assert metrics.outcome_of(error) == outcome

    async def test_sign_ins(self, platform: Platform, make_user: UserFactory) -> None:
        """A sign-in that succeeds and one that fails are counted apart."""
        user = await make_user()
        action = AuthService.issue_tokens.__operation__.action  # type: ignore[attr-defined]  # set by the gate
        before = [self.ended(action, outcome) for outcome in ("succeeded", "denied")]
        assert await platform.can_sign_in(user.email, PASSWORD)
        assert not await platform.can_sign_in(user.email, "a wrong one")

        after = [self.ended(action, outcome) for outcome in ("succeeded", "denied")]
        assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1]

    @staticmethod
    def ended(action: str, outcome: str) -> float:
        """How many operations ended so."""
        return count("atrium_operations_total", action=action, outcome=outcome)


class TestErrors:
    """Unexpected errors."""

    def test_by_kind(self) -> None:
        """Each is counted by what failed, its type and its module; its words are no label."""
        labels = {"event": "job.failed", "error": "LookupError", "module": "audit"}
        before = count("atrium_errors_total", **labels)
        report = ErrorReport(LookupError("words"), "job.failed", "audit", {"job": "x"})
        metrics.count_error(report)

        assert count("atrium_errors_total", **labels) == before + 1


class TestJobs:
    """Runs of jobs."""

    def test_outcomes(self) -> None:
        """A success sets the time of the last one, a failure only counts and passes through."""
        with metrics.job_run("test.metrics"):
            pass
        last = count("atrium_job_last_success_timestamp_seconds", job="test.metrics")
        with pytest.raises(LookupError), metrics.job_run("test.metrics"):
            raise LookupError

        assert last > 0
        assert count("atrium_job_last_success_timestamp_seconds", job="test.metrics") == last
        for outcome in ("succeeded", "failed"):
            labels = {"job": "test.metrics", "outcome": outcome}
            assert count("atrium_job_seconds_count", **labels) == 1
