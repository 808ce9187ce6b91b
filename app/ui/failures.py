"""What Reflex itself could not do: said to the person in a line, and logged in one."""

import asyncio

from redis.exceptions import RedisError
from reflex_base.event.context import EventContext
from sqlalchemy.exc import DBAPIError

from app.core.errors import PlatformError
from app.core.ids import new_id
from app.core.log import get_logger
from app.ui import runtime
from app.ui.notices import FAILED, notice_delta

log = get_logger(__name__)

_OUTSIDE = (PlatformError, DBAPIError, OSError)
"""Not our defect: a database that is away, for instance."""
_FAILED = "console.event_failed"
_telling: set[asyncio.Task[None]] = set()


def event_failed(exception: Exception) -> None:
    """Take note of an event that failed outside of its handler."""
    # The watch over Redis says once that it is gone, and closes the sockets.
    if isinstance(exception, RedisError):
        return
    if isinstance(exception, _OUTSIDE):
        log.error(_FAILED, error=type(exception).__name__, request_id=new_id().hex)
    else:
        runtime.publish(exception, event=_FAILED)
    task = asyncio.ensure_future(EventContext.get().emit_delta(notice_delta(FAILED)))
    _telling.add(task)
    task.add_done_callback(_telling.discard)
