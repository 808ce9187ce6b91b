"""Fields of yes and no, and of a few words."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import Boolean as BooleanColumn
from sqlalchemy import String

from app.core.resources.fields.base import UNSET, Field
from app.core.text import Flag

_TRUE, _FALSE = frozenset({"true", "yes", "1", "on"}), frozenset({"false", "no", "0", "off"})


class Boolean(Field[bool]):
    """Yes or no."""

    kind = "boolean"
    operators = ()

    @property
    def has_default(self) -> bool:
        """Always: a box that is not ticked says no."""
        return True

    @property
    def start(self) -> Any:
        """No, unless something else is said."""
        return super().start if self.default is not UNSET or not self.required else False

    def column_type(self) -> Any:
        """A truth value."""
        return BooleanColumn()

    @property
    def annotation(self) -> Any:
        """True or false, and nothing that could be taken for it."""
        return Flag

    def example(self, number: int = 1) -> Any:
        """Yes and no in turns."""
        return number % 2 == 1

    def from_text(self, text: str) -> Any:
        """What forms, files and people write for yes and no."""
        word = text.strip().casefold()
        return True if word in _TRUE else False if word in _FALSE else word or None

    def to_text(self, value: Any) -> str:
        """`true` or `false`."""
        return "true" if value else "false"

    def least_and_parse(self) -> tuple[Any, Callable[[Any], Any]]:
        """None counts as no."""
        return False, bool


class Choice(Field[str]):
    """One of a few words, each with a title.

    Args:
        options: The words with their titles, or an enumeration whose values are the words.
    """

    kind = "choice"

    def __init__(self, options: "Mapping[str, str] | type[StrEnum]", **common: Any) -> None:
        super().__init__(**common)
        self.options: Mapping[str, str] = (
            options
            if isinstance(options, Mapping)
            else {str(each): each.name.replace("_", " ").capitalize() for each in options}
        )

    def column_type(self) -> Any:
        """The word; a later version of the module may know longer ones."""
        return String(max(50, *map(len, self.options)) if self.options else 50)

    @property
    def annotation(self) -> Any:
        """One of the words."""
        return Literal[*self.options]

    def example(self, number: int = 1) -> Any:
        """One word after the other."""
        return list(self.options)[(number - 1) % len(self.options)]

    def from_text(self, text: str) -> Any:
        """The word, also by its title; None when it is empty."""
        word = text.strip()
        titles = {title.casefold(): key for key, title in self.options.items()}
        return word if word in self.options else titles.get(word.casefold(), word) or None

    def describe(self) -> dict[str, Any]:
        """The words with their titles."""
        return {"options": [[word, title] for word, title in self.options.items()]}

    def problems(self) -> list[str]:
        """As of all fields; and when there is nothing to choose."""
        return super().problems() if self.options else ["there is nothing to choose from"]
