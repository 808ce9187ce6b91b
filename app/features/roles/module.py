"""The roles feature."""

from dishka import Provider, Scope

from app.core.module import Module
from app.features.roles.api import router
from app.features.roles.permissions import RolePermission
from app.features.roles.repository import RoleRepository
from app.features.roles.resolver import AccessResolver
from app.features.roles.service import RoleService

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(RoleRepository, RoleService)
provider.provide(AccessResolver, scope=Scope.APP)

module = Module(
    id="roles",
    permissions=(RolePermission,),
    asked=(RolePermission.GRANT,),
    provider=provider,
    router=router,
)
