"""The users feature."""

from dishka import Provider, Scope

from app.core.module import Module
from app.features.users.api import router
from app.features.users.permissions import UserPermission
from app.features.users.repository import UserRepository
from app.features.users.service import UserService

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(UserRepository, UserService)

module = Module(id="users", permissions=(UserPermission,), provider=provider, router=router)
