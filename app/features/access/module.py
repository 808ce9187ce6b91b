"""The access feature."""

from dishka import AsyncContainer, Provider, Scope

from app.core.module import Action, Finder, Found, Module, NavItem, PageSpec
from app.core.permissions import SIGNED_IN
from app.core.search import is_found, search_text
from app.features.access.api import console_router, router
from app.features.access.pages import (
    compare_page,
    coverage_page,
    explain_page,
    holders_page,
    matrix_page,
)
from app.features.access.rows import EXPLAIN, address_of
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
_FOUND = 6


async def _find(unit: AsyncContainer, text: str) -> list[Found]:
    found = await (await unit.get(AccessService)).permissions()
    return [
        Found(
            "Permissions",
            each.permission,
            each.description,
            address_of(HOLDERS, {"permission": each.permission}),
        )
        for each in found
        if is_found(search_text(each.permission, each.description), text)
    ][:_FOUND]


async def _granters(unit: AsyncContainer, permission: str) -> list[str]:
    return await (await unit.get(AccessService)).granters(permission)


module = Module(
    id="access",
    provider=provider,
    router=router,
    console_router=console_router,
    pages=(
        PageSpec(
            "/access",
            "Permissions",
            _READ,
            matrix_page,
            [AccessMatrix.load],
            wide=True,
            keywords="matrix rights overview of roles",
        ),
        PageSpec(EXPLAIN, "Explain", _READ, explain_page, [Explain.load]),
        PageSpec(HOLDERS, "Who can do this", _READ, holders_page, [Holders.load]),
        PageSpec(COMPARE, "Compare roles", _READ, compare_page, [CompareRoles.load]),
        PageSpec(
            COVERAGE,
            "Guard coverage",
            _READ,
            coverage_page,
            [Coverage.load],
            wide=True,
            keywords="routes handlers ways in unguarded security",
        ),
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
    finders=(Finder(_READ, _find, "permission"),),
    granters=_granters,
    nav=(NavItem("Access", "Permissions", "shield_check", "/access", _READ, shortcut="p"),),
)
