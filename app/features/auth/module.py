"""The auth feature."""

from datetime import timedelta
from uuid import UUID

from dishka import AsyncContainer, Provider, Scope

from app.core.module import Job, Module, PageSpec
from app.core.permissions import PUBLIC, SIGNED_IN
from app.core.unit_of_work import UnitOfWork
from app.features.auth.api import console_router, router
from app.features.auth.guesses import GuessBudget
from app.features.auth.pages import (
    change_password_page,
    reset_password_page,
    sign_in_page,
    user_sessions_page,
)
from app.features.auth.permissions import SessionPermission
from app.features.auth.repository import SessionRepository
from app.features.auth.reset_service import ResetService
from app.features.auth.service import AuthService
from app.features.auth.session_service import SessionService
from app.features.auth.session_start import SessionStart
from app.features.auth.state import UserSessions
from app.features.users.schemas import RESET_PATH
from app.features.users.state import USER_RECORD, UserRecord

provider = Provider(scope=Scope.REQUEST)
provider.provide_all(
    SessionRepository, GuessBudget, SessionStart, AuthService, ResetService, SessionService
)


async def _sessions(uow: UnitOfWork, user_id: UUID) -> tuple[int, str, str]:
    count = await SessionRepository(uow).count_live(user_id)
    return count, "open session ends", "open sessions end"


async def _forget_expired(unit: AsyncContainer) -> None:
    sessions = await unit.get(SessionService)
    if await sessions.count_expired():
        await sessions.forget_expired()


module = Module(
    id="auth",
    permissions=(SessionPermission,),
    provider=provider,
    router=router,
    console_router=console_router,
    pages=(
        PageSpec("/sign-in", "Sign in", PUBLIC, sign_in_page, framed=False),
        PageSpec(RESET_PATH, "Choose your password", PUBLIC, reset_password_page, framed=False),
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
