"""SQLite's own part of the database."""

import errno
from pathlib import Path

import pytest

from app.core.database import Database
from app.core.errors import Unavailable


class TestCheckWritable:
    """Whether there is space beside the database."""

    @pytest.mark.parametrize(
        ("number", "code"), [(errno.ENOSPC, "database.full"), (errno.EROFS, "database.read_only")]
    )
    async def test_no_space_for_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
    ) -> None:
        """A folder that takes no more bytes means that changes cannot be saved."""
        database = Database(f"sqlite:///{tmp_path / 'full.db'}")
        await database.check_writable()

        def refuse(**_options: object) -> None:
            raise OSError(number, "as the kernel says it")

        monkeypatch.setattr("app.core.sqlite.TemporaryFile", refuse)
        with pytest.raises(Unavailable) as refused:
            await database.check_writable()

        assert refused.value.code == code
        await database.close()
