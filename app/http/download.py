"""Files that are sent while an operation writes them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from dishka import AsyncContainer
from fastapi import Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.core import clock
from app.core.errors import Unavailable
from app.core.unit_of_work import UnitOfWork, open_unit

Write = Callable[[bytes], Awaitable[None]]
"""Sends some of the file; waits while the caller cannot take more."""


async def download(
    request: Request,
    name: str,
    ending: str,
    media_type: str,
    export: Callable[[AsyncContainer, Write], Awaitable[None]],
    *,
    head: bytes = b"",
) -> Response:
    """Answer with a file that an operation sends while it runs.

    Args:
        request: What is answered.
        name: Of the file, without date and ending.
        ending: Of the file's name, without the dot.
        media_type: What it is.
        export: Calls the operation, in the given unit of work, and sends what it gives.
        head: How the file begins.

    Raises:
        PlatformError: Whatever the operation raises before it sends anything.
    """
    disposition = f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.{ending}"'
    headers = {"Content-Disposition": disposition}
    if request.scope.get("atrium.head"):
        # Nothing is read and nothing handed out, so nothing is recorded as exported.
        return Response(media_type=media_type, headers=headers)
    container: AsyncContainer = request.app.state.container
    actor, context = request.scope["atrium.actor"], request.scope["atrium.context"]

    async def run(write: Write) -> None:
        async with open_unit(container, actor, context) as unit:
            await export(unit, write)
            await (await unit.get(UnitOfWork)).commit()

    pieces = _Pieces(run)
    first = await pieces.next()

    async def content() -> AsyncIterator[bytes]:
        piece = first
        yield head
        while piece is not None:
            yield piece
            piece = await pieces.next()

    response = _Download(content(), media_type=media_type, headers=headers)
    response.leave = pieces.leave
    return response


class _Download(StreamingResponse):
    """An answer that says when the caller takes no more of it."""

    leave: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.leave()


_STALLED_SECONDS = 30
"""A caller who takes nothing for so long is taken for gone."""

_running: set[asyncio.Task[None]] = set()
"""The event loop itself would not keep a task from being collected."""


class _Pieces:
    """What an operation writes, handed over one piece at a time.

    The operation runs in a task of its own: when the caller leaves it is told so
    and ends in an orderly way, its audit entry included.
    """

    def __init__(self, run: Callable[[Write], Awaitable[None]]) -> None:
        self._run = run
        self._queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(1)
        self._is_wanted = True
        task = asyncio.create_task(self._produce())
        _running.add(task)
        task.add_done_callback(_running.discard)

    async def next(self) -> bytes | None:
        """The next piece, None after the last; raises whatever the operation raised."""
        if not self._is_wanted and self._queue.empty():
            raise ClientDisconnect
        piece = await self._queue.get()
        if isinstance(piece, Exception):
            raise piece
        return piece

    def leave(self) -> None:
        """Take nothing more."""
        self._is_wanted = False
        with suppress(asyncio.QueueEmpty):
            self._queue.get_nowait()

    async def _write(self, some: bytes) -> None:
        await self._hand_over(some)
        if not self._is_wanted:
            code = "export.aborted"
            raise Unavailable(code, "The caller left before the last row was sent.")

    async def _produce(self) -> None:
        try:
            await self._run(self._write)
        except Exception as error:  # noqa: BLE001 - raised again by whoever takes the pieces
            await self._hand_over(error)
        else:
            await self._hand_over(None)

    async def _hand_over(self, piece: bytes | Exception | None) -> None:
        if not self._is_wanted:
            return
        try:
            async with asyncio.timeout(_STALLED_SECONDS):
                await self._queue.put(piece)
        except TimeoutError:
            # It would keep others from their exports for as long as it likes.
            self._is_wanted = False
