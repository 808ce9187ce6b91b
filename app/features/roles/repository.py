"""Queries of the roles feature."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    bindparam,
    delete,
    func,
    insert,
    update,
)
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from app.core import clock
from app.core.access import Access, Grant
from app.core.audit import AuditEntry
from app.core.module import AccessScope
from app.core.paging import Page
from app.core.prepared import Prepared, among
from app.core.repository import Repository
from app.core.role_graph import Held, RoleGraph, RoleNode
from app.features.roles.models import (
    ACTIVE,
    USERS,
    AccessStamp,
    Granted,
    Role,
    RoleGrant,
    RoleInclude,
    UserGrant,
    UserRole,
    in_force,
    is_called,
)
from app.features.roles.reading import KEYSET, NOW, SELECTED, grants_read, named, roles_read
from app.features.roles.schemas import (
    Assignment,
    GrantRead,
    GrantSpec,
    RoleList,
    RoleListQuery,
    RoleRead,
)

_CHUNK = 500
"""How many ids go into one statement."""

NODES = sa_select(
    col(Role.name),
    col(RoleGrant.id),
    col(RoleGrant.permission),
    col(RoleGrant.rule),
    col(RoleGrant.readable),
    col(RoleGrant.writable),
    col(RoleGrant.expires_at),
    col(RoleGrant.granted_by),
    col(RoleGrant.granted_by_name),
    col(RoleGrant.granted_at),
    col(RoleGrant.reason),
).outerjoin(RoleGrant, col(RoleGrant.role_id) == col(Role.id))
"""Every role with each of its own grants."""

_INCLUDED = sa_select(col(Role.id), col(Role.name)).subquery()
EDGES = (
    sa_select(col(Role.name), _INCLUDED.c.name.label("included"))
    .join(RoleInclude, col(RoleInclude.role_id) == col(Role.id))
    .join(_INCLUDED, _INCLUDED.c.id == col(RoleInclude.included_id))
)
"""Which role includes which."""

_NODES = Prepared(NODES)
_EDGES = Prepared(EDGES)
_IDS = Prepared(sa_select(col(Role.name), col(Role.id)))
_ASSIGNMENTS = (
    sa_select(
        col(UserRole.role_id),
        col(Role.name).label("role"),
        col(UserRole.user_id),
        USERS.c.email,
        col(UserRole.expires_at),
        col(UserRole.reason),
        col(UserRole.granted_by_name).label("granted_by"),
        col(UserRole.granted_by).label("granted_by_id"),
        col(UserRole.granted_at),
    )
    .join(Role, col(Role.id) == col(UserRole.role_id))
    .join(USERS, USERS.c.id == col(UserRole.user_id))
)
_ASSIGNMENTS_OF = Prepared(
    _ASSIGNMENTS.where(
        col(UserRole.user_id) == bindparam("owner_id"),
        in_force(UserRole, NOW),
    )
)
_NAMES_OF = Prepared(
    sa_select(col(UserRole.user_id), col(Role.name))
    .join(Role, col(UserRole.role_id) == col(Role.id))
    .where(among(col(UserRole.user_id), "ids"), in_force(UserRole, NOW))
    .order_by(col(Role.name_order), col(Role.name))
)
_TAKE = Prepared(delete(UserRole).where(col(UserRole.user_id) == bindparam("owner_id")))


class RoleRepository(Repository[Role]):
    """Roles, their grants, and who has them."""

    model = Role

    async def graph(self) -> RoleGraph:
        """All roles with what they grant and include."""
        return graph_of(await _NODES.run(self.session), await _EDGES.run(self.session))

    async def ids(self) -> dict[str, UUID]:
        """The id of every role by its name."""
        return {role.name: role.id for role in await _IDS.run(self.session)}

    async def by_name(self, name: str) -> Role | None:
        """The role with this name, or with this name in another spelling; None without one."""
        return (await self.session.exec(select(Role).where(is_called(name)))).one_or_none()

    async def all(self) -> RoleList:
        """All roles, by name."""
        columns = SELECTED.selected_columns
        statement = SELECTED.order_by(columns.name_order, columns.id)
        return await self.listed(*(await self.session.execute(statement)).all())

    async def page(self, query: RoleListQuery) -> RoleList:
        """A page of roles."""
        conditions = named(query.q)
        found = SELECTED.where(*conditions) if conditions else SELECTED
        statement = KEYSET.apply(found, query)
        rows = (await self.session.execute(statement)).all()
        page: Page[Any] = KEYSET.page(rows, query, lambda role: role)
        return (await self.listed(*page.items)).placed(page)

    async def count(self, q: str | None) -> int:
        """How many roles a search finds."""
        statement = select(func.count()).select_from(Role).where(*named(q))
        return (await self.session.exec(statement)).one()

    async def listed(self, *roles: Role | Row[Any]) -> RoleList:
        """Stored roles, with what they grant and include."""
        return await roles_read(self.session, roles)

    async def read(self, role: Role) -> RoleRead:
        """The schema of a stored role."""
        [read] = await self.listed(role)
        return read

    async def names_of_users(self, user_ids: Collection[UUID]) -> dict[UUID, list[str]]:
        """Role names by user id, sorted; a user without roles is absent."""
        names: dict[UUID, list[str]] = {}
        for user_id, name in await _NAMES_OF.run(self.session, ids=user_ids, now=clock.now()):
            names.setdefault(user_id, []).append(name)
        return names

    async def held_by(
        self, user_ids: Collection[UUID]
    ) -> dict[UUID, tuple[list[Held], list[Grant]]]:
        """The roles and the grants in person of these users, ended ones too."""
        found: dict[UUID, tuple[list[Held], list[Grant]]] = {
            user_id: ([], []) for user_id in user_ids
        }
        for some in chunks(user_ids):
            roles = (
                select(UserRole.user_id, Role.name, UserRole.expires_at)
                .join(Role, col(UserRole.role_id) == col(Role.id))
                .where(col(UserRole.user_id).in_(some))
                .order_by(col(Role.name))
            )
            for user_id, name, until in await self.session.exec(roles):
                found[user_id][0].append(Held(name, until))
            direct = select(UserGrant).where(col(UserGrant.user_id).in_(some))
            for grant in (await self.session.exec(direct)).all():
                found[grant.user_id][1].append(as_grant(grant))
        return found

    async def holders(self, names: Collection[str]) -> set[UUID]:
        """Users who have one of these roles, for now."""
        statement = (
            select(UserRole.user_id)
            .join(Role, col(UserRole.role_id) == col(Role.id))
            .where(col(Role.name).in_(names), in_force(UserRole))
        )
        return set((await self.session.exec(statement)).all())

    async def member_ends(
        self, role_id: UUID, user_ids: Collection[UUID]
    ) -> dict[UUID, datetime | None]:
        """Until when those of these users who have the role now will have it."""
        statement = select(UserRole.user_id, UserRole.expires_at).where(
            col(UserRole.role_id) == role_id,
            col(UserRole.user_id).in_(user_ids),
            in_force(UserRole),
        )
        return dict((await self.session.exec(statement)).all())

    async def everybody(self) -> set[UUID]:
        """All who may sign in."""
        statement = sa_select(USERS.c.id).where(USERS.c.status == ACTIVE)
        return set((await self.session.execute(statement)).scalars())

    async def active(self, user_ids: Collection[UUID]) -> set[UUID]:
        """Those of the users who may sign in."""
        found: set[UUID] = set()
        for some in chunks(user_ids):
            statement = sa_select(USERS.c.id).where(USERS.c.id.in_(some), USERS.c.status == ACTIVE)
            found.update((await self.session.execute(statement)).scalars())
        return found

    async def emails(self, user_ids: Collection[UUID]) -> dict[UUID, str]:
        """Addresses of users by their ids, by address, for the audit trail; no others."""
        found: dict[UUID, str] = {}
        for some in chunks(user_ids):
            statement = sa_select(USERS.c.id, USERS.c.email).where(USERS.c.id.in_(some))
            found.update({row.id: row.email for row in await self.session.execute(statement)})
        return dict(sorted(found.items(), key=lambda user: user[1]))

    async def access_of(self, user_id: UUID) -> Access:
        """All that a user holds."""
        held = await self.held_by([user_id])
        return (await self.graph()).access(*held[user_id])

    async def administrators(
        self, graph: RoleGraph | None = None, *, renamed: tuple[str, str] = ("", "")
    ) -> set[UUID]:
        """Active users who hold everything for good.

        Args:
            graph: The roles as they would be; as they are when not given.
            renamed: The present and the future name of a role that the graph has renamed.
        """
        graph = graph or await self.graph()
        old, new = renamed
        giving = [
            name for name, node in graph.roles.items() if Access(node.grants).administers_for_good
        ]
        names = {old if name == new else name for name in graph.including(*giving)}
        candidates = await self.active(await self.holders(names) | await self._with_everything())
        held = await self.held_by(candidates)
        return {
            user_id
            for user_id, (roles, direct) in held.items()
            if graph.access(
                [replace(each, role=new) if each.role == old else each for each in roles], direct
            ).administers_for_good
        }

    async def with_own_grants(self) -> set[UUID]:
        """Users who hold something in person."""
        return set((await self.session.exec(select(UserGrant.user_id).distinct())).all())

    async def _with_everything(self) -> set[UUID]:
        """Users who hold `*` in person."""
        statement = select(UserGrant.user_id).where(UserGrant.permission == "*")
        return set((await self.session.exec(statement)).all())

    async def assignments_of(self, user_id: UUID) -> list[Assignment]:
        """Which roles the user has now, by role."""
        rows = await _ASSIGNMENTS_OF.run(self.session, owner_id=user_id, now=clock.now())
        return sorted((Assignment(**row._asdict()) for row in rows), key=lambda each: each.role)

    async def assignments_to(self, role_id: UUID, user_ids: Collection[UUID]) -> list[Assignment]:
        """Who of these users has the role now, by address."""
        statement = _ASSIGNMENTS.where(col(UserRole.role_id) == role_id, in_force(UserRole))
        found: list[Assignment] = []
        for some in chunks(user_ids):
            rows = await self.session.execute(statement.where(col(UserRole.user_id).in_(some)))
            found += [Assignment(**row._asdict()) for row in rows]
        return sorted(found, key=lambda each: each.email)

    async def restore(self, assignments: Iterable[Assignment]) -> None:
        """Give roles as they were given before, in place of what these users have of them now."""
        for each in assignments:
            await self.take(each.role_id, [each.user_id])
            await _GIVE.run(
                self.session,
                user_id=each.user_id,
                role_id=each.role_id,
                expires_at=each.expires_at,
                granted_by=each.granted_by_id,
                granted_by_name=each.granted_by,
                granted_at=each.granted_at,
                reason=each.reason,
            )

    async def grown_since(self, role_ids: Collection[UUID], entry_id: UUID) -> set[UUID]:
        """Those of these roles that were let to grant or include more since an audit entry."""
        statement = select(AuditEntry.target_id, AuditEntry.changes).where(
            AuditEntry.target_type == "role",
            col(AuditEntry.target_id).in_([str(each) for each in role_ids]),
            AuditEntry.outcome == "succeeded",
            col(AuditEntry.id) > entry_id,
        )
        found = await self.session.exec(statement)
        return {UUID(role_id) for role_id, changes in found if any(map(_is_more, changes))}

    async def replace_for_user(
        self, user_id: UUID, role_ids: Collection[UUID], *, by: tuple[UUID | None, str]
    ) -> None:
        """Let the user have exactly these roles; the caller raises the user's version.

        Those that they have already stay as they are, until they end.
        """
        present = select(UserRole.role_id).where(UserRole.user_id == user_id, in_force(UserRole))
        kept = set((await self.session.exec(present)).all()) & set(role_ids)
        gone = delete(UserRole).where(
            col(UserRole.user_id) == user_id, col(UserRole.role_id).not_in(kept)
        )
        await self.session.execute(gone)
        await self.give(user_id, set(role_ids) - kept, by=by)

    async def give(
        self,
        user_id: UUID,
        role_ids: Collection[UUID],
        *,
        by: tuple[UUID | None, str],
        expires_at: datetime | None = None,
        reason: str = "",
    ) -> None:
        """Give the user roles that they do not have; see `replace_for_user`."""
        for role_id in role_ids:
            await _GIVE.run(
                self.session,
                user_id=user_id,
                role_id=role_id,
                expires_at=expires_at,
                granted_by=by[0],
                granted_by_name=by[1],
                granted_at=clock.now(),
                reason=reason,
            )

    async def take(self, role_id: UUID, user_ids: Collection[UUID]) -> None:
        """Take the role from these users."""
        await self.session.execute(
            delete(UserRole).where(
                col(UserRole.role_id) == role_id, col(UserRole.user_id).in_(user_ids)
            )
        )

    async def replace_grants(
        self,
        role_id: UUID,
        grants: Sequence[GrantSpec],
        *,
        by: tuple[UUID | None, str],
        as_before: Iterable[GrantRead] = (),
    ) -> None:
        """Make the role grant exactly this; what stays keeps who gave it and when.

        So does what is put back: grants of `as_before` have the same origin again.
        """
        await self._replace(RoleGrant, "role_id", role_id, grants, by, as_before)

    async def replace_own_grants(
        self,
        user_id: UUID,
        grants: Sequence[GrantSpec],
        *,
        by: tuple[UUID | None, str],
        as_before: Iterable[GrantRead] = (),
    ) -> None:
        """Make the user hold exactly this in person; see `replace_grants`."""
        await self._replace(UserGrant, "user_id", user_id, grants, by, as_before)

    async def own_grants(self, user_id: UUID) -> list[GrantRead]:
        """What the user holds in person."""
        statement = select(UserGrant).where(UserGrant.user_id == user_id)
        return grants_read((await self.session.exec(statement)).all())

    async def replace_includes(self, role_id: UUID, included: Collection[UUID]) -> None:
        """Make the role include exactly these."""
        await self.session.execute(delete(RoleInclude).where(col(RoleInclude.role_id) == role_id))
        if included:
            rows = [{"role_id": role_id, "included_id": each} for each in included]
            await self.session.execute(insert(RoleInclude), rows)

    async def lock_access(self) -> None:
        """Keep others from changing who may do what until the transaction ends."""
        await self.session.exec(select(AccessStamp.version).with_for_update())

    async def raise_stamp(self) -> None:
        """Make every worker read permissions anew."""
        await self.session.execute(update(AccessStamp).values(version=AccessStamp.version + 1))

    async def raise_user_versions(self, user_ids: Collection[UUID]) -> None:
        """Make every worker read these users' permissions anew."""
        for some in chunks(user_ids):
            await self.session.execute(
                update(USERS)
                .where(USERS.c.id.in_(some))
                .values(version=USERS.c.version + 1, updated_at=clock.now())
            )

    async def _replace(  # noqa: PLR0917 - private, called twice above
        self,
        table: type[RoleGrant | UserGrant],
        owner: str,
        owner_id: UUID,
        grants: Sequence[GrantSpec],
        by: tuple[UUID | None, str],
        as_before: Iterable[GrantRead],
    ) -> None:
        origins = {grant.key: _origin(grant) for grant in as_before}
        of_owner = getattr(table, owner) == owner_id
        statement: Any = select(table).where(of_owner)
        rows = await self.session.exec(statement)
        present = {(row.permission, row.rule): row for row in rows}
        wanted = {grant.key: grant for grant in grants}
        for key, row in present.items():
            if key not in wanted:
                await self.session.delete(row)
        for key, grant in wanted.items():
            values: dict[str, Any] = grant.model_dump(include=_CONDITIONS)
            known = present.get(key)
            origin = origins.get(key) or {
                "granted_by": by[0],
                "granted_by_name": by[1],
                "granted_at": clock.now(),
            }
            if known is None:
                self.session.add(
                    table(
                        permission=grant.permission,
                        rule=grant.rule,
                        **{owner: owner_id, **values, **origin},
                    )
                )
            elif any(getattr(known, name) != value for name, value in values.items()):
                for name, value in {**values, **origin}.items():
                    setattr(known, name, value)
        await self.session.flush()


def _origin(grant: GrantRead) -> dict[str, Any]:
    """Columns of a grant that tell where it comes from."""
    return {
        "id": grant.id,
        "granted_by": grant.granted_by_id,
        "granted_by_name": grant.granted_by,
        "granted_at": grant.granted_at,
    }


def _is_more(change: Mapping[str, Any]) -> bool:
    """Whether a recorded change of a role lets it grant or include something that it did not."""
    if change["field"] not in ("grants", "includes"):
        return False
    before, after = (
        [
            {key: value for key, value in each.items() if key not in _NOT_GRANTED}
            if isinstance(each, dict)
            else each
            for each in change[side] or []
        ]
        for side in ("before", "after")
    )
    return any(each not in before for each in after)


_NOT_GRANTED = {"id", "role", "reason", "granted_by", "granted_by_id", "granted_at"}
"""What a recorded grant or included role tells beside what it gives."""
_CONDITIONS = {"readable", "writable", "expires_at", "reason"}
_GIVE = Prepared(insert(UserRole))


def graph_of(nodes: Iterable[Any], edges: Iterable[Any]) -> RoleGraph:
    """The roles that rows of `NODES` and `EDGES` describe."""
    grants: dict[str, list[Grant]] = {}
    for row in nodes:
        own = grants.setdefault(row.name, [])
        if row.permission is not None:
            own.append(as_grant(row))
    includes: dict[str, list[str]] = defaultdict(list)
    for row in edges:
        includes[row.name].append(row.included)
    return RoleGraph(
        {
            name: RoleNode(
                tuple(sorted(own, key=lambda grant: (grant.permission, grant.rule))),
                tuple(sorted(includes[name])),
            )
            for name, own in grants.items()
        }
    )


def as_grant(row: Granted | Any) -> Grant:
    """The grant of a stored row."""
    return Grant(
        row.permission,
        row.rule,
        None if row.readable is None else frozenset(row.readable),
        None if row.writable is None else frozenset(row.writable),
        expires_at=row.expires_at,
        id=row.id,
        granted_by=row.granted_by_name,
        granted_by_id=row.granted_by,
        granted_at=row.granted_at,
        reason=row.reason,
    )


def chunks(ids: Collection[UUID]) -> Iterable[list[UUID]]:
    """The ids, as many at a time as go into one statement."""
    ordered = list(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


ROLES = AccessScope(name="role", title="Roles", label="name")
"""What audit entries call a role; grants on roles cannot be limited to some of them."""
