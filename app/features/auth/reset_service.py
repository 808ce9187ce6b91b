"""The operation by which somebody with a one-time link chooses a password."""

from uuid import UUID

from app.core import clock, crypto
from app.core.audit import REDACTED
from app.core.errors import Invalid, Unauthenticated
from app.core.operations import Service, operation
from app.core.passwords import PasswordHasher, PasswordPolicy
from app.core.permissions import PUBLIC
from app.core.unit_of_work import UnitOfWork
from app.features.auth.repository import SessionRepository
from app.features.auth.schemas import PasswordChoice
from app.features.auth.throttle import ThrottleKeys
from app.features.roles.repository import RoleRepository
from app.features.users.models import User
from app.features.users.permissions import UserPermission
from app.features.users.repository import PasswordResetRepository, UserRepository
from app.features.users.schemas import UserStatus


class ResetService(Service):
    """One-time links for a new password, within one unit of work."""

    def __init__(  # noqa: PLR0917 - filled by the container
        self,
        uow: UnitOfWork,
        resets: PasswordResetRepository,
        users: UserRepository,
        roles: RoleRepository,
        sessions: SessionRepository,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
    ) -> None:
        super().__init__(uow)
        self._resets = resets
        self._users = users
        self._roles = roles
        self._sessions = sessions
        self._hasher = hasher
        self._policy = policy

    @operation(PUBLIC, action="auth.password.reset", begins_write=False)
    async def choose_password(self, choice: PasswordChoice) -> None:
        """Give the user of a link the password they chose; all their sessions end.

        Raises:
            Unauthenticated: The link was used, replaced, or is too old; the account has changed
                since; or whoever made it may no longer make one.
            Invalid: The password is too weak.
        """
        token_hash = crypto.hash_token(choice.token)
        user = await self._user_of(token_hash)
        self.uow.audit.about(
            "user", user.id, user.email, actor=(user.id, user.display_name, user.email)
        )
        new = choice.new_password.get_secret_value()
        problem = self._policy.problem(new, email=user.email, name=user.display_name)
        if problem is not None:
            raise Invalid(problem.code, problem.message, fields={"new_password": problem.message})
        await self.uow.release()
        password_hash = await self._hasher.hash(new)
        await self.uow.begin_write()
        user = await self._user_of(token_hash)
        # Of two who send it at once, one finds it gone.
        if not await self._resets.use(token_hash):
            raise _no_longer_good()
        now = clock.now()
        user.password_hash = password_hash
        user.must_change_password = False
        user.sessions_valid_from = user.updated_at = now
        user.version += 1
        await self._users.add(user)
        keys = ThrottleKeys.of(user.email, self.uow.context.address)
        await self._sessions.forget_failures([keys.pair, keys.account])
        redacted = {"field": "password", "before": REDACTED, "after": REDACTED}
        self.uow.audit.about("user", user.id, user.email, changes=[redacted])

    async def _user_of(self, token_hash: str) -> User:
        reset = await self._resets.by_token(token_hash)
        user = await self._users.get(reset.user_id) if reset else None
        if (
            reset is None
            or user is None
            or clock.now() >= reset.expires_at
            or user.status != UserStatus.ACTIVE
            # A change of password or address, or a suspension, has come after it.
            or reset.created_at < user.sessions_valid_from
            or not await self._may_still(reset.started_by_id, user)
        ):
            raise _no_longer_good()
        return user

    async def _may_still(self, maker_id: UUID | None, user: User) -> bool:
        """Whether the maker of the link could make it now; the operator of the machine always."""
        if maker_id is None:
            return True
        maker = await self._users.get(maker_id)
        if maker is None or maker.status != UserStatus.ACTIVE:
            return False
        access = await self._roles.access_of(maker_id)
        return UserPermission.RESET_CREDENTIALS in access and access.is_above(
            await self._roles.access_of(user.id)
        )


def _no_longer_good() -> Unauthenticated:
    message = "This link is not good, or not any more. Ask for a new one."
    return Unauthenticated("auth.reset.invalid", message)
