"""All roles, what each of them grants in the end, and by which way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from app.core.access import Access, Grant

if TYPE_CHECKING:
    from collections.abc import Mapping

Neighbours = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody has, until a moment or for good."""

    role: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RoleNode:
    """One role: what it grants itself, and the names of the roles it includes."""

    grants: tuple[Grant, ...] = ()
    includes: tuple[str, ...] = ()


class RoleGraph:
    """All roles by name, and what each of them grants in the end."""

    def __init__(self, roles: Mapping[str, RoleNode]) -> None:
        self.roles: Final = dict(roles)
        self._grants: dict[str, tuple[Grant, ...]] = {}
        self._including: dict[str, list[str]] | None = None

    def grants_of(self, role: str) -> tuple[Grant, ...]:
        """What a role grants, by itself and through the roles it includes.

        Each grant is listed once; its `via` is the shortest way to it.
        """
        known = self._grants.get(role)
        if known is None:
            known = self._grants[role] = tuple(
                replace(grant, via=way)
                for name, way in _ways(role, self._included_by).items()
                for grant in self._node(name).grants
            )
        return known

    def including(self, *roles: str) -> frozenset[str]:
        """The roles that grant all that one of these does: themselves, and what includes them."""
        return frozenset(name for role in roles for name in _ways(role, self._including_one))

    def levels_through(self, role: str) -> int:
        """How many roles the longest row of inclusions has in which this one stands."""
        below = self._levels(role, self._included_by)
        return below + self._levels(role, self._including_one) - 1

    def cycle(self, role: str) -> tuple[str, ...]:
        """A way on which the role includes itself, such as `(a, b, a)`; empty without one."""
        waiting: list[tuple[str, ...]] = [(role, name) for name in self.roles[role].includes]
        seen: set[str] = set()
        while waiting:
            path = waiting.pop()
            if path[-1] == role:
                return path
            if path[-1] not in seen:
                seen.add(path[-1])
                waiting += [(*path, name) for name in self._node(path[-1]).includes]
        return ()

    def having(self, role: str, node: RoleNode) -> RoleGraph:
        """The same roles, with this one as given."""
        return RoleGraph({**self.roles, role: node})

    def without(self, role: str) -> RoleGraph:
        """The same roles but one."""
        return RoleGraph(
            {
                name: replace(node, includes=tuple(each for each in node.includes if each != role))
                for name, node in self.roles.items()
                if name != role
            }
        )

    def renamed(self, old: str, new: str) -> RoleGraph:
        """The same roles, one under another name."""
        if old == new:
            return self
        return RoleGraph(
            {
                new if name == old else name: replace(
                    node,
                    includes=tuple(new if each == old else each for each in node.includes),
                )
                for name, node in self.roles.items()
            }
        )

    def access(self, roles: Iterable[Held], direct: Iterable[Grant] = ()) -> Access:
        """What somebody holds who has these roles and these grants in person."""
        grants = list(direct)
        for held in roles:
            until = held.until
            grants += (
                grant if until is None else replace(grant, role_expires_at=until)
                for grant in self.grants_of(held.role)
            )
        return Access(grants)

    def _node(self, role: str) -> RoleNode:
        return self.roles.get(role, _EMPTY)

    def _included_by(self, role: str) -> Iterable[str]:
        return self._node(role).includes

    def _including_one(self, role: str) -> Iterable[str]:
        if self._including is None:
            self._including = {}
            for name, node in self.roles.items():
                for included in node.includes:
                    self._including.setdefault(included, []).append(name)
        return self._including.get(role, ())

    def _levels(self, role: str, neighbours: Neighbours) -> int:
        levels, reached = 0, {role}
        # Roles that include each other, which no service stores, would have no end.
        while reached and levels <= len(self.roles):
            reached = {name for each in reached for name in neighbours(each)}
            levels += 1
        return levels


_EMPTY: Final = RoleNode()


def _ways(role: str, neighbours: Neighbours) -> dict[str, tuple[str, ...]]:
    """The shortest way to each role that is reached, the nearest first; itself is the first."""
    ways: dict[str, tuple[str, ...]] = {role: (role,)}
    reached = [role]
    for name in reached:
        for neighbour in neighbours(name):
            if neighbour not in ways:
                ways[neighbour] = (*ways[name], neighbour)
                reached.append(neighbour)
    return ways
