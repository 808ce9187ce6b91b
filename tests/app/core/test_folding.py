"""What letters come to when spelling does not count."""

import sys
import unicodedata

import pytest

from app.core.folding import fold, in_order, order_key


class TestFold:
    """One text for all spellings."""

    @pytest.mark.parametrize(
        ("text", "folded"),
        [
            ("", ""),
            ("Ada Lovelace", "ada lovelace"),
            ("Łukasz", "lukasz"),
            ("Søren", "soren"),
            ("Đặng", "dang"),
            ("Ægir Œuvre", "aegir oeuvre"),
            ("Straße WEIẞ", "strasse weiss"),
            ("ılker İlker", "ilker ilker"),
            ("Þór", "thor"),
            ("A\u030angstro\u0308m", "angstrom"),
            ("O\u2019Brien O\u02bcBrien O\u00b4Brien", "o'brien o'brien o'brien"),
            ("J.R.R. @ Mary-Jane", "j.r.r. @ mary-jane"),
            ("Ａｄａ ｶﾞ", "ada が"),
            ("カタカナ", "かたかな"),
            ("مُحرّر می\u200cرود", "محرر ميرود"),
            ("हिन्दी", "हिन्दी"),
            ("Қазақ Ёж", "казак еж"),
            ("김민준", "김민준"),
            ("٣४", "34"),
        ],
    )
    def test_leaves_letters(self, text: str, folded: str) -> None:
        """Case, accents, strokes and width are gone; other signs stay."""
        assert fold(text) == folded

    def test_is_settled(self) -> None:
        """Folding once is enough, and composed or not, wide or narrow makes no difference."""
        letters = [
            chr(code)
            for code in range(sys.maxunicode + 1)
            if unicodedata.category(chr(code))[0] in "LN"
        ]

        unsettled = [letter for letter in letters if fold(fold(letter)) != fold(letter)]
        apart = [each for each in letters if fold(unicodedata.normalize("NFD", each)) != fold(each)]

        assert unsettled == []
        assert apart == []

    def test_capitals_fold_like_small_letters(self) -> None:
        """For each letter that has another case."""
        letters = [
            chr(code)
            for code in range(sys.maxunicode + 1)
            if chr(code).lower() != chr(code) and len(chr(code).lower()) == 1
        ]

        assert [letter for letter in letters if fold(letter) != fold(letter.lower())] == []


class TestOrder:
    """What is sorted by."""

    @pytest.mark.parametrize(
        "names",
        [
            ["adam", "Bea", "Łukasz", "Ömer", "Zoë"],
            ["Ann Zed", "anna", "Anna Bell", "Annabel"],
            ["O Zed", "Obrecht", "O'Brien", "Ode"],
            ["ann@zed.example", "annabel@bell.example"],
            ["Адам", "Ёлка", "Жан", "Иван", "Ирина", "Іван", "Олег"],
            ["9 lives", "Ada", "Жан", "山田"],
        ],
    )
    def test_by_the_alphabet(self, names: list[str]) -> None:
        """Accents and capitals do not count, and words come one after the other."""
        assert in_order(reversed(names)) == names

    def test_never_empty(self) -> None:
        """Names without letters have an order as well."""
        assert order_key("🚀") == "🚀"
        assert order_key("???") == "???"
