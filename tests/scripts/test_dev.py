"""The loop of `make dev`: what is done after a change, and in which order."""

from pathlib import Path
from typing import Any

import pytest

from scripts import dev
from scripts.build_frontend import ROOT
from scripts.dev_server import Place


class Recorded(dev.Processes):
    """Processes that are only noted."""

    def __init__(self) -> None:
        self.pages_first: list[bool] = []
        self.looks = 0

    def follow(self, *, pages_first: bool) -> None:
        """Note what would go first."""
        self.pages_first.append(pages_first)

    def look(self) -> None:
        """Note that somebody looks."""
        self.looks += 1


class TestFollow:
    """What a change asks for."""

    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (["app/features/users/pages.py"], [True]),
            (["app/features/audit/dialog_pages.py", "components/badge.py"], [True]),
            (["app/features/users/service.py"], [False]),
            (["app/features/users/state.py", "app/features/users/pages.py"], [False]),
            (["config/default.yaml"], [False]),
            (["components/menu.jsx", "assets/console.css"], []),
            (["components/menu.jsx", "components/menu.py"], [True]),
            ([], []),
        ],
    )
    def test_what_it_is_about_goes_first(
        self, tmp_path: Path, names: list[str], expected: list[bool]
    ) -> None:
        """Pages go before the server when only they changed; scripts and styles need neither."""
        processes = Recorded()

        dev.follow([ROOT / name for name in names], processes, Place(tmp_path, 1))

        assert processes.pages_first == expected
        assert processes.looks == 1


class Ended:
    """A process that is gone."""

    pid = None
    exitcode = 1

    def join(self, _seconds: float) -> None:
        """Return at once."""


class Messages:
    """What a process says."""

    def __init__(self, *said: object) -> None:
        self._said = list(said)

    def poll(self) -> bool:
        """Whether it said something."""
        return bool(self._said)

    def recv(self) -> object:
        """What it said; its end is told as a pipe tells it."""
        said = self._said.pop()
        if isinstance(said, EOFError):
            raise said
        return said


class TestChild:
    """What is heard of a process."""

    @pytest.mark.parametrize(
        ("messages", "expected"),
        [(Messages(), False), (Messages(None), True), (Messages(EOFError()), False)],
    )
    def test_says_that_it_is_done(self, messages: Any, expected: bool) -> None:
        """A process that ends without saying so is not done."""
        process: Any = Ended()

        assert dev.Child(process, messages).has_said_so() is expected


def test_warm_process_has_packages_but_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is ours may change; what reads settings at its import has to wait for them."""
    printed = "app app.server components.badge reflex.app granian prometheus_client.core httpx"

    class Result:
        stdout = printed

    monkeypatch.setattr("scripts.dev.subprocess.run", lambda *_given, **_named: Result)

    assert dev.packages() == ["reflex.app", "httpx"]
