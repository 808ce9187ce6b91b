"""Queries of the audit feature."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import Label, Select, String, and_, case, cast, func, literal_column, null
from sqlalchemy import select as sa_select
from sqlmodel import SQLModel, col, select

from app.core.audit import AuditEntry, Outcome
from app.core.ids import new_id
from app.core.module import AccessScope, RowRule
from app.core.paging import Keyset, SortColumn
from app.core.repository import Repository
from app.core.unit_of_work import UnitOfWork
from app.features.audit.filters import EVERYTHING, Condition, Filters, Sight, between
from app.features.audit.models import AuditSeal
from app.features.audit.schemas import (
    AuditEntryList,
    AuditEntryRead,
    AuditFilter,
    AuditListQuery,
)

STEP = 500
"""Entries read at a time by who walks through all of them."""

COUNT_LIMIT = 10_000
"""Counting stops here: the trail only ever grows."""

_OUTCOMES = get_args(Outcome)

_ENTRIES = SQLModel.metadata.tables[str(AuditEntry.__tablename__)].c
_FIELDS = tuple(AuditEntryRead.model_fields)
_UNSTORED = {"hidden_changes": literal_column("0"), "undone_by": null()}
"""What an entry in a list tells that is no column."""
_SELECTED = sa_select(
    *(_UNSTORED[name].label(name) if name in _UNSTORED else _ENTRIES[name] for name in _FIELDS)
)

KEYSET = Keyset(
    {"at": SortColumn(_ENTRIES.id, parse=UUID)},  # type: ignore[arg-type]  # ids are in order of time
    default="-at",
    key=_ENTRIES.id,  # type: ignore[arg-type]  # a column is one
)


class AuditRepository(Repository[AuditEntry]):
    """Audit entries, never changed."""

    model = AuditEntry

    def __init__(self, uow: UnitOfWork, filters: Filters) -> None:
        super().__init__(uow)
        self._filters = filters

    async def page(self, query: AuditListQuery, sight: Sight = EVERYTHING) -> AuditEntryList:
        """A page of entries, newest first; `sight` says which may be seen, here as below."""
        matches = await self._filters.matches(query, sight)
        some = matches.ids(lambda statement: KEYSET.apply(statement, query))
        statement = KEYSET.apply(_SELECTED.where(_ENTRIES.id.in_(some)), query)
        rows = (await self.session.execute(statement)).all()
        page = KEYSET.page(rows, query, lambda entry: entry)
        return AuditEntryList(_FIELDS, page.items).placed(page)

    async def seen(self, entry_id: UUID, within: Condition) -> AuditEntry | None:
        """The entry with this id, if it may be seen."""
        statement = select(AuditEntry).where(AuditEntry.id == entry_id, within)
        return (await self.session.exec(statement)).one_or_none()

    async def walk(
        self, query: AuditFilter, sight: Sight
    ) -> AsyncIterator[list[tuple[dict[str, Any], AuditSeal | None]]]:
        """All entries that match, oldest first, some at a time, each with its seal."""
        columns = [getattr(AuditEntry, name) for name in AuditEntry.model_fields]
        entry_id = col(AuditEntry.id)
        matches = await self._filters.matches(query, sight)
        # What happens meanwhile is not waited for.
        after, end = UUID(int=0), new_id()
        while True:
            span = (entry_id > after, entry_id <= end)
            some = matches.ids(lambda part: part.where(*span).order_by(entry_id).limit(STEP))  # noqa: B023 - called at once
            statement = (
                sa_select(*columns, AuditSeal)
                .outerjoin(AuditSeal, col(AuditSeal.entry_id) == entry_id)
                .where(entry_id.in_(some))
                .order_by(entry_id)
                .limit(STEP)
            )
            rows = (await self.session.execute(statement)).all()
            # Whoever takes them may be slow.
            await self._uow.release()
            if rows:
                after = rows[-1][0]
                names = AuditEntry.model_fields
                yield [(dict(zip(names, row, strict=False)), row[-1]) for row in rows]
            if len(rows) < STEP:
                return

    async def changes_since(self, entry: AuditEntryRead) -> AsyncIterator[AuditEntry]:
        """What changed the same thing later, oldest first."""
        after = entry.id
        while True:
            statement = (
                select(AuditEntry)
                .where(*_about_the_same(entry, after), cast(AuditEntry.changes, String) != "[]")
                .order_by(col(AuditEntry.id))
                .limit(STEP)
            )
            found = (await self.session.exec(statement)).all()
            for each in found:
                yield each
            if len(found) < STEP:
                return
            after = found[-1].id

    async def undone_by(self, entry: AuditEntryRead) -> UUID | None:
        """The entry by which this one was taken back; None when it was not."""
        statement = (
            select(AuditEntry.id, AuditEntry.detail)
            .where(*_about_the_same(entry, entry.id), AuditEntry.action == "audit.undo")
            .order_by(col(AuditEntry.id))
        )
        for undo_id, detail in await self.session.exec(statement):
            if detail.get("undone_entry") == str(entry.id):
                return undo_id
        return None

    async def within(self, ids: Collection[UUID], within: Condition) -> set[UUID]:
        """Those of these entries that may be seen."""
        statement = select(AuditEntry.id).where(col(AuditEntry.id).in_(ids), within)
        return set((await self.session.exec(statement)).all())

    async def daily(
        self, actions: Sequence[str], since: datetime, within: Condition
    ) -> list[tuple[str, int, int]]:
        """Per day (`YYYY-MM-DD`, UTC) how many of these actions succeeded and how many did not."""
        day = self._day()
        succeeded = func.sum(case((col(AuditEntry.outcome) == "succeeded", 1), else_=0))
        statement = (
            select(day, succeeded, func.count())
            .where(*_did(actions, since, within))
            .group_by(day)
            .order_by(day)
        )
        rows = (await self.session.execute(statement)).all()
        return [(row[0], int(row[1]), int(row[2]) - int(row[1])) for row in rows]

    async def people(
        self, actions: Sequence[str], since: datetime, within: Condition
    ) -> tuple[int, dict[str, int]]:
        """How many different people succeeded with these actions: in all, and per day (UTC)."""
        succeeded = (*_did(actions, since, within), col(AuditEntry.outcome) == "succeeded")
        different = func.count(func.distinct(AuditEntry.actor_id))
        day = self._day()
        by_day = select(day, different).where(*succeeded).group_by(day)
        days = (await self.session.execute(by_day)).all()
        total = (await self.session.execute(select(different).where(*succeeded))).scalar_one()
        return total, {row[0]: row[1] for row in days}

    async def count(self, query: AuditFilter, sight: Sight = EVERYTHING) -> int:
        """How many entries match, at most `COUNT_LIMIT` + 1."""
        matches = await self._filters.matches(query, sight)
        return await self._count(matches.some(COUNT_LIMIT + 1))

    async def count_since(self, since: datetime, within: Condition, *, outcome: Outcome) -> int:
        """How many entries have this outcome since then."""
        query = AuditFilter(outcome=outcome, since=since)
        matches = await self._filters.matches(query, Sight(within))
        return await self._count(matches.some())

    async def _count(self, some: Select[Any]) -> int:
        statement = select(func.count()).select_from(some.subquery())
        count: int = (await self.session.execute(statement)).scalar_one()
        return count

    def _day(self) -> Label[str]:
        return (
            func.strftime("%Y-%m-%d", AuditEntry.at)
            if self._uow.database.is_sqlite
            else func.to_char(func.timezone("UTC", AuditEntry.at), "YYYY-MM-DD")
        ).label("day")


def _about_the_same(entry: AuditEntryRead, after: UUID) -> Sequence[Condition]:
    """Successes about the same thing later than an entry; an index takes all of it."""
    return (
        col(AuditEntry.target_type) == entry.target_type,
        col(AuditEntry.target_id) == entry.target_id,
        col(AuditEntry.outcome) == "succeeded",
        col(AuditEntry.id) > after,
    )


def _did(actions: Sequence[str], since: datetime, within: Condition) -> Sequence[Condition]:
    """Entries of these actions from a moment on; an index takes all but the last part."""
    return (
        col(AuditEntry.action).in_(actions),
        col(AuditEntry.outcome).in_(_OUTCOMES),
        *between(since, None),
        within,
    )


AUDIT = AccessScope(
    name="audit",
    title="Audit entries",
    rules=(
        RowRule(
            "own",
            "What they did themselves",
            lambda actor: col(AuditEntry.actor_id) == actor.user_id,
            depends_on=(),
        ),
        RowRule(
            "about_me",
            "What was done to their own record",
            lambda actor: and_(
                col(AuditEntry.target_type) == "user",
                col(AuditEntry.target_id) == str(actor.user_id),
            ),
            depends_on=(),
        ),
    ),
    key=col(AuditEntry.id),
)
"""What grants on the trail can be limited to."""
