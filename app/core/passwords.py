"""Passwords: bcrypt in threads, never on the event loop.

bcrypt reads 72 bytes and stops at NUL. So the password is normalised (NFKC, as
RFC 8265 and NIST SP 800-63B ask), then condensed with a keyed SHA-256 whose
base64 is 44 bytes; every character of a long password counts.
"""

import asyncio
import base64
import functools
import hashlib
import hmac
import os
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import bcrypt

from app.core.hash_queue import HashQueue, Line

T = TypeVar("T")

MAX_LENGTH = 1024
_SCHEME = b"atrium-password-1"
_NICENESS = 5
_DIFFERENT_CHARACTERS = 4
_LONGEST_WAIT_SECONDS = 2
_FEWEST_PLACES, _MOST_PLACES = 16, 1000
_PRODUCT = "atrium"

# What people add to a word to please a form.
_ENDS = re.compile(r"^[\W\d_]{0,8}|[\W\d_]{0,8}$")
_SHORTEST_WORD = 3
_ROWS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    *("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol."),
)
_STEPS = frozenset(step for row in _ROWS for way in (row, row[::-1]) for step in pairwise(way))


@dataclass(frozen=True, slots=True)
class Weakness:
    """Why a password is refused: a stable code, and what to do in a sentence."""

    code: str
    message: str


class PasswordPolicy:
    """Which new passwords are accepted."""

    def __init__(self, *, min_length: int) -> None:
        self.min_length = min_length

    def problem(self, password: str, *, email: str, name: str = "") -> Weakness | None:
        """Why this password is refused for this person; None when it is fine.

        Args:
            password: What was chosen.
            email: The person's address.
            name: The person's name.
        """
        if len(password) < self.min_length:
            return _weak(f"Use at least {self.min_length} characters.")
        if len(set(password)) < _DIFFERENT_CHARACTERS:
            return _weak("Use more different characters.")
        plain = _plain(password)
        word = _ENDS.sub("", plain)
        if plain == email.casefold() or re.sub(r"\W", "", word) in _personal(email, name):
            return _guessable("Do not use a name, the e-mail address or the product's name.")
        if plain in _common() or word in _common_words():
            return _guessable("Many people use this password. Choose another one.")
        if _is_sequence(plain):
            return _guessable("Do not use keys or letters that follow each other.")
        return None


@functools.cache
def _common() -> frozenset[str]:
    """What is tried first everywhere. Read when the first password is chosen, not at the start."""
    lines = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split("\n")
    return frozenset(_plain(line) for line in lines if line and not line.startswith("# "))


@functools.cache
def _common_words() -> frozenset[str]:
    words = (_ENDS.sub("", password) for password in _common())
    return frozenset(word for word in words if len(word) > _SHORTEST_WORD)


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password).casefold()


def _weak(message: str) -> Weakness:
    return Weakness("user.password.weak", message)


def _guessable(message: str) -> Weakness:
    return Weakness("user.password.guessable", message)


def _personal(email: str, name: str) -> set[str]:
    """The words that whoever knows the person tries first, without the signs in them."""
    local, name = email.partition("@")[0].casefold(), name.casefold()
    words = [_PRODUCT, local, name, *re.split(r"[\W\d_]+", local), *name.split()]
    plain = {re.sub(r"\W", "", _ENDS.sub("", word)) for word in words}
    return {word for word in plain if len(word) >= _SHORTEST_WORD}


def _is_sequence(text: str) -> bool:
    """Whether all of it is pieces of three or more neighbours: *1234qwer*, *abcdefgh*."""
    length = 1
    for step in pairwise(text):
        if step in _STEPS:
            length += 1
        elif length < _SHORTEST_WORD:
            return False
        else:
            length = 1
    return length >= _SHORTEST_WORD


class PasswordHasher:
    """Hashes and verifies passwords on a small pool of its own. Lives as long as the process.

    Args:
        rounds: bcrypt's cost: the number of rounds as a power of two.
        threads: How many at once; as many as there are processors when not given.
        places: How many may wait or be served in each line of the queue; when not given, as many
            as are served within two seconds.
    """

    def __init__(
        self, *, rounds: int, threads: int | None = None, places: int | None = None
    ) -> None:
        self._rounds = rounds
        threads = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="bcrypt", initializer=_be_nice)
        started = time.thread_time()
        # Compared against when there is no account, so that both cases take the same time.
        self._nobody = bcrypt.hashpw(_condense("nobody"), bcrypt.gensalt(rounds))
        # Of the processor, so that a start on a busy machine does not make the queue shorter.
        self._usual_seconds = time.thread_time() - started
        served = int(threads * _LONGEST_WAIT_SECONDS / self._usual_seconds)
        self.queue = HashQueue(
            self._pool,
            threads=threads,
            places=places or min(max(served, _FEWEST_PLACES), _MOST_PLACES),
        )

    @contextmanager
    def place(self, line: Line, whose: str = "") -> Iterator["PlaceInQueue"]:
        """A place in the queue, for as many passwords one after the other as the call needs.

        Args:
            line: One of the queue's lines.
            whose: Who shares the places of one: a person, or an address of strangers.

        Raises:
            Unavailable: All places are taken, or too many by the same.
        """
        with line.place(whose):
            yield PlaceInQueue(self, line, whose)

    async def hash(self, password: str) -> str:
        """The hash to store for a password of at most `MAX_LENGTH` characters.

        Raises:
            Unavailable: Too many passwords are being hashed.
        """
        with self.place(self.queue.new_passwords) as place:
            return await place.hash(password)

    async def linger(self) -> None:
        """Wait as long as verifying a password takes at present.

        A refusal that must not be told from a wrong password waits like this; nothing is computed.
        """
        await asyncio.sleep(self._usual_seconds)

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with another cost than configured now."""
        return stored.split("$")[2] != f"{self._rounds:02d}"

    def close(self) -> None:
        """Let the threads finish what they do and end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def hash_now(self, password: str) -> str:
        """The hash, made in this thread."""
        return bcrypt.hashpw(_condense(password), bcrypt.gensalt(self._rounds)).decode()

    def fits_now(self, password: str, stored: str | None) -> bool:
        """Whether the password fits, found out in this thread; see `PlaceInQueue.fits`."""
        started = time.perf_counter()
        fits = bcrypt.checkpw(_condense(password), stored.encode() if stored else self._nobody)
        self._usual_seconds += (time.perf_counter() - started - self._usual_seconds) / 8
        return fits and stored is not None


class PlaceInQueue:
    """The right to hash passwords one after the other, in turns with the others who have it."""

    def __init__(self, hasher: PasswordHasher, line: Line, whose: str) -> None:
        self._hasher = hasher
        self._line = line
        self._whose = whose

    async def fits(self, password: str, stored: str | None) -> bool:
        """Whether the password fits the stored hash.

        Args:
            password: What was typed.
            stored: The hash; None (no such account) takes as long and answers False.
        """
        return await self._run(lambda: self._hasher.fits_now(password, stored))

    async def hash(self, password: str) -> str:
        """The hash to store for a password of at most `MAX_LENGTH` characters."""
        return await self._run(lambda: self._hasher.hash_now(password))

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._hasher.queue.run(self._line, self._whose, work)


def _condense(password: str) -> bytes:
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(_SCHEME, text, hashlib.sha256))


def _be_nice() -> None:
    """Give way to the event loop when the processor is full (Linux: niceness is per thread)."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
