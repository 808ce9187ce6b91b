"""Queries of the audit feature."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Label, Select, and_, case, func, true
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from app.core.audit import AuditEntry
from app.core.ids import first_id_at, new_id
from app.core.module import Resource, RowRule
from app.core.paging import Keyset, Page, SortColumn
from app.core.repository import Repository
from app.features.audit.models import AuditSeal
from app.features.audit.schemas import AuditEntryRead, AuditFilter, AuditListQuery

STEP = 500
"""Entries read at a time by who walks through all of them."""

COUNT_LIMIT = 10_000
"""Counting stops here: the trail only ever grows."""

_LATER = 100
_CLOCK_SLACK = timedelta(hours=1)
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)

Within = ColumnElement[bool]
_ALL: Within = true()

KEYSET = Keyset(
    {"at": SortColumn(AuditEntry.id, parse=UUID)},  # type: ignore[arg-type]  # ids are in order of time
    default="-at",
    key=AuditEntry.id,  # type: ignore[arg-type]  # a column at run time
)


class AuditRepository(Repository[AuditEntry]):
    """Audit entries, never changed."""

    model = AuditEntry

    async def page(self, query: AuditListQuery, within: Within = _ALL) -> Page[AuditEntryRead]:
        """A page of entries, newest first; `within` says which may be seen, here as below."""
        statement = KEYSET.apply(_filtered(select(AuditEntry), query).where(within), query)
        rows = (await self.session.execute(statement)).scalars().all()
        return KEYSET.page(rows, query, AuditEntryRead.model_validate)

    async def seen(self, entry_id: UUID, within: Within) -> AuditEntry | None:
        """The entry with this id, if it may be seen."""
        statement = select(AuditEntry).where(AuditEntry.id == entry_id, within)
        return (await self.session.exec(statement)).one_or_none()

    async def walk(
        self, query: AuditFilter, within: Within
    ) -> AsyncIterator[list[tuple[dict[str, Any], AuditSeal | None]]]:
        """All entries that match, oldest first, some at a time, each with its seal."""
        columns = [getattr(AuditEntry, name) for name in AuditEntry.model_fields]
        statement = (
            _filtered(sa_select(*columns, AuditSeal), query)
            .outerjoin(AuditSeal, col(AuditSeal.entry_id) == AuditEntry.id)
            # What happens meanwhile is not waited for.
            .where(col(AuditEntry.id) <= new_id(), within)
            .order_by(col(AuditEntry.id))
            .limit(STEP)
        )
        after = UUID(int=0)
        while True:
            rows = (await self.session.execute(statement.where(col(AuditEntry.id) > after))).all()
            # Whoever takes them may be slow.
            await self._uow.release()
            if rows:
                after = rows[-1][0]
                names = AuditEntry.model_fields
                yield [(dict(zip(names, row, strict=False)), row[-1]) for row in rows]
            if len(rows) < STEP:
                return

    async def changes_since(self, entry: AuditEntryRead) -> list[AuditEntry]:
        """What changed the same thing later, oldest first, as far as it is soon told."""
        statement = (
            select(AuditEntry)
            .where(
                AuditEntry.target_type == entry.target_type,
                AuditEntry.target_id == entry.target_id,
                AuditEntry.outcome == "succeeded",
                col(AuditEntry.id) > entry.id,
            )
            .order_by(col(AuditEntry.id).desc())
            .limit(_LATER)
        )
        return list(reversed((await self.session.exec(statement)).all()))

    async def daily(
        self, actions: Sequence[str], since: datetime, within: Within
    ) -> list[tuple[str, int, int]]:
        """Per day (`YYYY-MM-DD`, UTC) how many of these actions succeeded and how many did not."""
        day = self._day()
        succeeded = func.sum(case((col(AuditEntry.outcome) == "succeeded", 1), else_=0))
        statement = (
            select(day, succeeded, func.count())
            .where(col(AuditEntry.action).in_(actions), _since(since), within)
            .group_by(day)
            .order_by(day)
        )
        rows = (await self.session.execute(statement)).all()
        return [(row[0], int(row[1]), int(row[2]) - int(row[1])) for row in rows]

    async def people(
        self, actions: Sequence[str], since: datetime, within: Within
    ) -> tuple[int, dict[str, int]]:
        """How many different people succeeded with these actions: in all, and per day (UTC)."""
        succeeded = (
            col(AuditEntry.action).in_(actions),
            AuditEntry.outcome == "succeeded",
            _since(since),
            within,
        )
        different = func.count(func.distinct(AuditEntry.actor_id))
        day = self._day()
        by_day = select(day, different).where(*succeeded).group_by(day)
        days = (await self.session.execute(by_day)).all()
        total = (await self.session.execute(select(different).where(*succeeded))).scalar_one()
        return total, {row[0]: row[1] for row in days}

    async def count(self, query: AuditFilter, within: Within = _ALL) -> int:
        """How many entries match, at most `COUNT_LIMIT` + 1."""
        some = (
            _filtered(select(AuditEntry.id), query).where(within).limit(COUNT_LIMIT + 1).subquery()
        )
        count: int = (
            await self.session.execute(select(func.count()).select_from(some))
        ).scalar_one()
        return count

    async def count_since(self, since: datetime, within: Within, *, outcome: str) -> int:
        """How many entries have this outcome since then."""
        statement = (
            select(func.count())
            .select_from(AuditEntry)
            .where(AuditEntry.outcome == outcome, _since(since), within)
        )
        return (await self.session.exec(statement)).one()

    def _day(self) -> Label[str]:
        return (
            func.strftime("%Y-%m-%d", AuditEntry.at)
            if self._uow.database.is_sqlite
            else func.to_char(func.timezone("UTC", AuditEntry.at), "YYYY-MM-DD")
        ).label("day")


def _since(moment: datetime) -> ColumnElement[bool]:
    """Entries from this moment on; the bound on the id spares reading those before it."""
    # Nothing happened before; calculating with the very first moments overflows.
    moment = min(max(moment, _BEFORE_ALL), _AFTER_ALL)
    first = first_id_at(moment - _CLOCK_SLACK)
    return and_(col(AuditEntry.at) >= moment, col(AuditEntry.id) >= first)


def _filtered(statement: Select[Any], query: AuditFilter) -> Select[Any]:
    special = {"since", "action"}
    equal = query.model_dump(include=set(AuditFilter.model_fields) - special, exclude_none=True)
    for name, value in equal.items():
        statement = statement.where(getattr(AuditEntry, name) == value)
    if query.action is not None:
        statement = statement.where(col(AuditEntry.action).in_(query.action.split(",")))
    if query.since is not None:
        statement = statement.where(_since(query.since))
    return statement


AUDIT = Resource(
    name="audit",
    title="Audit entries",
    rules=(
        RowRule(
            "own",
            "What they did themselves",
            lambda actor: col(AuditEntry.actor_id) == actor.user_id,
        ),
        RowRule(
            "about_me",
            "What was done to their own record",
            lambda actor: and_(
                col(AuditEntry.target_type) == "user",
                col(AuditEntry.target_id) == str(actor.user_id),
            ),
        ),
    ),
    key=col(AuditEntry.id),
)
"""What grants on the trail can be limited to."""
