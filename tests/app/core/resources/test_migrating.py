"""Tables of modules are made, and their fields come and go, by what migrations are written with."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from uuid import UUID

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from app.core.database import Database
from app.core.errors import ModuleError
from app.core.resources.fields import Integer, Number, Text, optional
from app.core.resources.migrating import add_fields, create_table, drop_fields


@pytest.fixture
async def database(empty_database_url: str) -> AsyncIterator[Database]:
    """An empty database."""
    database = Database(empty_database_url)
    yield database
    await database.close()


async def test_more_fields(database: Database) -> None:
    """Fields are added to records that are there, with their defaults, and taken away again."""
    first = {"name": Text(search=True, unique=True)}
    more = {
        "size": Integer(default=3, index=True),
        "code": optional(Text(unique=True)),
        "price": Number(places=2, default=Decimal("1.50")),
    }

    def run(work: Callable[[], None]) -> Callable[[Connection], None]:
        def migrate(connection: Connection) -> None:
            with Operations.context(MigrationContext.configure(connection)):
                work()

        return migrate

    async with database.writing.connect() as connection:
        await connection.run_sync(run(lambda: create_table("tried_thing", first)))
        at = "2026-01-01 00:00:00" if database.is_sqlite else "2026-01-01 00:00:00+00"
        await connection.exec_driver_sql(
            "INSERT INTO tried_thing (id, created_at, updated_at, name) "
            f"VALUES ('{UUID(int=1) if not database.is_sqlite else UUID(int=1).hex}', "
            f"'{at}', '{at}', 'Old')"
        )
        await connection.run_sync(run(lambda: add_fields("tried_thing", more)))
        found = (
            await connection.exec_driver_sql("SELECT size, code, price FROM tried_thing")
        ).one()
        assert tuple(found)[:2] == (3, None)
        assert int(found.price * (1 if database.is_sqlite else 100)) == 150
        await connection.run_sync(run(lambda: drop_fields("tried_thing", more)))
        names = await connection.run_sync(
            lambda sync: {column["name"] for column in inspect(sync).get_columns("tried_thing")}
        )
        await connection.rollback()

    assert names == {
        *("id", "version", "created_at", "updated_at", "search_text"),
        *("name", "name_order", "name_key"),
    }


def test_no_default() -> None:
    """A field that records cannot be without needs a value for those that are there."""
    with pytest.raises(ModuleError, match=r"tried_thing\.size: give it a default="):
        add_fields("tried_thing", {"size": Integer()})
