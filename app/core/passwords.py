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
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

T = TypeVar("T")

MAX_LENGTH = 1024
_SCHEME = b"atrium-password-1"
_NICENESS = 5
_DIFFERENT_CHARACTERS = 4


class PasswordPolicy:
    """Which new passwords are accepted."""

    def __init__(self, *, min_length: int) -> None:
        self.min_length = min_length

    def problem(self, password: str, *, email: str) -> str | None:
        """Why this password is refused for this person; None when it is fine."""
        if len(password) < self.min_length:
            return f"Use at least {self.min_length} characters."
        if len(set(password)) < _DIFFERENT_CHARACTERS:
            return "Use more different characters."
        if password.casefold() in (email.casefold(), email.partition("@")[0].casefold()):
            return "Do not use your e-mail address."
        return None


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
