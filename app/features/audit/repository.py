"""Queries of the audit feature."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func
from sqlmodel import col, select

from app.core.audit import AuditEntry
from app.core.paging import Keyset, Page, SortColumn
from app.core.repository import Repository
from app.features.audit.schemas import AuditEntryRead, AuditFilter, AuditListQuery

KEYSET = Keyset(
    {"at": SortColumn(AuditEntry.id, parse=UUID)},  # type: ignore[arg-type]  # ids are in order of time
    default="-at",
    key=AuditEntry.id,  # type: ignore[arg-type]  # a column at run time
)


class AuditRepository(Repository[AuditEntry]):
    """Audit entries, never changed."""

    model = AuditEntry

    async def page(self, query: AuditListQuery) -> Page[AuditEntryRead]:
        """A page of entries, newest first."""
        statement = KEYSET.apply(_filtered(select(AuditEntry), query), query)
        rows = (await self.session.execute(statement)).scalars().all()
        return KEYSET.page(rows, query, AuditEntryRead.model_validate)

    async def daily(self, actions: Sequence[str], since: datetime) -> list[tuple[str, int, int]]:
        """Per day (`YYYY-MM-DD`, UTC) how many of these actions succeeded and how many did not."""
        day = (
            func.strftime("%Y-%m-%d", AuditEntry.at)
            if self._uow.database.is_sqlite
            else func.to_char(func.timezone("UTC", AuditEntry.at), "YYYY-MM-DD")
        ).label("day")
        succeeded = func.sum(case((col(AuditEntry.outcome) == "succeeded", 1), else_=0))
        statement = (
            select(day, succeeded, func.count())
            .where(col(AuditEntry.action).in_(actions), col(AuditEntry.at) >= since)
            .group_by(day)
            .order_by(day)
        )
        rows = (await self.session.execute(statement)).all()
        return [(row[0], int(row[1]), int(row[2]) - int(row[1])) for row in rows]

    async def count_since(self, since: datetime, *, outcome: str) -> int:
        """How many entries have this outcome since then."""
        statement = (
            select(func.count())
            .select_from(AuditEntry)
            .where(AuditEntry.outcome == outcome, col(AuditEntry.at) >= since)
        )
        return (await self.session.exec(statement)).one()


def _filtered(statement: Select[Any], query: AuditFilter) -> Select[Any]:
    for name, value in query.model_dump(include=set(AuditFilter.model_fields)).items():
        if value is not None:
            statement = statement.where(getattr(AuditEntry, name) == value)
    return statement
