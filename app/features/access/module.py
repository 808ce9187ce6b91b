"""The access feature."""

from dishka import Provider, Scope

from app.core.module import Action, Module, NavItem, PageSpec
from app.core.permissions import SIGNED_IN
from app.features.access.api import console_router, router
from app.features.access.pages import (
    compare_page,
    coverage_page,
    explain_page,
    holders_page,
    matrix_page,
)
from app.features.access.rows import EXPLAIN
from app.features.access.service import AccessService, PreviewService
from app.features.access.state import (
    COMPARE,
    COVERAGE,
    HOLDERS,
    AccessMatrix,
    CompareRoles,
    Coverage,
    Explain,
    Holders,
    Previewing,
)
from app.features.roles.permissions import RolePermission
from app.features.roles.state import PREVIEW, RoleRecord
from app.features.roles.state import RECORD as ROLE
from app.ui.page_state import Console
from app.ui.shell import STOP_PREVIEW

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(AccessService, PreviewService)

_READ = RolePermission.READ

module = Module(
    id="access",
    provider=provider,
    router=router,
    console_router=console_router,
    pages=(
        PageSpec("/access", "Permissions", _READ, matrix_page, [AccessMatrix.load], wide=True),
        PageSpec(EXPLAIN, "Explain", _READ, explain_page, [Explain.load]),
        PageSpec(HOLDERS, "Who can do this", _READ, holders_page, [Holders.load]),
        PageSpec(COMPARE, "Compare roles", _READ, compare_page, [CompareRoles.load]),
        PageSpec(COVERAGE, "Guard coverage", _READ, coverage_page, [Coverage.load], wide=True),
    ),
    actions=(
        Action("Explain a permission", _READ, href=EXPLAIN, keywords="why may access denied"),
        Action("Who can do this", _READ, href=HOLDERS, keywords="holders permission access"),
        Action(
            STOP_PREVIEW,
            SIGNED_IN,
            event=Previewing.stop,
            when=Console.previewing != "",
            keywords="myself",
        ),
        Action(
            PREVIEW,
            RolePermission.UPDATE,
            event=Previewing.start_this_role,
            page=ROLE,
            when=~RoleRecord.gone,
            keywords="look see as",
        ),
        Action("Compare roles", _READ, href=COMPARE, keywords="difference"),
    ),
    nav=(NavItem("Access", "Permissions", "shield_check", "/access", _READ, shortcut="p"),),
)
