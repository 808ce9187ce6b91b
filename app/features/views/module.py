"""The views feature."""

from uuid import UUID

from dishka import Provider, Scope

from app.core.module import Module
from app.core.unit_of_work import UnitOfWork
from app.features.views.permissions import ViewPermission
from app.features.views.repository import ViewRepository
from app.features.views.service import ViewService

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(ViewRepository, ViewService)


async def _views(uow: UnitOfWork, user_id: UUID) -> tuple[int, str, str]:
    count = await ViewRepository(uow).count_own(user_id)
    return count, "saved view is deleted", "saved views are deleted"


module = Module(id="views", permissions=(ViewPermission,), provider=provider, belongings=(_views,))
