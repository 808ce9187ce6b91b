"""Lists as CSV files, sent while they are read."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from dishka import AsyncContainer
from fastapi import Request, Response

from app.core.csv import CsvQuery, csv_lines
from app.http import download as files

_MEDIA_TYPE = "text/{}; charset=utf-8; header=present"
CSV_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rows, below a line of column names.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "text/tab-separated-values": {"schema": {"type": "string"}},
        },
    }
}
"""For OpenAPI: what a route answers with `csv_download`."""

Write = Callable[[Iterable[Sequence[object]]], Awaitable[None]]
"""Sends rows; waits while the caller cannot take more."""


async def csv_download(
    request: Request,
    name: str,
    columns: Sequence[str],
    export: Callable[[AsyncContainer, Write], Awaitable[None]],
    query: CsvQuery,
) -> Response:
    """Answer with a file whose rows an operation sends while it runs; see `download`.

    Args:
        request: What is answered.
        name: Of the file, without date and ending.
        columns: The first line.
        export: Calls the operation, in the given unit of work, and sends its rows.
        query: How the file is written.

    Raises:
        PlatformError: Whatever the operation raises before its first rows.
    """

    async def in_lines(unit: AsyncContainer, write: files.Write) -> None:
        await export(unit, lambda rows: write(csv_lines(rows, form)))

    form = query.form
    head = form.mark + csv_lines([columns], form)
    ending, kind = ("tsv", "tab-separated-values") if form.separator == "tab" else ("csv", "csv")
    return await files.download(
        request, name, ending, _MEDIA_TYPE.format(kind), in_lines, head=head
    )
