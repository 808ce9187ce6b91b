"""REST: permissions, who holds them and why; and the console's files of it."""

from typing import Annotated
from uuid import UUID

from dishka import AsyncContainer, FromDishka
from fastapi import APIRouter, Query, Request, Response

from app.core.csv import CsvQuery
from app.core.paging import Page
from app.features.access.schemas import (
    CompareQuery,
    Difference,
    ExplainQuery,
    ExplanationRead,
    HeldPermission,
    HolderPage,
    HoldersExportQuery,
    HoldersQuery,
    Matrix,
    PermissionRead,
)
from app.features.access.service import AccessService
from app.features.roles.schemas import unseen
from app.http.csv import CSV_ANSWER, Write, csv_download
from app.http.problems import problem
from app.http.routing import ConsoleRoute, OperationRoute, calls

router = APIRouter(tags=["access"], route_class=OperationRoute)
console_router = APIRouter(prefix="/session/access", route_class=ConsoleRoute)

_NO_USER = problem(404, "user.not_found", "There is no such user.")
_NO_ROLE = problem(404, "role.not_found", "There is no role writer.")
_HELD = ("permission", "description", "rows", "readable", "writable", "through", "ends_at")
_HOLDERS = ("id", "display_name", "email", "rows", "through", "ends_at")
_Wanted = Annotated[HoldersQuery, Query()]
_WantedFile = Annotated[HoldersExportQuery, Query()]
_Form = Annotated[CsvQuery, Query()]


@router.get("/permissions")
@calls(AccessService.permissions)
async def list_permissions(access: FromDishka[AccessService]) -> Page[PermissionRead]:
    """List every permission that a feature declares, on one page."""
    return Page(items=await access.permissions())


@router.get("/permissions/matrix")
@calls(AccessService.matrix)
async def get_permission_matrix(access: FromDishka[AccessService]) -> Matrix:
    """Show what every role makes of every permission."""
    return await access.matrix()


@router.get("/permissions/compare", responses=_NO_ROLE)
@calls(AccessService.compare)
async def compare_roles(
    roles: Annotated[CompareQuery, Query()], access: FromDishka[AccessService]
) -> Page[Difference]:
    """List the permissions of which two roles do not give the same, on one page."""
    return Page(items=await access.compare(roles))


@router.get("/permissions/explain", responses=_NO_USER)
@calls(AccessService.explain)
async def explain_permission(
    wanted: Annotated[ExplainQuery, Query()], access: FromDishka[AccessService]
) -> ExplanationRead:
    """Tell why a user holds a permission or does not: every grant that speaks of it."""
    return await access.explain(wanted)


@router.get("/permissions/holders")
@calls(AccessService.holders)
async def list_permission_holders(wanted: _Wanted, access: FromDishka[AccessService]) -> HolderPage:
    """List everybody who holds a permission, on one page."""
    return await access.holders(wanted.permission)


@router.get("/permissions/holders/export", responses=CSV_ANSWER, response_class=Response)
@calls(AccessService.holders)
async def export_permission_holders(wanted: _WantedFile, request: Request) -> Response:
    """Export everybody who holds a permission as CSV."""
    return await _holders(wanted, request)


@console_router.get("/holders")
@calls(AccessService.holders)
async def download_holders(wanted: _WantedFile, request: Request) -> Response:
    """Save everybody who holds a permission as a file."""
    return await _holders(wanted, request)


@router.get("/users/{user_id}/permissions", responses=_NO_USER)
@calls(AccessService.of_user)
async def list_user_permissions(
    user_id: UUID, access: FromDishka[AccessService]
) -> Page[HeldPermission]:
    """List all that a user may do, on one page."""
    return Page(items=await access.of_user(user_id))


@router.get(
    "/users/{user_id}/permissions/export",
    responses=CSV_ANSWER | _NO_USER,
    response_class=Response,
)
@calls(AccessService.of_user)
async def export_user_permissions(user_id: UUID, form: _Form, request: Request) -> Response:
    """Export all that a user may do as CSV."""
    return await _held(user_id, form, request)


@console_router.get("/users/{user_id}")
@calls(AccessService.of_user)
async def download_held(user_id: UUID, form: _Form, request: Request) -> Response:
    """Save all that a user may do as a file."""
    return await _held(user_id, form, request)


async def _holders(wanted: HoldersExportQuery, request: Request) -> Response:
    async def export(unit: AsyncContainer, write: Write) -> None:
        access = await unit.get(AccessService)
        found = await access.holders(wanted.permission)
        await write([[getattr(holder, name) for name in _HOLDERS] for holder in found.items])
        if found.hidden:
            # Without it the file would look complete.
            await write([["", unseen(found.hidden), *[""] * (len(_HOLDERS) - 2)]])

    return await csv_download(request, "holders", _HOLDERS, export, wanted)


async def _held(user_id: UUID, form: CsvQuery, request: Request) -> Response:
    async def export(unit: AsyncContainer, write: Write) -> None:
        access = await unit.get(AccessService)
        found = await access.of_user(user_id)
        await write([[getattr(held, name) for name in _HELD] for held in found])

    return await csv_download(request, "access", _HELD, export, form)
