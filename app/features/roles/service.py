"""Operations on roles. Managing them comes with the access-control screens."""

from collections.abc import Sequence

from app.core.errors import PermissionDenied
from app.core.operations import Service, operation, query
from app.core.permissions import PermissionSet
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import Role
from app.features.roles.permissions import RolePermission
from app.features.roles.repository import RoleRepository
from app.features.roles.schemas import RoleRead

DEFAULT_ROLES = {
    "admin": ("May do everything.", ["*"]),
    "user": ("Signs in and manages their own profile.", []),
    "guest": ("Signs in and looks around.", []),
}


def refuse_above(roles: Sequence[RoleRead], grants: PermissionSet) -> None:
    """Keep somebody with these grants from acting on, or giving, what they do not hold.

    Raises:
        PermissionDenied: One of the roles grants more.
    """
    for role in roles:
        if not role.is_within(grants):
            missing = next(grant for grant in role.grants if grant not in grants)
            message = f"The role {role.name} grants {missing}, which you do not hold."
            raise PermissionDenied(missing, message, code="user.above_actor")


class RoleService(Service):
    """Roles within one unit of work."""

    def __init__(self, uow: UnitOfWork, roles: RoleRepository) -> None:
        super().__init__(uow)
        self._roles = roles

    @query(RolePermission.READ)
    async def all(self) -> list[RoleRead]:
        """All roles, by name."""
        return await self._roles.all()

    @operation(RolePermission.CREATE, action="role.seed")
    async def ensure_defaults(self) -> list[str]:
        """Create those of the default roles that are missing; returns their names."""
        present = {role.name for role in await self._roles.all()}
        missing = [name for name in DEFAULT_ROLES if name not in present]
        for name in missing:
            description, grants = DEFAULT_ROLES[name]
            await self._roles.add_with_grants(Role(name=name, description=description), grants)
        self.uow.audit.about("role", "", ", ".join(missing) or "none missing")
        return missing
