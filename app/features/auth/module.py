"""The auth feature."""

from datetime import timedelta
from uuid import UUID

from dishka import AsyncContainer, Provider, Scope

from app.core.module import Job, Module, PageSpec
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.unit_of_work import UnitOfWork
from app.features.auth.api import console_router, router
from app.features.auth.pages import change_password_page, sign_in_page, user_sessions_page
from app.features.auth.permissions import SessionPermission
from app.features.auth.repository import SessionRepository
from app.features.auth.service import AuthService, SessionService
from app.features.auth.state import UserSessions
from app.features.users.state import USER_RECORD, UserRecord

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(SessionRepository, AuthService, SessionService)


async def _sessions(uow: UnitOfWork, user_id: UUID) -> tuple[int, str, str]:
    count = await SessionRepository(uow).count_live(user_id)
    return count, "open session ends", "open sessions end"


async def _forget_expired(unit: AsyncContainer) -> None:
    auth = await unit.get(AuthService)
    if await auth.count_expired():
        await auth.forget_expired()


module = Module(
    id="auth",
    permissions=(SessionPermission,),
    provider=provider,
    router=router,
    console_router=console_router,
    pages=(
        PageSpec("/sign-in", "Sign in", PUBLIC, sign_in_page, framed=False),
        PageSpec("/change-password", "New password", SIGNED_IN, change_password_page, framed=False),
        PageSpec(
            "/users/[user_id]/sessions",
            "Sessions",
            SessionPermission.READ,
            user_sessions_page,
            [UserRecord.load, UserSessions.load],
            record=USER_RECORD,
        ),
    ),
    jobs=(Job("auth.forget_expired", timedelta(hours=1), _forget_expired),),
    belongings=(_sessions,),
)
