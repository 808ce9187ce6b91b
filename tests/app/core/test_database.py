"""The database: writers wait for each other, readers for nobody, and nobody blocks the loop."""

import asyncio
import multiprocessing
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError

from app.core.database import Database, read_json
from app.core.errors import Unavailable
from app.core.postgres import TimeLimits
from scripts.servers import free_port

SCHEMA = (
    "CREATE TABLE counters (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT INTO counters VALUES (1, 0)",
    """CREATE TABLE children (counter_id INTEGER NOT NULL
    REFERENCES counters (id) DEFERRABLE INITIALLY DEFERRED)""",
)
READ = text("SELECT value FROM counters WHERE id = 1")
RAISE = text("UPDATE counters SET value = value + 1 WHERE id = 1")
ORPHAN = text("INSERT INTO children VALUES (99)")


@pytest.fixture
async def database(empty_database_url: str) -> AsyncIterator[Database]:
    """A database with one counter, on either engine."""
    database = Database(empty_database_url)
    await create(database)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    """An SQLite database with one counter."""
    database = Database(f"sqlite:///{tmp_path / 'counters.db'}")
    await create(database)
    yield database
    await database.close()


async def create(database: Database) -> None:
    """Make the tables."""
    await write(database, *map(text, SCHEMA))


async def value(database: Database) -> int:
    """Read the counter."""
    async with database.reading.connect() as connection:
        return int((await connection.execute(READ)).scalar_one())


async def raise_once(database: Database) -> None:
    """Read the counter and write it back raised by one, with a pause in between."""
    async with database.writing.begin() as connection:
        before = (await connection.execute(READ)).scalar_one()
        await asyncio.sleep(0)
        await connection.execute(text("UPDATE counters SET value = :v"), {"v": before + 1})


async def write(database: Database, *statements: TextClause) -> None:
    """Run statements in one transaction."""
    async with database.writing.begin() as connection:
        for statement in statements:
            await connection.execute(statement)


async def give_up_half_way(database: Database) -> None:
    """Write, then fail for a reason of our own."""
    async with database.writing.begin() as connection:
        await connection.execute(RAISE)
        raise LookupError


@contextmanager
def another_process_writing(database: Database) -> Iterator[None]:
    """Hold SQLite's write lock as another process would: with a connection of its own."""
    with closing(sqlite3.connect(str(database.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


class TestWriting:
    """A write transaction is all or nothing, and always ends."""

    async def test_keeps_what_was_committed(self, database: Database) -> None:
        """A block that ends well is durable."""
        await write(database, RAISE)

        assert await value(database) == 1

    async def test_forgets_everything_after_an_error(self, database: Database) -> None:
        """A block that fails leaves nothing behind, and the next one goes ahead."""
        with pytest.raises(LookupError):
            await give_up_half_way(database)

        assert await value(database) == 0
        await asyncio.wait_for(raise_once(database), 2)
        assert await value(database) == 1

    async def test_forgets_everything_when_the_commit_fails(self, database: Database) -> None:
        """A constraint that is checked at the end undoes the whole, and the next one goes ahead."""
        with pytest.raises(IntegrityError):
            await write(database, RAISE, ORPHAN)

        assert await value(database) == 0
        await asyncio.wait_for(raise_once(database), 2)
        assert await value(database) == 1

    async def test_goes_on_after_a_wrong_statement(self, database: Database) -> None:
        """A statement that cannot be read frees the lock too."""
        with pytest.raises(Exception, match="nonsense"):
            await write(database, text("nonsense"))

        await asyncio.wait_for(raise_once(database), 2)
        assert await value(database) == 1

    async def test_goes_on_after_a_cancelled_writer(self, database: Database) -> None:
        """A request that is cut off in the middle of its transaction leaves nothing behind."""
        inside = asyncio.Event()

        async def write_for_ever() -> None:
            async with database.writing.begin() as connection:
                await connection.execute(RAISE)
                inside.set()
                await asyncio.sleep(60)

        writer = asyncio.create_task(write_for_ever())
        await inside.wait()
        writer.cancel()
        await asyncio.wait([writer])

        assert await value(database) == 0
        await asyncio.wait_for(raise_once(database), 2)
        assert await value(database) == 1

    async def test_goes_on_after_a_cancelled_waiter(self, sqlite: Database) -> None:
        """A request that is cut off while it waits for its turn does not keep the turn."""
        async with sqlite.writing.begin() as connection:
            await connection.execute(RAISE)
            waiters = [asyncio.create_task(raise_once(sqlite)) for _ in range(3)]
            await asyncio.sleep(0.01)
            for waiter in waiters:
                waiter.cancel()
            await asyncio.wait(waiters)

        await asyncio.wait_for(raise_once(sqlite), 2)
        assert await value(sqlite) == 2

    async def test_writers_of_one_process_take_turns(self, sqlite: Database) -> None:
        """A hundred who read, pause and write at once lose no update."""
        await asyncio.gather(*(raise_once(sqlite) for _ in range(100)))

        assert await value(sqlite) == 100

    async def test_reads_in_a_write_transaction_belong_to_it(self, sqlite: Database) -> None:
        """The lock is taken by the first statement, even if it only reads."""
        async with sqlite.writing.begin() as connection:
            await connection.execute(READ)

            with pytest.raises(sqlite3.OperationalError, match="locked"):
                write_from_outside(sqlite)


def write_from_outside(database: Database) -> None:
    """Try to write at once, as another process."""
    with closing(sqlite3.connect(str(database.url.database), timeout=0)) as other:
        other.execute("UPDATE counters SET value = 7")
        other.commit()


class TestReading:
    """Readers see what is committed, and wait for nobody."""

    async def test_does_not_wait_for_a_writer(self, database: Database) -> None:
        """While somebody writes, others read the state before."""
        async with database.writing.begin() as connection:
            await connection.execute(RAISE)

            assert await asyncio.wait_for(value(database), 1) == 0

        assert await value(database) == 1

    async def test_does_not_wait_for_another_process(self, sqlite: Database) -> None:
        """The same holds when the writer is another process."""
        with another_process_writing(sqlite):
            assert await asyncio.wait_for(value(sqlite), 1) == 0

    async def test_does_not_keep_a_writer_waiting(self, sqlite: Database) -> None:
        """A reader in the middle of something does not hold up a writer."""
        async with sqlite.reading.connect() as connection:
            await connection.execute(READ)

            await asyncio.wait_for(raise_once(sqlite), 1)


class TestAnotherProcess:
    """SQLite's own lock, held by somebody else."""

    async def test_is_waited_for_without_blocking_the_loop(self, sqlite: Database) -> None:
        """While a writer waits for another process, this one keeps answering."""
        longest = 0.0
        with another_process_writing(sqlite):
            writer = asyncio.create_task(raise_once(sqlite))
            ends = time.perf_counter() + 0.3
            while (before := time.perf_counter()) < ends:
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - before)
            assert not writer.done()
        await asyncio.wait_for(writer, 2)

        assert longest < 0.1
        assert await value(sqlite) == 1

    async def test_is_not_waited_for_without_end(self, tmp_path: Path) -> None:
        """After the configured time the answer is that the database is busy."""
        sqlite = Database(f"sqlite:///{tmp_path / 'busy.db'}", busy_timeout_seconds=0.1)
        await create(sqlite)

        with another_process_writing(sqlite), pytest.raises(Unavailable) as refused:
            await raise_once(sqlite)

        assert refused.value.code == "database.busy"
        await asyncio.wait_for(raise_once(sqlite), 2)
        assert await value(sqlite) == 1
        await sqlite.close()

    async def test_cancelled_while_waiting(self, sqlite: Database) -> None:
        """Cut off while waiting for another process, a writer keeps nothing locked."""
        with another_process_writing(sqlite):
            writer = asyncio.create_task(raise_once(sqlite))
            await asyncio.sleep(0.02)
            writer.cancel()
            await asyncio.wait([writer])

        await asyncio.wait_for(raise_once(sqlite), 2)
        assert await value(sqlite) == 1

    @pytest.mark.slow
    async def test_writes_at_once_without_losing_anything(
        self, database: Database, empty_database_url: str
    ) -> None:
        """Two processes with several writers each lose no update and are never told "locked"."""
        context = multiprocessing.get_context("spawn")
        start, found = context.Barrier(2), context.Queue()
        processes = [
            context.Process(target=write_many, args=(empty_database_url, start, found))
            for _ in range(2)
        ]
        for process in processes:
            process.start()
        errors = [await asyncio.to_thread(found.get, timeout=60) for _ in processes]
        for process in processes:
            process.join()
        found.close()
        found.join_thread()

        assert errors == ["", ""]
        assert await value(database) == 2 * WRITES


WRITES = 200


def write_many(url: str, start: Any, found: Any) -> None:
    """Raise the counter many times, several at once; report what went wrong."""

    async def work() -> None:
        database = Database(url)
        start.wait()
        try:
            for _ in range(WRITES // 10):
                await asyncio.gather(*(write(database, RAISE) for _ in range(10)))
        finally:
            await database.close()

    try:
        asyncio.run(work())
    except Exception as error:  # noqa: BLE001 - the other process shall say what it was
        found.put(repr(error))
    else:
        found.put("")


class TestConnection:
    """How connections are set up."""

    @pytest.mark.parametrize(
        ("pragma", "expected"),
        [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)],
    )
    async def test_sqlite_is_set_up_for_durability(
        self, sqlite: Database, pragma: str, expected: object
    ) -> None:
        """Commits survive a power cut, and references are checked."""
        async with sqlite.reading.connect() as connection:
            found = (await connection.execute(text(f"PRAGMA {pragma}"))).scalar_one()

        assert found == expected

    async def test_foreign_keys_are_checked(self, database: Database) -> None:
        """A row that refers to nothing is refused on both engines."""
        with pytest.raises(IntegrityError):
            await write(database, ORPHAN)

    async def test_makes_the_folder(self, tmp_path: Path) -> None:
        """A database in a new data directory can be opened."""
        database = Database(f"sqlite:///{tmp_path / 'a' / 'b' / 'new.db'}")

        await database.ping()

        assert (tmp_path / "a" / "b" / "new.db").exists()
        await database.close()

    async def test_ping_answers(self, database: Database) -> None:
        """A database that is there answers."""
        await database.ping()

    async def test_ping_says_when_nobody_answers(self) -> None:
        """A server that is not there is an error at once."""
        database = Database(f"postgresql://postgres@127.0.0.1:{free_port()}/none")

        with pytest.raises(Unavailable):
            await database.ping()
        await database.close()

    @pytest.mark.parametrize(
        ("url", "driver"),
        [
            ("sqlite:///x.db", "sqlite+inline"),
            ("postgresql://h/d", "postgresql+asyncpg"),
            ("postgres://h/d", "postgresql+asyncpg"),
            ("postgresql+psycopg://h/d", "postgresql+asyncpg"),
        ],
    )
    def test_chooses_the_driver(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, driver: str
    ) -> None:
        """The address names the engine; the driver is ours to choose."""
        monkeypatch.chdir(tmp_path)

        assert Database(url).url.drivername == driver

    def test_refuses_other_engines(self) -> None:
        """Only what is tested is supported."""
        with pytest.raises(ValueError, match="allowed: sqlite, postgresql"):
            Database("mysql://h/d")

    def test_hides_the_password(self) -> None:
        """Printed, a database shows where it is and not how to get in."""
        shown = repr(Database("postgresql://someone:hidden@127.0.0.1/atrium"))

        assert "hidden" not in shown
        assert "127.0.0.1/atrium" in shown

    async def test_errors_do_not_repeat_the_data(self, database: Database) -> None:
        """A failing statement is reported without its values: they may be secrets."""
        statement = text("INSERT INTO counters VALUES (:id, 7)").bindparams(id=1)

        with pytest.raises(IntegrityError) as failed:
            await write(database, statement)

        assert "parameters hidden" in str(failed.value)


class TestOutages:
    """What keeps a database from answering is said in one way, with a code of its own."""

    async def test_full(self, tmp_path: Path) -> None:
        """A write that finds no more space says that the disk is full, and leaves nothing."""
        database = Database(f"sqlite:///{tmp_path / 'full.db'}")
        await create(database)
        async with database.writing.connect() as connection:
            await connection.execute(text("PRAGMA max_page_count = 8"))
            with pytest.raises(Unavailable) as refused:
                await connection.execute(
                    text("CREATE TABLE more AS SELECT randomblob(100000) FROM counters")
                )

        assert refused.value.code == "database.full"
        assert await value(database) == 0
        await database.close()

    @pytest.mark.postgres
    async def test_takes_no_changes(self, postgres_url: str) -> None:
        """A PostgreSQL that only reads, as after a failover, says so."""
        database = Database(f"{postgres_url}?default_transaction_read_only=on")
        await database.ping()
        with pytest.raises(Unavailable) as refused:
            await database.check_writable()
        with pytest.raises(Unavailable) as kept:
            await write(database, text("CREATE TABLE t (id integer)"))

        assert (refused.value.code, kept.value.code) == ("database.read_only",) * 2
        await database.close()

    @pytest.mark.postgres
    async def test_takes_too_long(self, postgres_url: str) -> None:
        """A statement that takes longer than allowed ends, and the connection is good for more."""
        database = Database(postgres_url, limits=TimeLimits(statement=0.2))
        with pytest.raises(Unavailable) as refused:
            await write(database, text("SELECT pg_sleep(60)"))
        await database.ping()

        assert refused.value.code == "database.too_slow"
        await database.close()

    @pytest.mark.postgres
    async def test_locked(self, postgres_url: str) -> None:
        """Whoever waits too long for what others have locked is told that the database is busy."""
        database = Database(postgres_url, limits=TimeLimits(lock=0.2))
        await create(database)
        async with database.writing.connect() as other:
            await other.execute(RAISE)
            with pytest.raises(Unavailable) as refused:
                await write(database, RAISE)

        assert refused.value.code == "database.busy"
        await database.close()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[]", []),
        ('{"a": [1.5, null, true, "é"]}', {"a": [1.5, None, True, "é"]}),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ('"\\ud800"', "\ud800"),
    ],
)
def test_stored_json_is_read(text: str, value: object) -> None:
    """Numbers of any size and half characters come back as they were stored."""
    assert read_json(text) == value
