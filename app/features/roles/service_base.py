"""What all operations on roles share: how a change is checked, stored and told."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.access import Grant, added, refuse_beyond
from app.core.audit import Change, change_of
from app.core.errors import Conflict, NotFound
from app.core.operations import Service
from app.core.registry import Registry
from app.core.role_graph import RoleGraph, RoleNode
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import Role
from app.features.roles.people import People
from app.features.roles.permissions import RolePermission
from app.features.roles.reach import ReachGuard
from app.features.roles.repository import RoleRepository
from app.features.roles.rules import check_grants, check_includes
from app.features.roles.schemas import (
    SPEC_FIELDS,
    GrantRead,
    GrantSpec,
    RoleList,
    RoleRead,
    RoleUpdate,
    role_as_recorded,
)


class RoleServiceBase(Service):
    """Base of the services that act on roles."""

    def __init__(
        self,
        uow: UnitOfWork,
        roles: RoleRepository,
        people: People,
        registry: Registry,
        reach: ReachGuard,
    ) -> None:
        super().__init__(uow)
        self._reach = reach
        self._roles = roles
        self._people = people
        self._registry = registry

    @property
    def _may_read(self) -> bool:
        return RolePermission.READ in self.uow.actor.access

    @property
    def _by(self) -> tuple[UUID | None, str]:
        return self.uow.actor.user_id, self.uow.actor.name

    async def _existing(self, role_id: UUID, *, for_update: bool = False) -> Role:
        role = await self._roles.get(role_id, for_update=for_update)
        if role is None:
            raise NotFound("role.not_found", "There is no such role.")
        return role

    async def _changing(self, role_id: UUID) -> Role:
        """The role, locked for change with all that decides on access.

        Raises:
            NotFound: No such role.
            PreconditionFailed: The caller wants to change another version of it.
        """
        await self._roles.lock_access()
        role = await self._existing(role_id, for_update=True)
        self.uow.audit.about("role", role.id, role.name)
        self.uow.expect(role.version)
        return role

    async def _own_grants(self, user_id: UUID) -> list[GrantRead]:
        return await self._people.crediting(await self._roles.own_grants(user_id))

    async def _read(self, role: Role) -> RoleRead:
        [read] = await self._shown(await self._roles.listed(role))
        return read

    async def _shown(self, roles: RoleList) -> RoleList:
        """The roles, without the names of givers whom the actor may not see."""
        given = roles.column("grants")
        left = iter(await self._people.crediting(chain.from_iterable(given)))
        roles.replace_column("grants", [tuple(islice(left, len(each))) for each in given])
        return roles

    async def _regrant(self, role: Role, wanted: Sequence[GrantSpec]) -> RoleRead:
        specs = [GrantSpec.model_validate(each.model_dump(include=SPEC_FIELDS)) for each in wanted]
        before = await self._roles.read(role)
        graph = await self._roles.graph()
        after = self._changed(graph, role.name, RoleUpdate(grants=specs))
        self._refuse_change(role.name, graph, role.name, after)
        await self._refuse_without_administrator(after)
        await self._store(role, specs, None)
        return await self._touched(role, before)

    async def _store(
        self,
        role: Role,
        grants: Sequence[GrantSpec] | None,
        includes: Sequence[str] | None,
        as_before: Sequence[GrantRead] = (),
    ) -> None:
        if grants is not None:
            await self._roles.replace_grants(role.id, grants, by=self._by, as_before=as_before)
        if includes is not None:
            ids = await self._roles.ids()
            await self._roles.replace_includes(role.id, {ids[name] for name in includes})
        await self._roles.raise_stamp()

    async def _touched(self, role: Role, before: RoleRead) -> RoleRead:
        try:
            await self._roles.add(role)
            after = await self._roles.read(role)
            changes = await self._changes_between(before, after)
            if changes:
                role.updated_at = clock.now()
                role.version += 1
                await self._roles.add(role)
        except IntegrityError as error:
            raise name_taken() from error
        reason = reasons_for(before.grants, after.grants)
        self.uow.audit.about("role", role.id, role.name, changes=changes, reason=reason)
        return await self._read(role)

    async def _changes_between(
        self, before: RoleRead | None, after: RoleRead | None
    ) -> list[Change]:
        """What became of a role, field by field; None for one that is new or gone."""
        ids = await self._roles.ids()
        old, new = role_as_recorded(before, ids), role_as_recorded(after, ids)
        return [
            change
            for name in ("name", "description", "includes", "grants")
            for change in change_of(name, old.get(name), new.get(name))
        ]

    def _changed(self, graph: RoleGraph, name: str, change: RoleUpdate) -> RoleGraph:
        """The graph as the change would leave it."""
        node = graph.roles.get(name, RoleNode())
        grants = change.all_grants
        if grants is not None:
            present = {(grant.permission, grant.rule): grant for grant in node.grants}
            check_grants(
                self._registry,
                [
                    each
                    for each in grants
                    if each.key not in present
                    or present[each.key].essence != each.as_grant().essence
                ],
            )
            node = replace(node, grants=tuple(each.as_grant() for each in grants))
        if change.includes is not None:
            node = replace(node, includes=tuple(sorted(set(change.includes))))
        target = change.name or name
        if target != name and target in graph.roles:
            raise name_taken()
        after = graph.renamed(name, target).having(target, node)
        if change.includes is not None:
            check_includes(
                change.includes,
                before=graph,
                after=after,
                renamed=(name, target),
                may_read=self._may_read,
            )
        return after

    async def _check_name(self, name: str, *, of: UUID | None = None) -> None:
        """Refuse a name that another role has, or that looks the same.

        Args:
            name: The name.
            of: The role that is to have it; None for a new one.

        Raises:
            Conflict: Another one has it.
        """
        other = await self._roles.by_name(name)
        if other is not None and other.id != of:
            raise name_taken(other.name if other.name != name else "")

    def _refuse_beyond(self, given: Iterable[Grant] = (), *, taken: Iterable[Grant] = ()) -> None:
        """Refuse to give or take what the actor does not hold.

        Whoever holds `role.grant` takes anything, and gives anything for as long as they hold it.

        Raises:
            PermissionDenied: One of the grants goes beyond.
        """
        access = self.uow.actor.access
        # What a role grants is not told by trying either.
        instead = "" if self._may_read else RolePermission.GRANT
        refuse_beyond(access.lifted_by(RolePermission.GRANT), given, instead=instead)
        if RolePermission.GRANT not in access:
            refuse_beyond(access, taken, instead=instead)

    def _refuse_change(self, name: str, before: RoleGraph, new_name: str, after: RoleGraph) -> None:
        """Refuse a change of a role that grants what the actor does not hold, or would grant it.

        Raises:
            PermissionDenied: It does.
        """
        old, new = before.grants_of(name), after.grants_of(new_name)
        self._refuse_beyond(added(old, new), taken=added(new, old))
        access = self.uow.actor.access
        # What is held for a time is not above the actor, though they cannot give or take it.
        above = (replace(each, role_expires_at=access.opens_until(each)) for each in old)
        self._refuse_beyond(taken=above)

    async def _refuse_without_administrator(
        self, graph: RoleGraph, *, renamed: tuple[str, str] = ("", "")
    ) -> None:
        """Refuse when no active user would hold everything for good.

        Raises:
            Conflict: Nobody would.
        """
        if not await self._roles.administrators(graph, renamed=renamed):
            message = (
                "Nobody would be left who may do everything; name another administrator first."
            )
            raise Conflict("role.last_administrator", message)


def reasons_for(before: Iterable[GrantRead], after: Iterable[GrantRead]) -> str:
    """Why the new ones of these grants are given."""
    kept = {each.as_grant().essence for each in before}
    new = (each.reason for each in after if each.as_grant().essence not in kept)
    return "; ".join(dict.fromkeys(filter(None, new)))


def name_taken(other: str = "") -> Conflict:
    """Another role has this name; or one that looks the same, which is given then."""
    message = "Another role has this name."
    if other:
        message = f"This looks the same as the name of another role, {other}."
    return Conflict("role.name.taken", message, fields={"name": message})
