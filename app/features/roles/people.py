"""The people whom roles and reports name: those whom the actor may see, and as much of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlmodel import col

from app.core.emails import normalise_email
from app.core.errors import Invalid, NotFound, PermissionDenied
from app.core.folding import order_key
from app.core.paging import Keyset, Page, SortColumn, parse_time
from app.core.registry import Registry
from app.core.rows import Rows, rows_of
from app.core.search import USER_SEARCH, search_words, stands_in
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import ACTIVE, USERS, UserRole, in_force, words_in_shown
from app.features.roles.repository import chunks
from app.features.roles.schemas import KeptOut, MemberListQuery, MemberPage, MemberRead, Person

READ = "user.read"
"""Who may see whom; declared by the users' feature, which builds on this one."""

_NAMES = ("display_name", "email")
_PEOPLE = USERS.alias("people")
_MOST_FOUND = 1_000
"""So many matches are looked at for those who may be shown."""
_FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)
_ENDS = func.coalesce(col(UserRole.expires_at), _FOR_GOOD).label("ends")
_MEMBERS = Keyset(
    {
        "created": SortColumn(_PEOPLE.c.id, parse=UUID),  # type: ignore[arg-type]  # a column serves as well
        "name": SortColumn(_PEOPLE.c.name_order),  # type: ignore[arg-type]  # likewise
        "since": SortColumn(col(UserRole.granted_at), parse=parse_time),  # type: ignore[arg-type]  # a column at run time
        "until": SortColumn(_ENDS, parse=parse_time),  # type: ignore[arg-type]  # an expression serves as well
    },
    default="created",
    key=_PEOPLE.c.id,  # type: ignore[arg-type]  # likewise
)


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
        return sorted(found, key=lambda person: (order_key(person.name), person.id))

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
        """People in whose name or address, as far as it may be read, the words stand, by name."""
        words = search_words(text)
        is_sqlite = self._uow.database.is_sqlite
        hits = USER_SEARCH.found(_PEOPLE.c.id, words, most=_MOST_FOUND, is_sqlite=is_sqlite)
        # The order of names would tell of those that may not be read.
        by_name = self._rows.shows_everywhere(["display_name"])
        order = [_PEOPLE.c.name_order] if by_name else []
        statement = self._select().where(hits, self._called(text)).order_by(*order, _PEOPLE.c.id)
        return await self._read(statement.limit(limit))

    async def known_as(self, email: str) -> list[Person]:
        """Whoever has this e-mail address, in any spelling."""
        try:
            spelled = normalise_email(email)
        except ValueError:
            return []
        same = _PEOPLE.c.email == spelled
        return await self._read(self._select(["email"]).where(same).limit(1))

    async def kept_out(self, user_ids: Collection[UUID]) -> dict[UUID, list[KeptOut]]:
        """What keeps these users from all that they hold, as far as the actor may see it."""
        found: dict[UUID, list[KeptOut]] = defaultdict(list)
        reasons: list[tuple[str, KeptOut, ColumnElement[bool]]] = [
            ("status", "suspended", _PEOPLE.c.status != ACTIVE),
            ("must_change_password", "must_change_password", _PEOPLE.c.must_change_password),
        ]
        for some in chunks(user_ids):
            for field, reason, applies in reasons:
                statement = self._select([field]).where(_PEOPLE.c.id.in_(some), applies)
                for user_id in (await self._uow.session.execute(statement)).scalars():
                    found[user_id].append(reason)
        actor = self._uow.actor
        if actor.previewing and actor.user_id and actor.user_id in user_ids:
            found[actor.user_id].append("previewing")
        return found

    async def members(self, role_id: UUID, request: MemberListQuery) -> MemberPage:
        """Those who have a role and of whom one may know it, and how many others have it.

        Raises:
            Invalid: They cannot be sorted like this, or the cursor is not ours.
        """
        rows = self._rows
        by_name = (request.sort or "").removeprefix("-") == "name"
        if by_name and not rows.shows_everywhere(["display_name"]):
            # The order, and the cursor, would tell of names that may not be read.
            message = "You may not read everybody's name, so they cannot be sorted by it."
            raise Invalid("page.sort.hidden", message, fields={"sort": message})
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
        mine = self._select(["roles"], *given, _PEOPLE.c.name_order).where(of_role)
        wanted = mine.where(self._called(request.q)) if request.q else mine
        session = self._uow.session
        found = (await session.execute(_MEMBERS.apply(wanted.add_columns(_ENDS), request))).all()
        page: Page[MemberRead] = _MEMBERS.page(
            found,
            request,
            lambda row: MemberRead.model_validate({**row._mapping, **self._shown(row, rows)}),  # noqa: SLF001 - SQLAlchemy's public name
        )
        count = await self._count(wanted)
        hidden = 0
        if not rows.shows_everywhere(["roles"]):
            everybody = select(func.count()).select_from(_PEOPLE.join(UserRole, of_role))
            hidden = (await session.execute(everybody)).scalar_one()
            hidden -= await self._count(mine) if request.q else count
        return MemberPage(
            items=await self.crediting(page.items),
            next_cursor=page.next_cursor,
            previous_cursor=page.previous_cursor,
            count=count,
            hidden=hidden,
        )

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

    async def _count(self, statement: Select[Any]) -> int:
        counting = select(func.count()).select_from(statement.subquery())
        count: int = (await self._uow.session.execute(counting)).scalar_one()
        return count

    def _called(self, text: str) -> ColumnElement[bool]:
        """Whether the words stand in a name or address, as far as that may be read."""
        stored, words = _PEOPLE.c.search_text, search_words(text)
        return and_(stands_in(stored, words), words_in_shown(stored, words, self._shows))

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
