"""What differs between two values, piece by piece."""

import random

import pytest

from app.features.audit.differences import Part, of_items, of_texts

LONG = "The quick brown fox jumps over the lazy dog, again and again, until the sun goes down."


def pieces(parts: list[Part]) -> list[tuple[str, str]]:
    """Kinds and texts."""
    return [(part["kind"], part["text"]) for part in parts]


class TestItems:
    """Lists."""

    def test_says_what_came_and_went(self) -> None:
        """Removed before added; what stayed is counted and folded."""
        parts = of_items(["guest", "user", "editor"], ["user", "editor", "admin"])

        assert pieces(parts) == [
            ("removed", "guest"),
            ("added", "admin"),
            ("folded", "user, editor"),
        ]
        assert parts[-1]["label"] == "2 entries unchanged"

    def test_of_nothing(self) -> None:
        """A list that was empty has only additions."""
        assert pieces(of_items([], ["user"])) == [("added", "user")]

    def test_same_items(self) -> None:
        """Another order alone has no pieces."""
        assert of_items(["a", "b"], ["b", "a"]) == []


class TestTexts:
    """Long texts."""

    def test_word_by_word(self) -> None:
        """Only the words that differ are marked."""
        parts = of_texts(LONG, LONG.replace("lazy", "sleepy"))

        assert [each for each in pieces(parts) if each[0] in ("removed", "added")] == [
            ("removed", "lazy "),
            ("added", "sleepy "),
        ]

    def test_folds_what_stayed(self) -> None:
        """A word in a page leaves a line, not a page."""
        text = " ".join(f"word{number}" for number in range(500))
        parts = of_texts(text, text.replace("word250 ", "other "))

        assert [part["kind"] for part in parts] == [
            "folded",
            "same",
            "removed",
            "added",
            "same",
            "folded",
        ]
        assert parts[0]["label"] == "245 words unchanged"

    @pytest.mark.parametrize(
        ("before", "after"),
        [("Ada", "Grace"), (LONG, "x" * 100), ("", LONG), ("a " * 5000, "b " * 5000)],
    )
    def test_shown_beside_each_other(self, before: str, after: str) -> None:
        """Short texts, texts without anything in common and very long ones."""
        assert of_texts(before, after) == []

    def test_loses_nothing(self) -> None:
        """The pieces put together are the two texts, whatever they are."""
        chance = random.Random(7)
        for _ in range(200):
            words = [chance.choice(["aé", "b1", ",\n", "x—y"]) for _ in range(90)]
            before = " ".join(words)
            for _ in range(chance.randrange(1, 9)):
                words[chance.randrange(len(words))] = chance.choice(["new", "", "\n\n"])
            after = " ".join(words)
            parts = of_texts(before, after)

            assert not parts or before == "".join(
                part["text"] for part in parts if part["kind"] != "added"
            )
            assert not parts or after == "".join(
                part["text"] for part in parts if part["kind"] != "removed"
            )
