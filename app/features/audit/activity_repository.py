"""Queries of the charts above the trail's list, and of what is new in it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, cast, extract, func, select
from sqlmodel import col

from app.core.audit import AuditEntry
from app.core.repository import Repository
from app.core.unit_of_work import UnitOfWork
from app.features.audit.filters import Filters, Sight
from app.features.audit.schemas import AuditFilter


@dataclass(frozen=True, slots=True)
class Happening:
    """An entry, as far as it is counted; `second` since 1970."""

    second: int
    outcome: str
    action: str
    actor_id: UUID | None
    actor_name: str


_FACTS = ("outcome", "action", "actor_id", "actor_name")


class ActivityRepository(Repository[AuditEntry]):
    """The newest audit entries, to be counted."""

    model = AuditEntry

    def __init__(self, uow: UnitOfWork, filters: Filters) -> None:
        super().__init__(uow)
        self._filters = filters

    async def newest(self, query: AuditFilter, sight: Sight, limit: int) -> list[Happening]:
        """The newest entries that match and may be seen, newest first."""
        newest_first = col(AuditEntry.id).desc()
        matches = await self._filters.matches(query, sight)
        some = matches.ids(lambda part: part.order_by(newest_first).limit(limit))
        statement = (
            select(self._second(), *(getattr(AuditEntry, name) for name in _FACTS))
            .where(col(AuditEntry.id).in_(some))
            .order_by(newest_first)
            .limit(limit)
        )
        rows = (await self.session.execute(statement)).all()
        return [Happening(*row) for row in rows]

    async def ids_after(
        self, query: AuditFilter, sight: Sight, after: UUID, limit: int
    ) -> list[UUID]:
        """Ids of entries beyond this one that match and may be seen, oldest first."""
        entry_id = col(AuditEntry.id)

        def next_ones(part: Select[tuple[UUID]]) -> Select[tuple[UUID]]:
            return part.where(entry_id > after).order_by(entry_id).limit(limit)

        matches = await self._filters.matches(query, sight)
        rows = (await self.session.execute(matches.ids(next_ones))).scalars().all()
        return sorted(rows)[:limit]

    def _second(self) -> ColumnElement[int]:
        if self._uow.database.is_sqlite:
            return cast(func.strftime("%s", AuditEntry.at), Integer)
        return cast(func.floor(extract("epoch", col(AuditEntry.at))), BigInteger)
