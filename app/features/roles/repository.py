"""Queries of the roles feature."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlmodel import col, select

from app.core.repository import Repository
from app.features.roles.models import AccessStamp, Role, RoleGrant, UserRole
from app.features.roles.schemas import RoleRead


class RoleRepository(Repository[Role]):
    """Roles, their grants, and who has them."""

    model = Role

    async def all(self) -> list[RoleRead]:
        """All roles with their grants, by name."""
        return await self._read(select(Role.id, Role.name, Role.description))

    async def of_user(self, user_id: UUID) -> list[RoleRead]:
        """The roles of one user, by name."""
        statement = (
            select(Role.id, Role.name, Role.description)
            .join(UserRole, col(UserRole.role_id) == col(Role.id))
            .where(UserRole.user_id == user_id)
        )
        return await self._read(statement)

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
        await self.session.execute(delete(UserRole).where(col(UserRole.user_id) == user_id))
        if role_ids:
            rows = [{"user_id": user_id, "role_id": role_id} for role_id in role_ids]
            await self.session.execute(insert(UserRole), rows)

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

    async def _read(self, statement) -> list[RoleRead]:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a select of three columns
        rows: Sequence[tuple[UUID, str, str]] = (
            await self.session.exec(statement.order_by(Role.name))
        ).all()
        grants: dict[UUID, list[str]] = {}
        grant_rows = select(RoleGrant.role_id, RoleGrant.permission).where(
            col(RoleGrant.role_id).in_([row[0] for row in rows])
        )
        for role_id, permission in await self.session.exec(grant_rows):
            grants.setdefault(role_id, []).append(permission)
        return [
            RoleRead(
                id=role_id,
                name=name,
                description=description,
                grants=tuple(sorted(grants.get(role_id, []))),
            )
            for role_id, name, description in rows
        ]
