"""Answers Prometheus in a process of its own, with the sums over all workers."""

import multiprocessing
import os
import platform
import threading
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from app.core.shutdown import end_with_parent, is_alive
from app.core.version import VERSION
from app.settings import MetricsSettings


class LiveWorkers(MultiProcessCollector):
    """The sums over all workers; what a dead one had open is no longer counted."""

    def __init__(self, registry: CollectorRegistry, directory: Path) -> None:
        super().__init__(registry, str(directory))  # type: ignore[no-untyped-call]  # the library's
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        """Read the workers' files."""
        for file in self._directory.glob("gauge_live*.db"):
            pid = int(file.stem.rpartition("_")[2])
            if not is_alive(pid):
                mark_process_dead(pid, str(self._directory))  # type: ignore[no-untyped-call]  # likewise
        found: Iterable[Metric] = super().collect()  # type: ignore[no-untyped-call]  # likewise
        return found


def start_metrics_server(settings: MetricsSettings, directory: Path) -> None:
    """Serve the numbers of a directory from a process that ends with this one."""
    # A process, no thread: workers are forked from this one, and from threads nothing may be.
    process = multiprocessing.get_context("fork").Process(
        target=_serve, args=(settings, directory), name="atrium metrics", daemon=True
    )
    process.start()


def _serve(settings: MetricsSettings, directory: Path) -> None:
    end_with_parent(grace_seconds=1)
    registry = build_registry(directory, server_pid=os.getppid())
    start_http_server(settings.port, settings.host, registry)
    threading.Event().wait()


def build_registry(directory: Path, *, server_pid: int) -> CollectorRegistry:
    """All that Prometheus is told."""
    registry = CollectorRegistry(auto_describe=False)
    LiveWorkers(registry, directory)
    ProcessCollector(namespace="atrium_server", pid=lambda: server_pid, registry=registry)
    # Without a place in the directory, which is for the workers.
    registry.register(_Build())
    return registry


class _Build:
    """Which version runs, and on which Python."""

    def collect(self) -> Iterable[Metric]:
        """One number, which is always 1."""
        metric = Metric("atrium_build", "The version that runs.", "info")
        labels = {"version": VERSION, "python": platform.python_version()}
        metric.add_sample("atrium_build_info", labels, 1)
        yield metric
