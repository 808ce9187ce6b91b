"""The dashboard feature."""

from dishka import Provider, Scope

from app.core.module import Action, Module, NavItem, PageSpec
from app.core.permissions import SIGNED_IN
from app.features.dashboard.pages import overview_page
from app.features.dashboard.permissions import DashboardPermission
from app.features.dashboard.service import DashboardService
from app.features.dashboard.state import Overview

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(DashboardService)

module = Module(
    id="dashboard",
    permissions=(DashboardPermission,),
    provider=provider,
    pages=(PageSpec("/", "Overview", SIGNED_IN, overview_page, [Overview.load]),),
    actions=(
        Action(
            "Check the health again",
            DashboardPermission.HEALTH,
            event=Overview.check_health,
            page="/",
        ),
    ),
    nav=(NavItem("Overview", "Overview", "layout_dashboard", "/", SIGNED_IN, shortcut="o"),),
)
