"""REST: the audit trail."""

from typing import Annotated
from uuid import UUID

from dishka import FromDishka
from fastapi import APIRouter, Query

from app.core.paging import Page
from app.features.audit.schemas import AuditEntryRead, AuditListQuery
from app.features.audit.service import AuditService
from app.http.problems import problem
from app.http.routing import OperationRoute, calls

router = APIRouter(prefix="/audit", tags=["audit"], route_class=OperationRoute)


@router.get("")
@calls(AuditService.page)
async def list_entries(
    request: Annotated[AuditListQuery, Query()], audit: FromDishka[AuditService]
) -> Page[AuditEntryRead]:
    """List what was done and tried, newest first."""
    return await audit.page(request)


@router.get("/{entry_id}", responses=problem(404, "audit.not_found", "There is no such entry."))
@calls(AuditService.get)
async def get_entry(entry_id: UUID, audit: FromDishka[AuditService]) -> AuditEntryRead:
    """Read one entry."""
    return await audit.get(entry_id)
