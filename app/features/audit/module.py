"""The audit feature."""

from dishka import Provider, Scope

from app.core.module import Module, NavItem, PageSpec
from app.features.audit.api import router
from app.features.audit.pages import audit_page
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import AUDIT, AuditRepository
from app.features.audit.service import AuditService
from app.features.audit.state import AuditList

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(AuditRepository, AuditService)

module = Module(
    id="audit",
    permissions=(AuditPermission,),
    resources=(AUDIT,),
    provider=provider,
    router=router,
    pages=(
        PageSpec("/audit", "Audit", AuditPermission.READ, audit_page, [AuditList.load], wide=True),
    ),
    nav=(
        NavItem("Operations", "Audit", "scroll_text", "/audit", AuditPermission.READ, shortcut="a"),
    ),
)
