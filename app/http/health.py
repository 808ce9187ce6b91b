"""Liveness and readiness, for load balancers and people."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from app.core.health import HealthChecks
from app.core.permissions import PUBLIC

router = APIRouter(tags=["health"])
_OPEN = {"x-permission": PUBLIC}


@router.get("/healthz", openapi_extra=_OPEN)
async def alive() -> dict[str, Any]:
    """Tell that the process runs and its event loop turns."""
    return {"state": "up", "components": {"process": {"state": "up", "milliseconds": 0.0}}}


_DOWN = {"state": "down", "components": {"database": {"state": "down", "milliseconds": 3.1}}}


@router.get(
    "/ready",
    openapi_extra=_OPEN,
    responses={
        503: {
            "description": "A component is down.",
            "content": {"application/json": {"schema": {"type": "object"}, "example": _DOWN}},
        }
    },
)
async def ready(request: Request) -> Response:
    """Tell whether all components answer and the database schema is current."""
    checks: HealthChecks = await request.app.state.container.get(HealthChecks)
    components = await checks.run()
    up = all(component.state == "up" for component in components.values())
    body = orjson.dumps({"state": "up" if up else "down", "components": components})
    return Response(body, 200 if up else 503, media_type="application/json")
