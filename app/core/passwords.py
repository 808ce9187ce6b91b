"""Passwords: bcrypt in threads, never on the event loop.

bcrypt reads 72 bytes and stops at NUL. So the password is normalised (NFKC, as
RFC 8265 and NIST SP 800-63B ask), then condensed with a keyed SHA-256 whose
base64 is 44 bytes; every character of a long password counts.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import re
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import bcrypt

T = TypeVar("T")

MAX_LENGTH = 1024
_SCHEME = b"atrium-password-1"
_NICENESS = 5
_DIFFERENT_CHARACTERS = 4
_PRODUCT = "atrium"

_COMMON = frozenset(
    Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split()
)
"""What is tried first everywhere, in lower case; those below eight characters are too short."""

# What people add to a word to please a form.
_ENDS = re.compile(r"^[\W\d_]{0,8}|[\W\d_]{0,8}$")
_SHORTEST_WORD = 3
_COMMON_WORDS = frozenset(
    word for word in (_ENDS.sub("", each) for each in _COMMON) if len(word) > _SHORTEST_WORD
)
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
        plain = unicodedata.normalize("NFKC", password).casefold()
        word = _ENDS.sub("", plain)
        if plain == email.casefold() or re.sub(r"\W", "", word) in _personal(email, name):
            return _guessable("Do not use a name, the e-mail address or the product's name.")
        if plain in _COMMON or word in _COMMON_WORDS:
            return _guessable("Many people use this password. Choose another one.")
        if _is_sequence(plain):
            return _guessable("Do not use keys or letters that follow each other.")
        return None


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
    """Hashes and verifies passwords on a small pool of its own. Lives as long as the process."""

    def __init__(self, *, rounds: int, threads: int | None = None) -> None:
        self._rounds = rounds
        self._pool = ThreadPoolExecutor(
            threads or os.cpu_count() or 1, thread_name_prefix="bcrypt", initializer=_be_nice
        )
        # Compared against when there is no account, so that both cases take the same time.
        self._nobody = bcrypt.hashpw(_condense("nobody"), bcrypt.gensalt(rounds))

    async def hash(self, password: str) -> str:
        """The hash to store for a password of at most `MAX_LENGTH` characters."""
        return await self._run(self._hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password fits the stored hash.

        Args:
            password: What was typed.
            stored: The hash; None (no such account) takes as long and answers False.
        """
        expected = stored.encode() if stored else self._nobody
        fits = await self._run(lambda text: bcrypt.checkpw(_condense(text), expected), password)
        return fits and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with another cost than configured now."""
        return stored.split("$")[2] != f"{self._rounds:02d}"

    def close(self) -> None:
        """Let the threads finish what they do and end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return bcrypt.hashpw(_condense(password), bcrypt.gensalt(self._rounds)).decode()

    async def _run(self, work: Callable[[str], T], password: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, password)


def _condense(password: str) -> bytes:
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(_SCHEME, text, hashlib.sha256))


def _be_nice() -> None:
    """Give way to the event loop when the processor is full (Linux: niceness is per thread)."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
