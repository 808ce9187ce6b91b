"""The unit of work: one session, one transaction, committed at the edge or not at all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import AccessStamp, Role
from app.testing.factories import RoleFactory
from app.testing.platform import Platform

Open = Callable[[], AbstractAsyncContextManager[UnitOfWork]]
RAISE = update(AccessStamp).values(version=AccessStamp.version + 1)


@pytest.fixture
def open_unit(platform: Platform) -> Open:
    """Opens a unit of work as an edge does."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[UnitOfWork]:
        async with platform.caller(SYSTEM).unit() as unit:
            yield await unit.get(UnitOfWork)

    return opened


async def version(open_unit: Open) -> int:
    """The access stamp as everybody sees it."""
    async with open_unit() as uow:
        return int((await uow.session.execute(select(col(AccessStamp.version)))).scalar_one())


async def raise_and_fail(open_unit: Open) -> None:
    """Write, then fail."""
    async with open_unit() as uow:
        await uow.begin_write()
        await uow.session.execute(RAISE)
        raise LookupError


class TestCommit:
    """What is committed stays."""

    async def test_makes_changes_durable(self, open_unit: Open) -> None:
        """A committed change is seen by the next unit of work."""
        before = await version(open_unit)

        async with open_unit() as uow:
            await uow.begin_write()
            await uow.session.execute(RAISE)
            await uow.commit()

        assert await version(open_unit) == before + 1

    async def test_ends_the_transaction(self, open_unit: Open) -> None:
        """After a commit others can write, although the unit of work is still open."""
        before = await version(open_unit)
        async with open_unit() as uow:
            await uow.begin_write()
            await uow.session.execute(RAISE)
            await uow.commit()

            async with asyncio.timeout(2), open_unit() as other:
                await other.begin_write()
                await other.session.execute(RAISE)
                await other.commit()

        assert await version(open_unit) == before + 2

    async def test_may_happen_twice(self, open_unit: Open) -> None:
        """A unit of work can begin anew after a commit."""
        before = await version(open_unit)

        async with open_unit() as uow:
            for _ in range(2):
                await uow.begin_write()
                await uow.session.execute(RAISE)
                await uow.commit()

        assert await version(open_unit) == before + 2

    async def test_of_nothing(self, open_unit: Open) -> None:
        """A unit of work that did nothing commits nothing."""
        async with open_unit() as uow:
            await uow.commit()
            await uow.begin_write()
            await uow.commit()


class TestRollback:
    """What is not committed never was."""

    async def test_by_default(self, open_unit: Open) -> None:
        """Without a commit nothing stays."""
        before = await version(open_unit)

        async with open_unit() as uow:
            await uow.begin_write()
            await uow.session.execute(RAISE)

        assert await version(open_unit) == before

    async def test_after_an_error(self, open_unit: Open) -> None:
        """An error undoes everything and keeps nobody waiting."""
        before = await version(open_unit)

        with pytest.raises(LookupError):
            await raise_and_fail(open_unit)

        async with asyncio.timeout(2):
            assert await version(open_unit) == before

    async def test_when_cancelled(self, open_unit: Open) -> None:
        """A request that is cut off leaves nothing behind and frees the lock."""
        before = await version(open_unit)
        inside = asyncio.Event()

        async def hang() -> None:
            async with open_unit() as uow:
                await uow.begin_write()
                await uow.session.execute(RAISE)
                inside.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(hang())
        await inside.wait()
        task.cancel()
        await asyncio.wait([task])

        async with asyncio.timeout(2), open_unit() as uow:
            await uow.begin_write()
            await uow.session.execute(RAISE)
            await uow.commit()
        assert await version(open_unit) == before + 1


class TestBeginWrite:
    """Reading turns into writing."""

    async def test_in_the_middle_does_not_begin_again(self, open_unit: Open) -> None:
        """Asked twice, the transaction under way goes on."""
        before = await version(open_unit)

        async with open_unit() as uow:
            await uow.begin_write()
            await uow.session.execute(RAISE)
            await uow.begin_write()
            await uow.session.execute(RAISE)
            await uow.commit()

        assert await version(open_unit) == before + 2

    async def test_leaves_what_was_read_readable(
        self, open_unit: Open, make_role: RoleFactory
    ) -> None:
        """A row read before can still be looked at afterwards."""
        made = await make_role("user.read")

        async with open_unit() as uow:
            role = (
                await uow.session.execute(select(Role).where(col(Role.id) == made.id))
            ).scalar_one()
            await uow.begin_write()
            await uow.session.execute(RAISE)

            assert role.name == made.name

    async def test_release_leaves_what_was_read_readable(
        self, open_unit: Open, make_role: RoleFactory
    ) -> None:
        """So it can after the connection was given back for slow work."""
        made = await make_role("user.read")

        async with open_unit() as uow:
            role = (
                await uow.session.execute(select(Role).where(col(Role.id) == made.id))
            ).scalar_one()
            await uow.release()

            assert role.name == made.name

    async def test_release_does_not_end_a_write(self, open_unit: Open) -> None:
        """What was written before a release is still there to be committed."""
        before = await version(open_unit)

        async with open_unit() as uow:
            await uow.begin_write()
            await uow.session.execute(RAISE)
            await uow.release()
            await uow.commit()

        assert await version(open_unit) == before + 1


class TestAside:
    """A short transaction of its own."""

    async def test_outlives_the_rollback(self, open_unit: Open) -> None:
        """What is written aside stays, what was written before is undone."""
        before = await version(open_unit)

        async with open_unit() as uow:
            await uow.begin_write()
            await uow.session.execute(RAISE)
            await uow.session.execute(RAISE)
            async with uow.aside() as session:
                await session.execute(RAISE)

        assert await version(open_unit) == before + 1

    async def test_is_all_or_nothing(self, open_unit: Open) -> None:
        """If it fails, nothing of it stays, and others can write."""
        before = await version(open_unit)

        async def fail_aside() -> None:
            async with open_unit() as uow, uow.aside() as session:
                await session.execute(RAISE)
                raise LookupError

        with pytest.raises(LookupError):
            await fail_aside()

        async with asyncio.timeout(2), open_unit() as uow:
            await uow.begin_write()
            await uow.session.execute(RAISE)
            await uow.commit()
        assert await version(open_unit) == before + 1


class TestReading:
    """A unit of work that only reads."""

    async def test_cannot_write_by_accident(self, open_unit: Open) -> None:
        """Without `begin_write` nothing is ever stored, committed or not."""
        before = await version(open_unit)

        # SQLite refuses; PostgreSQL lets it happen and forgets it.
        with suppress(OperationalError):
            async with open_unit() as uow:
                await uow.session.execute(RAISE)
                await uow.commit()

        assert await version(open_unit) == before

    async def test_does_not_keep_a_writer_waiting(self, open_unit: Open) -> None:
        """An open reading unit of work holds nobody up."""
        async with open_unit() as reader:
            await reader.session.execute(select(AccessStamp))

            async with asyncio.timeout(2), open_unit() as writer:
                await writer.begin_write()
                await writer.session.execute(RAISE)
                await writer.commit()
