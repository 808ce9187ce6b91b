"""Setting up the environment: what is remembered, and what is said when it fails."""

from pathlib import Path

import pytest

from scripts import setup


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with lock files and an environment that looks finished."""
    for attribute, name in {
        "VENV": ".venv",
        "PYTHON": ".venv/python",
        "STAMP": ".venv/stamp.json",
        "UV_LOCK": "uv.lock",
    }.items():
        monkeypatch.setattr(setup, attribute, tmp_path / name)
    locks = {"runtime": tmp_path / "runtime.lock", "dev": tmp_path / "dev.lock"}
    monkeypatch.setattr(setup, "LOCKS", locks)
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "run", lambda *_, **__: None)
    monkeypatch.setattr(setup, "is_usable", lambda: True)
    monkeypatch.setattr(setup, "uv_environment", dict)
    (tmp_path / ".venv").mkdir()
    for name in ("uv.lock", "runtime.lock", "dev.lock", "pyproject.toml", ".venv/python"):
        (tmp_path / name).touch()
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("version = 3.11.7", encoding="utf-8")
    return tmp_path


class TestIsCurrent:
    """The stamp saves the second set-up."""

    def test_nothing_done(self, environment: Path) -> None:
        """An environment without a stamp was not finished."""
        assert not setup.is_current("runtime")

    @pytest.mark.parametrize(
        ("done", "asked", "expected"),
        [
            ("runtime", "runtime", True),
            ("dev", "dev", True),
            ("dev", "runtime", True),
            ("runtime", "dev", False),
        ],
    )
    def test_after_set_up(
        self, environment: Path, done: str, asked: str, *, expected: bool
    ) -> None:
        """The packages for the checks include those for the server, not the reverse."""
        setup.set_up(done)

        assert setup.is_current(asked) is expected

    @pytest.mark.parametrize("name", ["runtime.lock", "pyproject.toml", ".venv/pyvenv.cfg"])
    def test_after_a_change(self, environment: Path, name: str) -> None:
        """New packages, new commands or another Python need a new set-up."""
        setup.set_up("dev")
        (environment / name).write_text("changed", encoding="utf-8")

        assert not setup.is_current("dev")
        assert not setup.is_current("runtime")

    def test_interrupted(self, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A set-up that breaks off leaves no stamp, not even that of an earlier one."""
        setup.set_up("dev")

        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(setup, "run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            setup.set_up("runtime")

        assert not setup.is_current("runtime")


class TestExplain:
    """A known cause of failure gets its sentence."""

    @pytest.mark.parametrize(
        ("output", "word"),
        [
            ("OSError: [Errno 28] No space left on device", "disk"),
            ("cause: dns error", "network"),
            ("Temporary failure in name resolution", "network"),
            ("because ensurepip is not available", "venv"),
            ("THESE PACKAGES DO NOT MATCH THE HASHES", "hash"),
        ],
    )
    def test_known(self, output: str, word: str) -> None:
        """The sentence names what is missing."""
        assert word in setup.explain(output)

    def test_unknown(self) -> None:
        """Anything else is left to the output itself."""
        assert setup.explain("error: something new") == ""
