"""Queries of the users feature."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    bindparam,
    delete,
    func,
    or_,
    true,
)
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, select

from app.core.access import Fields
from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.module import AccessScope, RowRule
from app.core.names import name_key
from app.core.paging import Keyset, SortColumn, parse_time
from app.core.prepared import Prepared
from app.core.repository import Repository
from app.core.rows import Rows
from app.core.search import USER_SEARCH, Word, search_words
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import (
    MEMBERSHIP,
    UserRole,
    in_force,
    words_in_shown,
)
from app.features.roles.repository import RoleRepository
from app.features.users.filters import conditions
from app.features.users.models import NEVER, PasswordReset, User
from app.features.users.schemas import (
    FIELDS,
    UserFilter,
    UserList,
    UserListQuery,
    UserRead,
    UserStatus,
)

COUNT_LIMIT = 10_000
"""Counting stops here: an exact count of a million rows would make the page slow."""

SEARCH_LIMIT = 1_000
"""A search looks at this many matches at most, so that its time does not grow with the table."""

WALK_SEARCH_LIMIT = 10_000
"""Whoever walks through all matches of a search gets this many at most."""

_STEP = 500
"""Users read at a time by who walks through all of them."""

_USERS = SQLModel.metadata.tables[str(User.__tablename__)].c
_COLUMNS = (
    _USERS.id,
    _USERS.email,
    _USERS.display_name,
    _USERS.status,
    _USERS.verified,
    _USERS.must_change_password,
    _USERS.created_at,
    _USERS.updated_at,
    _USERS.last_sign_in_at,
    _USERS.version,
    _USERS.email_order,
    _USERS.name_order,
)
_SELECTED = sa_select(*_COLUMNS)
_FIELDS = tuple(UserRead.model_fields)

_LIKE_EMAIL = Prepared(
    sa_select(col(User.id), col(User.email)).where(
        or_(col(User.email) == bindparam("email"), col(User.email_key) == bindparam("key"))
    )
)

KEYSET = Keyset(
    {
        "created_at": SortColumn(_USERS.id, parse=UUID),  # type: ignore[arg-type]  # ids are in order of creation
        "email": SortColumn(_USERS.email_order),  # type: ignore[arg-type]  # a column is one
        "display_name": SortColumn(_USERS.name_order),  # type: ignore[arg-type]  # likewise
        "last_sign_in_at": SortColumn(_USERS.last_sign_in_at, parse=parse_time),  # type: ignore[arg-type]  # likewise
    },
    default="-created_at",
    key=_USERS.id,  # type: ignore[arg-type]  # likewise
    usual=_SELECTED,
)


class UserRepository(Repository[User]):
    """Users within one unit of work."""

    model = User

    def __init__(self, uow: UnitOfWork, roles: RoleRepository) -> None:
        super().__init__(uow)
        self._roles = roles

    async def by_email(self, email: str) -> User | None:
        """The user with this (normalised) address, or None."""
        return (await self.session.exec(select(User).where(User.email == email))).one_or_none()

    async def looking_like(self, email: str) -> dict[UUID, str]:
        """The addresses that are this (normalised) one, or look the same, by their users' ids."""
        found = await _LIKE_EMAIL.run(self.session, email=email, key=name_key(email))
        return {user.id: user.email for user in found}

    async def page(self, query: UserListQuery, rows: Rows, *, most: int | None = None) -> UserList:
        """A page of users with their roles.

        Args:
            query: Which.
            rows: Those that are reached.
            most: How many matches a search looks at; `SEARCH_LIMIT` by default.

        Raises:
            Invalid: The sort column is unknown, or hidden in some of the rows.
        """
        sort = (query.sort or "").removeprefix("-")
        if sort in KEYSET.columns and sort != "created_at" and not rows.shows_always(sort):
            message = f"You may not see {sort} of all users, so the list cannot be sorted by it."
            raise Invalid("page.sort.hidden", message, fields={"sort": message})
        selected = _SELECTED.add_columns(*rows.flags) if rows.flags else _SELECTED
        found = self._filtered(selected, query, rows, most)
        users = (await self.session.execute(KEYSET.apply(found, query))).all()
        page = KEYSET.page(users, query, lambda user: user)
        return (await self._listed(page.items, rows)).placed(page)

    async def seen(self, user_id: UUID, *rows: Rows) -> Row[Any] | None:
        """The user with the flags of these rows, if any of them reaches it."""
        flags = {flag.key: flag for each in rows for flag in each.flags}
        statement = sa_select(*_COLUMNS, *flags.values()).where(
            col(User.id) == user_id, or_(*(each.condition for each in rows))
        )
        return (await self.session.execute(statement)).one_or_none()

    async def walk(
        self, query: UserFilter, rows: Rows, sort: str | None = None
    ) -> AsyncIterator[UserList]:
        """All users that match, in order, some at a time, however many they are."""
        request = UserListQuery(**query.model_dump(include=set(UserFilter.model_fields)), sort=sort)
        step = request.model_copy(update={"limit": _STEP})
        while True:
            page = await self.page(step, rows, most=WALK_SEARCH_LIMIT)
            # The one who takes them may be slow.
            await self._uow.release()
            yield page
            if page.next_cursor is None:
                return
            step = step.model_copy(update={"cursor": page.next_cursor})

    async def with_ids(self, ids: Collection[UUID], rows: Rows) -> UserList:
        """The users with these ids, as far as they are reached, newest first."""
        found = (
            sa_select(*_COLUMNS, *rows.flags)
            .where(_USERS.id.in_(ids), rows.condition)
            .order_by(_USERS.id.desc())
        )
        return await self._listed((await self.session.execute(found)).all(), rows)

    async def count(self, query: UserFilter, rows: Rows) -> int:
        """How many users match, at most `COUNT_LIMIT` + 1."""
        some = self._filtered(select(User.id), query, rows).limit(COUNT_LIMIT + 1).subquery()
        count: int = (
            await self.session.execute(select(func.count()).select_from(some))
        ).scalar_one()
        return count

    async def is_search_cut(
        self, query: UserFilter, rows: Rows, *, most: int | None = None
    ) -> bool:
        """Whether the words match more users than a search looks at; `most` as in `page`."""
        if query.q is None or not query.q.strip():
            return False
        hits = self._filtered(select(User.id), UserFilter(q=query.q), rows, most).subquery()
        statement = select(func.count()).select_from(hits)
        return (await self.session.exec(statement)).one() >= (most or SEARCH_LIMIT)

    async def _listed(self, users: Sequence[Row[Any]], rows: Rows) -> UserList:
        """Users in order, selected with the flags of `rows`, with what may be read of each."""
        roles = await self._roles.names_of_users([user.id for user in users])
        values = [
            (
                *user[:5],
                roles.get(user.id, []),
                *user[5:8],
                None if user.last_sign_in_at == NEVER else user.last_sign_in_at,
                user.version,
            )
            for user in users
        ]
        return UserList(_FIELDS, values).mask(users, rows)

    def _filtered(
        self, statement: Select[Any], query: UserFilter, rows: Rows, most: int | None = None
    ) -> Select[Any]:
        """Those that match, by what may be read of each: nobody finds what they may not see."""
        narrowing = [each for each in (rows.condition,) if each is not true()]
        narrowing += conditions(query, rows)
        if narrowing:
            statement = statement.where(*narrowing)
        if query.q is not None and query.q.strip():
            words = search_words(query.q)
            hits = USER_SEARCH.found(
                col(User.id),
                words,
                most=most or SEARCH_LIMIT,
                is_sqlite=self._uow.database.is_sqlite,
            )
            statement = statement.where(hits, _by_what_is_shown(words, rows))
        return statement


class PasswordResetRepository(Repository[PasswordReset]):
    """Links for new passwords within one unit of work."""

    model = PasswordReset

    async def replace(self, reset: PasswordReset) -> None:
        """Keep the link; the user's earlier one is worth nothing from now on."""
        await self.forget(reset.user_id)
        await self.add(reset)

    async def by_token(self, token_hash: str) -> PasswordReset | None:
        """The link with this token, or None."""
        statement = select(PasswordReset).where(PasswordReset.token_hash == token_hash)
        return (await self.session.exec(statement)).one_or_none()

    async def use(self, token_hash: str) -> bool:
        """Take the link away; False when somebody else was faster."""
        statement = delete(PasswordReset).where(col(PasswordReset.token_hash) == token_hash)
        return bool((await self.session.execute(statement)).rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result

    async def forget(self, user_id: UUID) -> None:
        """Take away the user's link, if there is one."""
        await self.session.execute(
            delete(PasswordReset).where(col(PasswordReset.user_id) == user_id)
        )


def _by_what_is_shown(words: Sequence[Word], rows: Rows) -> ColumnElement[bool]:
    """Whether the words that were found stand in fields that may be read."""
    if rows.shows_always("email") and rows.shows_always("display_name"):
        return true()
    return words_in_shown(col(User.search_text), words, rows.showing)


def to_read(user: User | Row[Any], roles: list[str], readable: Fields = None) -> UserRead:
    """The schema of a stored user, with the fields that may be read; None stands for all."""
    read = UserRead(
        id=user.id,
        email=user.email,
        display_name=user.display_name,
        status=UserStatus(user.status),
        verified=user.verified,
        roles=roles,
        must_change_password=user.must_change_password,
        created_at=user.created_at,
        updated_at=user.updated_at,
        last_sign_in_at=None if user.last_sign_in_at == NEVER else user.last_sign_in_at,
        version=user.version,
    )
    return read if readable is None else read.showing(readable)


def _shares_a_role(actor: Actor) -> ColumnElement[bool]:
    mine, theirs = aliased(UserRole), aliased(UserRole)
    return (
        select(col(theirs.user_id))
        .join(mine, col(mine.role_id) == col(theirs.role_id))
        .where(
            col(theirs.user_id) == col(User.id),
            col(mine.user_id) == actor.user_id,
            in_force(mine),
            in_force(theirs),
        )
        .exists()
    )


USERS = AccessScope(
    name="user",
    title="Users",
    fields=FIELDS,
    rules=(
        RowRule("own", "Their own record", lambda actor: col(User.id) == actor.user_id, ()),
        RowRule("same_role", "People who share a role with them", _shares_a_role, [MEMBERSHIP]),
    ),
    label="email",
    # How to reach somebody, and when they were at work.
    sensitive=("email", "last_sign_in_at"),
    key=col(User.id),
    computed=("created_at", "updated_at", "last_sign_in_at"),
    secret=("password",),
)
"""What grants on users can be limited to."""
