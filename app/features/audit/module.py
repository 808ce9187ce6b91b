"""The audit feature."""

from datetime import timedelta

from dishka import AsyncContainer, Provider, Scope

from app.core.module import Job, Module, NavItem, PageSpec
from app.core.ports import RequestRecords
from app.core.sealing import Keys
from app.features.audit.activity import ActivityService
from app.features.audit.activity_repository import ActivityRepository
from app.features.audit.anchor import Anchor
from app.features.audit.api import console_router, router
from app.features.audit.filters import Filters
from app.features.audit.pages import audit_page
from app.features.audit.permissions import AuditPermission
from app.features.audit.repository import AUDIT, AuditRepository
from app.features.audit.requests import RequestService
from app.features.audit.retention import Retention
from app.features.audit.seal_repository import SealRepository
from app.features.audit.service import AuditService, SealService
from app.features.audit.state import AuditList, Undoing
from app.features.audit.subjects import SubjectRepository
from app.settings import Settings, audit_signing_key


def _keys(settings: Settings) -> Keys:
    return Keys(audit_signing_key(settings), settings.audit.former_keys)


def _anchor(settings: Settings) -> Anchor:
    return Anchor(settings.audit.anchor_file)


def _retention(settings: Settings) -> Retention:
    return Retention(settings.audit)


provider = Provider(scope=Scope.REQUEST)
provider.provide_all(AuditRepository, AuditService, Filters, RequestService)
provider.provide_all(SealRepository, SealService, SubjectRepository)
provider.provide_all(ActivityRepository, ActivityService)
provider.alias(RequestService, provides=RequestRecords)
for make in (_keys, _anchor, _retention):
    provider.provide(make, scope=Scope.APP)


async def _seal(unit: AsyncContainer) -> bool:
    seals = await unit.get(SealService)
    # What is anchored has been committed: the last run finds nothing more to seal.
    return (await seals.seal()).entries > 0 or await seals.anchor()


async def _prune(unit: AsyncContainer) -> bool:
    seals = await unit.get(SealService)
    return (await seals.expired()).entries > 0 and (await seals.prune()).entries > 0


module = Module(
    id="audit",
    permissions=(AuditPermission,),
    resources=(AUDIT,),
    provider=provider,
    router=router,
    console_router=console_router,
    pages=(
        PageSpec("/audit", "Audit", AuditPermission.READ, audit_page, [AuditList.load], wide=True),
    ),
    nav=(
        NavItem("Operations", "Audit", "scroll_text", "/audit", AuditPermission.READ, shortcut="a"),
    ),
    jobs=(
        Job("audit.seal", timedelta(seconds=5), _seal, at_shutdown=True),
        Job("audit.prune", timedelta(hours=1), _prune),
    ),
    take_back=Undoing.undo,
)
