"""In every operation, no more guesses at a password are checked than are allowed."""

import ast
import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import get_type_hints

import pytest
import time_machine
from pydantic import BaseModel, SecretStr

from app.core.errors import PlatformError
from app.core.operations import operations_of, services_in
from app.core.passwords import PasswordHasher
from app.features.auth.schemas import Credentials, PasswordChange
from app.features.auth.service import AuthService
from app.features.auth.throttle import PAIR
from app.testing.factories import PASSWORD, UserFactory
from app.testing.platform import ADDRESS, Platform, SignedIn

pytestmark = pytest.mark.slow

APP = Path(__file__).resolve().parents[2] / "app"

Check = Callable[[Platform, SignedIn, str], Awaitable[object]]


async def sign_in(platform: Platform, person: SignedIn, password: str) -> object:
    """Sign in at the console."""
    typed = Credentials(email=person.user.email, password=SecretStr(password))
    return await platform.caller(channel="console")(AuthService.sign_in, typed)


async def issue_tokens(platform: Platform, person: SignedIn, password: str) -> object:
    """Sign in with a program."""
    typed = Credentials(email=person.user.email, password=SecretStr(password))
    return await platform.caller()(AuthService.issue_tokens, typed)


async def change_password(platform: Platform, person: SignedIn, password: str) -> object:
    """Change one's own password in the console."""
    call = platform.caller(person.actor, channel="console")
    return await call(AuthService.change_password, new_password(password))


async def change_password_for_tokens(platform: Platform, person: SignedIn, password: str) -> object:
    """Change one's own password with a program."""
    call = platform.caller(person.actor)
    return await call(AuthService.change_password_for_tokens, new_password(password))


async def reauthenticate(platform: Platform, person: SignedIn, password: str) -> object:
    """Give one's password once more."""
    call = platform.caller(person.actor)
    return await call(AuthService.reauthenticate, SecretStr(password))


def new_password(current: str) -> PasswordChange:
    """One's own password, old and new."""
    new = SecretStr("another long password")
    return PasswordChange(current_password=SecretStr(current), new_password=new)


CHECKS: dict[str, Check] = {
    "AuthService.sign_in": sign_in,
    "AuthService.issue_tokens": issue_tokens,
    "AuthService.change_password": change_password,
    "AuthService.change_password_for_tokens": change_password_for_tokens,
    "AuthService.reauthenticate": reauthenticate,
}
"""Every operation that checks a password, and how it is called with a guess."""

NEW_ONES = {"UserCreate.password", "PasswordChange.new_password", "PasswordChoice.new_password"}
"""Passwords that are set and not checked."""

SETS = {"CredentialService.set_password"}
"""Operations whose argument is a password that is set and not checked."""

REFUSED = {"auth.throttled"}
WRONG = {"auth.credentials.wrong", "auth.password.wrong"}


async def outcome(attempt: Awaitable[object]) -> str:
    """`in`, or the code of the refusal."""
    try:
        await attempt
    except PlatformError as error:
        return error.code
    return "in"


@asynccontextmanager
async def no_hashing(platform: Platform) -> AsyncIterator[None]:
    """All threads are busy until the end of the block, as on a machine that is infinitely slow."""
    hasher = await platform.container.get(PasswordHasher)
    busy = threading.Event()
    threads = hasher.queue.free
    held = [
        asyncio.create_task(hasher.queue.run(hasher.queue.known, "", busy.wait))
        for _ in range(threads)
    ]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        busy.set()
        await asyncio.gather(*held)


@pytest.fixture
def clock() -> Iterator[None]:
    """A clock that stands still: on a slow machine no delay is over before all have guessed."""
    with time_machine.travel(datetime(2026, 1, 1, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
async def ada(clock: None, platform: Platform, make_user: UserFactory) -> SignedIn:
    """Whose password is guessed; she is signed in, and known where the guesses come from."""
    hasher = await platform.container.get(PasswordHasher)
    # As many as on any machine.
    hasher.queue.known.places = hasher.queue.known.share = 100
    return await platform.sign_in(await make_user(email="ada@example.com"), PASSWORD)


async def settled(tasks: list[asyncio.Task[str]], count: int) -> None:
    """Wait until so many are answered; the others wait for a thread."""
    while sum(task.done() for task in tasks) < count:
        await asyncio.wait(
            [task for task in tasks if not task.done()], return_when="FIRST_COMPLETED"
        )


async def waiting(hasher: PasswordHasher, count: int) -> None:
    """Wait until so many wait for a thread."""
    while hasher.queue.waiting < count:  # noqa: ASYNC110 - the queue tells nobody
        await asyncio.sleep(0.01)


class TestAllAtOnce:
    """Speed decides nothing: not the machine's, not the database's, not the attacker's."""

    @pytest.mark.parametrize("name", CHECKS)
    async def test_no_more_than_allowed(self, platform: Platform, ada: SignedIn, name: str) -> None:
        """Of 30 wrong guesses, those beyond the allowance are refused before any is checked."""
        async with no_hashing(platform):
            tasks = [
                asyncio.create_task(outcome(CHECKS[name](platform, ada, f"wrong {number}")))
                for number in range(30)
            ]
            async with asyncio.timeout(60):
                await settled(tasks, 30 - PAIR.free)
            assert {task.result() for task in tasks if task.done()} == REFUSED
        answers = await asyncio.gather(*tasks)

        assert sum(answer in WRONG for answer in answers) == PAIR.free

    @pytest.mark.parametrize("name", CHECKS)
    async def test_right_one_beyond_them(
        self, platform: Platform, ada: SignedIn, name: str
    ) -> None:
        """The right password gets nobody in while as many guesses as are allowed are checked."""
        hasher = await platform.container.get(PasswordHasher)
        async with no_hashing(platform):
            wrong = [
                asyncio.create_task(outcome(CHECKS[name](platform, ada, f"wrong {number}")))
                for number in range(PAIR.free)
            ]
            async with asyncio.timeout(60):
                await waiting(hasher, PAIR.free)
            others = ["wrong"] * 24
            others[12:12] = [PASSWORD]

            answers = await asyncio.gather(
                *(outcome(CHECKS[name](platform, ada, guess)) for guess in others)
            )

            assert set(answers) == REFUSED
        assert set(await asyncio.gather(*wrong)) <= WRONG

    @pytest.mark.parametrize("name", CHECKS)
    async def test_right_ones_are_forgiven(
        self, platform: Platform, ada: SignedIn, name: str
    ) -> None:
        """A success leaves no failure behind, neither of the account nor of the address."""
        assert await outcome(CHECKS[name](platform, ada, "wrong")) in WRONG
        failures = await counted(platform)

        assert await outcome(CHECKS[name](platform, ada, PASSWORD)) == "in"

        assert failures == [1, 1, 1]
        assert await counted(platform) == [1]


async def counted(platform: Platform) -> list[int]:
    """The failures that are held against somebody."""
    return [row[1] for row in (await platform.contents())["core_sign_in_throttles"] if row[1]]


def secrets_of(operation: Callable[..., object]) -> set[str]:
    """The secrets that an operation is called with, e.g. `Credentials.password`."""
    hints = get_type_hints(operation)
    return {name for name, schema in hints.items() if schema is SecretStr} | {
        f"{schema.__name__}.{field}"
        for schema in hints.values()
        if inspect.isclass(schema) and issubclass(schema, BaseModel)
        for field, facts in schema.model_fields.items()
        if "SecretStr" in str(facts.annotation)
    }


class TestCompleteness:
    """No operation checks a password in another way."""

    def test_every_operation_is_tried(self) -> None:
        """Whatever is called with somebody's password is in the list above."""
        found = {
            f"{service.__qualname__}.{name}"
            for service in services_in("app.features")
            for name in operations_of(service)
            if secrets_of(getattr(service, name)) - NEW_ONES
        }

        assert found - SETS == set(CHECKS)

    def test_only_guesses_are_checked(self) -> None:
        """A password is compared in one place, which charges it first."""
        callers = {
            str(path.relative_to(APP))
            for path in APP.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr in {"fits_now", "checkpw"}
        }

        assert callers == {"core/passwords.py"}
        assert "self.place.fits(" in (APP / "features/auth/guesses.py").read_text(encoding="utf-8")


class TestBusy:
    """Many who sign in at once: nobody waits for long, and those who are known get in."""

    async def test_strangers_are_refused_at_once(
        self, platform: Platform, make_user: UserFactory, ada: SignedIn
    ) -> None:
        """When all places of an address are taken, more strangers there are refused.

        Somebody who is known there still gets in, and so do strangers elsewhere.
        """
        await make_user(email="grace@example.com")
        hasher = await platform.container.get(PasswordHasher)
        hasher.queue.strangers.places, hasher.queue.strangers.share = 8, 4
        async with no_hashing(platform):
            tasks = [
                asyncio.create_task(outcome(guess(platform, f"user{number}@example.org")))
                for number in range(20)
            ]
            async with asyncio.timeout(60):
                await settled(tasks, 16)
            assert {task.result() for task in tasks if task.done()} == {"auth.busy"}
            known = asyncio.create_task(outcome(issue_tokens(platform, ada, PASSWORD)))
            elsewhere = asyncio.create_task(
                outcome(guess(platform, "grace@example.com", PASSWORD, address="198.51.100.7"))
            )
            async with asyncio.timeout(60):
                await waiting(hasher, 6)

        assert await asyncio.gather(known, elsewhere) == ["in", "in"]
        assert set(await asyncio.gather(*tasks)) == {"auth.busy", "auth.credentials.wrong"}

    async def test_does_not_tell_who_is_known(self, platform: Platform, ada: SignedIn) -> None:
        """A wrong password gets the answer of strangers, also if the account is known there."""
        hasher = await platform.container.get(PasswordHasher)
        hasher.queue.strangers.places = 0

        answers = [
            await outcome(guess(platform, email))
            for email in ("ada@example.com", "nobody@example.com")
        ]

        assert answers == ["auth.busy", "auth.busy"]

    async def test_says_when_to_come_back(self, platform: Platform) -> None:
        """REST answers 503 with `Retry-After`."""
        hasher = await platform.container.get(PasswordHasher)
        hasher.queue.strangers.places = 0
        typed = {"email": "nobody@example.com", "password": "wrong"}

        async with platform.client() as client:
            response = await client.post("/api/v1/auth/login", json=typed)

        assert (response.status_code, response.json()["code"]) == (503, "auth.busy")
        assert int(response.headers["retry-after"]) > 0


async def guess(
    platform: Platform, email: str, password: str = "wrong", *, address: str = ADDRESS
) -> object:
    """Sign in with a program."""
    typed = Credentials(email=email, password=SecretStr(password))
    return await platform.caller(address=address)(AuthService.issue_tokens, typed)
