"""The modules feature."""

from dishka import Provider, Scope

from app.core.module import Module, NavItem, PageSpec
from app.features.modules.api import router
from app.features.modules.pages import modules_page
from app.features.modules.permissions import ModulePermission
from app.features.modules.service import ModuleService
from app.features.modules.state import ModuleList

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(ModuleService)

_READ = ModulePermission.READ

module = Module(
    id="modules",
    permissions=(ModulePermission,),
    provider=provider,
    router=router,
    pages=(PageSpec("/modules", "Modules", _READ, modules_page, [ModuleList.load], wide=True),),
    nav=(NavItem("Operations", "Modules", "blocks", "/modules", _READ, shortcut="m"),),
)
