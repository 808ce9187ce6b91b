"""One import: from the file to what became of its rows."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.resources.import_lines import Line, key_of, mapped, read_lines, suggested
from app.core.resources.import_schemas import (
    MOST_PROBLEMS,
    ImportedRow,
    ImportQuery,
    ImportReport,
    RowProblem,
    SheetPreview,
)
from app.core.resources.importing import Batches
from app.core.resources.resource import Meta
from app.core.sheet import Sheet, read_sheet

IMPORT = "import"
"""What the audit entry of a record names the import by; and its action's last word."""
_PREVIEWED = 5
_LONGEST_PREVIEWED = 80


async def import_sheet(
    service: Any, content: bytes, query: ImportQuery, *, is_trial: bool
) -> ImportReport:
    """Save the rows of a file, or only find out what would become of them.

    Args:
        service: The service of the resource, within one of its operations.
        content: The file.
        query: How it is read.
        is_trial: Whether all is taken back at the end.

    Raises:
        Invalid: The file or its columns cannot be read, or rows are refused and nothing is to be
            saved then; `problems` tells which.
        Conflict: Somebody else saved the same at this moment.
    """
    meta: Meta = service.resource.meta
    sheet = await _read(content, query)
    fields = mapped(meta, sheet, query.columns)
    key = key_of(meta, fields, query.key)
    lines = await read_lines(meta, sheet, fields, key)
    import_id = new_id()
    await service.uow.begin_write()
    batches = Batches(service, None if is_trial else {IMPORT: str(import_id)})
    await batches.save(lines, key)
    report = _report(lines, query, is_trial=is_trial)
    report.key, report.columns = key, fields
    if is_trial:
        await service.uow.rollback()
        return report
    saved = report.created + report.updated
    columns = {name: field for name, field in zip(sheet.columns, fields, strict=True) if field}
    facts = {
        "rows": saved,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "refused": report.refused,
        "mode": query.mode,
        "key": key,
        "columns": columns,
    }
    label = f"{saved:,} {meta.singular if saved == 1 else meta.plural}"
    service.uow.audit.about(meta.name, import_id, label, detail=facts)
    if not report.is_saved:
        raise _refused(meta, report)
    return report


async def preview_sheet(meta: Meta, content: bytes, query: ImportQuery) -> SheetPreview:
    """What stands in a file, and which fields its columns seem to stand for.

    Raises:
        Invalid: It cannot be read.
    """
    sheet = await _read(content, query)
    return SheetPreview(
        columns=list(sheet.columns),
        suggested=[name or "" for name in suggested(meta, sheet.columns)],
        rows=[[cell[:_LONGEST_PREVIEWED] for cell in row.cells] for row in sheet.rows[:_PREVIEWED]],
        total=len(sheet.rows),
        separator=sheet.separator,
    )


async def _read(content: bytes, query: ImportQuery) -> Sheet:
    return await asyncio.to_thread(
        read_sheet, content, separator=query.separator, encoding=query.encoding
    )


def _report(lines: Sequence[Line], query: ImportQuery, *, is_trial: bool) -> ImportReport:
    counts = Counter(line.outcome for line in lines)
    problems = [
        RowProblem(line=line.number, field=field, message=message)
        for line in lines
        for field, message in line.problems.items()
    ]
    return ImportReport(
        is_saved=not (counts["refused"] and query.mode == "all_or_nothing"),
        created=counts["created"],
        updated=counts["updated"],
        unchanged=counts["unchanged"],
        refused=counts["refused"],
        rows=[
            ImportedRow(
                line=line.number,
                outcome=line.outcome or "refused",
                id=None if is_trial and line.outcome == "created" else line.record_id,
            )
            for line in lines
        ],
        problems=problems[:MOST_PROBLEMS],
        problems_left_out=max(0, len(problems) - MOST_PROBLEMS),
    )


def _refused(meta: Meta, report: ImportReport) -> Invalid:
    message = (
        f"{report.refused:,} of {len(report.rows):,} rows cannot be imported, so none was: "
        "`problems` says which."
    )
    return Invalid(
        f"{meta.name}.import.refused",
        message,
        refused=report.refused,
        problems=[each.model_dump() for each in report.problems],
        problems_left_out=report.problems_left_out,
    )
