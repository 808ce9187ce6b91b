"""REST: modules."""

from dishka import FromDishka
from fastapi import APIRouter

from app.core.paging import Page
from app.features.modules.schemas import ModuleRead
from app.features.modules.service import ModuleService
from app.http.routing import OperationRoute, calls

router = APIRouter(prefix="/modules", tags=["modules"], route_class=OperationRoute)


@router.get("")
@calls(ModuleService.all)
async def list_modules(modules: FromDishka[ModuleService]) -> Page[ModuleRead]:
    """List the installed modules and what each contributes, on one page."""
    return Page(items=await modules.all())
