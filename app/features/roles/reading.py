"""How stored roles become what is told of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import clock
from app.core.folding import in_order
from app.core.models import UtcDateTime
from app.core.paging import Keyset, SortColumn, parse_time
from app.core.prepared import Prepared, among
from app.core.search import search_words, stands_in
from app.features.roles.models import Granted, Role, RoleGrant, RoleInclude, UserRole, in_force
from app.features.roles.schemas import GrantRead, RoleList, RoleRead

_ROLES = SQLModel.metadata.tables[str(Role.__tablename__)].c
SELECTED = select(
    _ROLES.id,
    _ROLES.name,
    _ROLES.description,
    _ROLES.created_at,
    _ROLES.updated_at,
    _ROLES.version,
    _ROLES.name_order,
)
"""What is read of roles themselves."""
_FIELDS = tuple(RoleRead.model_fields)

KEYSET = Keyset(
    {
        "name": SortColumn(_ROLES.name_order),  # type: ignore[arg-type]  # a column is one
        "created_at": SortColumn(_ROLES.id, parse=UUID),  # type: ignore[arg-type]  # ids are in order of creation
        "updated_at": SortColumn(_ROLES.updated_at, parse=parse_time),  # type: ignore[arg-type]  # likewise
    },
    default="name",
    key=_ROLES.id,  # type: ignore[arg-type]  # likewise
    usual=SELECTED,
)

NOW = bindparam("now", type_=UtcDateTime)
"""Stands for the current time in prepared statements."""
_GRANTS_OF = Prepared(
    select(
        col(RoleGrant.role_id),
        *(col(getattr(RoleGrant, name)) for name in Granted.model_fields),
    ).where(among(col(RoleGrant.role_id), "ids"))
)
_INCLUDED_IN = Prepared(
    select(col(RoleInclude.role_id), col(Role.name))
    .join(Role, col(Role.id) == col(RoleInclude.included_id))
    .where(among(col(RoleInclude.role_id), "ids"))
)
_MEMBERS_OF = Prepared(
    select(col(UserRole.role_id), func.count().label("members"))
    .where(among(col(UserRole.role_id), "ids"), in_force(UserRole, NOW))
    .group_by(col(UserRole.role_id))
)


async def roles_read(session: AsyncSession, roles: Sequence[Any]) -> RoleList:
    """Stored roles, with what they grant and include.

    Args:
        session: That of the unit of work.
        roles: Rows of `SELECTED`, or whole.
    """
    ids = [role.id for role in roles]
    grants: dict[UUID, list[Any]] = defaultdict(list)
    for grant in await _GRANTS_OF.run(session, ids=ids):
        grants[grant.role_id].append(grant)
    includes: dict[UUID, list[str]] = defaultdict(list)
    for role_id, name in await _INCLUDED_IN.run(session, ids=ids):
        includes[role_id].append(name)
    counted = await _MEMBERS_OF.run(session, ids=ids, now=clock.now())
    members: dict[UUID, int] = dict(counted)
    told = {role_id: tuple(grants_read(own)) for role_id, own in grants.items()}
    called = {role_id: tuple(in_order(names)) for role_id, names in includes.items()}
    values = []
    for role in roles:
        role_id = role.id
        own = told.get(role_id, ())
        values.append(
            (
                role_id,
                role.name,
                role.description,
                called.get(role_id, ()),
                tuple(sorted({grant.permission for grant in own})) if own else (),
                own,
                members.get(role_id, 0),
                role.created_at,
                role.updated_at,
                role.version,
            )
        )
    return RoleList(_FIELDS, values)


def named(q: str | None) -> list[ColumnElement[bool]]:
    """That a role's name has these words, where there are any."""
    return [stands_in(_ROLES.search_text, search_words(q))] if q and q.strip() else []


def grants_read(rows: Iterable[Any]) -> list[GrantRead]:
    """What is told of stored grants, in order."""
    reads = [
        GrantRead(
            id=row.id,
            permission=row.permission,
            rule=row.rule,
            readable=row.readable,
            writable=row.writable,
            expires_at=row.expires_at,
            reason=row.reason,
            granted_by=row.granted_by_name,
            granted_by_id=row.granted_by,
            granted_at=row.granted_at,
        )
        for row in rows
    ]
    return sorted(reads, key=lambda grant: grant.key)
