"""How `make dev` compiles pages: those that are open first."""

from pathlib import Path

import pytest

from scripts import dev_pages

ROUTES = ["404", "index", "users", "users/new", "users/[user_id]", "roles"]


class TestFirst:
    """Which pages are compiled ahead of the others."""

    @pytest.mark.parametrize(
        ("opened", "expected"),
        [
            ([], []),
            (["[users]._index.jsx"], ["users"]),
            (["[users].$[user_id]._index.jsx", "_index.jsx"], ["users/[user_id]", "index"]),
            (["[gone]._index.jsx", "[roles]._index.jsx"], ["roles"]),
        ],
    )
    def test_the_last_one_opened_is_the_first(self, opened: list[str], expected: list[str]) -> None:
        """The files that the browser asked for are the pages; one that is gone is passed over."""
        assert dev_pages.first(opened, ROUTES) == expected

    def test_are_few(self) -> None:
        """Whoever opened many pages waits for the last ones only."""
        opened = [f"[page{number}]._index.jsx" for number in range(9)]

        assert dev_pages.first(opened, [f"page{number}" for number in range(9)]) == [
            "page0",
            "page1",
            "page2",
        ]


def test_assets_are_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reflex finds our files as they are now, and one that is gone no longer."""
    monkeypatch.setattr(dev_pages, "ROOT", tmp_path)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "boot.js").write_text("one")
    (tmp_path / "assets" / "old.js").write_text("one")
    folder = tmp_path / "dev" / "assets"
    dev_pages.link_assets(folder)
    (tmp_path / "assets" / "boot.js").write_text("two")
    (tmp_path / "assets" / "old.js").unlink()

    dev_pages.link_assets(folder)

    assert (folder / "boot.js").read_text() == "two"
    assert [path.name for path in folder.iterdir()] == ["boot.js"]
