"""Migrations of a module: after those of the platform, with a table that tells how far they are."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import inspect

import examples.inventory
from app.core.database import Database
from app.core.migrations import Migrator

pytestmark = pytest.mark.slow


@pytest.fixture
async def database(empty_database_url: str) -> AsyncIterator[Database]:
    """An empty database."""
    database = Database(empty_database_url)
    yield database
    await database.close()


async def tables(database: Database) -> set[str]:
    """The names of all tables."""
    async with database.reading.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_up_down_up(database: Database) -> None:
    """All tables are made as the description says, taken away and made again; ours stay."""
    migrator = Migrator(database, [examples.inventory.module])
    await migrator.upgrade()
    assert await migrator.is_current()
    assert "inventory_0001" in await migrator.current()
    assert await migrator.differences() == []
    assert {"inventory_item", "inventory_place", "core_users"} <= await tables(database)

    await migrator.downgrade("base", destroys_proof=True)
    assert not {"inventory_item", "core_users"} & await tables(database)
    await migrator.upgrade()
    assert await migrator.differences() == []


async def test_installed_later(database: Database) -> None:
    """A module that comes to a platform in use brings its tables, and nothing else changes."""
    await Migrator(database).upgrade()
    before = await tables(database)
    migrator = Migrator(database, [examples.inventory.module])
    assert not await migrator.is_current()
    await migrator.upgrade()

    new = {"inventory_item", "inventory_place", "inventory_migrations"}
    assert await tables(database) - before == new


async def test_table_lost(database: Database) -> None:
    """A table that is not as the description says is found."""
    migrator = Migrator(database, [examples.inventory.module])
    await migrator.upgrade()
    async with database.writing.connect() as connection:
        await connection.exec_driver_sql("DROP INDEX ix_inventory_item_place_id")
        await connection.commit()

    [difference] = await migrator.differences()
    assert "ix_inventory_item_place_id" in difference
