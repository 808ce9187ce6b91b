"""Queries of the views feature."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import col, select

from app.core.folding import order_key
from app.core.repository import Repository
from app.features.views.models import ListView


class ViewRepository(Repository[ListView]):
    """Saved views within one unit of work."""

    model = ListView

    async def visible(self, path: str, owner_id: UUID | None) -> Sequence[ListView]:
        """Views of a list that are somebody's own or shared, by name."""
        statement = (
            select(ListView)
            .where(
                ListView.path == path,
                or_(col(ListView.owner_id) == owner_id, col(ListView.is_shared)),
            )
            .order_by(col(ListView.id))
        )
        found = (await self.session.exec(statement)).all()
        return sorted(found, key=lambda view: order_key(view.name))

    async def count_own(self, owner_id: UUID, path: str | None = None) -> int:
        """How many views somebody has, of one list or of all."""
        statement = select(func.count()).where(col(ListView.owner_id) == owner_id)
        if path is not None:
            statement = statement.where(ListView.path == path)
        return (await self.session.exec(statement)).one()
