"""Text from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from app.core.text import composed_text, is_shown, plain_text, searched_text, shown_text


class TestPlainText:
    """What no field accepts, and everything else it does."""

    @pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfff", "\udc80x"])
    def test_refuses_what_is_not_text(self, text: str) -> None:
        """NUL and lone surrogates cannot be stored."""
        with pytest.raises(PydanticCustomError):
            plain_text(text)

    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
    def test_leaves_text_alone(self, text: str) -> None:
        """Any other text, emoji and right-to-left included, passes unchanged."""
        assert plain_text(text) is text

    @pytest.mark.parametrize("value", [None, 1, b"\0", ["\0"]])
    def test_leaves_other_types_to_the_schema(self, value: object) -> None:
        """Types are not its business."""
        assert plain_text(value) is value


HIDDEN = ["\0", "\t", "\n", "\r", "\x1b", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ud800"]

UNSEEN = [
    "\u0301\u0301",
    "\u200c",
    " \u200d ",
    "a\u200bb",
    "ad\u00admin",
    "\u2060x",
    "\ufeffx",
    "\u3164",
    "\u2800",
]


class TestShownText:
    """What would not be seen as it is."""

    @pytest.mark.parametrize("letter", HIDDEN, ids=ascii)
    def test_refuses(self, letter: str) -> None:
        """Control characters, line ends, and what turns the direction of writing."""
        with pytest.raises(PydanticCustomError):
            shown_text(f"a{letter}b")

    @pytest.mark.parametrize("text", UNSEEN, ids=ascii)
    def test_refuses_what_shows_nothing(self, text: str) -> None:
        """Accents and joiners without a letter, and what has no shape and no use."""
        with pytest.raises(PydanticCustomError):
            shown_text(text)

    @pytest.mark.parametrize("text", ["", " ", "می\u200cرود", "Zoë 👩‍👩‍👧 山田", "שלום", "e\u0301"])
    def test_leaves_text_alone(self, text: str) -> None:
        """Any script, and emoji that are joined."""
        assert shown_text(text) is text


class TestComposedText:
    """Letters and their accents in one."""

    def test_composes(self) -> None:
        """Before anybody counts characters; what is no text stays as it is."""
        assert composed_text("Re\u0301daction") == "R\u00e9daction"
        assert composed_text(None) is None


class TestSearchedText:
    """The same in a search, which may be pasted from anywhere."""

    @pytest.mark.parametrize("letter", HIDDEN, ids=ascii)
    def test_separates_words(self, letter: str) -> None:
        """It is taken for a space."""
        assert searched_text(f"a{letter}b") == "a b"

    @given(st.text())
    def test_is_always_shown(self, text: str) -> None:
        """Whatever is searched for can be shown behind a letter, and is no longer."""
        searched = searched_text(text)
        assert isinstance(searched, str)
        assert is_shown(f"a{searched}")
        assert len(searched) <= len(text)
