"""REST: users; and the console's export of them."""

from typing import Annotated
from uuid import UUID

from dishka import AsyncContainer, FromDishka
from fastapi import APIRouter, Query, Request, Response

from app.core.paging import Page
from app.features.users.schemas import (
    RoleAssignment,
    UserCreate,
    UserExportQuery,
    UserListQuery,
    UserRead,
    UserReplace,
    UserUpdate,
)
from app.features.users.service import UserService
from app.http.csv import CSV_ANSWER, Write, csv_download
from app.http.problems import problem
from app.http.routing import ConsoleRoute, OperationRoute, calls

_GONE = problem(404, "user.not_found", "There is no such user.")
_TAKEN = problem(409, "user.email.taken", "This e-mail address is taken by another user.")
_STALE = problem(
    409,
    "user.version.conflict",
    "Somebody else changed this user in the meantime.",
    current_version=3,
)
_LAST = problem(
    409, "user.last_administrator", "This is the last administrator; name another one first."
)

router = APIRouter(prefix="/users", tags=["users"], route_class=OperationRoute)
console_router = APIRouter(prefix="/session/users", route_class=ConsoleRoute)

_COLUMNS = (
    "id",
    "display_name",
    "email",
    "status",
    "verified",
    "roles",
    "created_at",
    "updated_at",
    "last_sign_in_at",
)
"""Of an export."""


@router.get("")
@calls(UserService.page)
async def list_users(
    request: Annotated[UserListQuery, Query()], users: FromDishka[UserService]
) -> Page[UserRead]:
    """List users, newest first unless `sort` says otherwise."""
    return await users.page(request)


@router.post("", status_code=201, responses=_TAKEN)
@calls(UserService.create)
async def create_user(
    new: UserCreate, users: FromDishka[UserService], response: Response
) -> UserRead:
    """Add a user."""
    user = await users.create(new)
    response.headers["Location"] = f"/api/v1/users/{user.id}"
    return user


@router.get("/export", responses=CSV_ANSWER, response_class=Response)
@calls(UserService.export)
async def export_users(query: Annotated[UserExportQuery, Query()], request: Request) -> Response:
    """Export all users that match as CSV, in UTF-8 and with a line of column names."""
    return await _export(query, request)


@console_router.get("/export")
@calls(UserService.export)
async def download_users(query: Annotated[UserExportQuery, Query()], request: Request) -> Response:
    """Save all users that match as a file."""
    return await _export(query, request)


async def _export(query: UserExportQuery, request: Request) -> Response:
    async def export(unit: AsyncContainer, write: Write) -> None:
        users = await unit.get(UserService)
        await users.export(query, lambda some: write(map(_cells, some)))

    return await csv_download(request, "users", _COLUMNS, export)


def _cells(user: UserRead) -> list[object]:
    return [getattr(user, name) if user.has(name) else None for name in _COLUMNS]


@router.get("/{user_id}", responses=_GONE)
@calls(UserService.get)
async def get_user(user_id: UUID, users: FromDishka[UserService]) -> UserRead:
    """Read one user."""
    return await users.get(user_id)


@router.put("/{user_id}", responses=_GONE | _STALE)
@calls(UserService.update)
async def replace_user(
    user_id: UUID, change: UserReplace, users: FromDishka[UserService]
) -> UserRead:
    """Set all of a user's editable details."""
    return await users.update(user_id, change)


@router.patch("/{user_id}", responses=_GONE | _STALE)
@calls(UserService.update)
async def update_user(
    user_id: UUID, change: UserUpdate, users: FromDishka[UserService]
) -> UserRead:
    """Change some of a user's details."""
    return await users.update(user_id, change)


@router.delete("/{user_id}", status_code=204, responses=_GONE | _LAST)
@calls(UserService.delete)
async def delete_user(user_id: UUID, users: FromDishka[UserService]) -> None:
    """Remove a user for good."""
    await users.delete(user_id)


@router.post("/{user_id}/roles", responses=_GONE | _LAST)
@calls(UserService.assign_roles)
async def assign_roles(
    user_id: UUID, assignment: RoleAssignment, users: FromDishka[UserService]
) -> UserRead:
    """Give a user exactly these roles."""
    return await users.assign_roles(user_id, assignment.roles)


@router.post("/{user_id}/suspend", responses=_GONE | _LAST)
@calls(UserService.suspend)
async def suspend_user(user_id: UUID, users: FromDishka[UserService]) -> UserRead:
    """Keep a user from signing in and end their sessions."""
    return await users.suspend(user_id)


@router.post("/{user_id}/reactivate", responses=_GONE)
@calls(UserService.reactivate)
async def reactivate_user(user_id: UUID, users: FromDishka[UserService]) -> UserRead:
    """Let a suspended user sign in again."""
    return await users.reactivate(user_id)
