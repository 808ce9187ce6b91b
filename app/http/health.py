"""Liveness and readiness, for load balancers and people."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from app.core.health import HealthChecks, overall
from app.core.permissions import PUBLIC
from app.http.problems import problems

router = APIRouter(tags=["health"])
_OPEN = {"x-permission": PUBLIC, "security": []}


@router.get("/healthz", openapi_extra=_OPEN, responses=problems(414, 431))
async def get_health() -> dict[str, Any]:
    """Tell that the process runs and its event loop turns."""
    return {"state": "up", "components": {"process": {"state": "up", "milliseconds": 0.0}}}


_DOWN = {"state": "down", "components": {"database": {"state": "down", "milliseconds": 3.1}}}


@router.get(
    "/ready",
    openapi_extra=_OPEN,
    responses=problems(414, 431)
    | {
        503: {
            "description": "A component is down.",
            "content": {"application/json": {"schema": {"type": "object"}, "example": _DOWN}},
        }
    },
)
async def get_readiness(request: Request) -> Response:
    """Tell whether all components answer and the database schema is current.

    `degraded` is 200: requests are served, and what is not up says what does not work.
    """
    checks: HealthChecks = await request.app.state.container.get(HealthChecks)
    components = await checks.run()
    state = overall(components.values())
    body = orjson.dumps({"state": state, "components": components})
    return Response(body, 503 if state == "down" else 200, media_type="application/json")
