"""What the platform counts, for Prometheus.

No label is ever what somebody sent: routes are templates, and what nobody knows is `other`. With
several workers each keeps its numbers in a file of its own in the directory that
`PROMETHEUS_MULTIPROC_DIR` names before this module is imported; see `app/metrics_server.py`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.error_bus import ErrorReport
from app.core.errors import PermissionDenied, RateLimited, Unauthenticated, Unavailable

OTHER = "other"
"""The route of whatever has none."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

REQUESTS = Histogram(
    "atrium_http_request_seconds",
    "Requests and how long they took, by the route's template.",
    ["method", "route", "status"],
    buckets=_SECONDS,
)
DATABASE_SECONDS = Histogram(
    "atrium_http_request_database_seconds",
    "How long a request's statements took, by the route's template.",
    ["route"],
    buckets=_SECONDS,
)
REFUSED = Counter(
    "atrium_http_refused",
    "Requests refused by a limit or because something is not available.",
    ["status", "route"],
)
POOL_IN_USE = Gauge(
    "atrium_database_connections_in_use",
    "Connections of the pools that are in use.",
    multiprocess_mode="livesum",
)
POOL_SIZE = Gauge(
    "atrium_database_connections_most",
    "Connections that the pools may open.",
    multiprocess_mode="livesum",
)
OPERATIONS = Counter(
    "atrium_operations",
    "Operations of the services, sign-ins (`auth.sign_in`, `auth.token.issue`) among them.",
    ["action", "outcome"],
)
ERRORS = Counter(
    "atrium_errors",
    "Unexpected errors, also those that were not written to the log.",
    ["event", "error", "module"],
)
JOBS = Histogram(
    "atrium_job_seconds",
    "Runs of jobs and how long they took; the sealer is `audit.seal`.",
    ["job", "outcome"],
    buckets=_SECONDS,
)
JOB_SUCCEEDED = Gauge(
    "atrium_job_last_success_timestamp_seconds",
    "When a job last succeeded, on any worker.",
    ["job"],
    multiprocess_mode="max",
)
SEALS_WAITING = Gauge(
    "atrium_audit_entries_waiting",
    "Audit entries that waited to be sealed when the sealer last looked, at most one batch.",
    multiprocess_mode="mostrecent",
)
SOCKETS = Gauge(
    "atrium_console_sockets", "Open sockets of the console.", multiprocess_mode="livesum"
)
EVENTS = Counter("atrium_console_events", "Events of the console.", ["outcome"])

_spent: ContextVar[list[float] | None] = ContextVar("atrium_database_seconds", default=None)


def begin_request() -> list[float]:
    """Add up from now on what statements of this task take."""
    spent = [0.0]
    _spent.set(spent)
    return spent


def end_request(method: str, route: str, status: int, started: float, spent: list[float]) -> None:
    """Count an answered request.

    Args:
        method: Its method.
        route: The template of its route, never its path.
        status: That of the answer; 0 when there was none.
        started: When it came, by `time.perf_counter`.
        spent: What `begin_request` gave.
    """
    known = method if method in _METHODS else OTHER
    _requests(known, route, status // 100).observe(time.perf_counter() - started)
    if spent[0]:
        _database_seconds(route).observe(spent[0])
    if status in (429, 503):
        REFUSED.labels(str(status), route).inc()


# Finding a child by its labels takes the library longer than counting does.
@cache
def _requests(method: str, route: str, hundreds: int) -> Histogram:
    return REQUESTS.labels(method, route, f"{hundreds}xx" if hundreds else "none")


@cache
def _database_seconds(route: str) -> Histogram:
    return DATABASE_SECONDS.labels(route)


@cache
def _operations(action: str, outcome: str) -> Counter:
    return OPERATIONS.labels(action, outcome)


def add_database_seconds(seconds: float) -> None:
    """Count time that the current request, if there is one, spent in the database."""
    spent = _spent.get()
    if spent is not None:
        spent[0] += seconds


def watch_engine(engine: AsyncEngine, most: int) -> None:
    """Measure all statements of an engine, and the connections in use of its pool.

    Args:
        engine: The engine.
        most: How many connections its pool may open.
    """

    def begin(connection: Any, *_: Any) -> None:
        connection.info["atrium_started"] = time.perf_counter()

    def end(connection: Any, *_: Any) -> None:
        add_database_seconds(time.perf_counter() - connection.info["atrium_started"])

    POOL_SIZE.set(most)
    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "checkout", lambda *_: POOL_IN_USE.inc())
    event.listen(engine.sync_engine, "checkin", lambda *_: POOL_IN_USE.dec())


def count_operation(action: str, error: Exception | None = None) -> None:
    """Count an operation and how it ended."""
    _operations(action, outcome_of(error)).inc()


def outcome_of(error: Exception | None) -> str:
    """How something ended, in one of five words."""
    match error:
        case None:
            return "succeeded"
        case RateLimited():
            return "limited"
        case Unavailable():
            return "unavailable"
        case PermissionDenied() | Unauthenticated():
            return "denied"
        case _:
            return "failed"


def count_error(report: ErrorReport) -> None:
    """Count an unexpected error."""
    ERRORS.labels(report.event, type(report.error).__name__, report.module).inc()


@contextmanager
def job_run(job: str) -> Iterator[None]:
    """Measure a run of a job; a failure passes through."""
    started = time.perf_counter()
    outcome = "failed"
    try:
        yield
        outcome = "succeeded"
        JOB_SUCCEEDED.labels(job).set(time.time())
    finally:
        JOBS.labels(job, outcome).observe(time.perf_counter() - started)
