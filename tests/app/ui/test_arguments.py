"""Arguments of events against what their handlers declare."""

from typing import Any

import pytest

from app.ui.arguments import fits
from tests.fixtures.handlers import handlers


async def handler(  # noqa: PLR0917 - one of each kind
    self: object,
    text: str,
    count: int,
    share: float,
    chosen: bool,
    ids: list[str],
    form: dict[str, Any],
    note: str | None = None,
) -> None:
    """A handler with an argument of each kind."""
    del self, text, count, share, chosen, ids, form, note


GOOD: dict[str, Any] = {
    "text": "a",
    "count": 1,
    "share": 0.5,
    "chosen": True,
    "ids": ["a"],
    "form": {"a": [1, None]},
}


class TestFits:
    """All of them, no others, each of its type."""

    @pytest.mark.parametrize("change", [{}, {"note": None}, {"note": "b"}, {"ids": []}])
    def test_right(self, change: dict[str, Any]) -> None:
        """What is declared fits; what has a default may be missing."""
        assert fits(handler, GOOD | change)

    @pytest.mark.parametrize(
        "change",
        [
            {"text": 1},
            {"text": None},
            {"count": "1"},
            {"count": True},
            {"count": 1.0},
            {"count": 2**63},
            {"share": "a"},
            {"chosen": 1},
            {"chosen": "true"},
            {"ids": "a"},
            {"ids": [1]},
            {"ids": {"a": 1}},
            {"form": []},
            {"form": None},
            {"note": 7},
            {"other": 1},
        ],
        ids=str,
    )
    def test_wrong(self, change: dict[str, Any]) -> None:
        """Another type, a number beyond 64 bits and an unknown argument do not fit."""
        assert not fits(handler, GOOD | change)

    @pytest.mark.parametrize("missing", GOOD)
    def test_missing(self, missing: str) -> None:
        """Without an argument that has no default it does not fit."""
        assert not fits(handler, {name: value for name, value in GOOD.items() if name != missing})

    @pytest.mark.parametrize("name", handlers())
    def test_types_of_all_handlers_are_known(self, name: str) -> None:
        """Every handler's declaration can be checked against."""
        assert fits(handlers()[name].handler.fn, {"no_such_argument": 1}) is False
