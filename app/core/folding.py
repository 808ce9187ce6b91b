"""The one folding: what letters come to when case, accents, width and spelling do not count.

Search, uniqueness and order build on it, so that a name is found, compared and sorted alike on
every database. It is made of what Unicode says of each letter, and of a few tables for what
Unicode does not say: letters that have no accent of their own but a stroke, a hook or a tail.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""What shows nothing, besides what Unicode calls a format character."""

_KEPT: Final = 20_000
"""So many characters are remembered; texts of the whole of Unicode do not fill the memory."""

_WITH: Final = re.compile(
    r"(LATIN|CYRILLIC) (?:SMALL LETTER|SMALL LIGATURE|LETTER SMALL CAPITAL) "
    r"(?:(?:BARRED|DOTLESS|LONG|OPEN|REVERSED|TURNED) )?(\w+)"
    r"(?: WITH .+| BAR)?"
)
"""Letters as Unicode names them that are another one with something to it."""

_LIGATURES: Final = {"AE": "ae", "OE": "oe", "IJ": "ij", "ENG": "n", "ETH": "d", "THORN": "th"}
_LIKE: Final = (
    ("əǝɛɔɵɑɡɣɩʊʃʒƣĸƿ", "eeeooagiiuszgkw"),
    # Arabic as different keyboards have it.
    (
        "\u0649\u06cc\u06a9\u06be\u06c1\u06d5\u0629\u0671",
        "\u064a\u064a\u0643\u0647\u0647\u0647\u0647\u0627",
    ),
)
_OTHERS: Final[dict[str, str]] = {
    letter: plain
    for letters, plains in _LIKE
    for letter, plain in zip(letters, plains, strict=True)
}
_APOSTROPHES: Final = (
    "'`\u00b4\u2018\u2019\u201b\u2032\u05f3\u055a\ua78b\ua78c\uff07\u0294\u0241\u0242"
)
_TATWEEL: Final = "\u0640"
"""The stroke that only makes a word of Arabic longer."""
_ACCENTS: Final = frozenset({*range(1, 8), *range(10, 36), 36, 107, 122, *range(200, 241)})
"""Combining classes of what is added to a letter; the others are vowels, and voices of kana."""

_KATAKANA: Final = range(0x30A1, 0x30F7)
_TO_HIRAGANA: Final = 0x60
_SPACING_MODIFIERS: Final = range(0x02B0, 0x0300)


MOST_ORDERED: Final = 200
"""Texts that begin with so many equal letters are in no order."""

_AFTER: Final = {
    "\u0438": "\u0456",
    "\u0435": "\u0454",
    "\u0628": "\u067e",
    "\u062c": "\u0686",
    "\u0632": "\u0698",
    "\u0643": "\u06af",
}
_LAST: Final = "\U000ffffd"
_PLACES: Final = {ord(letter): before + _LAST for before, letter in _AFTER.items()}
"""Letters whose code points are far from their place, which is after another one."""


def plain(text: str) -> str:
    """The text in compatible characters, composed, without what shows nothing."""
    text = INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return "".join(each for each in text if unicodedata.category(each) != "Cf")


def fold(text: str) -> str:
    """The letters and digits of a text, without case, accents and width; other signs stay.

    Nothing that is found, compared or sorted by it depends on how the text was typed: composed or
    not, wide or narrow, with strokes and hooks or without, with which apostrophe.
    """
    if text.isascii():
        return text.lower().replace("`", "'")
    # An accent that stands alone would come apart into a space and an accent.
    text = text.translate(_TO_APOSTROPHE)
    # Twice: capitals among the compatible characters have small letters, and these come apart.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", text.translate(_LETTERS))


_TO_APOSTROPHE: Final = dict.fromkeys(map(ord, _APOSTROPHES), "'")


class _Letters(dict[int, str]):
    """What each decomposed small letter comes to, found out when it is met."""

    def __missing__(self, code: int) -> str:
        found = _folded(chr(code))
        if len(self) < _KEPT:
            self[code] = found
        return found


_LETTERS: Final = _Letters()


def _folded(letter: str) -> str:
    category, code = unicodedata.category(letter), ord(letter)
    if _adds_only(letter, category):
        return ""
    if category == "Lm" and code in _SPACING_MODIFIERS:
        return "'"
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    if code in _KATAKANA:
        return chr(code - _TO_HIRAGANA)
    return _OTHERS.get(letter) or (_base(letter) if category == "Ll" else letter)


def _adds_only(letter: str, category: str) -> bool:
    """Whether it is no letter, but what is added to one, or shows nothing."""
    return (
        category in ("Cf", "Me")
        or unicodedata.combining(letter) in _ACCENTS
        or letter == _TATWEEL
        or INVISIBLE.match(letter) is not None
    )


def _base(letter: str) -> str:
    """The letter without what Unicode's name of it says is added."""
    named = _WITH.fullmatch(unicodedata.name(letter, ""))
    if named is None:
        return letter
    alphabet, name = named.groups()
    if alphabet == "LATIN":
        return _LIGATURES.get(name, name.lower() if len(name) == 1 else letter)
    try:
        return unicodedata.lookup(f"CYRILLIC SMALL LETTER {name}")
    except KeyError:
        return letter


def order_key(text: str) -> str:
    """What a text is sorted by: the alphabet as people know it, word by word, accents aside.

    Compared by code points, which every database can do alike.
    """
    letters = fold(text).replace("'", "")
    if not letters.isascii():
        letters = letters.translate(_PLACES)
    words = "".join(each if is_letter(each) or each == _LAST else " " for each in letters).split()
    return " ".join(words)[:MOST_ORDERED] or plain(text)[:MOST_ORDERED]


def in_order(names: Iterable[str]) -> list[str]:
    """The names by the alphabet."""
    return sorted(names, key=lambda name: (order_key(name), name))


def is_letter(character: str) -> bool:
    """Whether it is part of a word: a letter, a digit, or a vowel sign that folding leaves."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"
