"""One unit of work: one session, one transaction, one actor.

The edge (HTTP request, console event, CLI command) opens it and commits it;
nobody below commits.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dishka import AsyncContainer
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.actor import Actor, RequestContext
from app.core.audit import AuditTrail
from app.core.database import Database
from app.core.errors import PreconditionFailed
from app.core.reads import ReadRecords
from app.core.refusals import StrangerRefusals
from app.core.slots import ExpensiveSlots

if TYPE_CHECKING:
    from app.core.registry import Registry


class UnitOfWork:
    """What one call reads and changes, on whose authority. Lives as long as the call."""

    def __init__(
        self,
        database: Database,
        actor: Actor,
        context: RequestContext,
        registry: "Registry",
        *,
        refusals: StrangerRefusals | None = None,
        slots: ExpensiveSlots | None = None,
        reads: ReadRecords | None = None,
    ) -> None:
        self.database = database
        self.actor = actor
        self.context = context
        self.registry = registry
        self.refusals = refusals or StrangerRefusals()
        self.slots = slots or ExpensiveSlots()
        self.reads = ReadRecords() if reads is None else reads
        self.audit = AuditTrail(self)
        self.expected: frozenset[str] | None = None
        """The versions that the caller wants to change; None for whichever there is."""
        self._session: AsyncSession | None = None
        self._writes = False

    @property
    def session(self) -> AsyncSession:
        """The session, opened at first use: reading until `begin_write` was called."""
        if self._session is None:
            engine = self.database.writing if self._writes else self.database.reading
            self._session = AsyncSession(engine, expire_on_commit=False)
        return self._session

    def expect(self, version: object) -> None:
        """Refuse to go on when the caller wants to change another version than this.

        Args:
            version: Of what is changed, read in this unit of work under a lock.

        Raises:
            PreconditionFailed: They do.
        """
        if self.expected is not None and str(version) not in self.expected:
            raise PreconditionFailed(
                "request.if_match.failed",
                "This has changed since the version that `If-Match` names.",
                current_version=version,
            )

    async def begin_write(self) -> None:
        """Make the next statement start a write transaction (unless one is under way)."""
        if not self._writes:
            await self._close_session()
            self._writes = True

    async def commit(self) -> None:
        """Make everything durable and end the transaction."""
        if self._session is not None and self._writes:
            await self._session.commit()
            self.context.is_recorded |= bool(self.audit.recorded)
        await self._close_session()

    async def rollback(self) -> None:
        """Forget everything since the last commit and release all locks."""
        if self._session is not None:
            await self._session.rollback()
        self.audit.recorded.clear()
        await self._close_session()

    async def release(self) -> None:
        """Give the connection back before slow work; what was read stays readable."""
        if not self._writes:
            await self._close_session()

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[AsyncSession]:
        """A short transaction of its own, for facts that outlive a refusal; ends the current one.

        The counter of failed sign-ins is such a fact: it must not be rolled back
        with the operation that failed.
        """
        await self.rollback()
        async with AsyncSession(self.database.writing, expire_on_commit=False) as session:
            yield session
            await session.commit()

    async def _close_session(self) -> None:
        session, self._session, self._writes = self._session, None, False
        if session is not None:
            await session.close()


@asynccontextmanager
async def open_unit(
    container: AsyncContainer, actor: Actor, context: RequestContext
) -> AsyncIterator[AsyncContainer]:
    """The container of one unit of work; what the edge did not commit is rolled back.

    Args:
        container: That of the process.
        actor: Who acts.
        context: Where the call came from.
    """
    async with container(context={Actor: actor, RequestContext: context}) as unit:
        try:
            yield unit
        finally:
            await unit.get_sync(UnitOfWork).rollback()
