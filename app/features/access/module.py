"""The access feature."""

from dishka import Provider, Scope

from app.core.module import Module
from app.features.access.api import router
from app.features.access.service import AccessService

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(AccessService)

module = Module(id="access", provider=provider, router=router)
