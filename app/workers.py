"""granian, which also says for a while that it is about to close."""

import signal
import threading
from typing import Any

from granian.server import Server

from app.core import shutdown


class WorkerServer(Server):  # type: ignore[misc, valid-type]  # granian chooses it by platform
    """A server that drains: after SIGTERM `/ready` answers 503 for a while before it closes."""

    def __init__(self, *args: Any, drain_seconds: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._drain_seconds = drain_seconds
        self._is_draining = False

    def signal_handler_interrupt(self, *args: Any, **options: Any) -> None:
        """Drain and then close; whoever interrupts a second time, or by keyboard, waits no more."""
        if args[:1] != (signal.SIGTERM,) or self._is_draining or not self._drain_seconds:
            super().signal_handler_interrupt(*args, **options)
            return
        self._is_draining = True
        shutdown.begin_drain()
        close = threading.Timer(self._drain_seconds, super().signal_handler_interrupt)
        close.daemon = True
        close.start()
