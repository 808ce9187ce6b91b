"""REST: settings."""

from dishka import FromDishka
from fastapi import APIRouter

from app.core.paging import Page
from app.features.settings.schemas import SettingRead
from app.features.settings.service import SettingService
from app.http.routing import OperationRoute, calls

router = APIRouter(prefix="/settings", tags=["settings"], route_class=OperationRoute)


@router.get("")
@calls(SettingService.all)
async def list_settings(settings: FromDishka[SettingService]) -> Page[SettingRead]:
    """List all settings with the values in force, on one page; secrets are masked."""
    return Page(items=await settings.all())
