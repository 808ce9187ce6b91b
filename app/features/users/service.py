"""Operations on users."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core import bulk, clock
from app.core.audit import REDACTED, Change, diff
from app.core.bulk import BulkPreview, Group
from app.core.errors import Conflict, Invalid, NotFound
from app.core.operations import Service, operation, query
from app.core.paging import Page
from app.core.passwords import PasswordHasher, PasswordPolicy
from app.core.permissions import SIGNED_IN
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork
from app.features.roles.repository import RoleRepository
from app.features.roles.schemas import RoleRead
from app.features.roles.service import refuse_above
from app.features.users.models import User
from app.features.users.permissions import UserPermission
from app.features.users.repository import (
    COUNT_LIMIT,
    WALK_SEARCH_LIMIT,
    UserRepository,
    search_text,
    to_read,
)
from app.features.users.schemas import (
    Consequence,
    UserCount,
    UserCreate,
    UserExportQuery,
    UserFilter,
    UserListQuery,
    UserRead,
    UserStatus,
    UserUpdate,
)


class UserService(Service):
    """Users within one unit of work.

    Nobody acts on someone who may do what they may not: it would be a way to
    take over that account. Nor may the last administrator be removed.
    """

    def __init__(  # noqa: PLR0917 - filled by the container
        self,
        uow: UnitOfWork,
        users: UserRepository,
        roles: RoleRepository,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        registry: Registry,
    ) -> None:
        super().__init__(uow)
        self._users = users
        self._roles = roles
        self._hasher = hasher
        self._policy = policy
        self._registry = registry

    @query(UserPermission.READ)
    async def page(self, request: UserListQuery) -> Page[UserRead]:
        """A page of users, newest first unless asked otherwise."""
        return await self._users.page(request)

    @query(UserPermission.READ)
    async def count(self, request: UserFilter) -> UserCount:
        """How many users match; beyond `COUNT_LIMIT` only that there are more."""
        count = await self._users.count(request)
        is_exact = count <= COUNT_LIMIT and not await self._users.is_search_cut(request)
        return UserCount(count=min(count, COUNT_LIMIT), is_exact=is_exact)

    @operation(UserPermission.READ, action="user.export", begins_write=False)
    async def export(
        self, request: UserExportQuery, write: Callable[[Sequence[UserRead]], Awaitable[None]]
    ) -> None:
        """Hand out all users that match, in order, some at a time.

        The audit entry says which and how many, also when it ends early.

        Args:
            request: Which users.
            write: Takes some users; called again and again until there are no more.

        Raises:
            Invalid: The sort column is unknown, or the search finds too many.
        """
        if await self._users.is_search_cut(request, most=WALK_SEARCH_LIMIT):
            message = f"The search finds more than {WALK_SEARCH_LIMIT:,} users; add a word to it."
            raise Invalid("user.export.too_many_found", message, fields={"q": message})
        wanted = request.model_dump(mode="json", exclude_none=True)
        rows = 0
        self.uow.audit.about("", "", "", detail={**wanted, "rows": rows})
        async for users in self._users.walk(request, request.sort):
            rows += len(users)
            self.uow.audit.about("", "", "", detail={**wanted, "rows": rows})
            await write(users)

    @query(UserPermission.SUSPEND, action="user.suspend.preview")
    async def preview_status(
        self, status: UserStatus, whom: UserFilter | Sequence[UUID]
    ) -> BulkPreview:
        """What giving these users this status would change; nothing is changed.

        Args:
            status: `suspended` stands for `suspend`, `active` for `reactivate`.
            whom: Those who match, or those with these ids.
        """
        preview = BulkPreview()
        roles = {role.name: role for role in await self._roles.all()}
        suspending = status == UserStatus.SUSPENDED
        spare = await self._users.administrators() - 1 if suspending else bulk.MOST
        left = bulk.MOST
        async for users in self._with_other_status(status, whom, preview):
            for user in users[:left]:
                held = [roles[name] for name in user.roles]
                is_administrator = any(role.is_administrator for role in held)
                if user.id == self.uow.actor.user_id:
                    preview.skip("you yourself", [user.display_name])
                elif not all(role.is_within(self.uow.actor.grants) for role in held):
                    preview.skip("may do what you may not", [user.display_name])
                elif is_administrator and spare < 1:
                    preview.skip("the last administrator", [user.display_name])
                else:
                    spare -= is_administrator
                    preview.take(user.id, user.display_name)
            left -= len(users)
            if left < 0:
                preview.is_cut = True
                break
        return preview

    @query(UserPermission.READ)
    async def get(self, user_id: UUID) -> UserRead:
        """One user.

        Raises:
            NotFound: No such user.
        """
        return await self._read(await self._existing(user_id))

    @operation(UserPermission.CREATE)
    async def create(self, new: UserCreate) -> UserRead:
        """Add somebody who can sign in.

        Raises:
            Conflict: The e-mail address is taken.
            Invalid: The password is too weak or a role does not exist.
            PermissionDenied: A role grants what the actor does not hold.
        """
        self.uow.audit.about("user", "", new.email)
        password = new.password.get_secret_value()
        self._check_password(password, new.email, new.display_name)
        # Before the first statement: no transaction waits while the processor hashes.
        password_hash = await self._hasher.hash(password)
        roles = await self._named(new.roles)
        refuse_above(roles, self.uow.actor.grants)
        if await self._users.is_taken(new.email):
            raise _email_taken()
        try:
            user = await self._users.insert(
                email=new.email,
                display_name=new.display_name,
                password_hash=password_hash,
                verified=new.verified,
                must_change_password=new.must_change_password,
                search_text=search_text(new.email, new.display_name),
            )
        except IntegrityError as error:
            raise _email_taken() from error
        await self._roles.give(user.id, [role.id for role in roles])
        created = to_read(user, [role.name for role in roles])
        self.uow.audit.about("user", user.id, user.email, changes=diff(None, created))
        return created

    @operation(UserPermission.UPDATE)
    async def update(self, user_id: UUID, change: UserUpdate) -> UserRead:
        """Change a user's details; a new password ends their sessions.

        Raises:
            NotFound: No such user.
            Conflict: The e-mail address is taken, or the version is not the current one.
            Invalid: The password is too weak.
            PermissionDenied: The user may do what the actor may not.
        """
        fields = change.model_dump(exclude_unset=True, exclude={"password", "version"})
        fields = {name: value for name, value in fields.items() if value is not None}
        password = change.password.get_secret_value() if change.password else None
        password_hash = await self._hasher.hash(password) if password else None
        user = await self._reachable(user_id)
        self._check_version(user, change.version)
        before = await self._read(user)
        changes: list[Change] = []
        if password is not None and password_hash is not None:
            name = fields.get("display_name", user.display_name)
            self._check_password(password, fields.get("email", user.email), name)
            user.password_hash = password_hash
            user.sessions_valid_from = clock.now()
            changes = [{"field": "password", "before": REDACTED, "after": REDACTED}]
        email = fields.get("email", user.email)
        if email != user.email and await self._users.is_taken(email):
            raise _email_taken()
        for name, value in fields.items():
            setattr(user, name, value)
        return await self._save(user, before, changes)

    @operation(SIGNED_IN, action="user.update_own")
    async def update_own_name(self, change: UserUpdate) -> UserRead:
        """Change one's own display name; other fields are not one's own to change."""
        user = await self._own()
        self._check_version(user, change.version)
        before = await self._read(user)
        if change.display_name is not None:
            user.display_name = change.display_name
        return await self._save(user, before, [])

    @query(SIGNED_IN, action="user.read_own")
    async def own(self) -> UserRead:
        """The actor's own details."""
        return await self._read(await self._own())

    @operation(UserPermission.SUSPEND)
    async def suspend(self, user_id: UUID) -> UserRead:
        """Keep a user from signing in and end their sessions.

        Raises:
            NotFound: No such user.
            Conflict: It is oneself, or the last administrator.
            PermissionDenied: The user may do what the actor may not.
        """
        user = await self._reachable(user_id)
        self._refuse_self(user, "suspend")
        await self._refuse_last_administrator(user)
        before = await self._read(user)
        user.status = UserStatus.SUSPENDED
        user.sessions_valid_from = clock.now()
        return await self._save(user, before, [])

    @operation(UserPermission.SUSPEND, action="user.reactivate")
    async def reactivate(self, user_id: UUID) -> UserRead:
        """Let a suspended user sign in again.

        Raises:
            NotFound: No such user.
            PermissionDenied: The user may do what the actor may not.
        """
        user = await self._reachable(user_id)
        before = await self._read(user)
        user.status = UserStatus.ACTIVE
        return await self._save(user, before, [])

    @operation(UserPermission.ASSIGN_ROLES)
    async def assign_roles(self, user_id: UUID, names: Sequence[str]) -> UserRead:
        """Give a user exactly these roles.

        Raises:
            NotFound: No such user.
            Invalid: A role does not exist.
            Conflict: Nobody else would be administrator.
            PermissionDenied: A role given or taken grants what the actor does not hold.
        """
        roles = await self._named(names)
        user = await self._reachable(user_id)
        refuse_above(roles, self.uow.actor.grants)
        if not any(role.is_administrator for role in roles):
            await self._refuse_last_administrator(user)
        before = await self._read(user)
        await self._roles.replace_for_user(user.id, [role.id for role in roles])
        return await self._save(user, before, [])

    @query(UserPermission.DELETE, action="user.delete.preview")
    async def consequences_of_deletion(self, user_id: UUID) -> list[Consequence]:
        """What deleting this user would entail, in numbers; nothing is changed.

        Raises:
            NotFound: No such user.
        """
        user = await self._existing(user_id)
        counts = [await count(self.uow, user.id) for count in self._registry.belongings]
        return [
            Consequence(count=count, what=one if count == 1 else several)
            for count, one, several in counts
            if count
        ]

    @operation(UserPermission.DELETE)
    async def delete(self, user_id: UUID) -> None:
        """Remove a user for good.

        Raises:
            NotFound: No such user.
            Conflict: It is oneself, or the last administrator.
            PermissionDenied: The user may do what the actor may not.
        """
        user = await self._reachable(user_id)
        self._refuse_self(user, "delete")
        await self._refuse_last_administrator(user)
        before = await self._read(user)
        await self._users.delete(user)
        self.uow.audit.about("user", user_id, before.email, changes=diff(before, None))

    async def _with_other_status(
        self, status: UserStatus, whom: UserFilter | Sequence[UUID], preview: BulkPreview
    ) -> AsyncIterator[list[UserRead]]:
        """Those who have not this status yet; the preview says who has."""
        already = f"{status} already"
        if not isinstance(whom, UserFilter):
            users = await self._users.with_ids(whom)
            preview.skip(already, [user.display_name for user in users if user.status == status])
            yield [user for user in users if user.status != status]
            return
        if whom.status in (None, status):
            having = whom.model_copy(update={"status": status})
            count = await self._users.count(having)
            if count:
                page = await self._users.page(UserListQuery(**dict(having), limit=bulk.NAMED))
                names = [user.display_name for user in page.items]
                is_exact = count <= COUNT_LIMIT
                preview.skipped[already] = Group(min(count, COUNT_LIMIT), names, is_exact)
        if whom.status != status:
            [other] = set(UserStatus) - {status}
            async for users in self._users.walk(whom.model_copy(update={"status": other})):
                yield users

    async def _own(self) -> User:
        if self.uow.actor.user_id is None:
            code = "user.not_a_user"
            raise Conflict(code, "The system itself has no profile.")
        return await self._existing(self.uow.actor.user_id)

    async def _existing(self, user_id: UUID, *, for_update: bool = False) -> User:
        user = await self._users.get(user_id, for_update=for_update)
        if user is None:
            code = "user.not_found"
            raise NotFound(code, "There is no such user.")
        return user

    async def _reachable(self, user_id: UUID) -> User:
        """The user, locked for change, if the actor holds all that they hold."""
        user = await self._existing(user_id, for_update=True)
        self.uow.audit.about("user", user.id, user.email)
        refuse_above(await self._roles.of_user(user.id), self.uow.actor.grants)
        return user

    async def _read(self, user: User) -> UserRead:
        roles = await self._roles.names_of_users([user.id])
        return to_read(user, roles.get(user.id, []))

    async def _save(self, user: User, before: UserRead, changes: list[Change]) -> UserRead:
        try:
            # Reading flushes what was changed so far.
            after = await self._read(user)
            changes = [*diff(before, after), *changes]
            if changes:
                user.updated_at = clock.now()
                user.version += 1
                user.search_text = search_text(user.email, user.display_name)
                await self._users.add(user)
        except IntegrityError as error:
            raise _email_taken() from error
        self.uow.audit.about("user", user.id, user.email, changes=changes)
        return after.model_copy(update={"updated_at": user.updated_at, "version": user.version})

    async def _named(self, names: Sequence[str]) -> list[RoleRead]:
        known = {role.name: role for role in await self._roles.all()}
        unknown = sorted({name for name in names if name not in known})
        if unknown:
            message = f"There is no role {', '.join(unknown)}; there are {', '.join(known)}."
            raise Invalid("user.role.unknown", message, fields={"roles": message})
        return [known[name] for name in sorted(set(names))]

    def _check_password(self, password: str, email: str, name: str) -> None:
        problem = self._policy.problem(password, email=email, name=name)
        if problem is not None and self.uow.actor.kind != "system":
            raise Invalid(problem.code, problem.message, fields={"password": problem.message})

    def _check_version(self, user: User, version: int | None) -> None:
        if version is not None and version != user.version:
            message = "Somebody else changed this user in the meantime."
            raise Conflict("user.version.conflict", message, current_version=user.version)

    def _refuse_self(self, user: User, verb: str) -> None:
        if user.id == self.uow.actor.user_id:
            code = f"user.{verb}.self"
            raise Conflict(code, f"You cannot {verb} yourself.")

    async def _refuse_last_administrator(self, user: User) -> None:
        roles = await self._roles.of_user(user.id)
        if not any(role.is_administrator for role in roles):
            return
        # Two administrators who remove each other at once must not both count the other one.
        await self._roles.lock_access()
        if await self._users.administrators(other_than=user.id) == 0:
            code = "user.last_administrator"
            raise Conflict(code, "This is the last administrator; name another one first.")


def _email_taken() -> Conflict:
    message = "This e-mail address is taken by another user."
    return Conflict("user.email.taken", message, fields={"email": message})
