"""Lists as CSV files, sent while they are read."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from dishka import AsyncContainer
from fastapi import Request, Response

from app.core.csv import csv_lines
from app.http import download as files

_MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
CSV_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rows, below a line of column names.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
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
) -> Response:
    """Answer with a file whose rows an operation sends while it runs; see `download`.

    Args:
        request: What is answered.
        name: Of the file, without date and ending.
        columns: The first line.
        export: Calls the operation, in the given unit of work, and sends its rows.

    Raises:
        PlatformError: Whatever the operation raises before its first rows.
    """

    async def in_lines(unit: AsyncContainer, write: files.Write) -> None:
        await export(unit, lambda rows: write(csv_lines(rows)))

    head = csv_lines([columns])
    return await files.download(request, name, "csv", _MEDIA_TYPE, in_lines, head=head)
