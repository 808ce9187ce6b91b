"""The audit feature."""

from dishka import Provider, Scope

from app.core.module import Module
from app.features.audit.api import router
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import AuditRepository
from app.features.audit.service import AuditService

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(AuditRepository, AuditService)

module = Module(id="audit", permissions=(AuditPermission,), provider=provider, router=router)
