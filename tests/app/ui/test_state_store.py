"""Where states are kept: signed, and strangers' for seconds."""

import ast
import pickle
from pathlib import Path
from typing import Any

import pytest
import reflex
import reflex_base
import structlog
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State

from app.ui.state_store import _STRANGERS, UNPICKLING, SignedPickle, StrangerStates

SECRET = "the secret of an installation"


class TestSignedPickle:
    """`pickle` for what stands in Redis."""

    def test_own(self) -> None:
        """What an installation has written it reads, in another process too."""
        assert SignedPickle(SECRET).loads(SignedPickle(SECRET).dumps({"a": [1]})) == {"a": [1]}

    @pytest.mark.parametrize("written_by", ["nobody", "another installation", "a change"])
    def test_foreign(self, written_by: str, tmp_path: Path) -> None:
        """What anybody else has written is not looked into: its code does not run."""
        mark = tmp_path / "mark"
        written = {
            "nobody": pickle.dumps(Attack(mark)),
            "another installation": SignedPickle("another secret").dumps(Attack(mark)),
            "a change": SignedPickle(SECRET).dumps("a")[:32] + pickle.dumps(Attack(mark)),
        }[written_by]
        with structlog.testing.capture_logs() as logs:
            signed = SignedPickle(SECRET)
            for _ in range(3):
                with pytest.raises(pickle.UnpicklingError, match="not signed"):
                    signed.loads(written)

        assert not mark.exists()
        assert [line["event"] for line in logs] == ["console.foreign_state"]

    @pytest.mark.parametrize("data", [b"", b"short", bytes(32), bytes(100)])
    def test_nothing_signed(self, data: bytes) -> None:
        """Nor is what is too short to hold a signature, or empty behind it."""
        with pytest.raises(pickle.UnpicklingError):
            SignedPickle(SECRET).loads(data)

    def test_everything_that_unpickles(self) -> None:
        """Reflex unpickles nowhere else than in the modules that are given the signed one."""
        found = {
            str(path.relative_to(Path(package.__path__[0]).parent))
            for package in (reflex, reflex_base)
            for path in Path(package.__path__[0]).rglob("*.py")
            if unpickles(path)
        }

        # Its own disk: a manager of states that we never use, and a cache of the build.
        assert found - {"reflex_base/utils/decorator.py"} == {
            str(Path(*module.__name__.split(".")).with_suffix(".py")) for module in UNPICKLING
        }


class TestStrangerStates:
    """States of people who are not signed in."""

    async def test_few(self) -> None:
        """However many tokens come, only so many states are kept, the newest."""
        states = StrangerStates(token_expiration=60)
        for number in range(_STRANGERS * 2):
            async with states.modify_state(token(number)):
                pass

        assert len(states.states) == len(states._states_locks) == _STRANGERS
        assert str(_STRANGERS * 2 - 1) in states.states
        await states.close()  # type: ignore[no-untyped-call]  # Reflex's

    async def test_not_while_in_use(self) -> None:
        """A state whose event is under way is not the one that has to go."""
        states = StrangerStates(token_expiration=60)
        async with states.modify_state(token(0)) as oldest:
            for number in range(1, _STRANGERS * 2):
                async with states.modify_state(token(number)):
                    pass

            assert states.states["0"] is oldest
        await states.close()  # type: ignore[no-untyped-call]  # Reflex's

    async def test_forgotten(self) -> None:
        """With its tab a state goes at once."""
        states = StrangerStates(token_expiration=60)
        async with states.modify_state(token(1)):
            pass
        states.forget("1")
        states.forget("unknown")

        assert states.states == states._states_locks == states._token_expires_at == {}
        await states.close()  # type: ignore[no-untyped-call]  # Reflex's


class Attack:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.mark,)


def token(number: int) -> BaseStateToken:
    """The token of a tab."""
    return BaseStateToken(ident=str(number), cls=State)


def unpickles(path: Path) -> bool:
    """Whether a file calls `pickle.load` or `loads`, of whichever module."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"load", "loads", "Unpickler"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"pickle", "dill", "cloudpickle", "marshal", "shelve"}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )
