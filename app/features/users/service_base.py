"""What all operations on one user share: who is reached, what is shown, how a change is saved."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.access import refuse_beyond, refuse_fields
from app.core.audit import Change, diff
from app.core.errors import Conflict, NotFound, PermissionDenied
from app.core.names import name_key
from app.core.operations import Service
from app.core.registry import Registry
from app.core.rows import Rows, rows_of
from app.core.unit_of_work import UnitOfWork
from app.features.roles.permissions import RolePermission
from app.features.roles.repository import RoleRepository
from app.features.users.models import User, places
from app.features.users.permissions import UserPermission
from app.features.users.repository import UserRepository, to_read
from app.features.users.schemas import UserRead


class UserServiceBase(Service):
    """Base of the services that act on one user.

    Nobody acts on someone who may do what they may not: it would be a way to
    take over that account.
    """

    def __init__(
        self, uow: UnitOfWork, users: UserRepository, roles: RoleRepository, registry: Registry
    ) -> None:
        super().__init__(uow)
        self._users = users
        self._roles = roles
        self._registry = registry

    async def _existing(self, user_id: UUID, *, for_update: bool = False) -> User:
        user = await self._users.get(user_id, for_update=for_update)
        if user is None:
            raise not_found()
        return user

    def _rows(self, permission: str) -> Rows:
        return rows_of(self._registry, self.uow.actor, permission)

    async def _reach(
        self, user_id: UUID, permission: str, fields: Collection[str] = ()
    ) -> Row[Any]:
        """The user, if the permission reaches them and these fields may be written.

        Raises:
            NotFound: There is no such user for the actor to see.
            PermissionDenied: The user may be seen, but this may not be done with them.
        """
        reading, acting = self._rows(UserPermission.READ), self._rows(permission)
        user = await self._users.seen(user_id, reading, acting)
        if user is None:
            raise not_found()
        if not acting.reaches(user):
            message = f"You have {permission}, but not for this user."
            raise PermissionDenied(permission, message, code="permission.row")
        writable = acting.writable(user)
        refuse_fields([] if writable is None else set(fields) - writable, permission)
        return user

    async def _reachable(
        self, user_id: UUID, permission: str, fields: Collection[str] = ()
    ) -> User:
        """The user, locked for change, if the actor also holds all that they hold."""
        row = await self._reach(user_id, permission, fields)
        user = await self._existing(user_id, for_update=True)
        self.uow.audit.about("user", user.id, user.email)
        self.uow.expect(user.version)
        held = await self._roles.access_of(user.id)
        reading = self._rows(UserPermission.READ)
        knows_roles = self._reads_roles and reading.reaches(row) and reading.shows("roles", row)
        refuse_beyond(
            self.uow.actor.access,
            held.grants,
            code="user.above_actor",
            instead="" if knows_roles else permission,
        )
        return user

    @property
    def _reads_roles(self) -> bool:
        return RolePermission.READ in self.uow.actor.access

    async def _check_email(self, email: str, *, of: UUID | None = None) -> None:
        """Refuse a (normalised) address that another user has, or one that looks the same.

        Args:
            email: The address.
            of: The user who is to have it; None for a new one.

        Raises:
            Conflict: Another one has it.
        """
        for user_id, known in (await self._users.looking_like(email)).items():
            if user_id != of:
                raise email_taken(looks_like_it=known != email)

    async def _read(self, user: User) -> UserRead:
        roles = await self._roles.names_of_users([user.id])
        return to_read(user, roles.get(user.id, []))

    async def _save(self, user: User, before: UserRead, changes: Sequence[Change] = ()) -> UserRead:
        try:
            # Reading flushes what was changed so far.
            after = await self._read(user)
            changes = [*details(before, after), *changes]
            if changes:
                user.updated_at = clock.now()
                user.version += 1
                for name, value in places(user.display_name, user.email).items():
                    setattr(user, name, value)
                if after.email != before.email:
                    user.email_key = name_key(user.email)
                await self._users.add(user)
        except IntegrityError as error:
            raise email_taken() from error
        self.uow.audit.about("user", user.id, user.email, changes=changes)
        return after.model_copy(update={"updated_at": user.updated_at, "version": user.version})

    def _check_version(self, user: User, version: int | None) -> None:
        if version is not None and version != user.version:
            message = "Somebody else changed this user in the meantime."
            raise Conflict("user.version.conflict", message, current_version=user.version)


def details(before: UserRead | None, after: UserRead | None) -> list[Change]:
    """The fields that differ, but the roles: of these more is recorded than their names."""
    return [change for change in diff(before, after) if change["field"] != "roles"]


def not_found() -> NotFound:
    """There is no such user, or not for the actor to see."""
    return NotFound("user.not_found", "There is no such user.")


def email_taken(*, looks_like_it: bool = False) -> Conflict:
    """Another user signs in with this address, or with one that nobody could tell from it."""
    if looks_like_it:
        message = "This address looks the same as that of another user."
        return Conflict("user.email.lookalike", message, fields={"email": message})
    message = "This e-mail address is taken by another user."
    return Conflict("user.email.taken", message, fields={"email": message})
