"""REST: the audit trail; and the console's export of it."""

from typing import Annotated, Any
from uuid import UUID

from dishka import AsyncContainer, FromDishka
from fastapi import APIRouter, Query, Request, Response

from app.core.paging import Page
from app.features.audit.schemas import (
    Acknowledge,
    AuditEntryRead,
    AuditExportQuery,
    AuditListQuery,
    Verification,
    VerifyQuery,
)
from app.features.audit.seal_service import SealService
from app.features.audit.service import AuditService
from app.http.download import Write, download
from app.http.problems import problem
from app.http.query import query_of, reads_query
from app.http.routing import ConsoleRoute, OperationRoute, calls, page_answer

router = APIRouter(prefix="/audit", tags=["audit"], route_class=OperationRoute)
console_router = APIRouter(prefix="/session/audit", route_class=ConsoleRoute)

_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A ZIP file of the entries and a signed manifest.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("", response_model=Page[AuditEntryRead])
@calls(AuditService.page)
@reads_query(AuditListQuery)
async def list_audit_entries(request: Request, audit: FromDishka[AuditService]) -> Response:
    """List what was done and tried, newest first."""
    return page_answer(await audit.page(query_of(request, AuditListQuery)))


@router.get("/export", responses=_ZIP, response_class=Response)
@calls(SealService.export)
async def export_audit_entries(
    query: Annotated[AuditExportQuery, Query()], request: Request
) -> Response:
    """Export all entries that match, oldest first.

    The ZIP file holds `entries.csv` or `entries.jsonl`, and `manifest.json`: how many there are,
    their SHA-256, the filters, and the signature that `platformctl audit verify --export` checks.
    """
    return await _export(query, request)


@console_router.get("/export")
@calls(SealService.export)
async def download_entries(
    query: Annotated[AuditExportQuery, Query()], request: Request
) -> Response:
    """Save all entries that match as a file."""
    return await _export(query, request)


async def _export(query: AuditExportQuery, request: Request) -> Response:
    async def export(unit: AsyncContainer, write: Write) -> None:
        await (await unit.get(SealService)).export(query, write)

    return await download(request, "audit", "zip", "application/zip", export)


@router.get("/verify")
@calls(SealService.verify)
async def verify_audit_trail(
    request: Annotated[VerifyQuery, Query()], seals: FromDishka[SealService]
) -> Verification:
    """Verify the trail part by part.

    It is as it was written when no part, up to the one without `next_cursor`, has findings.
    Note the `head` elsewhere, and pass it as `expect` with the first part of a later verification:
    then not even whoever can alter database and anchor file can put another history in its place.
    """
    return await seals.verify(request)


@router.post(
    "/acknowledgements",
    status_code=204,
    responses=problem(
        409,
        "audit.acknowledge.none",
        "There is no irregularity of time at seal 12. Verify anew.",
    ),
)
@calls(SealService.acknowledge)
async def acknowledge_irregularities(body: Acknowledge, seals: FromDishka[SealService]) -> None:
    """Explain irregularities of time, so that verification counts them as faults no more."""
    await seals.acknowledge(body)


@router.get("/{entry_id}", responses=problem(404, "audit.not_found", "There is no such entry."))
@calls(AuditService.get)
async def get_audit_entry(entry_id: UUID, audit: FromDishka[AuditService]) -> AuditEntryRead:
    """Read one entry."""
    return await audit.get(entry_id)


@router.post(
    "/{entry_id}/undo",
    status_code=204,
    responses=problem(404, "audit.not_found", "There is no such audit entry.")
    | problem(
        409,
        "audit.undo.conflict",
        "Ada Lovelace changed this since: E-mail. Look at it first.",
        changed=[{"field": "email", "now": "new@example.com", "by": "Ada Lovelace"}],
    ),
)
@calls(AuditService.undo)
async def undo_audit_entry(entry_id: UUID, audit: FromDishka[AuditService]) -> None:
    """Take back what an entry tells, unless somebody changed it since."""
    await audit.undo(entry_id)
