"""Words as they are stored and searched."""

import pytest

from app.core.search import Word, is_found, misplaced, search_text, search_words


class TestWords:
    """What was typed."""

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ("", []),
            ("  &|! ", []),
            ("Ada LOVELACE ada", [Word("ada"), Word("lovelace")]),
            ("O'Brien-Smith", [Word("obriensmith", ("obrien", "smith"))]),
            ("ada.b@example.com", [Word("adabexamplecom")]),
            ("J.R.R.", [Word("jrr")]),
            ("½", [Word("12")]),
        ],
    )
    def test_splits(self, typed: str, words: list[Word]) -> None:
        """At spaces; what else stands between letters does not count."""
        assert search_words(typed) == words

    def test_has_an_end(self) -> None:
        """However many words are typed."""
        assert len(search_words(" ".join(map(str, range(1000))))) <= 20


class TestStored:
    """What is stored of names."""

    @pytest.mark.parametrize(
        ("text", "stored"),
        [
            ("Ada Lovelace", "  ada  lovelace"),
            ("Mary-Jane O'Brien", "  maryjane  ja  obrien"),
            ("王 小明", "  王小明  小明  明"),
            ("🚀", ""),
        ],
    )
    def test_has_words_and_where_parts_begin(self, text: str, stored: str) -> None:
        """Each word after two spaces, and two letters of each part of it."""
        assert search_text(text) == stored

    def test_fits(self) -> None:
        """The longest texts do, and their beginning is found."""
        stored = search_text("\ufdfa" * 100, "a." * 127)

        assert len(stored) <= 1000
        assert is_found(stored, "صلى")

    def test_words_that_begin_count_more(self) -> None:
        """Of two that have the word, the one is better in which it begins one."""
        words = search_words("ann lee")

        assert misplaced(search_text("Ann Lee"), words) == 0
        assert misplaced(search_text("Hannah Lee"), words) == 1
