"""REST: roles, what they grant, and who has them."""

from typing import Annotated
from uuid import UUID

from dishka import FromDishka
from fastapi import APIRouter, Query, Request, Response

from app.core.paging import Page
from app.features.roles.schemas import (
    Count,
    GrantPage,
    Grants,
    MemberListQuery,
    MemberPage,
    MembersAdd,
    MembersRemove,
    OwnGrants,
    RoleCreate,
    RoleListQuery,
    RoleRead,
    RoleReplace,
    RoleUpdate,
    WhatIf,
    WhatIfRequest,
    version_of,
)
from app.features.roles.service import RoleService
from app.http.problems import problems
from app.http.query import query_of, reads_query
from app.http.routing import OperationRoute, calls, limited, page_answer, versioned

_WITH_GRANTS = limited(max_body_bytes=256 * 1024, max_values=10_000)
"""Up to 500 grants, each with its conditions."""

router = APIRouter(tags=["roles"], route_class=OperationRoute)


@router.get("/roles", response_model=Page[RoleRead])
@calls(RoleService.page)
@reads_query(RoleListQuery)
async def list_roles(request: Request, roles: FromDishka[RoleService]) -> Response:
    """List roles with what they grant, by name unless `sort` says otherwise."""
    return page_answer(await roles.page(query_of(request, RoleListQuery)))


@router.post("/roles", status_code=201, responses=problems(409))
@calls(RoleService.create)
@_WITH_GRANTS
async def create_role(
    new: RoleCreate, roles: FromDishka[RoleService], response: Response
) -> RoleRead:
    """Add a role."""
    role = await roles.create(new)
    response.headers["Location"] = f"/api/v1/roles/{role.id}"
    return role


@router.post("/roles/what-if", responses=problems(404, 409))
@calls(RoleService.what_if)
@_WITH_GRANTS
async def preview_role_change(request: WhatIfRequest, roles: FromDishka[RoleService]) -> WhatIf:
    """Tell who would gain and who would lose what if a change were saved; nothing is changed."""
    return await roles.what_if(request.role_id, request.change)


@router.get("/roles/{role_id}", responses=problems(404))
@calls(RoleService.get)
async def get_role(role_id: UUID, roles: FromDishka[RoleService]) -> RoleRead:
    """Read one role."""
    return await roles.get(role_id)


@router.put("/roles/{role_id}", responses=problems(404, 409))
@calls(RoleService.update)
@versioned
@_WITH_GRANTS
async def replace_role(
    role_id: UUID, change: RoleReplace, roles: FromDishka[RoleService]
) -> RoleRead:
    """Set all of a role: name, description, what it grants and includes."""
    return await roles.update(role_id, change)


@router.patch("/roles/{role_id}", responses=problems(404, 409))
@calls(RoleService.update)
@versioned
@_WITH_GRANTS
async def update_role(
    role_id: UUID, change: RoleUpdate, roles: FromDishka[RoleService]
) -> RoleRead:
    """Change some of a role."""
    return await roles.update(role_id, change)


@router.delete("/roles/{role_id}", status_code=204, responses=problems(404, 409))
@calls(RoleService.delete)
@versioned
async def delete_role(role_id: UUID, roles: FromDishka[RoleService]) -> None:
    """Remove a role; those who have it lose what only it gave them."""
    await roles.delete(role_id)


@router.post("/roles/{role_id}/permissions", responses=problems(404, 409))
@calls(RoleService.grant)
@versioned
@_WITH_GRANTS
async def add_role_permissions(
    role_id: UUID, more: Grants, roles: FromDishka[RoleService]
) -> RoleRead:
    """Let a role grant more; what it grants already takes the new conditions."""
    return await roles.grant(role_id, more)


@router.delete("/roles/{role_id}/permissions/{grant_id}", responses=problems(404, 409))
@calls(RoleService.revoke)
@versioned
async def remove_role_permission(
    role_id: UUID, grant_id: UUID, roles: FromDishka[RoleService]
) -> RoleRead:
    """Let a role no longer grant something."""
    return await roles.revoke(role_id, grant_id)


@router.get("/roles/{role_id}/members", responses=problems(404))
@calls(RoleService.members)
async def list_role_members(
    role_id: UUID,
    request: Annotated[MemberListQuery, Query()],
    roles: FromDishka[RoleService],
) -> MemberPage:
    """List those who have the role themselves."""
    return await roles.members(role_id, request)


@router.post("/roles/{role_id}/members", responses=problems(404, 409))
@calls(RoleService.add_members)
@versioned
async def add_role_members(role_id: UUID, new: MembersAdd, roles: FromDishka[RoleService]) -> Count:
    """Give the role to users; who has it already, has it until this end from now on."""
    return Count(count=await roles.add_members(role_id, new))


@router.post("/roles/{role_id}/members/remove", responses=problems(404, 409))
@calls(RoleService.remove_members)
@versioned
async def remove_role_members(
    role_id: UUID, gone: MembersRemove, roles: FromDishka[RoleService]
) -> Count:
    """Take the role from users."""
    return Count(count=await roles.remove_members(role_id, gone.user_ids))


@router.get("/users/{user_id}/grants", responses=problems(404))
@calls(RoleService.own_grants)
async def list_user_grants(user_id: UUID, roles: FromDishka[RoleService]) -> GrantPage:
    """List what a user holds in person, without a role."""
    grants = await roles.own_grants(user_id)
    return GrantPage(items=grants, version=version_of(grants))


@router.put("/users/{user_id}/grants", responses=problems(404, 409))
@calls(RoleService.set_own_grants)
@versioned
@_WITH_GRANTS
async def replace_user_grants(
    user_id: UUID, wanted: OwnGrants, roles: FromDishka[RoleService]
) -> GrantPage:
    """Give a user in person exactly this."""
    grants = await roles.set_own_grants(user_id, wanted, version=wanted.version)
    return GrantPage(items=grants, version=version_of(grants))
