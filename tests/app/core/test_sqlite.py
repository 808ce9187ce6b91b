"""SQLite's own part of the database."""

import errno
import pickle
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Uuid, literal, select

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


@pytest.mark.parametrize("value", [None, UUID(int=0), UUID(int=2**128 - 1), uuid4()])
async def test_ids_are_read_as_they_were_written(tmp_path: Path, value: UUID | None) -> None:
    """An id that was stored comes back as an id like any other."""
    database = Database(f"sqlite:///{tmp_path / 'ids.db'}")
    async with database.reading.connect() as connection:
        read = (await connection.execute(select(literal(value, Uuid)))).scalar_one()

    assert read == value
    assert repr(read) == repr(value)
    assert hash(read) == hash(value)
    assert pickle.loads(pickle.dumps(read)) == value
    await database.close()
