"""Queries of the access feature."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import ACTIVE, USERS
from app.features.roles.schemas import Person


class PeopleRepository:
    """Who there is, as far as reports name them."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._session = uow.session

    async def known_as(self, text: str) -> list[Person]:
        """Whoever has this e-mail address, in any spelling."""
        return await self._people(func.lower(USERS.c.email) == text.lower(), limit=1)

    async def matching(self, text: str, *, limit: int) -> list[Person]:
        """People whose name or address contains the text, by name."""
        lower = text.lower()
        found = or_(
            func.lower(USERS.c.display_name).contains(lower, autoescape=True),
            func.lower(USERS.c.email).contains(lower, autoescape=True),
        )
        return await self._people(found, limit=limit)

    async def active_ids(self) -> set[UUID]:
        """Everybody who may sign in."""
        statement = select(USERS.c.id).where(USERS.c.status == ACTIVE)
        return set((await self._session.execute(statement)).scalars())

    async def _people(self, condition: ColumnElement[bool], *, limit: int) -> list[Person]:
        statement = (
            select(USERS.c.id, USERS.c.display_name, USERS.c.email)
            .where(condition)
            .order_by(USERS.c.display_name, USERS.c.id)
            .limit(limit)
        )
        return [
            Person(id=row.id, display_name=row.display_name, email=row.email)
            for row in await self._session.execute(statement)
        ]
