"""REST: the roles that can be assigned."""

from dishka import FromDishka
from fastapi import APIRouter

from app.core.paging import Page
from app.features.roles.schemas import RoleRead
from app.features.roles.service import RoleService
from app.http.routing import OperationRoute, calls

router = APIRouter(prefix="/roles", tags=["roles"], route_class=OperationRoute)


@router.get("")
@calls(RoleService.all)
async def list_roles(roles: FromDishka[RoleService]) -> Page[RoleRead]:
    """List all roles with what they grant, by name, on one page."""
    return Page(items=await roles.all())
