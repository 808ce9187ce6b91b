"""Which users a filter means."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.core.rows import Rows
from app.features.roles.models import Role, UserRole, in_force, is_called
from app.features.users.models import NEVER, User
from app.features.users.schemas import UserFilter


def conditions(query: UserFilter, rows: Rows) -> Iterator[ColumnElement[bool]]:
    """What must hold besides the words: nobody finds by what they may not see.

    Args:
        query: The filter.
        rows: The users that are reached.
    """
    if query.email is not None:
        yield from (col(User.email) == query.email, rows.showing(["email"]))
    if query.status is not None:
        yield from (col(User.status) == query.status, rows.showing(["status"]))
    if query.verified is not None:
        yield from (col(User.verified) == query.verified, rows.showing(["verified"]))
    for each in _of_roles(query):
        yield from (each, rows.showing(["roles"]))
    for each in _of_sign_in(query):
        yield from (each, rows.showing(["last_sign_in_at"]))


def _of_roles(query: UserFilter) -> Iterator[ColumnElement[bool]]:
    if query.role is not None:
        yield col(User.id).in_(_holders([query.role]))
    if query.any_role:
        yield col(User.id).in_(_holders(query.any_role))
    if query.no_role is not None:
        holds = col(User.id).in_(_holders([]))
        yield ~holds if query.no_role else holds


def _of_sign_in(query: UserFilter) -> Iterator[ColumnElement[bool]]:
    last = col(User.last_sign_in_at)
    if query.never_signed_in is not None:
        yield last == NEVER if query.never_signed_in else last != NEVER
    if query.signed_in_before is not None:
        yield and_(last > NEVER, last <= query.signed_in_before)


def _holders(names: list[str]) -> SelectOfScalar[UUID]:
    """Who has any of these roles; any role at all for none of them."""
    holders = select(UserRole.user_id).where(in_force(UserRole))
    if not names:
        return holders
    called = or_(*(is_called(name) for name in names))
    return holders.join(Role, col(Role.id) == col(UserRole.role_id)).where(called)
