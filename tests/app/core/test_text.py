"""Text from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from app.core.text import plain_text


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
