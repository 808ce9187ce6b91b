"""REST: users; and the console's export of them."""

from typing import Annotated
from uuid import UUID

from dishka import AsyncContainer, FromDishka
from fastapi import APIRouter, Query, Request, Response

from app.core.paging import Page
from app.features.users.credential_service import CredentialService
from app.features.users.schemas import (
    EmailChange,
    ResetLink,
    ResetStart,
    RoleAssignment,
    SomeRoles,
    UserCreate,
    UserExportQuery,
    UserListQuery,
    UserRead,
    UserReplace,
    UserUpdate,
)
from app.features.users.service import UserService
from app.http.csv import CSV_ANSWER, Write, csv_download
from app.http.idempotency import secret_answer
from app.http.problems import problem
from app.http.query import query_of, reads_query
from app.http.routing import ConsoleRoute, OperationRoute, calls, page_answer, versioned
from app.settings import Settings

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

_SUSPENDED = problem(
    409, "user.suspended", "This user is suspended and could not sign in; reactivate first."
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


@router.get("", response_model=Page[UserRead])
@calls(UserService.page)
@reads_query(UserListQuery)
async def list_users(request: Request, users: FromDishka[UserService]) -> Response:
    """List users, newest first unless `sort` says otherwise."""
    return page_answer(await users.page(query_of(request, UserListQuery)))


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
    """Export all users that match as CSV, in UTF-8, with a line of column names."""
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

    return await csv_download(request, "users", _COLUMNS, export, query)


def _cells(user: UserRead) -> list[object]:
    return [getattr(user, name) if user.has(name) else None for name in _COLUMNS]


@router.get("/{user_id}", responses=_GONE)
@calls(UserService.get)
async def get_user(user_id: UUID, users: FromDishka[UserService]) -> UserRead:
    """Read one user."""
    return await users.get(user_id)


@router.put("/{user_id}", responses=_GONE | _STALE)
@calls(UserService.update)
@versioned
async def replace_user(
    user_id: UUID, change: UserReplace, users: FromDishka[UserService]
) -> UserRead:
    """Set all of a user's editable details."""
    return await users.update(user_id, change)


@router.patch("/{user_id}", responses=_GONE | _STALE)
@calls(UserService.update)
@versioned
async def update_user(
    user_id: UUID, change: UserUpdate, users: FromDishka[UserService]
) -> UserRead:
    """Change some of a user's details."""
    return await users.update(user_id, change)


@router.post("/{user_id}/email", responses=_GONE | _TAKEN)
@calls(CredentialService.change_email)
@versioned
async def change_user_email(
    user_id: UUID, change: EmailChange, credentials: FromDishka[CredentialService]
) -> UserRead:
    """Change the address that a user signs in with; their sessions end."""
    return await credentials.change_email(user_id, change)


@router.post("/{user_id}/reset-credentials", responses=_GONE | _SUSPENDED)
@calls(CredentialService.start_reset)
@secret_answer
@versioned
async def reset_user_credentials(
    user_id: UUID,
    start: ResetStart,
    credentials: FromDishka[CredentialService],
    request: Request,
    response: Response,
) -> ResetLink:
    """Make a one-time link by which a user chooses a new password; hand it to nobody else."""
    return await _start_reset(user_id, start, credentials, request, response)


@console_router.post("/{user_id}/reset-credentials")
@calls(CredentialService.start_reset)
async def reset_credentials_here(
    user_id: UUID,
    start: ResetStart,
    credentials: FromDishka[CredentialService],
    request: Request,
    response: Response,
) -> ResetLink:
    """The same for the console, which shows the link once and keeps it nowhere."""
    return await _start_reset(user_id, start, credentials, request, response)


async def _start_reset(
    user_id: UUID,
    start: ResetStart,
    credentials: CredentialService,
    request: Request,
    response: Response,
) -> ResetLink:
    started = await credentials.start_reset(user_id, start)
    response.headers["Cache-Control"] = "no-store"
    settings = await request.app.state.container.get(Settings)
    origin = settings.server.public_url or str(request.base_url).rstrip("/")
    return ResetLink(url=origin + started.path, expires_at=started.expires_at)


@router.delete("/{user_id}", status_code=204, responses=_GONE | _LAST)
@calls(UserService.delete)
@versioned
async def delete_user(user_id: UUID, users: FromDishka[UserService]) -> None:
    """Remove a user for good."""
    await users.delete(user_id)


@router.put("/{user_id}/roles", responses=_GONE | _LAST)
@calls(UserService.assign_roles)
@versioned
async def replace_user_roles(
    user_id: UUID, assignment: RoleAssignment, users: FromDishka[UserService]
) -> UserRead:
    """Give a user exactly these roles: those that are not named are taken away."""
    return await users.assign_roles(user_id, assignment.roles)


@router.post("/{user_id}/roles", responses=_GONE | _LAST, deprecated=True)
@calls(UserService.assign_roles)
@versioned
async def assign_user_roles(
    user_id: UUID, assignment: RoleAssignment, users: FromDishka[UserService]
) -> UserRead:
    """Replace all roles of a user, as `PUT` does, whose old name this is."""
    return await users.assign_roles(user_id, assignment.roles)


@router.post("/{user_id}/roles/add", responses=_GONE)
@calls(UserService.add_roles)
@versioned
async def add_user_roles(
    user_id: UUID, more: SomeRoles, users: FromDishka[UserService]
) -> UserRead:
    """Give a user roles beside those that they have."""
    return await users.add_roles(user_id, more.roles)


@router.post("/{user_id}/roles/remove", responses=_GONE | _LAST)
@calls(UserService.remove_roles)
@versioned
async def remove_user_roles(
    user_id: UUID, fewer: SomeRoles, users: FromDishka[UserService]
) -> UserRead:
    """Take roles from a user, and leave them the others."""
    return await users.remove_roles(user_id, fewer.roles)


@router.post("/{user_id}/suspend", responses=_GONE | _LAST)
@calls(UserService.suspend)
@versioned
async def suspend_user(user_id: UUID, users: FromDishka[UserService]) -> UserRead:
    """Keep a user from signing in and end their sessions."""
    return await users.suspend(user_id)


@router.post("/{user_id}/reactivate", responses=_GONE)
@calls(UserService.reactivate)
@versioned
async def reactivate_user(user_id: UUID, users: FromDishka[UserService]) -> UserRead:
    """Let a suspended user sign in again."""
    return await users.reactivate(user_id)
