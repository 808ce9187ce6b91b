"""The auth feature."""

from uuid import UUID

from dishka import Provider, Scope

from app.core.module import Module
from app.core.unit_of_work import UnitOfWork
from app.features.auth.api import router
from app.features.auth.repository import SessionRepository
from app.features.auth.service import AuthService

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(SessionRepository, AuthService)


async def _sessions(uow: UnitOfWork, user_id: UUID) -> tuple[int, str]:
    return await SessionRepository(uow).count_live(user_id), "open sessions end"


module = Module(id="auth", provider=provider, router=router, belongings=(_sessions,))
