"""The settings feature."""

from dishka import Provider, Scope

from app.core.module import Module, NavItem, PageSpec
from app.features.settings.api import router
from app.features.settings.pages import settings_page
from app.features.settings.permissions import SettingPermission
from app.features.settings.service import SettingService
from app.features.settings.state import SETTINGS, SettingList

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(SettingService)

_READ = SettingPermission.READ

module = Module(
    id="settings",
    permissions=(SettingPermission,),
    provider=provider,
    router=router,
    pages=(PageSpec(SETTINGS, "Settings", _READ, settings_page, [SettingList.load], wide=True),),
    nav=(NavItem("Operations", "Settings", "settings", SETTINGS, _READ, shortcut="s"),),
)
