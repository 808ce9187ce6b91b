"""Operations on users."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.access import refuse_beyond, refuse_fields
from app.core.audit import change_of
from app.core.csv import CsvQuery
from app.core.errors import Conflict, Invalid, PermissionDenied
from app.core.folding import in_order
from app.core.names import name_key
from app.core.operations import operation, query
from app.core.passwords import PasswordHasher, PasswordPolicy
from app.core.permissions import SIGNED_IN
from app.core.registry import Registry
from app.core.role_graph import Held
from app.core.unit_of_work import UnitOfWork
from app.features.roles.reach import ReachGuard
from app.features.roles.repository import RoleRepository
from app.features.roles.schemas import Assignment, roles_as_recorded
from app.features.users.models import User, places
from app.features.users.permissions import UserPermission
from app.features.users.repository import (
    COUNT_LIMIT,
    WALK_SEARCH_LIMIT,
    UserRepository,
    to_read,
)
from app.features.users.schemas import (
    FIELDS,
    LONGEST_SEARCH,
    Consequence,
    UserCount,
    UserCreate,
    UserExportQuery,
    UserFilter,
    UserList,
    UserListQuery,
    UserRead,
    UserStatus,
    UserUpdate,
)
from app.features.users.service_base import (
    UserServiceBase,
    details,
    email_taken,
    not_found,
)


class UserService(UserServiceBase):
    """Users within one unit of work.

    The last administrator cannot be removed.
    """

    def __init__(  # noqa: PLR0917 - filled by the container
        self,
        uow: UnitOfWork,
        users: UserRepository,
        roles: RoleRepository,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        registry: Registry,
        reach_guard: ReachGuard,
    ) -> None:
        super().__init__(uow, users, roles, registry)
        self._reach_guard = reach_guard
        self._hasher = hasher
        self._policy = policy

    @query(UserPermission.READ)
    async def page(self, request: UserListQuery) -> UserList:
        """A page of users, newest first unless asked otherwise."""
        return await self._users.page(request, self._rows(UserPermission.READ))

    @query(UserPermission.READ)
    async def find(self, typed: str, *, most: int) -> list[UserRead]:
        """A few users to choose from, by name; newest first for whom some names are hidden."""
        rows = self._rows(UserPermission.READ)
        sort = "display_name" if rows.shows_always("display_name") else None
        request = UserListQuery(q=typed[:LONGEST_SEARCH], sort=sort, limit=most)
        return (await self._users.page(request, rows)).items

    @query(UserPermission.READ)
    async def count(self, request: UserFilter) -> UserCount:
        """How many users match; beyond `COUNT_LIMIT` only that there are more."""
        rows = self._rows(UserPermission.READ)
        count = await self._users.count(request, rows)
        is_exact = count <= COUNT_LIMIT and not await self._users.is_search_cut(request, rows)
        return UserCount(count=min(count, COUNT_LIMIT), is_exact=is_exact)

    @operation(UserPermission.READ, action="user.export", begins_write=False, expensive=True)
    async def export(
        self, request: UserExportQuery, write: Callable[[UserList], Awaitable[None]]
    ) -> None:
        """Hand out all users that match, in order, some at a time.

        The audit entry says which and how many, also when it ends early.

        Args:
            request: Which users.
            write: Takes some users; called again and again until there are no more.

        Raises:
            Invalid: The sort column is unknown, or the search finds too many.
        """
        reached = self._rows(UserPermission.READ)
        if await self._users.is_search_cut(request, reached, most=WALK_SEARCH_LIMIT):
            message = f"The search finds more than {WALK_SEARCH_LIMIT:,} users; add a word to it."
            raise Invalid("user.export.too_many_found", message, fields={"q": message})
        wanted = request.model_dump(
            mode="json", exclude_none=True, exclude=set(CsvQuery.model_fields)
        )
        rows = 0
        self.uow.audit.about("", "", "", detail={**wanted, "rows": rows})
        async for users in self._users.walk(request, reached, request.sort):
            rows += len(users)
            self.uow.audit.about("", "", "", detail={**wanted, "rows": rows})
            await write(users)

    @query(UserPermission.READ)
    async def get(self, user_id: UUID) -> UserRead:
        """One user.

        Raises:
            NotFound: No such user.
        """
        rows = self._rows(UserPermission.READ)
        user = await self._reach(user_id, UserPermission.READ)
        roles = await self._roles.names_of_users([user.id])
        return to_read(user, roles.get(user.id, []), rows.readable(user))

    @query(UserPermission.READ)
    async def role_ends(self, user_id: UUID) -> dict[str, datetime]:
        """When the user loses those of their roles that they do not have for good, by name.

        Raises:
            NotFound: No such user.
        """
        rows = self._rows(UserPermission.READ)
        readable = rows.readable(await self._reach(user_id, UserPermission.READ))
        if readable is not None and "roles" not in readable:
            return {}
        roles, _ = (await self._roles.held_by([user_id]))[user_id]
        return {held.role: held.until for held in roles if held.until and held.until > clock.now()}

    @query(UserPermission.READ)
    async def writable(self, user_id: UUID) -> frozenset[str]:
        """The fields of a user that the actor may change; `roles`, when they may give them roles.

        Raises:
            NotFound: There is no such user for the actor to see.
        """
        reading, updating, assigning = (
            self._rows(permission)
            for permission in (
                UserPermission.READ,
                UserPermission.UPDATE,
                UserPermission.ASSIGN_ROLES,
            )
        )
        user = await self._users.seen(user_id, reading, updating, assigning)
        if user is None or not reading.reaches(user):
            raise not_found()
        fields = updating.writable(user)
        roles = {"roles"} if assigning.reaches(user) else set()
        return frozenset((set(FIELDS if fields is None else fields) - {"roles"}) | roles)

    @query(UserPermission.CREATE)
    async def creatable(self) -> frozenset[str]:
        """The fields that the actor may set of a new user."""
        return self._creatable()

    @operation(UserPermission.CREATE, recent_sign_in=True)
    async def create(self, new: UserCreate) -> UserRead:
        """Add somebody who can sign in.

        Raises:
            Conflict: The e-mail address is taken.
            Invalid: The password is too weak, or missing for an equal, or a role does not exist.
            PermissionDenied: A role grants what the actor does not hold, or a field that is given
                may not be set.
        """
        self.uow.audit.about("user", "", new.email)
        refuse_fields(new.model_fields_set - self._creatable(), UserPermission.CREATE)
        self._refuse_known_password(new)
        if new.password is None:
            # One that nobody knows, until the person chooses another by a link.
            password = secrets.token_urlsafe()
        else:
            password = new.password.get_secret_value()
            self._check_password(password, new.email, new.display_name)
        # Before the first statement: no transaction waits while the processor hashes.
        password_hash = await self._hasher.hash(password)
        role_ids = await self._role_ids(new.roles)
        await self._check_email(new.email)
        try:
            user = await self._users.insert(
                email=new.email,
                email_key=name_key(new.email),
                display_name=new.display_name,
                password_hash=password_hash,
                verified=new.verified,
                must_change_password=new.must_change_password,
                **places(new.display_name, new.email),
            )
        except IntegrityError as error:
            raise email_taken() from error
        async with self._reach_guard.watching([user.id], made=user.id):
            await self._roles.give(user.id, role_ids.values(), by=self._by)
        if new.password is None:
            await self._refuse_unreachable(user)
        created = to_read(user, in_order(role_ids))
        roles = change_of("roles", None, await self._facts(user.id))
        changes = [*details(None, created), *roles]
        self.uow.audit.about("user", user.id, user.email, changes=changes)
        return created

    @operation(UserPermission.UPDATE)
    async def update(self, user_id: UUID, change: UserUpdate) -> UserRead:
        """Change a user's details; what they sign in with is not among them.

        Raises:
            NotFound: No such user.
            Conflict: The version is not the current one.
            PermissionDenied: The user may do what the actor may not.
        """
        given = change.model_dump(exclude_unset=True, exclude={"version"})
        fields = {name: value for name, value in given.items() if value is not None}
        user = await self._reachable(user_id, UserPermission.UPDATE, fields)
        self._check_version(user, change.version)
        before = await self._read(user)
        for name, value in fields.items():
            setattr(user, name, value)
        return await self._save(user, before)

    @operation(SIGNED_IN, action="user.update_own")
    async def update_own_name(self, change: UserUpdate) -> UserRead:
        """Change one's own display name; other fields are not one's own to change."""
        user = await self._own()
        self._check_version(user, change.version)
        before = await self._read(user)
        if change.display_name is not None:
            user.display_name = change.display_name
        return await self._save(user, before)

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
        user = await self._reachable(user_id, UserPermission.SUSPEND)
        self._refuse_self(user, "suspend")
        await self._refuse_last_administrator(user)
        before = await self._read(user)
        user.status = UserStatus.SUSPENDED
        user.sessions_valid_from = clock.now()
        return await self._save(user, before)

    @operation(UserPermission.SUSPEND, action="user.reactivate")
    async def reactivate(self, user_id: UUID) -> UserRead:
        """Let a suspended user sign in again.

        Raises:
            NotFound: No such user.
            PermissionDenied: The user may do what the actor may not.
        """
        user = await self._reachable(user_id, UserPermission.SUSPEND)
        before = await self._read(user)
        user.status = UserStatus.ACTIVE
        return await self._save(user, before)

    @operation(UserPermission.ASSIGN_ROLES, recent_sign_in=True)
    async def assign_roles(
        self, user_id: UUID, names: Sequence[str], *, as_before: Sequence[Assignment] = ()
    ) -> UserRead:
        """Give a user exactly these roles.

        Args:
            user_id: The user.
            names: All roles that they have from now on.
            as_before: Those of them that are put back as they were given before.

        Raises:
            NotFound: No such user.
            Invalid: A role does not exist.
            Conflict: Nobody else would be administrator.
            PermissionDenied: A role given or taken grants what the actor does not hold for good;
                or somebody would reach more by it than the actor does.
        """
        role_ids = await self._role_ids(names)
        user = await self._reachable(user_id, UserPermission.ASSIGN_ROLES)
        return await self._have_roles(user, role_ids, as_before)

    @operation(UserPermission.ASSIGN_ROLES, action="user.add_roles", recent_sign_in=True)
    async def add_roles(self, user_id: UUID, names: Sequence[str]) -> UserRead:
        """Give a user roles beside those that they have; these stay as they are.

        Raises:
            NotFound: No such user.
            Invalid: A role does not exist.
            PermissionDenied: A role grants what the actor does not hold for good; or somebody
                would reach more by it than the actor does.
        """
        more = await self._role_ids(names)
        user = await self._reachable(user_id, UserPermission.ASSIGN_ROLES)
        return await self._have_roles(user, await self._had(user) | more)

    @operation(UserPermission.ASSIGN_ROLES, action="user.remove_roles", recent_sign_in=True)
    async def remove_roles(self, user_id: UUID, names: Sequence[str]) -> UserRead:
        """Take roles from a user; those that they do not have are passed over.

        Raises:
            NotFound: No such user.
            Invalid: A role does not exist.
            Conflict: Nobody else would be administrator.
            PermissionDenied: A role grants what the actor does not hold.
        """
        fewer = await self._role_ids(names)
        user = await self._reachable(user_id, UserPermission.ASSIGN_ROLES)
        had = await self._had(user)
        return await self._have_roles(user, {name: had[name] for name in had.keys() - fewer})

    async def _had(self, user: User) -> dict[str, UUID]:
        known = await self._roles.ids()
        names = (await self._roles.names_of_users([user.id])).get(user.id, [])
        return {name: known[name] for name in names}

    async def _have_roles(
        self, user: User, role_ids: Mapping[str, UUID], as_before: Sequence[Assignment] = ()
    ) -> UserRead:
        graph = await self._roles.graph()
        given = graph.access([Held(name) for name in role_ids])
        if not given.administers_for_good:
            await self._refuse_last_administrator(user)
        before = await self._read(user)
        had = await self._facts(user.id)
        async with self._reach_guard.watching([user.id]):
            await self._roles.replace_for_user(user.id, role_ids.values(), by=self._by)
            await self._roles.restore(as_before)
        changes = change_of("roles", had, await self._facts(user.id))
        return await self._save(user, before, changes)

    @query(UserPermission.DELETE, action="user.delete.preview")
    async def consequences_of_deletion(self, user_id: UUID) -> list[Consequence]:
        """What deleting this user would entail, in numbers; nothing is changed.

        Raises:
            NotFound: No such user.
        """
        user = await self._reach(user_id, UserPermission.DELETE)
        counts = [await count(self.uow, user.id) for count in self._registry.belongings]
        return [
            Consequence(count=count, what=one if count == 1 else several)
            for count, one, several in counts
            if count
        ]

    @operation(UserPermission.DELETE, recent_sign_in=True)
    async def delete(self, user_id: UUID) -> None:
        """Remove a user for good.

        Raises:
            NotFound: No such user.
            Conflict: It is oneself, or the last administrator.
            PermissionDenied: The user may do what the actor may not.
        """
        user = await self._reachable(user_id, UserPermission.DELETE)
        self._refuse_self(user, "delete")
        await self._refuse_last_administrator(user)
        before = await self._read(user)
        roles = change_of("roles", await self._facts(user.id), None)
        await self._users.delete(user)
        changes = [*details(before, None), *roles]
        self.uow.audit.about("user", user_id, before.email, changes=changes)

    async def _own(self) -> User:
        if self.uow.actor.user_id is None:
            code = "user.not_a_user"
            raise Conflict(code, "The system itself has no profile.")
        return await self._existing(self.uow.actor.user_id)

    def _creatable(self) -> frozenset[str]:
        reach = self.uow.actor.access.reach(UserPermission.CREATE)
        # A new user is not a row yet that a rule could leave out.
        fields = reach.writable(part.rule for part in reach.parts)
        return frozenset(FIELDS if fields is None else fields)

    async def _facts(self, user_id: UUID) -> list[dict[str, Any]]:
        """Which roles the user has, and who gave them, as the audit trail records it."""
        return roles_as_recorded(await self._roles.assignments_of(user_id))

    @property
    def _by(self) -> tuple[UUID | None, str]:
        return self.uow.actor.user_id, self.uow.actor.name

    async def _role_ids(self, names: Sequence[str]) -> dict[str, UUID]:
        """Ids of the roles by name, if the actor holds all that they grant."""
        known = await self._roles.ids()
        unknown = sorted({name for name in names if name not in known})
        if unknown:
            others = f"; there are {', '.join(sorted(known))}" if self._reads_roles else ""
            message = f"There is no role {', '.join(unknown)}{others}."
            raise Invalid("user.role.unknown", message, fields={"roles": message})
        if not self.uow.actor.access.administers_for_good:
            graph = await self._roles.graph()
            for name in names:
                grants = graph.grants_of(name)
                refuse_beyond(
                    self.uow.actor.access,
                    grants,
                    code="user.above_actor",
                    instead="" if self._reads_roles else UserPermission.ASSIGN_ROLES,
                )
        return {name: known[name] for name in sorted(set(names))}

    def _check_password(self, password: str, email: str, name: str) -> None:
        problem = self._policy.problem(password, email=email, name=name)
        if problem is not None and self.uow.actor.kind != "system":
            raise Invalid(problem.code, problem.message, fields={"password": problem.message})

    def _refuse_known_password(self, new: UserCreate) -> None:
        """Whoever makes an account knows its password, so it is good for one sign-in only."""
        if self.uow.actor.kind == "system":
            return
        if not new.must_change_password:
            message = "Whoever is given a password must change it at the first sign-in."
            raise Invalid("user.password.known", message, fields={"must_change_password": message})
        if new.verified and not self.uow.actor.may(UserPermission.RESET_CREDENTIALS):
            raise PermissionDenied(
                UserPermission.RESET_CREDENTIALS,
                "Confirming an address needs the permission user.reset_credentials.",
            )

    async def _refuse_unreachable(self, user: User) -> None:
        """Nobody is made who has no password and for whom the actor could make no link."""
        actor = self.uow.actor
        if actor.kind == "system" or actor.access.is_above(await self._roles.access_of(user.id)):
            return
        message = (
            "They may do all that you may, so you cannot make a link for them: give a password."
        )
        raise Invalid("user.password.needed", message, fields={"password": message})

    def _refuse_self(self, user: User, verb: str) -> None:
        if user.id == self.uow.actor.user_id:
            code = f"user.{verb}.self"
            raise Conflict(code, f"You cannot {verb} yourself.")

    async def _refuse_last_administrator(self, user: User) -> None:
        if user.id not in await self._roles.administrators():
            return
        # Two administrators who remove each other at once must not both count the other one.
        await self._roles.lock_access()
        if await self._roles.administrators() == {user.id}:
            code = "user.last_administrator"
            raise Conflict(code, "This is the last administrator; name another one first.")
