"""Passwords: what is accepted, how it is hashed, and how long answers take."""

import asyncio
import statistics
import threading
import time
import unicodedata
from collections.abc import Iterator

import bcrypt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core.passwords import (
    MAX_LENGTH,
    PasswordHasher,
    PasswordPolicy,
    _common,
    _condense,
)

CHEAPEST = 4


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    """A hasher at the cheapest cost."""
    hasher = PasswordHasher(rounds=CHEAPEST, threads=2)
    yield hasher
    hasher.close()


async def verify(hasher: PasswordHasher, password: str, stored: str | None) -> bool:
    """Whether the password fits, as somebody known finds out."""
    with hasher.place(hasher.queue.known) as place:
        return await place.fits(password, stored)


class TestHash:
    """Every character of every password counts."""

    @pytest.mark.parametrize(
        "password",
        [
            "correct horse battery staple",
            "x" * MAX_LENGTH,
            "🐎" * MAX_LENGTH,
            "a\0b",
            "\0",
            " leading and trailing ",
            "пароль",
            "密码密码",
            "كلمة السر",
            "\ud800",
            "$2b$04$abcdefghijklmnopqrstuv",
        ],
    )
    async def test_verifies(self, hasher: PasswordHasher, password: str) -> None:
        """A password fits its own hash, whatever it is made of."""
        stored = await hasher.hash(password)

        assert await verify(hasher, password, stored)
        assert len(stored) <= 100

    @pytest.mark.parametrize(
        ("password", "other"),
        [
            ("x" * 72 + "a", "x" * 72 + "b"),
            ("x" * (MAX_LENGTH - 1) + "a", "x" * (MAX_LENGTH - 1) + "b"),
            ("é" * 40 + "a", "é" * 40 + "b"),
            ("a\0b", "a\0c"),
            ("a\0b", "a"),
            ("password", "Password"),
            ("password", "password "),
            ("password", "password\0"),
            ("\ud800", "\ud801"),
        ],
    )
    async def test_tells_apart(self, hasher: PasswordHasher, password: str, other: str) -> None:
        """What bcrypt alone would take for the same is not: long passwords and NUL."""
        stored = await hasher.hash(password)

        assert not await verify(hasher, other, stored)

    @pytest.mark.parametrize(
        ("composed", "decomposed"),
        [("café", unicodedata.normalize("NFD", "café")), ("ﬁsh", "fish"), ("①", "1"), ("Å", "Å")],
    )
    async def test_does_not_depend_on_the_keyboard(
        self, hasher: PasswordHasher, composed: str, decomposed: str
    ) -> None:
        """Two spellings of the same characters are one password (NFKC)."""
        stored = await hasher.hash(composed)

        assert await verify(hasher, decomposed, stored)

    async def test_is_salted(self, hasher: PasswordHasher) -> None:
        """Two users with the same password have different hashes."""
        assert await hasher.hash("same") != await hasher.hash("same")

    @given(st.text(st.characters()), st.text(st.characters()))
    @example("x" * 72, "x" * 73)
    @settings(max_examples=200)
    def test_condensed_form_keeps_passwords_apart(self, one: str, other: str) -> None:
        """What bcrypt is given is short, free of NUL, and as different as the passwords are."""
        same = unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", other)

        assert (_condense(one) == _condense(other)) is same
        assert len(_condense(one)) == 44
        assert b"\0" not in _condense(one)


class TestVerify:
    """An unknown account is not told from a wrong password by its duration."""

    async def test_unknown_account_never_fits(self, hasher: PasswordHasher) -> None:
        """Without an account no password is right, not even the one compared with."""
        assert not await verify(hasher, "nobody", None)
        assert not await verify(hasher, "anything", None)

    @pytest.mark.parametrize("known", [True, False])
    async def test_hashes_exactly_once(
        self, hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch, *, known: bool
    ) -> None:
        """Either way one bcrypt comparison is made, in a thread of the hasher."""
        stored = await hasher.hash("right") if known else None
        threads: list[str] = []
        check = bcrypt.checkpw

        def counted(password: bytes, hashed: bytes) -> bool:
            threads.append(threading.current_thread().name)
            return check(password, hashed)

        monkeypatch.setattr(bcrypt, "checkpw", counted)

        await verify(hasher, "wrong", stored)

        assert [name.startswith("bcrypt") for name in threads] == [True]

    @pytest.mark.slow
    async def test_takes_as_long_without_an_account(self) -> None:
        """The medians of both cases lie within a third of each other."""
        hasher = PasswordHasher(rounds=8, threads=1)
        stored = await hasher.hash("right")

        async def seconds(against: str | None) -> float:
            started = time.perf_counter()
            await verify(hasher, "wrong", against)
            return time.perf_counter() - started

        known, unknown = [], []
        for _ in range(30):
            known.append(await seconds(stored))
            unknown.append(await seconds(None))
        hasher.close()

        ratio = statistics.median(known) / statistics.median(unknown)
        assert 0.67 < ratio < 1.5

    async def test_leaves_the_event_loop_free(self) -> None:
        """While passwords are hashed, the loop answers others."""
        hasher = PasswordHasher(rounds=9, threads=1)
        longest = 0.0
        hashing = asyncio.create_task(hasher.hash("slow"))
        started = time.perf_counter()
        while not hashing.done():
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)
        took = time.perf_counter() - started
        hasher.close()

        assert longest < took / 2


class TestIsOutdated:
    """Hashes of another cost are upgraded at the next sign-in."""

    async def test_recognises_another_cost(self, hasher: PasswordHasher) -> None:
        """A hash of the configured cost is current, any other is not."""
        dearer = PasswordHasher(rounds=CHEAPEST + 1, threads=1)
        stored = await hasher.hash("password")

        assert not hasher.is_outdated(stored)
        assert dearer.is_outdated(stored)
        dearer.close()


class TestPolicy:
    """Which new passwords are accepted."""

    @pytest.mark.parametrize(
        "password",
        [
            "лошадка-1",
            "🐎🐄🐑🐖🐎🐄🐑🐖",
            "x y z 0 x y z",
            "correct horse battery staple",
            "abc and my password",
            "ada is not enough",
            "ada 8273-4491-0027",
            "12 qwerty 93 zebra",
        ],
    )
    def test_accepts(self, password: str) -> None:
        """Long and varied enough is fine; nothing else is asked for."""
        assert refusal(password) == ""

    @pytest.mark.parametrize(
        ("password", "said"),
        [
            ("1234567", "at least 8 characters"),
            ("", "at least 8 characters"),
            ("aaaaaaaaaaaa", "different characters"),
            ("abcabcabcabc", "different characters"),
            ("ada.lovelace@example.com", "e-mail address"),
            ("Ada.Lovelace@Example.com", "e-mail address"),
            ("ADA.LOVELACE", "e-mail address"),
            ("Lovelace1815", "e-mail address"),
            ("countess!2026", "e-mail address"),
            ("2026_Countess Ada King!", "e-mail address"),
            ("Atrium-2026", "product's name"),
            ("Password1!", "Many people"),
            ("P@ssw0rd", "Many people"),
            ("welcome2031!", "Many people"),
            ("trustno1", "Many people"),
            ("12345678", "Many people"),
            ("34567890", "follow each other"),
            ("bcdefghij", "follow each other"),
            ("mnopqrst", "follow each other"),
            ("sdfghjkl", "follow each other"),
            ("4321trewq", "follow each other"),
            ("3edc4rfv", "follow each other"),
            ("cdef6789", "follow each other"),
        ],
    )
    def test_refuses(self, password: str, said: str) -> None:
        """A refusal says what to do."""
        assert said in refusal(password)

    @pytest.mark.parametrize(
        ("password", "code"),
        [("short", "user.password.weak"), ("password1", "user.password.guessable")],
    )
    def test_has_a_stable_code(self, password: str, code: str) -> None:
        """Programs tell the two kinds apart without reading the sentence."""
        problem = PasswordPolicy(min_length=8).problem(password, email="ada@example.com")

        assert problem is not None
        assert problem.code == code

    def test_list_of_common_ones(self) -> None:
        """It holds the 10,000 most common ones, in lower case, as they are compared."""
        assert len(_common()) > 9_900
        assert [each for each in _common() if each != each.casefold()] == []


def refusal(password: str) -> str:
    """What Ada is told; empty when the password is fine."""
    problem = PasswordPolicy(min_length=8).problem(
        password, email="ada.lovelace@example.com", name="Countess Ada King"
    )
    return "" if problem is None else problem.message
