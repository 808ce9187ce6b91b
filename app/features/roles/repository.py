"""Queries of the roles feature."""

from collections.abc import Collection, Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from app.core.prepared import Prepared
from app.core.repository import Repository
from app.features.roles.models import AccessStamp, Role, RoleGrant, UserRole
from app.features.roles.schemas import RoleRead

_ROLES = (
    sa_select(col(Role.id), col(Role.name), col(Role.description), col(RoleGrant.permission))
    .outerjoin(RoleGrant, col(RoleGrant.role_id) == col(Role.id))
    .order_by(col(Role.name), col(RoleGrant.permission))
)
_ALL = Prepared(_ROLES)
_OF_USER = Prepared(
    _ROLES.join(UserRole, col(UserRole.role_id) == col(Role.id)).where(
        col(UserRole.user_id) == bindparam("user_id")
    )
)
_TAKE = Prepared(delete(UserRole).where(col(UserRole.user_id) == bindparam("user_id")))
_GIVE = Prepared(insert(UserRole))


class RoleRepository(Repository[Role]):
    """Roles, their grants, and who has them."""

    model = Role

    async def all(self) -> list[RoleRead]:
        """All roles with their grants, by name."""
        return _made(await _ALL.run(self.session))

    async def of_user(self, user_id: UUID) -> list[RoleRead]:
        """The roles of one user, by name."""
        return _made(await _OF_USER.run(self.session, user_id=user_id))

    async def names_of_users(self, user_ids: Collection[UUID]) -> dict[UUID, list[str]]:
        """Role names by user id, sorted; a user without roles is absent."""
        statement = (
            select(UserRole.user_id, Role.name)
            .join(Role, col(UserRole.role_id) == col(Role.id))
            .where(col(UserRole.user_id).in_(user_ids))
            .order_by(col(Role.name))
        )
        names: dict[UUID, list[str]] = {}
        for user_id, name in await self.session.exec(statement):
            names.setdefault(user_id, []).append(name)
        return names

    async def replace_for_user(self, user_id: UUID, role_ids: Collection[UUID]) -> None:
        """Give the user exactly these roles; the caller raises the user's version."""
        await _TAKE.run(self.session, user_id=user_id)
        await self.give(user_id, role_ids)

    async def give(self, user_id: UUID, role_ids: Collection[UUID]) -> None:
        """Give the user roles that they do not have; see `replace_for_user`."""
        for role_id in role_ids:
            await _GIVE.run(self.session, user_id=user_id, role_id=role_id)

    async def add_with_grants(self, role: Role, grants: Collection[str]) -> None:
        """Insert a role and what it grants."""
        await self.add(role)
        if grants:
            rows = [{"role_id": role.id, "permission": grant} for grant in grants]
            await self.session.execute(insert(RoleGrant), rows)
        await self.raise_stamp()

    async def lock_access(self) -> None:
        """Keep others from changing who may do what until the transaction ends."""
        await self.session.exec(select(AccessStamp.version).with_for_update())

    async def raise_stamp(self) -> None:
        """Make every worker read permissions anew."""
        await self.session.execute(update(AccessStamp).values(version=AccessStamp.version + 1))


def _made(rows: Iterable[Any]) -> list[RoleRead]:
    """Roles of rows that name one grant each."""
    return [
        RoleRead(
            id=role_id,
            name=name,
            description=description,
            grants=tuple(sorted(row.permission for row in of_role if row.permission is not None)),
        )
        for (role_id, name, description), of_role in groupby(
            rows, key=lambda row: (row.id, row.name, row.description)
        )
    ]
