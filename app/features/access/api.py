"""REST: permissions, who holds them, and why."""

from typing import Annotated
from uuid import UUID

from dishka import FromDishka
from fastapi import APIRouter, Query

from app.core.paging import Page
from app.features.access.schemas import (
    ExplainQuery,
    ExplanationRead,
    HeldPermission,
    Holder,
    HoldersQuery,
    PermissionRead,
)
from app.features.access.service import AccessService
from app.http.problems import problem
from app.http.routing import OperationRoute, calls

router = APIRouter(tags=["access"], route_class=OperationRoute)

_NO_USER = problem(404, "user.not_found", "There is no such user.")


@router.get("/permissions")
@calls(AccessService.permissions)
async def list_permissions(access: FromDishka[AccessService]) -> Page[PermissionRead]:
    """List every permission that a feature declares, on one page."""
    return Page(items=await access.permissions())


@router.get("/permissions/explain", responses=_NO_USER)
@calls(AccessService.explain)
async def explain(
    wanted: Annotated[ExplainQuery, Query()], access: FromDishka[AccessService]
) -> ExplanationRead:
    """Tell why a user holds a permission or does not: every grant that speaks of it."""
    return await access.explain(wanted)


@router.get("/permissions/holders")
@calls(AccessService.holders)
async def list_holders(
    wanted: Annotated[HoldersQuery, Query()], access: FromDishka[AccessService]
) -> Page[Holder]:
    """List everybody who holds a permission, on one page."""
    return Page(items=await access.holders(wanted.permission))


@router.get("/users/{user_id}/permissions", responses=_NO_USER)
@calls(AccessService.of_user)
async def list_held(user_id: UUID, access: FromDishka[AccessService]) -> Page[HeldPermission]:
    """List all that a user may do, on one page."""
    return Page(items=await access.of_user(user_id))
