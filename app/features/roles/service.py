"""Operations on roles: what they grant, what they include, and who has them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.access import Effect, Grant, added, compare
from app.core.audit import change_of
from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from app.core.ids import new_id
from app.core.operations import operation, query
from app.core.role_graph import Held, RoleGraph, RoleNode
from app.core.turns import in_turns
from app.features.roles.models import Role
from app.features.roles.permissions import RolePermission
from app.features.roles.rules import check_end, check_grants, check_includes
from app.features.roles.schemas import (
    Affected,
    Assignment,
    GrantRead,
    Grants,
    GrantSpec,
    MemberListQuery,
    MemberPage,
    MembersAdd,
    RoleCreate,
    RoleList,
    RoleListQuery,
    RoleRead,
    RoleUpdate,
    WhatIf,
    grants_as_recorded,
    members_as_recorded,
    version_of,
)
from app.features.roles.service_base import (
    RoleServiceBase,
    name_taken,
    reasons_for,
)

DEFAULT_ROLES = {
    "admin": ("May do everything.", ["*"]),
    "user": ("Signs in and manages their own profile.", []),
    "guest": ("Signs in and looks around.", []),
}
NAMED = 20
"""How many people a what-if names for whom it means the same; the numbers are exact."""


class RoleService(RoleServiceBase):
    """Roles within one unit of work.

    Nobody gives, takes or changes what they do not hold themselves, unless
    they have `role.grant`; and somebody always keeps everything, for good.
    """

    @query(RolePermission.READ)
    async def page(self, request: RoleListQuery) -> RoleList:
        """A page of roles, by name unless asked otherwise."""
        return await self._shown(await self._roles.page(request))

    @query(RolePermission.READ)
    async def count(self, q: str | None) -> int:
        """How many roles a search by name finds."""
        return await self._roles.count(q)

    @query(RolePermission.READ)
    async def all(self) -> list[RoleRead]:
        """All roles, by name."""
        return (await self._shown(await self._roles.all())).items

    @query(RolePermission.READ)
    async def get(self, role_id: UUID) -> RoleRead:
        """One role.

        Raises:
            NotFound: No such role.
        """
        return await self._read(await self._existing(role_id))

    @query(RolePermission.READ)
    async def members(self, role_id: UUID, request: MemberListQuery) -> MemberPage:
        """Those who have the role themselves; as users were created, unless asked otherwise.

        Whom the actor may not see with their roles, is counted only.

        Raises:
            NotFound: No such role.
            Invalid: They cannot be sorted like this, or the cursor is not ours.
        """
        await self._existing(role_id)
        return await self._people.members(role_id, request)

    @operation(RolePermission.CREATE, recent_sign_in=True)
    async def create(self, new: RoleCreate, *, role_id: UUID | None = None) -> RoleRead:
        """Add a role.

        Args:
            new: The role.
            role_id: The id that a file names it by; a new one when not given.

        Raises:
            Conflict: The name is taken.
            Invalid: A permission, row rule, field or included role does not exist.
            PermissionDenied: It would grant what the actor does not hold.
        """
        self.uow.audit.about("role", "", new.name)
        await self._roles.lock_access()
        check_grants(self._registry, new.all_grants)
        graph = await self._roles.graph()
        await self._check_name(new.name)
        includes = tuple(sorted(set(new.includes)))
        node = RoleNode(tuple(each.as_grant() for each in new.all_grants), includes)
        after = graph.having(new.name, node)
        check_includes(includes, before=graph, after=after, renamed=("", new.name))
        self._refuse_beyond(after.grants_of(new.name))
        role = Role(id=role_id or new_id(), name=new.name, description=new.description)
        role.be_called(new.name)
        try:
            await self._roles.add(role)
        except IntegrityError as error:
            raise name_taken() from error
        await self._store(role, new.all_grants, new.includes)
        created = await self._roles.read(role)
        changes = await self._changes_between(None, created)
        reason = reasons_for([], created.grants)
        self.uow.audit.about("role", role.id, role.name, changes=changes, reason=reason)
        return await self._read(role)

    @operation(RolePermission.UPDATE, recent_sign_in=True)
    async def update(
        self, role_id: UUID, change: RoleUpdate, *, as_before: Sequence[GrantRead] = ()
    ) -> RoleRead:
        """Change a role: its name, what it grants, what it includes.

        Args:
            role_id: The role.
            change: What changes.
            as_before: Those of the grants that are put back as they were given before.

        Raises:
            NotFound: No such role.
            Conflict: The name is taken, the version is not the current one, the role would
                include itself, or nobody would keep everything.
            Invalid: A permission, row rule, field or included role does not exist.
            PermissionDenied: The role grants what the actor does not hold, or would.
        """
        role = await self._changing(role_id)
        if change.version is not None and change.version != role.version:
            message = "Somebody else changed this role in the meantime."
            raise Conflict("role.version.conflict", message, current_version=role.version)
        before = await self._roles.read(role)
        graph = await self._roles.graph()
        after = self._changed(graph, role.name, change)
        name = change.name or role.name
        self._refuse_change(role.name, graph, name, after)
        await self._refuse_without_administrator(after, renamed=(role.name, name))
        if change.name is not None and role.name in DEFAULT_ROLES and change.name != role.name:
            raise _is_default(role.name, "renamed")
        if name != role.name:
            await self._check_name(name, of=role.id)
            role.be_called(name)
        if change.description is not None:
            role.description = change.description
        await self._store(role, change.all_grants, change.includes, as_before)
        return await self._touched(role, before)

    @operation(RolePermission.UPDATE, action="role.add_permissions", recent_sign_in=True)
    async def grant(self, role_id: UUID, more: Grants) -> RoleRead:
        """Let a role grant more; a permission that it grants already takes the new conditions.

        Raises:
            NotFound: No such role.
            Invalid: A permission, row rule or field does not exist.
            PermissionDenied: It gives what the actor does not hold.
        """
        role = await self._changing(role_id)
        present = {grant.key: grant for grant in (await self._roles.read(role)).grants}
        wanted: dict[tuple[str, str], GrantSpec] = {**present}
        wanted |= {grant.key: grant for grant in more.all_grants}
        return await self._regrant(role, list(wanted.values()))

    @operation(RolePermission.UPDATE, action="role.remove_permission", recent_sign_in=True)
    async def revoke(self, role_id: UUID, grant_id: UUID) -> RoleRead:
        """Let a role no longer grant something.

        Raises:
            NotFound: No such role, or it has no such grant.
            Conflict: Nobody would keep everything.
            PermissionDenied: It takes what the actor does not hold.
        """
        role = await self._changing(role_id)
        grants = (await self._roles.read(role)).grants
        if grant_id not in [grant.id for grant in grants]:
            raise NotFound("role.grant.not_found", "The role has no such grant.")
        return await self._regrant(role, [each for each in grants if each.id != grant_id])

    @operation(RolePermission.DELETE, recent_sign_in=True)
    async def delete(self, role_id: UUID) -> None:
        """Remove a role; those who have it lose what only it gave them.

        Raises:
            NotFound: No such role.
            Conflict: It is one of the default roles, or nobody would keep everything.
            PermissionDenied: It takes what the actor does not hold.
        """
        role = await self._changing(role_id)
        if role.name in DEFAULT_ROLES:
            raise _is_default(role.name, "deleted")
        before = await self._roles.read(role)
        graph = await self._roles.graph()
        self._refuse_beyond(taken=graph.grants_of(role.name))
        await self._refuse_without_administrator(graph.without(role.name))
        changes = await self._changes_between(before, None)
        async with self._reach.watching():
            await self._roles.delete(role)
        await self._roles.raise_stamp()
        self.uow.audit.about("role", role_id, before.name, changes=changes)

    @operation(RolePermission.UPDATE, action="role.add_members", recent_sign_in=True)
    async def add_members(self, role_id: UUID, new: MembersAdd) -> int:
        """Give the role to users; returns how many did not have it, or until another moment.

        For those who have it already, the new end and reason take the place of theirs.

        Raises:
            NotFound: No such role.
            Invalid: One of the users does not exist, or the end is past.
            Conflict: Nobody would keep everything.
            PermissionDenied: The role grants what the actor does not hold for as long; or somebody
                would reach more by it than the actor does.
        """
        role = await self._changing(role_id)
        graph = await self._roles.graph()
        self._refuse_beyond(_for(graph, role, [new.expires_at]))
        known = await self._people.with_ids(new.user_ids)
        if len(known) != len(set(new.user_ids)):
            raise _unknown_member()
        check_end(new.expires_at)
        ends = await self._roles.member_ends(role.id, new.user_ids)
        moved = {each: end for each, end in ends.items() if end != new.expires_at}
        self._refuse_beyond(taken=_for(graph, role, moved.values()))
        changing = {*new.user_ids} - (ends.keys() - moved.keys())
        before = await self._roles.assignments_to(role.id, moved)
        async with self._reach.watching(changing):
            # An ended membership makes room for the new one.
            await self._roles.take(role.id, changing)
            for user_id in changing:
                await self._roles.give(
                    user_id, [role.id], by=self._by, expires_at=new.expires_at, reason=new.reason
                )
        if moved:
            await self._refuse_without_administrator(graph)
        await self._roles.raise_user_versions(changing)
        after = await self._roles.assignments_to(role.id, changing)
        self._record_members(role, before, after, reason=new.reason)
        return len(changing)

    @operation(RolePermission.UPDATE, action="role.remove_members", recent_sign_in=True)
    async def remove_members(self, role_id: UUID, user_ids: Sequence[UUID]) -> int:
        """Take the role from users; returns how many had it.

        Raises:
            NotFound: No such role.
            Conflict: Nobody would keep everything.
            PermissionDenied: The role grants what the actor does not hold.
        """
        role = await self._changing(role_id)
        graph = await self._roles.graph()
        ends = await self._roles.member_ends(role.id, user_ids)
        self._refuse_beyond(taken=_for(graph, role, ends.values()))
        gone = await self._roles.assignments_to(role.id, ends)
        async with self._reach.watching(ends):
            await self._roles.take(role.id, ends)
        await self._refuse_without_administrator(graph)
        await self._roles.raise_user_versions(ends)
        self._record_members(role, gone, [])
        return len(ends)

    @operation(RolePermission.UPDATE, action="role.restore_members", recent_sign_in=True)
    async def restore_members(
        self, role_id: UUID, gone: Sequence[UUID], back: Sequence[Assignment]
    ) -> None:
        """Take the role from some users, and give it to others as it was given to them before.

        Raises:
            NotFound: No such role.
            Invalid: One of those who are to have it again does not exist.
            Conflict: Nobody would keep everything.
            PermissionDenied: The role grants what the actor does not hold for as long; or somebody
                would reach more by it than the actor does.
        """
        role = await self._changing(role_id)
        graph = await self._roles.graph()
        known = await self._people.with_ids([each.user_id for each in back])
        if len(known) != len(back):
            raise _unknown_member()
        user_ids = {*gone, *(each.user_id for each in back)}
        before = await self._roles.assignments_to(role.id, user_ids)
        self._refuse_beyond(
            _for(graph, role, (each.expires_at for each in back)),
            taken=_for(graph, role, (each.expires_at for each in before)),
        )
        async with self._reach.watching(user_ids):
            await self._roles.take(role.id, user_ids)
            await self._roles.restore(back)
        await self._refuse_without_administrator(graph)
        await self._roles.raise_user_versions(user_ids)
        after = await self._roles.assignments_to(role.id, user_ids)
        self._record_members(role, before, after)

    @query(RolePermission.READ, action="role.what_if", expensive=True)
    async def what_if(self, role_id: UUID | None, change: RoleUpdate | None) -> WhatIf:
        """Who would gain and who would lose what; nothing is changed.

        Args:
            role_id: The role; None for a new one.
            change: The change; None when the role is to be deleted.

        Raises:
            NotFound: No such role.
            Conflict: The role would include itself.
            Invalid: A permission, row rule, field or included role does not exist.
        """
        graph = await self._roles.graph()
        name = ""
        if role_id is not None:
            name = (await self._existing(role_id)).name
        after = graph.without(name) if change is None else self._changed(graph, name, change)
        renamed = (name, (change.name if change else None) or name)
        refusal = None
        try:
            self._refuse_change(name, graph, renamed[1], after)
            await self._refuse_without_administrator(after, renamed=renamed)
        except (PermissionDenied, Conflict) as error:
            refusal = error.message
        touched = graph.including(name) | after.including(renamed[1])
        holders = await self._roles.holders(touched - {""})
        report = await self._report(graph, after, holders, renamed)
        return report.model_copy(update={"refusal": refusal})

    @query(RolePermission.READ, action="user.read_grants")
    async def own_grants(self, user_id: UUID) -> list[GrantRead]:
        """What a user holds in person, without a role.

        Raises:
            NotFound: No such user.
        """
        await self._people.one(user_id, showing=["roles"])
        return await self._own_grants(user_id)

    @operation(RolePermission.UPDATE, action="user.set_grants", recent_sign_in=True)
    async def set_own_grants(
        self,
        user_id: UUID,
        wanted: Grants,
        *,
        version: str | None = None,
        as_before: Sequence[GrantRead] = (),
    ) -> list[GrantRead]:
        """Give a user in person exactly this.

        Args:
            user_id: The user.
            wanted: All that they hold in person from now on.
            version: What `version_of` said of the grants that this is based on.
            as_before: Those of the grants that are put back as they were given before.

        Raises:
            NotFound: No such user.
            Conflict: Nobody would keep everything, or the version is not the current one.
            Invalid: A permission, row rule or field does not exist.
            PermissionDenied: It gives or takes what the actor does not hold.
        """
        await self._roles.lock_access()
        await self._people.one(user_id, showing=["roles"])
        email = (await self._roles.emails([user_id]))[user_id]
        self.uow.audit.about("user", user_id, email)
        before = await self._roles.own_grants(user_id)
        self.uow.expect(version_of(before))
        if version is not None and version != version_of(before):
            message = "Somebody else changed these grants in the meantime."
            raise Conflict("user.grants.conflict", message, current_version=version_of(before))
        kept = {each.as_grant().essence for each in before}
        # What stays may have ended, or be of a module that is gone.
        check_grants(
            self._registry,
            (each for each in wanted.all_grants if each.as_grant().essence not in kept),
        )
        old, new = ([each.as_grant() for each in some] for some in (before, wanted.all_grants))
        self._refuse_beyond(added(old, new), taken=added(new, old))
        await self._roles.replace_own_grants(
            user_id, wanted.all_grants, by=self._by, as_before=as_before
        )
        await self._refuse_without_administrator(await self._roles.graph())
        await self._roles.raise_user_versions([user_id])
        after = await self._roles.own_grants(user_id)
        changes = change_of("grants", grants_as_recorded(before), grants_as_recorded(after))
        reason = reasons_for(before, after)
        self.uow.audit.about("user", user_id, email, changes=changes, reason=reason)
        return await self._people.crediting(after)

    @operation(RolePermission.CREATE, action="role.seed")
    async def ensure_defaults(self) -> list[str]:
        """Create those of the default roles that are missing; returns their names."""
        present = await self._roles.ids()
        missing = [name for name in DEFAULT_ROLES if name not in present]
        for name in missing:
            description, grants = DEFAULT_ROLES[name]
            role = Role(name=name, description=description)
            role.be_called(name)
            await self._roles.add(role)
            specs = [GrantSpec(permission=permission) for permission in grants]
            await self._store(role, specs, None)
        self.uow.audit.about("role", "", ", ".join(missing) or "none missing")
        return missing

    async def _report(
        self, before: RoleGraph, after: RoleGraph, users: set[UUID], renamed: tuple[str, str]
    ) -> WhatIf:
        held = await self._roles.held_by(users)
        known: dict[Any, frozenset[tuple[str, Effect]]] = {}
        alike: dict[frozenset[tuple[str, Effect]], list[UUID]] = defaultdict(list)
        permissions = [str(name) for name in self._registry.permissions]
        async for user_id, (roles, direct) in in_turns(held.items()):
            key = (tuple(roles), tuple(direct))
            if key not in known:
                new_roles = [
                    replace(each, role=renamed[1]) if each.role == renamed[0] else each
                    for each in roles
                ]
                effects = compare(
                    before.access(roles, direct), after.access(new_roles, direct), permissions
                )
                known[key] = frozenset(effects.items())
            if known[key]:
                alike[known[key]].append(user_id)
        groups = [await self._affected(dict(effects), ids) for effects, ids in alike.items()]
        groups.sort(key=lambda group: (-group.count, [each.name for each in group.people]))
        return WhatIf(groups=groups, affected=sum(group.count for group in groups), refusal=None)

    async def _affected(self, effects: dict[str, Effect], user_ids: list[UUID]) -> Affected:
        seen = await self._people.seen(user_ids, showing=["roles"])
        by_effect: dict[str, list[str]] = {name: [] for name in get_args(Effect)}
        for permission in self._registry.permissions:
            if permission in effects:
                by_effect[effects[permission]].append(str(permission))
        return Affected(
            people=await self._people.with_ids(sorted(seen)[:NAMED]),
            count=len(user_ids),
            hidden=len(user_ids) - len(seen),
            **by_effect,
        )

    def _record_members(
        self,
        role: Role,
        before: Sequence[Assignment],
        after: Sequence[Assignment],
        *,
        reason: str = "",
    ) -> None:
        """Say who had the role and has it now, of those for whom that changed."""
        old, new = members_as_recorded(before), members_as_recorded(after)
        changes = change_of("members", old, new)
        detail = {"user_ids": sorted({str(each.user_id) for each in (*before, *after)})}
        self.uow.audit.about(
            "role", role.id, role.name, changes=changes, detail=detail, reason=reason
        )


def _for(graph: RoleGraph, role: Role, ends: Iterable[datetime | None]) -> list[Grant]:
    """What the role gives to those who have it until these ends."""
    held = (Held(role.name, end) for end in dict.fromkeys(ends))
    return list(graph.access(held).grants)


def _unknown_member() -> Invalid:
    message = "One of these users does not exist."
    return Invalid("role.member.unknown", message, fields={"user_ids": message})


def _is_default(name: str, verb: str) -> Conflict:
    message = f"{name} is one of the platform's own roles and cannot be {verb}."
    return Conflict("role.default", message)
