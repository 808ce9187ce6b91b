"""Words as they are stored and searched, on SQLite (FTS5) and PostgreSQL (GIN) alike.

A typed word is found wherever it stands in a word that is stored; one or two letters only where
they begin one, or a part of one. Both databases keep an index of all runs of three characters:
each stored word has two spaces before it, so that where words begin is such a run as well.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
)
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from app.core.folding import fold, is_letter

_LONGEST: Final = 480
_RUN: Final = 3
_MOST_WORDS: Final = 20
Stored = ColumnElement[str] | Mapped[str]
"""A column of stored forms."""
_BORDER: Final = "\n"
"""Between the texts that one row is found by."""

_SPACELESS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts whose words, or parts of names, stand side by side without a space."""
# Not false(), before which SQLAlchemy would forget all other conditions, and how tables are joined.
_NOWHERE: Final[ColumnElement[bool]] = literal_column("1 = 0")
_PLAIN: Final = re.compile("[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was typed.

    Attributes:
        text: Its letters, whatever stands between them.
        parts: What it is made of, which may also stand apart: *Mary-Jane* is *Mary Jane*.
    """

    text: str
    parts: tuple[str, ...] = ()

    @property
    def ways(self) -> Iterator[Sequence[str]]:
        """Pieces of stored texts that prove it to be there, all of them, one way or the other."""
        yield (_piece(self.text),)
        if self.parts:
            yield tuple(map(_piece, self.parts))


def search_words(typed: str) -> list[Word]:
    """The words of a text that was typed, each once."""
    words: dict[Word, None] = {}
    for each in fold(typed).split():
        parts = _parts(each)
        if not parts:
            continue
        # An address is looked for as a whole; initials would be found everywhere.
        is_whole = len(parts) == 1 or "@" in each or min(map(len, parts)) == 1
        words[Word("".join(parts), () if is_whole else tuple(parts))] = None
    return list(words)[:_MOST_WORDS]


def search_text(*texts: str) -> str:
    """What a search index knows of a thing with these names: its stored form."""
    return _BORDER.join(_stored(text)[:_LONGEST] for text in texts)


def is_found(stored: str, typed: str) -> bool:
    """Whether a stored form has all these words: what the databases look for, in Python."""
    words = search_words(typed)
    return bool(words) and all(
        any(all(piece in stored for piece in way) for way in word.ways) for word in words
    )


def misplaced(stored: str, words: Sequence[Word]) -> int:
    """How many of the words that are found do not begin one in a stored form: the fewer the better.

    Of two that have them all, the one is meant in which they begin words.
    """
    return sum(f" {word.text}" not in stored for word in words)


def stands_in(
    column: Stored, words: Sequence[Word], *, place: int | None = None, of: int = 1
) -> ColumnElement[bool]:
    """Whether the words stand in a column of stored forms.

    Args:
        column: The column.
        words: All of them are looked for; no word stands anywhere.
        place: In which of its texts, of which there are `of`; in all of them when not given.
        of: How many texts there are, at most two.
    """
    before = f"%{_BORDER}%" if place == 1 and of > 1 else "%"
    after = f"%{_BORDER}%" if place == 0 and of > 1 else "%"
    return _each_way(words, lambda piece: column.like(literal(f"{before}{piece}{after}")))


@dataclass(frozen=True)
class SearchIndex:
    """What finds rows of one table by words.

    Attributes:
        key: The column that tells its rows apart.
        column: That of their stored forms.
        sqlite: A query of the keys of the documents that `{hits}` gives, which FTS5 numbers.
        fts: The table of FTS5.
    """

    key: ColumnElement[Any]
    column: ColumnElement[str]
    sqlite: str
    fts: str

    def found(
        self,
        key: ColumnElement[Any] | Mapped[Any],
        words: Sequence[Word],
        *,
        most: int,
        is_sqlite: bool,
    ) -> ColumnElement[bool]:
        """Whether a key is among those of the rows that are found, at most so many."""
        if not words:
            return _NOWHERE
        if is_sqlite:
            hits = (
                f"SELECT rowid FROM {self.fts} WHERE {self.fts} MATCH :words "  # noqa: S608 - ours
                "ORDER BY rowid DESC LIMIT :most"
            )
            keys = text(self.sqlite.format(hits=hits)).bindparams(
                bindparam("words", _match(words), unique=True),
                bindparam("most", most, unique=True),
            )
            return key.in_(keys.columns(self.key))
        # As an array, or PostgreSQL walks through all rows to find the newest among the matches.
        found = select(self.key).where(_in_runs(self.column, words)).limit(most)
        return key == func.any(func.array(found.correlate(None).scalar_subquery()))


USERS: Final = table(
    "core_users", sql_column("id", Uuid), sql_column("display_name"), sql_column("search_text")
)
"""What users are found by; several features look for them."""

USER_SEARCH: Final = SearchIndex(
    USERS.c.id,
    USERS.c.search_text,
    sqlite="SELECT user_id FROM core_user_search_docs WHERE doc IN ({hits})",
    fts="core_user_search",
)
"""Finds users by words of their name, which is the first text there, and of their address."""


def _each_way(
    words: Sequence[Word], condition: Callable[[str], ColumnElement[bool]]
) -> ColumnElement[bool]:
    if not words:
        return _NOWHERE
    return and_(*(or_(*(and_(*map(condition, way)) for way in word.ways)) for word in words))


def _match(words: Sequence[Word]) -> str:
    """The words as FTS5 writes them, in phrases of runs."""
    return " AND ".join(
        f"({' OR '.join('(' + ' AND '.join(map(_quoted, way)) + ')' for way in word.ways)})"
        for word in words
    )


def _quoted(piece: str) -> str:
    return f'"{piece}"'


def _in_runs(column: ColumnElement[str], words: Sequence[Word]) -> ColumnElement[bool]:
    def condition(piece: str) -> ColumnElement[bool]:
        ends = len(piece) - _RUN
        # Side by side they cover the piece; what else has them all is sorted out by reading it.
        runs = sorted({piece[start : start + _RUN] for start in (*range(0, ends, _RUN), ends)})
        return and_(
            func.core_search_runs(column).op("@>")(cast(literal(runs, ARRAY(Text)), ARRAY(Text))),
            column.like(literal(f"%{piece}%")),
        )

    return _each_way(words, condition)


def _piece(word: str) -> str:
    """What stands in a stored form that has the word: the word, or where it begins."""
    return " " * (_RUN - len(word)) + word


def _parts(word: str) -> list[str]:
    """What a folded word is made of, without what stands between its parts."""
    plain = word.replace("'", "")
    if plain.isascii():
        return _PLAIN.findall(plain)
    return "".join(each if is_letter(each) else " " for each in plain).split()


def _stored(text: str) -> str:
    """The words of one text, and the beginnings of what they are made of."""
    pieces: dict[str, None] = {}
    for parts in _joined(filter(None, map(_parts, fold(text).split()))):
        word = "".join(parts)
        starts = set(accumulate(map(len, parts[:-1])))
        if not word.isascii():
            starts |= {found.start() for found in _SPACELESS.finditer(word, 1)}
        pieces[word] = None
        for at in sorted(starts):
            pieces[word[at : at + _RUN - 1]] = None
    return "".join("  " + piece for piece in pieces)


def _joined(words: Iterable[list[str]]) -> Iterator[list[str]]:
    """Words of such scripts as one: whether a space follows a surname does not count."""
    last: list[str] = []
    for parts in words:
        if last and _SPACELESS.match(last[-1][-1]) and _SPACELESS.match(parts[0]):
            last = [*last, *parts]
            continue
        if last:
            yield last
        last = parts
    if last:
        yield last
