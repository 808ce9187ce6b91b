"""The audit feature."""

from datetime import timedelta
from functools import partial

from dishka import AsyncContainer, Provider, Scope

from app.core.log import get_logger
from app.core.module import Job, Module, NavItem, PageSpec
from app.core.ports import RequestRecords
from app.core.reads import ReadRecords
from app.core.refusals import StrangerRefusals
from app.core.sealing import Keys
from app.core.unit_of_work import UnitOfWork
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
from app.features.audit.seal_service import SealService
from app.features.audit.service import AuditService
from app.features.audit.state import AuditList, Undoing
from app.features.audit.subjects import SubjectRepository
from app.features.audit.witness_repository import WitnessRepository
from app.settings import Settings, audit_signing_key

log = get_logger(__name__)


def _keys(settings: Settings) -> Keys:
    return Keys(audit_signing_key(settings), settings.audit.former_keys)


def _anchor(settings: Settings) -> Anchor:
    return Anchor(settings.audit.anchor_file)


def _retention(settings: Settings) -> Retention:
    return Retention(settings.audit)


provider = Provider(scope=Scope.REQUEST)
provider.provide_all(AuditRepository, AuditService, Filters, RequestService)
provider.provide_all(SealRepository, SealService, SubjectRepository, WitnessRepository)
provider.provide_all(ActivityRepository, ActivityService)
provider.alias(RequestService, provides=RequestRecords)
for make in (_keys, _anchor, _retention):
    provider.provide(make, scope=Scope.APP)


async def _seal(unit: AsyncContainer) -> bool:
    seals = await unit.get(SealService)
    # What is anchored has been committed: the last run finds nothing more to seal.
    if (await seals.seal()).entries > 0 or await seals.anchor():
        return True
    if is_new := await seals.is_anchor_new():
        await seals.accept_anchor()
    return is_new


async def _prune(unit: AsyncContainer) -> bool:
    seals = await unit.get(SealService)
    expired = (await seals.expired()).entries
    if expired and not await seals.can_prune():
        log.warning("audit.prune_needs_owner", command="platformctl audit prune")
        return False
    return expired > 0 and (await seals.prune()).entries > 0


async def _write_refusals(unit: AsyncContainer) -> None:
    refusals, requests = await unit.get(StrangerRefusals), await unit.get(RequestService)
    taken = refusals.take()
    try:
        for calls in taken:
            await requests.refused(calls)
        await (await unit.get(UnitOfWork)).commit()
    except BaseException:
        refusals.put_back(taken)
        raise


async def _write_reads(unit: AsyncContainer, *, everything: bool = False) -> bool:
    reads, requests = await unit.get(ReadRecords), await unit.get(RequestService)
    taken = reads.take(everything=everything)
    try:
        if taken.looks:
            await requests.looked(taken.looks)
        if taken.lost:
            await requests.lost(taken.lost)
        await (await unit.get(UnitOfWork)).commit()
    except BaseException:
        reads.put_back(taken)
        raise
    return len(reads) > 0 if everything else reads.has_more


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
        # First, so that the last ones are sealed when the server stops.
        Job("audit.refusals", timedelta(minutes=1), _write_refusals, at_shutdown=_write_refusals),
        Job(
            "audit.reads",
            timedelta(seconds=5),
            _write_reads,
            at_shutdown=partial(_write_reads, everything=True),
        ),
        Job("audit.seal", timedelta(seconds=5), _seal, at_shutdown=_seal),
        Job("audit.prune", timedelta(hours=1), _prune),
    ),
    take_back=Undoing.undo,
)
