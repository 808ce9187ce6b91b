"""What each user holds, known to every worker and never older than the last change.

Every request reads two counters together with its session: the access stamp,
raised by a change of any role, and the user's own version. What is remembered
under other counters is read anew, so a change is felt by the next request in
every process.
"""

from collections import OrderedDict
from uuid import UUID

from sqlalchemy import String, bindparam, cast, null, union_all
from sqlalchemy import select as sa_select
from sqlmodel import SQLModel, col

from app.core import clock
from app.core.access import Access
from app.core.database import Database
from app.core.prepared import Lookup
from app.core.role_graph import Held, RoleGraph
from app.features.roles.models import USERS, Role, UserRole
from app.features.roles.repository import EDGES, NODES, as_grant, graph_of

Stamp = tuple[int, int]
"""The access stamp, and the user's version."""

_MOST_USERS = 10_000

_OWN = SQLModel.metadata.tables["core_user_grants"].c
_GRANT_COLUMNS = (
    _OWN.id,
    _OWN.permission,
    _OWN.rule,
    _OWN.readable,
    _OWN.writable,
    _OWN.granted_by,
    _OWN.granted_by_name,
    _OWN.granted_at,
    _OWN.reason,
)
_HELD = union_all(
    sa_select(
        col(Role.name).label("role"),
        col(UserRole.expires_at),
        *(cast(null(), column.type).label(column.key) for column in _GRANT_COLUMNS),
    )
    .join(Role, col(Role.id) == col(UserRole.role_id))
    .where(col(UserRole.user_id) == bindparam("user_id")),
    sa_select(
        cast(null(), String).label("role"),
        _OWN.expires_at,
        *_GRANT_COLUMNS,
    ).where(_OWN.user_id == bindparam("user_id")),
)


_PERSON = sa_select(USERS.c.display_name.label("name")).where(USERS.c.id == bindparam("shown_id"))
_ROLE = sa_select(col(Role.name)).where(col(Role.id) == bindparam("shown_id"))


class AccessResolver:
    """Answers what a user holds. Lives as long as the process."""

    def __init__(self, database: Database) -> None:
        self._nodes = Lookup(database, NODES)
        self._edges = Lookup(database, EDGES)
        self._held = Lookup(database, _HELD)
        self._person = Lookup(database, _PERSON)
        self._role = Lookup(database, _ROLE)
        self._graph: tuple[int, RoleGraph] = (-1, RoleGraph({}))
        self._users: OrderedDict[UUID, tuple[Stamp, Access, tuple[Held, ...]]] = OrderedDict()

    async def of_user(self, user_id: UUID, stamp: Stamp) -> tuple[Access, tuple[str, ...]]:
        """What the user holds, and the names of their roles.

        Args:
            user_id: The user.
            stamp: The counters as they are now.
        """
        known = self._users.get(user_id)
        if known is None or known[0] != stamp:
            # Remembered under counters read before: at worst it is read once more.
            known = self._users[user_id] = (stamp, *await self._read(user_id, stamp[0]))
            self._users.move_to_end(user_id)
            if len(self._users) > _MOST_USERS:
                self._users.popitem(last=False)
        now = clock.now()
        roles = (held.role for held in known[2] if held.until is None or now < held.until)
        return known[1], tuple(sorted(roles))

    async def previewed(self, kind: str, shown_id: UUID, version: int) -> tuple[Access, str] | None:
        """What a user or a role holds, and what they are called; None when they are no more.

        Args:
            kind: `user` or `role`.
            shown_id: Which.
            version: The access stamp as it is now.
        """
        names = self._person if kind == "user" else self._role
        row = await names.row(shown_id=shown_id)
        if row is None:
            return None
        if kind == "user":
            return (await self._read(shown_id, version))[0], row.name
        return Access((await self._graph_at(version)).grants_of(row.name)), row.name

    async def _read(self, user_id: UUID, version: int) -> tuple[Access, tuple[Held, ...]]:
        graph = await self._graph_at(version)
        rows = await self._held.rows(user_id=user_id)
        roles = tuple(Held(row.role, row.expires_at) for row in rows if row.role is not None)
        direct = [as_grant(row) for row in rows if row.role is None]
        return graph.access(roles, direct), roles

    async def _graph_at(self, version: int) -> RoleGraph:
        if self._graph[0] != version:
            graph = graph_of(await self._nodes.rows(), await self._edges.rows())
            self._graph = (version, graph)
        return self._graph[1]
