"""Operations on roles: what they grant, what they include, and who has them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, get_args
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.access import (
    Effect,
    Grant,
    RoleGraph,
    RoleNode,
    compare,
    difference,
    refuse_beyond,
)
from app.core.audit import Change, change_of
from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from app.core.operations import Service, operation, query
from app.core.paging import Page
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import Role
from app.features.roles.people import People
from app.features.roles.permissions import RolePermission
from app.features.roles.repository import RoleRepository
from app.features.roles.rules import check_end, check_grants
from app.features.roles.schemas import (
    SPEC_FIELDS,
    Affected,
    GrantRead,
    Grants,
    GrantSpec,
    MemberListQuery,
    MemberPage,
    MembersAdd,
    RoleCreate,
    RoleListQuery,
    RoleRead,
    RoleUpdate,
    WhatIf,
    as_json,
    facts_of,
    version_of,
)

DEFAULT_ROLES = {
    "admin": ("May do everything.", ["*"]),
    "user": ("Signs in and manages their own profile.", []),
    "guest": ("Signs in and looks around.", []),
}
NAMED = 20
"""How many people a what-if names for whom it means the same; the numbers are exact."""


class RoleService(Service):
    """Roles within one unit of work.

    Nobody gives, takes or changes what they do not hold themselves, unless
    they have `role.grant`; and somebody always keeps everything, for good.
    """

    def __init__(
        self, uow: UnitOfWork, roles: RoleRepository, people: People, registry: Registry
    ) -> None:
        super().__init__(uow)
        self._roles = roles
        self._people = people
        self._registry = registry

    @query(RolePermission.READ)
    async def page(self, request: RoleListQuery) -> Page[RoleRead]:
        """A page of roles, by name unless asked otherwise."""
        page = await self._roles.page(request)
        page.items = await self._shown(*page.items)
        return page

    @query(RolePermission.READ)
    async def count(self, q: str | None) -> int:
        """How many roles a search by name finds."""
        return await self._roles.count(q)

    @query(RolePermission.READ)
    async def all(self) -> list[RoleRead]:
        """All roles, by name."""
        return await self._shown(*await self._roles.all())

    @query(RolePermission.READ)
    async def get(self, role_id: UUID) -> RoleRead:
        """One role.

        Raises:
            NotFound: No such role.
        """
        return await self._read(await self._existing(role_id))

    @query(RolePermission.READ)
    async def members(self, role_id: UUID, request: MemberListQuery) -> MemberPage:
        """Those who have the role themselves, in the order in which they were created.

        Whom the actor may not see with their roles, is counted only.

        Raises:
            NotFound: No such role.
        """
        await self._existing(role_id)
        found, hidden = await self._people.members(
            role_id, after=request.cursor, limit=request.limit + 1
        )
        shown = found[: request.limit]
        cursor = str(shown[-1].id) if len(found) > request.limit else None
        return MemberPage(items=shown, next_cursor=cursor, hidden=hidden)

    @operation(RolePermission.CREATE)
    async def create(self, new: RoleCreate) -> RoleRead:
        """Add a role.

        Raises:
            Conflict: The name is taken.
            Invalid: A permission, row rule, field or included role does not exist.
            PermissionDenied: It would grant what the actor does not hold.
        """
        self.uow.audit.about("role", "", new.name)
        await self._roles.lock_access()
        check_grants(self._registry, new.all_grants)
        graph = await self._roles.graph()
        if new.name in graph.roles:
            raise _name_taken()
        self._check_includes(new.includes, graph)
        node = RoleNode(tuple(each.as_grant() for each in new.all_grants), tuple(new.includes))
        after = graph.having(new.name, node)
        self._refuse_beyond(after.grants_of(new.name))
        role = Role(name=new.name, description=new.description)
        try:
            await self._roles.add(role)
        except IntegrityError as error:
            raise _name_taken() from error
        await self._store(role, new.all_grants, new.includes)
        created = await self._read(role)
        changes, reason = _changes(None, created), _reasons([], created.grants)
        self.uow.audit.about("role", role.id, role.name, changes=changes, reason=reason)
        return created

    @operation(RolePermission.UPDATE)
    async def update(self, role_id: UUID, change: RoleUpdate) -> RoleRead:
        """Change a role: its name, what it grants, what it includes.

        Raises:
            NotFound: No such role.
            Conflict: The name is taken, the version is not the current one, the role would
                include itself, or nobody would keep everything.
            Invalid: A permission, row rule, field or included role does not exist.
            PermissionDenied: It gives or takes what the actor does not hold.
        """
        await self._roles.lock_access()
        role = await self._existing(role_id, for_update=True)
        self.uow.audit.about("role", role.id, role.name)
        if change.version is not None and change.version != role.version:
            message = "Somebody else changed this role in the meantime."
            raise Conflict("role.version.conflict", message, current_version=role.version)
        before = await self._roles.read(role)
        graph = await self._roles.graph()
        after = self._changed(graph, role.name, change)
        name = change.name or role.name
        self._refuse_beyond(difference(graph.grants_of(role.name), after.grants_of(name)))
        await self._refuse_without_administrator(after, renamed=(role.name, name))
        if change.name is not None and role.name in DEFAULT_ROLES and change.name != role.name:
            raise _is_default(role.name, "renamed")
        role.name = name
        if change.description is not None:
            role.description = change.description
        await self._store(role, change.all_grants, change.includes)
        return await self._touched(role, before)

    @operation(RolePermission.UPDATE, action="role.add_permissions")
    async def grant(self, role_id: UUID, more: Grants) -> RoleRead:
        """Let a role grant more; a permission that it grants already takes the new conditions.

        Raises:
            NotFound: No such role.
            Invalid: A permission, row rule or field does not exist.
            PermissionDenied: It gives what the actor does not hold.
        """
        role = await self._existing(role_id)
        self.uow.audit.about("role", role.id, role.name)
        present = {grant.key: grant for grant in (await self._roles.read(role)).grants}
        wanted: dict[tuple[str, str], GrantSpec] = {**present}
        wanted |= {grant.key: grant for grant in more.all_grants}
        return await self._regrant(role, list(wanted.values()))

    @operation(RolePermission.UPDATE, action="role.remove_permission")
    async def revoke(self, role_id: UUID, grant_id: UUID) -> RoleRead:
        """Let a role no longer grant something.

        Raises:
            NotFound: No such role, or it has no such grant.
            Conflict: Nobody would keep everything.
            PermissionDenied: It takes what the actor does not hold.
        """
        role = await self._existing(role_id)
        self.uow.audit.about("role", role.id, role.name)
        grants = (await self._roles.read(role)).grants
        if grant_id not in [grant.id for grant in grants]:
            raise NotFound("role.grant.not_found", "The role has no such grant.")
        return await self._regrant(role, [each for each in grants if each.id != grant_id])

    @operation(RolePermission.DELETE)
    async def delete(self, role_id: UUID) -> None:
        """Remove a role; those who have it lose what only it gave them.

        Raises:
            NotFound: No such role.
            Conflict: It is one of the default roles, or nobody would keep everything.
            PermissionDenied: It takes what the actor does not hold.
        """
        await self._roles.lock_access()
        role = await self._existing(role_id, for_update=True)
        self.uow.audit.about("role", role.id, role.name)
        if role.name in DEFAULT_ROLES:
            raise _is_default(role.name, "deleted")
        before = await self._roles.read(role)
        graph = await self._roles.graph()
        self._refuse_beyond(graph.grants_of(role.name))
        await self._refuse_without_administrator(graph.without(role.name))
        await self._roles.delete(role)
        await self._roles.raise_stamp()
        self.uow.audit.about("role", role_id, before.name, changes=_changes(before, None))

    @operation(RolePermission.UPDATE, action="role.add_members")
    async def add_members(self, role_id: UUID, new: MembersAdd) -> int:
        """Give the role to users; returns how many did not have it.

        Raises:
            NotFound: No such role.
            Invalid: One of the users does not exist.
            PermissionDenied: The role grants what the actor does not hold.
        """
        await self._roles.lock_access()
        role = await self._existing(role_id)
        self.uow.audit.about("role", role.id, role.name)
        self._refuse_beyond((await self._roles.graph()).grants_of(role.name))
        known = await self._people.with_ids(new.user_ids)
        if len(known) != len(set(new.user_ids)):
            message = "One of these users does not exist."
            raise Invalid("role.member.unknown", message, fields={"user_ids": message})
        check_end(new.expires_at)
        had = await self._roles.holders([role.name])
        fresh = await self._roles.emails(set(new.user_ids) - had)
        # An ended membership makes room for the new one.
        await self._roles.take(role.id, fresh)
        for user_id in fresh:
            await self._roles.give(
                user_id, [role.id], by=self._by, expires_at=new.expires_at, reason=new.reason
            )
        await self._roles.raise_user_versions(fresh)
        self._record_members(role, {}, fresh, reason=new.reason)
        return len(fresh)

    @query(RolePermission.READ, action="role.read_members")
    async def memberships(
        self, role_id: UUID, emails: Sequence[str]
    ) -> dict[str, tuple[UUID, bool]]:
        """The id of each of these users, and whether they have the role now, by e-mail address.

        Those of whom the actor may not know both are absent.

        Raises:
            NotFound: No such role.
        """
        role = await self._existing(role_id)
        found = await self._roles.by_emails(emails)
        holders = await self._roles.holders([role.name])
        seen = await self._people.seen(list(found.values()), showing=["email", "roles"])
        return {
            email: (user_id, user_id in holders)
            for email, user_id in found.items()
            if user_id in seen
        }

    @operation(RolePermission.UPDATE, action="role.remove_members")
    async def remove_members(self, role_id: UUID, user_ids: Sequence[UUID]) -> int:
        """Take the role from users; returns how many had it.

        Raises:
            NotFound: No such role.
            Conflict: Nobody would keep everything.
            PermissionDenied: The role grants what the actor does not hold.
        """
        await self._roles.lock_access()
        role = await self._existing(role_id)
        self.uow.audit.about("role", role.id, role.name)
        graph = await self._roles.graph()
        self._refuse_beyond(graph.grants_of(role.name))
        had = await self._roles.holders([role.name])
        gone = await self._roles.emails(had.intersection(user_ids))
        await self._roles.take(role.id, gone)
        await self._refuse_without_administrator(graph)
        await self._roles.raise_user_versions(gone)
        self._record_members(role, gone, {})
        return len(gone)

    @query(RolePermission.READ, action="role.what_if")
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
            self._refuse_beyond(difference(graph.grants_of(name), after.grants_of(renamed[1])))
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

    @operation(RolePermission.UPDATE, action="user.set_grants")
    async def set_own_grants(
        self, user_id: UUID, wanted: Grants, *, version: str | None = None
    ) -> list[GrantRead]:
        """Give a user in person exactly this.

        Args:
            user_id: The user.
            wanted: All that they hold in person from now on.
            version: What `version_of` said of the grants that this is based on.

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
        if version is not None and version != version_of(before):
            message = "Somebody else changed these grants in the meantime."
            raise Conflict("user.grants.conflict", message, current_version=version_of(before))
        kept = {each.as_grant().essence for each in before}
        # What stays may have ended, or be of a module that is gone.
        check_grants(
            self._registry,
            (each for each in wanted.all_grants if each.as_grant().essence not in kept),
        )
        self._refuse_beyond(
            difference(
                [each.as_grant() for each in before],
                [each.as_grant() for each in wanted.all_grants],
            )
        )
        await self._roles.replace_own_grants(user_id, wanted.all_grants, by=self._by)
        await self._refuse_without_administrator(await self._roles.graph())
        await self._roles.raise_user_versions([user_id])
        after = await self._own_grants(user_id)
        changes = change_of("grants", as_json(before), as_json(after))
        reason = _reasons(before, after)
        self.uow.audit.about("user", user_id, email, changes=changes, reason=reason)
        return after

    @operation(RolePermission.CREATE, action="role.seed")
    async def ensure_defaults(self) -> list[str]:
        """Create those of the default roles that are missing; returns their names."""
        present = await self._roles.ids()
        missing = [name for name in DEFAULT_ROLES if name not in present]
        for name in missing:
            description, grants = DEFAULT_ROLES[name]
            role = Role(name=name, description=description)
            await self._roles.add(role)
            specs = [GrantSpec(permission=permission) for permission in grants]
            await self._store(role, specs, None)
        self.uow.audit.about("role", "", ", ".join(missing) or "none missing")
        return missing

    @property
    def _by(self) -> tuple[UUID | None, str]:
        return self.uow.actor.user_id, self.uow.actor.name

    async def _existing(self, role_id: UUID, *, for_update: bool = False) -> Role:
        role = await self._roles.get(role_id, for_update=for_update)
        if role is None:
            raise NotFound("role.not_found", "There is no such role.")
        return role

    async def _own_grants(self, user_id: UUID) -> list[GrantRead]:
        return await self._people.crediting(await self._roles.own_grants(user_id))

    async def _read(self, role: Role) -> RoleRead:
        [read] = await self._shown(await self._roles.read(role))
        return read

    async def _shown(self, *roles: RoleRead) -> list[RoleRead]:
        """The roles, without the names of givers whom the actor may not see."""
        grants = await self._people.crediting(grant for role in roles for grant in role.grants)
        left = iter(grants)
        return [
            role.model_copy(update={"grants": tuple(islice(left, len(role.grants)))})
            for role in roles
        ]

    async def _regrant(self, role: Role, wanted: Sequence[GrantSpec]) -> RoleRead:
        specs = [GrantSpec.model_validate(each.model_dump(include=SPEC_FIELDS)) for each in wanted]
        await self._roles.lock_access()
        before = await self._roles.read(role)
        graph = await self._roles.graph()
        after = self._changed(graph, role.name, RoleUpdate(grants=specs))
        self._refuse_beyond(difference(graph.grants_of(role.name), after.grants_of(role.name)))
        await self._refuse_without_administrator(after)
        await self._store(role, specs, None)
        return await self._touched(role, before)

    async def _store(
        self, role: Role, grants: Sequence[GrantSpec] | None, includes: Sequence[str] | None
    ) -> None:
        if grants is not None:
            await self._roles.replace_grants(role.id, grants, by=self._by)
        if includes is not None:
            ids = await self._roles.ids()
            await self._roles.replace_includes(role.id, {ids[name] for name in includes})
        await self._roles.raise_stamp()

    async def _touched(self, role: Role, before: RoleRead) -> RoleRead:
        try:
            await self._roles.add(role)
            after = await self._roles.read(role)
            changes = _changes(before, after)
            if changes:
                role.updated_at = clock.now()
                role.version += 1
                await self._roles.add(role)
        except IntegrityError as error:
            raise _name_taken() from error
        reason = _reasons(before.grants, after.grants)
        self.uow.audit.about("role", role.id, role.name, changes=changes, reason=reason)
        return await self._read(role)

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
            self._check_includes(change.includes, graph)
            node = replace(node, includes=tuple(sorted(set(change.includes))))
        target = change.name or name
        if target != name and target in graph.roles:
            raise _name_taken()
        after = graph.renamed(name, target).having(target, node)
        cycle = after.cycle(target)
        if cycle:
            message = f"The role would include itself: {' includes '.join(cycle)}."
            raise Conflict("role.cycle", message, fields={"includes": message})
        return after

    def _check_includes(self, names: Iterable[str], graph: RoleGraph) -> None:
        unknown = sorted(set(names) - graph.roles.keys())
        if unknown:
            message = f"There is no role {', '.join(unknown)}."
            raise Invalid("role.include.unknown", message, fields={"includes": message})

    def _refuse_beyond(self, grants: Iterable[Grant]) -> None:
        """Refuse to give or take what the actor does not hold.

        Raises:
            PermissionDenied: One of the grants goes beyond, and the actor lacks `role.grant`.
        """
        if RolePermission.GRANT not in self.uow.actor.access:
            refuse_beyond(self.uow.actor.access, grants)

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

    async def _report(
        self, before: RoleGraph, after: RoleGraph, users: set[UUID], renamed: tuple[str, str]
    ) -> WhatIf:
        held = await self._roles.held_by(users)
        known: dict[Any, frozenset[tuple[str, Effect]]] = {}
        alike: dict[frozenset[tuple[str, Effect]], list[UUID]] = defaultdict(list)
        permissions = [str(name) for name in self._registry.permissions]
        for user_id, (roles, direct) in held.items():
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
        self, role: Role, gone: Mapping[UUID, str], new: Mapping[UUID, str], *, reason: str = ""
    ) -> None:
        """Say whose addresses were taken out of the role or put into it."""
        changes = change_of("members", list(gone.values()), list(new.values()))
        detail = {"user_ids": [str(user_id) for user_id in (*gone, *new)]}
        self.uow.audit.about(
            "role", role.id, role.name, changes=changes, detail=detail, reason=reason
        )


def _changes(before: RoleRead | None, after: RoleRead | None) -> list[Change]:
    old, new = facts_of(before), facts_of(after)
    return [
        change
        for name in ("name", "description", "includes", "grants")
        for change in change_of(name, old.get(name), new.get(name))
    ]


def _reasons(before: Iterable[GrantRead], after: Iterable[GrantRead]) -> str:
    """Why the new ones of these grants are given."""
    kept = {each.as_grant().essence for each in before}
    new = (each.reason for each in after if each.as_grant().essence not in kept)
    return "; ".join(dict.fromkeys(filter(None, new)))


def _name_taken() -> Conflict:
    message = "Another role has this name."
    return Conflict("role.name.taken", message, fields={"name": message})


def _is_default(name: str, verb: str) -> Conflict:
    message = f"{name} is one of the platform's own roles and cannot be {verb}."
    return Conflict("role.default", message)
