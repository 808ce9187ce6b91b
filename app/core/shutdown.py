"""How the workers learn of the end of the server that they are forked from."""

import multiprocessing
import os
import signal
import threading
import time
from ctypes import c_bool
from multiprocessing.sharedctypes import RawValue

from app.core.errors import Unavailable

_LOOK_EVERY_SECONDS = 0.5
_is_draining = RawValue(c_bool, False)  # noqa: FBT003 - its first value


def begin_drain() -> None:
    """Say, in every worker, that the server is about to close."""
    _is_draining.value = True


async def check() -> None:
    """Make sure that new requests are welcome.

    Raises:
        Unavailable: The server is about to close.
    """
    if _is_draining.value:
        code, message = "server.draining", "The server is about to close."
        raise Unavailable(code, message)


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_with_parent(*, grace_seconds: float) -> None:
    """End this worker in good order when the process that started it is gone.

    Args:
        grace_seconds: How long the end may take before it is cut off.
    """
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None:
        return
    watch = threading.Thread(target=_watch, args=(parent.pid, grace_seconds), daemon=True)
    watch.start()


def _watch(parent: int, grace_seconds: float) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    os._exit(1)
