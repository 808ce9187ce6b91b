"""Operations on what a user signs in with: address and password."""

from datetime import timedelta
from uuid import UUID

from pydantic import SecretStr

from app.core import clock, crypto
from app.core.audit import REDACTED
from app.core.errors import Conflict, PermissionDenied
from app.core.operations import operation, query
from app.core.passwords import PasswordHasher
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork
from app.features.roles.repository import RoleRepository
from app.features.users.models import PasswordReset, User
from app.features.users.permissions import UserPermission
from app.features.users.repository import PasswordResetRepository, UserRepository
from app.features.users.schemas import EmailChange, ResetStart, StartedReset, UserRead, UserStatus
from app.features.users.service_base import UserServiceBase
from app.settings import Settings


class CredentialService(UserServiceBase):
    """What users sign in with, within one unit of work.

    Whoever controls the password or the address of an account controls the account. So both are
    only for people who may do strictly more than the user: among equals nobody takes over another.
    """

    def __init__(  # noqa: PLR0917 - filled by the container
        self,
        uow: UnitOfWork,
        users: UserRepository,
        roles: RoleRepository,
        resets: PasswordResetRepository,
        hasher: PasswordHasher,
        registry: Registry,
        settings: Settings,
    ) -> None:
        super().__init__(uow, users, roles, registry)
        self._resets = resets
        self._hasher = hasher
        self._lifetime = timedelta(hours=settings.auth.reset_link_hours)

    @query(
        UserPermission.RESET_CREDENTIALS,
        action="user.reset_credentials.preview",
        recent_sign_in=True,
    )
    async def check_reset(self, user_id: UUID) -> UserRead:
        """The user, if the actor may start a reset for them; nothing is changed.

        Raises:
            NotFound: No such user.
            Conflict: The user is suspended, or it is oneself.
            PermissionDenied: The user may do as much as the actor, or more.
        """
        user = await self._to_reset(user_id)
        return await self._read(user)

    @operation(UserPermission.RESET_CREDENTIALS, recent_sign_in=True)
    async def start_reset(self, user_id: UUID, start: ResetStart) -> StartedReset:
        """Make a one-time link by which the user chooses a new password.

        An earlier link is worth nothing from then on; so is every link once its maker may no
        longer make one.

        Raises:
            NotFound: No such user.
            Conflict: The user is suspended, or it is oneself.
            PermissionDenied: The user may do as much as the actor, or more.
        """
        user = await self._to_reset(user_id)
        now = clock.now()
        token = crypto.new_token()
        reset = PasswordReset(
            user_id=user.id,
            token_hash=crypto.hash_token(token),
            started_by_id=self.uow.actor.user_id,
            created_at=now,
            expires_at=now + self._lifetime,
        )
        await self._resets.replace(reset)
        if start.end_sessions:
            user.sessions_valid_from = now
            await self._users.add(user)
        detail = {"expires_at": reset.expires_at.isoformat(), "ends_sessions": start.end_sessions}
        self.uow.audit.about("user", user.id, user.email, detail=detail)
        return StartedReset(token, reset.expires_at)

    @operation(UserPermission.RESET_CREDENTIALS, action="user.change_email", recent_sign_in=True)
    async def change_email(self, user_id: UUID, change: EmailChange) -> UserRead:
        """Give a user another address to sign in with; their sessions and links end.

        The address they have, given again, is only confirmed or no longer confirmed.

        Raises:
            NotFound: No such user.
            Conflict: The address is taken, or the version is not the current one.
            PermissionDenied: The user may do as much as the actor, or more; or one would confirm
                one's own address.
        """
        named = {"email"} | ({"verified"} if change.verified else set())
        user = await self._reachable(user_id, UserPermission.RESET_CREDENTIALS, named)
        if user.id != self.uow.actor.user_id:
            await self._refuse_equal(user)
        elif change.verified:
            message = "You cannot confirm your own address."
            raise PermissionDenied("", message, code="user.verify.self")
        self._check_version(user, change.version)
        before = await self._read(user)
        if change.email != user.email:
            await self._check_email(change.email, of=user.id)
            # Before the change: a statement after it would write it, where a clash has no sentence.
            await self._resets.forget(user.id)
            user.email = change.email
            user.sessions_valid_from = clock.now()
        user.verified = change.verified
        return await self._save(user, before)

    @operation(UserPermission.RESET_CREDENTIALS, action="user.set_password", recent_sign_in=True)
    async def set_password(
        self, user_id: UUID, password: SecretStr, *, must_change: bool
    ) -> UserRead:
        """Set a user's password and end their sessions; for the operator of the machine only.

        Raises:
            NotFound: No such user.
            PermissionDenied: Somebody else than the system asks for it.
        """
        if self.uow.actor.kind != "system":
            message = "Only the operator of the machine sets passwords; start a reset instead."
            raise PermissionDenied("", message, code="user.set_password.system_only")
        password_hash = await self._hasher.hash(password.get_secret_value())
        user = await self._reachable(user_id, UserPermission.RESET_CREDENTIALS)
        before = await self._read(user)
        user.password_hash = password_hash
        user.must_change_password = must_change
        user.sessions_valid_from = clock.now()
        await self._resets.forget(user.id)
        redacted = {"field": "password", "before": REDACTED, "after": REDACTED}
        return await self._save(user, before, [redacted])

    async def _to_reset(self, user_id: UUID) -> User:
        user = await self._reachable(user_id, UserPermission.RESET_CREDENTIALS, {"password"})
        if user.id == self.uow.actor.user_id:
            code = "user.reset_credentials.self"
            raise Conflict(code, "Change your own password in your profile.")
        await self._refuse_equal(user)
        if user.status != UserStatus.ACTIVE:
            code = "user.suspended"
            raise Conflict(code, "This user is suspended and could not sign in; reactivate first.")
        return user

    async def _refuse_equal(self, user: User) -> None:
        actor = self.uow.actor
        if actor.kind == "system" or actor.access.is_above(await self._roles.access_of(user.id)):
            return
        message = "They may do all that you may; this takes somebody who may do more than they."
        raise PermissionDenied("", message, code="user.not_below_actor")
