"""Files that only their owner reads."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.files import private_file, private_folder


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """The shell takes no permission away by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Who may do what with a path."""
    return stat.S_IMODE(path.stat().st_mode)


def test_new(tmp_path: Path) -> None:
    """A new file and its new folder are their owner's alone."""
    path = private_file(tmp_path / "data" / "file")

    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert path.read_bytes() == b""


def test_present(tmp_path: Path) -> None:
    """What is there keeps its content and its permissions: somebody may have chosen them."""
    path = tmp_path / "file"
    path.write_text("kept")
    path.chmod(0o640)
    tmp_path.chmod(0o750)

    private_file(path)
    private_folder(tmp_path)

    assert path.read_text() == "kept"
    assert (mode(path), mode(tmp_path)) == (0o640, 0o750)


def test_impossible(tmp_path: Path) -> None:
    """Inside a file there is no folder; the error says where."""
    (tmp_path / "file").write_text("")

    with pytest.raises(OSError, match="file") as refused:
        private_file(tmp_path / "file" / "data" / "x")

    assert refused.value.filename is not None
