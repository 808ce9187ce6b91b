"""Searching users: parts of words, without case and accents, harmless whatever is typed."""

import random
import string

import pytest

from app.core.actor import SYSTEM
from app.features.users.repository import SEARCH_LIMIT
from app.features.users.schemas import UserCreate, UserListQuery, UserUpdate
from app.features.users.service import UserService
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import Platform

PEOPLE = {
    "jose": "José Núñez",
    "zoe": "Zoë O'Brien-Smith",
    "strasse": "Jörg Straße",
    "istanbul": "İpek Kaya",
    "greek": "ΟΔΥΣΣΕΥΣ Παπαδόπουλος",
    "cyrillic": "Фёдор Достоевский",
    "chinese": "山田 太郎",
    "korean": "김 철수",
    "arabic": "محمد الأمين",
    "hindi": "हिन्दी नाम",
    "numbers": "Agent 007",
    "ligature": "ﬁne ﬂuﬀ",
}


# What is typed, and who is found.
FINDS: dict[str, set[str]] = {
    "José": {"jose"},
    "jose": {"jose"},
    "JOSE nun": {"jose"},
    "nun jo": {"jose"},
    "osé": {"jose"},
    "tom": set(),
    "zoe": {"zoe"},
    "o'brien": {"zoe"},
    "smith": {"zoe"},
    "brien-smith": {"zoe"},
    "strasse": {"strasse"},
    "STRASSE": {"strasse"},
    "straße": {"strasse"},
    "ipek": {"istanbul"},
    "İPEK": {"istanbul"},
    "οδυσσευς": {"greek"},
    "Οδυσσεύς": {"greek"},
    "παπαδοπουλος": {"greek"},
    "ФЁДОР": {"cyrillic"},
    "федор": {"cyrillic"},
    "山田": {"chinese"},
    "山": {"chinese"},
    "太": {"chinese"},
    "김": {"korean"},
    "철수": {"korean"},
    "محمد": {"arabic"},
    "हिन्दी": {"hindi"},
    "007": {"numbers"},
    "agent 0": {"numbers"},
    "fine": {"ligature"},
    "fluff": {"ligature"},
    "people": set(PEOPLE),
    "jose@people.example": {"jose"},
    "people zoe": {"zoe"},
    "jose zoe": set(),
    "  jose  ": {"jose"},
    "jose\tnun": {"jose"},
    "\0\t": set(PEOPLE),
}

HARMLESS = [
    '"',
    '""',
    '"jose',
    "*",
    "jo*",
    "-",
    "-jose",
    "NEAR(",
    "NEAR(jose nun)",
    "(",
    ")",
    "jose AND nun",
    "jose OR zoe",
    "NOT jose",
    "AND",
    "display_name:jose",
    "{a b}:jose",
    "^jose",
    "jose + nun",
    "jo'se",
    "';--",
    "' OR 1=1 --",
    "jose & zoe",
    "jose | zoe",
    "!jose",
    "jose <-> nun",
    ":*",
    "jose:*",
    "\\",
    "\\'",
    "%",
    "_",
    "jose\0",
    "\u202ejose",
    "🐎",
    "½",
    "²",
    "ⓐ",
    "\u0301",
    "a" * 200,
    "a " * 100,
    "😀 " * 50,
]


@pytest.fixture
async def people(platform: Platform, make_user: UserFactory) -> Platform:
    """A platform with users of many scripts."""
    for name, display_name in PEOPLE.items():
        await make_user(email=f"{name}@people.example", display_name=display_name)
    return platform


async def find(platform: Platform, typed: str) -> set[str]:
    """The people found, by the first part of their address."""
    page = await platform.caller(SYSTEM)(UserService.page, UserListQuery(q=typed))
    return {user.email.partition("@")[0] for user in page.items}


class TestSearch:
    """What is found, on both engines."""

    async def test_finds(self, people: Platform) -> None:
        """Every word typed must stand in the name or address."""
        assert {typed: await find(people, typed) for typed in FINDS} == FINDS

    async def test_is_harmless(self, people: Platform) -> None:
        """Operators of either engine and odd characters are only text: no error, no surprise."""
        everybody = [typed for typed in HARMLESS if await find(people, typed) >= set(PEOPLE)]

        assert everybody == []

    async def test_only_punctuation_finds_nothing(self, people: Platform) -> None:
        """Something was typed and it is in no name: that is not the same as no search."""
        assert await find(people, "&|!-") == set()

    async def test_engines_agree_on_noise(self, people: Platform) -> None:
        """Two hundred random strings are searched without error."""
        random.seed(7)
        alphabet = string.printable + "éßİ山\u0301'\"*()-"
        for _ in range(200):
            await find(people, "".join(random.choices(alphabet, k=random.randint(1, 12))))

    async def test_follows_changes(self, platform: Platform, make_user: UserFactory) -> None:
        """A new name is found, the old one is not; a deleted user is not."""
        call = platform.caller(SYSTEM)
        user = await make_user(email="x@example.com", display_name="Before")
        await call(UserService.update, user.id, UserUpdate(display_name="After"))

        assert await find(platform, "before") == set()
        assert await find(platform, "after") == {"x"}

        await call(UserService.delete, user.id)

        assert await find(platform, "after") == set()

    async def test_longest_name_and_address(self, platform: Platform) -> None:
        """The longest details there can be are stored and found."""
        name = "ﷺ" * 100  # one character that becomes eighteen
        email = f"{'l' * 64}@{'d' * 60}.{'e' * 60}.example"
        new = UserCreate.model_validate(
            {"email": email, "display_name": name, "password": PASSWORD, "roles": []}
        )

        await platform.caller(SYSTEM)(UserService.create, new)

        assert await find(platform, "صلى") == {"l" * 64}


class TestLimit:
    """How much a search looks at."""

    def test_limit_is_more_than_a_page(self) -> None:
        """A search looks at more users than fit on the largest page."""
        assert SEARCH_LIMIT > 200
