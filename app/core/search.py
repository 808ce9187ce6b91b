"""Words as they are stored and searched, on SQLite (FTS5) and PostgreSQL (tsvector) alike."""

import unicodedata
from collections.abc import Sequence

_LONGEST = 1000


def search_words(typed: str) -> list[str]:
    """The words of a text, without case and accents, as they are stored and searched."""
    plain = unicodedata.normalize("NFKD", typed.casefold())
    kept = (
        character if character.isalnum() else " "
        for character in plain
        if not unicodedata.combining(character)
    )
    return "".join(kept).split()


def search_text(*parts: str) -> str:
    """What a search index knows of a thing with these names."""
    return " ".join(search_words(" ".join(parts)))[:_LONGEST]


def match(words: Sequence[str], *, is_sqlite: bool) -> str:
    """What finds texts in which each of these words begins one, as the database writes it."""
    if is_sqlite:
        return " ".join(f'"{word}"*' for word in words)
    return " & ".join(f"{word}:*" for word in words)
