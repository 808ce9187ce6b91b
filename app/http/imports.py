"""Endpoints to which files are sent that are imported."""

from collections.abc import Callable
from typing import Any

from fastapi import Request

from app.core.resources.import_schemas import ImportQuery, ImportReport, SheetPreview
from app.core.sheet import MOST_BYTES
from app.http.query import query_of, reads_query
from app.http.routing import limited
from app.http.sent_files import takes_file

Endpoint = Callable[..., Any]
_MEDIA_TYPES = ("text/csv", "text/tab-separated-values", "text/plain")
_PER_USER = "60/minute"


def import_endpoint() -> Endpoint:
    """Imports a file, or says what that would do."""

    async def endpoint(request: Request, records: Any) -> ImportReport:
        query, content = query_of(request, ImportQuery), await request.body()
        if query.dry_run:
            planned: ImportReport = await records.plan_import(content, query)
            return planned
        report: ImportReport = await records.import_csv(content, query)
        report.entry_id = records.uow.audit.recorded[-1].entry_id
        return report

    return _taking_file(endpoint)


def preview_endpoint() -> Endpoint:
    """Tells what stands in a file."""

    async def endpoint(request: Request, records: Any) -> SheetPreview:
        query, content = query_of(request, ImportQuery), await request.body()
        preview: SheetPreview = await records.preview_import(content, query)
        return preview

    return _taking_file(endpoint)


def _taking_file(endpoint: Endpoint) -> Endpoint:
    endpoint = reads_query(ImportQuery)(takes_file(*_MEDIA_TYPES)(endpoint))
    return limited(max_body_bytes=MOST_BYTES, per_user=_PER_USER)(endpoint)
