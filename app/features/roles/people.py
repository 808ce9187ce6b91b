"""The people whom roles and reports name: those whom the actor may see, and as much of them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlmodel import col

from app.core.errors import NotFound, PermissionDenied
from app.core.registry import Registry
from app.core.rows import Rows, rows_of
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import USERS, UserRole
from app.features.roles.repository import chunks, in_force
from app.features.roles.schemas import MemberRead, Person

READ = "user.read"
"""Who may see whom; declared by the users' feature, which builds on this one."""

_NAMES = ("display_name", "email")
_PEOPLE = USERS.alias("people")


class Given(Protocol):
    """What somebody gave, with their name."""

    granted_by_id: UUID | None

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The same with other values."""


G = TypeVar("G", bound=Given)


class People:
    """Users as far as `user.read` shows them to the actor, who always sees themselves.

    Fields that the actor may not read are None.
    """

    def __init__(self, uow: UnitOfWork, registry: Registry) -> None:
        self._uow = uow
        self._resource = registry.resource("user")
        self._registry = registry

    async def with_ids(
        self, user_ids: Collection[UUID], *, showing: Collection[str] = ()
    ) -> list[Person]:
        """Those of these users in whom all these fields may be read, by name."""
        found: list[Person] = []
        for some in chunks(user_ids):
            found += await self._read(self._select(showing).where(_PEOPLE.c.id.in_(some)))
        return sorted(found, key=lambda person: (person.name.casefold(), person.id))

    async def one(self, user_id: UUID, *, showing: Collection[str] = ()) -> Person:
        """The user with this id.

        Raises:
            NotFound: There is no such user for the actor to see.
            PermissionDenied: One of these fields of theirs may not be read.
        """
        for person in await self.with_ids([user_id]):
            if showing and not await self.with_ids([user_id], showing=showing):
                message = f"You may not read {', '.join(sorted(showing))} of this user."
                raise PermissionDenied(READ, message, code="permission.field")
            return person
        raise NotFound("user.not_found", "There is no such user.")

    async def seen(self, user_ids: Collection[UUID], *, showing: Collection[str]) -> set[UUID]:
        """The ids of those in whom all these fields may be read; who sees all, sees the deleted."""
        if self._rows.shows_everywhere(showing):
            return set(user_ids)
        found: set[UUID] = set()
        for some in chunks(user_ids):
            statement = self._select(showing).where(_PEOPLE.c.id.in_(some))
            found.update((await self._uow.session.execute(statement)).scalars())
        return found

    async def matching(self, text: str, *, limit: int) -> list[Person]:
        """People in whose name or address, as far as it may be read, the text stands, by name."""
        lower = text.lower()
        found = or_(
            *(
                and_(
                    self._shows([name]),
                    func.lower(_PEOPLE.c[name]).contains(lower, autoescape=True),
                )
                for name in _NAMES
            )
        )
        # The order of names would tell of those that may not be read.
        by_name = self._rows.shows_everywhere(["display_name"])
        order = [_PEOPLE.c.display_name] if by_name else []
        statement = self._select().where(found).order_by(*order, _PEOPLE.c.id)
        return await self._read(statement.limit(limit))

    async def known_as(self, email: str) -> list[Person]:
        """Whoever has this e-mail address, in any spelling."""
        same = func.lower(_PEOPLE.c.email) == email.lower()
        return await self._read(self._select(["email"]).where(same).limit(1))

    async def members(
        self, role_id: UUID, *, after: UUID | None, limit: int
    ) -> tuple[list[MemberRead], int]:
        """Those who have a role and of whom one may know it, by id, and how many others have it."""
        of_role = and_(
            col(UserRole.user_id) == _PEOPLE.c.id,
            col(UserRole.role_id) == role_id,
            in_force(UserRole),
        )
        given: tuple[Any, ...] = (
            col(UserRole.expires_at),
            col(UserRole.granted_by).label("granted_by_id"),
            col(UserRole.granted_by_name).label("granted_by"),
            col(UserRole.granted_at),
            col(UserRole.reason),
        )
        mine = self._select(["roles"], *given).where(of_role)
        page = mine.order_by(_PEOPLE.c.id).limit(limit)
        if after is not None:
            page = page.where(_PEOPLE.c.id > after)
        rows = self._rows
        found = [
            MemberRead.model_validate({**row._mapping, **self._shown(row, rows)})  # noqa: SLF001 - SQLAlchemy's public name
            for row in await self._uow.session.execute(page)
        ]
        everybody = select(func.count()).select_from(_PEOPLE.join(UserRole, of_role))
        seen = select(func.count()).select_from(mine.subquery())
        hidden = 0
        if not rows.shows_everywhere(["roles"]):
            session = self._uow.session
            hidden = (await session.execute(everybody)).scalar_one()
            hidden -= (await session.execute(seen)).scalar_one()
        return await self.crediting(found), hidden

    async def crediting(self, given: Iterable[G]) -> list[G]:
        """The same grants, without the names of givers whom the actor may not see."""
        listed = list(given)
        givers = {each.granted_by_id for each in listed if each.granted_by_id is not None}
        hidden = givers - await self.seen(givers, showing=["display_name"])
        nobody = {"granted_by": "", "granted_by_id": None}
        return [
            each.model_copy(update=nobody) if each.granted_by_id in hidden else each
            for each in listed
        ]

    @property
    def _rows(self) -> Rows:
        return rows_of(self._registry, self._uow.actor, READ)

    def _select(self, showing: Collection[str] = (), *columns: Any) -> Select[Any]:
        people = (_PEOPLE.c.id, *(_PEOPLE.c[name] for name in _NAMES))
        statement: Select[Any] = select(*people, *columns, *self._rows.flags)
        return statement.where(_PEOPLE.c.id == self._resource.key, self._shows(showing))

    def _shows(self, fields: Collection[str]) -> ColumnElement[bool]:
        shown = self._rows.showing(fields)
        return or_(shown, self._resource.key == self._uow.actor.user_id)

    async def _read(self, statement: Select[Any]) -> list[Person]:
        rows = self._rows
        return [
            Person.model_validate(self._shown(row, rows))
            for row in await self._uow.session.execute(statement)
        ]

    def _shown(self, row: Row[Any], rows: Rows) -> dict[str, Any]:
        fields = None if row.id == self._uow.actor.user_id else rows.readable(row)
        shown = {
            name: getattr(row, name) if fields is None or name in fields else None
            for name in _NAMES
        }
        return {"id": row.id, **shown}
