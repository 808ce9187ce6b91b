"""What is one name to people is one name here."""

import pytest

from app.core.names import mixes_alphabets, name_key, poses_as_latin

ADMIN = [
    "Admin",
    "ADMIN",
    " admin ",
    "аdmin",  # noqa: RUF001 - the first letter is Cyrillic
    "ａｄｍｉｎ",  # noqa: RUF001 - wide letters
    "𝐚𝐝𝐦𝐢𝐧",  # noqa: RUF001 - letters of mathematics
    "ⓐⓓⓜⓘⓝ",
    "αdmin",  # noqa: RUF001 - the first letter is Greek
    "ΑDΜΙΝ",  # noqa: RUF001 - all but one are Greek
    "аԁмі\u200bn",
    "ad\u00admin",
    "admin\u3164",
    "admin\ufe0f",
    "admın",  # noqa: RUF001 - without a dot
    "ADMİN",
    "ᴀᴅᴍɪɴ",
]


class TestNameKey:
    """Whatever case, width, alphabet or hidden signs."""

    @pytest.mark.parametrize("name", ADMIN)
    def test_same(self, name: str) -> None:
        """All that looks like *admin* has its key."""
        assert name_key(name) == "admin"

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Rédaction", "Redaction"),
            ("editor", "editors"),
            ("help desk", "help-desk"),
            ("Łukasz", "Lukasz"),
            ("team 1", "team l"),
            ("बिक्री", "बक्र"),
        ],
    )
    def test_different(self, one: str, other: str) -> None:
        """What is seen to differ has another key: accents, vowel signs, signs, digits."""
        assert name_key(one) != name_key(other)

    @pytest.mark.parametrize("name", ["Rédaction", "Ёлка", "ΝΙΚΗ", "Straße", "İstanbul", "Ꭰdmin"])  # noqa: RUF001 - other alphabets
    def test_case_and_composition(self, name: str) -> None:
        """Capitals and the way in which accents are stored make no difference."""
        assert name_key(name) == name_key(name.lower()) == name_key(name_key(name))

    def test_nothing(self) -> None:
        """What shows nothing has an empty key."""
        assert name_key(" \u200b\u3164\u2060") == ""


class TestMixesAlphabets:
    """Words that no honest keyboard writes."""

    @pytest.mark.parametrize("text", ["аdmin@example.org", "admin@exаmple.org"])  # noqa: RUF001 - one letter of each is Cyrillic
    def test_mixed(self, text: str) -> None:
        """One Cyrillic letter in a Latin word is found."""
        assert mixes_alphabets(text)

    @pytest.mark.parametrize("text", ["иван@example.org", "ılker@x.de", "abc-αβγ", "Łódź 田中"])  # noqa: RUF001 - other alphabets
    def test_not_mixed(self, text: str) -> None:
        """A word of one alphabet beside one of another is nothing strange."""
        assert not mixes_alphabets(text)


class TestDomains:
    """Domains that are written in one alphabet and read in another."""

    @pytest.mark.parametrize("name", ["аррӏе.com", "www.сосо.example", "ехо-7.org"])  # noqa: RUF001 - all Cyrillic
    def test_pose(self, name: str) -> None:
        """All letters of one part look Latin, and are not."""
        assert poses_as_latin(name)

    @pytest.mark.parametrize("name", ["apple.com", "пример.com", "сосо.рф", "мü.de", "7.org"])  # noqa: RUF001 - likewise
    def test_do_not(self, name: str) -> None:
        """One letter that looks like none is enough, and so is a last part of that alphabet."""
        assert not poses_as_latin(name)
