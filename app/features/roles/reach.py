"""Nobody reaches further by changing what a row rule depends on.

A row rule picks rows by facts: *people who share a role with them* by who has which roles. To
change such a fact is to grant. So whoever puts themselves into a role, or others into a role of
their own, must not reach more afterwards than before; nor may those whom they put there reach
what they do not reach themselves.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from app.core import clock
from app.core.access import Access, Reach
from app.core.actor import Actor
from app.core.errors import PermissionDenied
from app.core.module import AccessScope, RowRule
from app.core.permissions import resource_of
from app.core.registry import Registry
from app.core.turns import in_turns
from app.core.unit_of_work import UnitOfWork
from app.features.roles.models import MEMBERSHIP, UserRole
from app.features.roles.permissions import RolePermission
from app.features.roles.repository import RoleRepository

Holding = Mapping[Any, frozenset[str]]
"""The row rules that hold for one person in each row, by its key; without those where none does."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Where reaches are compared, and from when on.

    Attributes:
        moment: Now, or when something that is held now will have ended.
        resource: The resource.
        permissions: Those on it that the actor then holds for some rows only, by such a rule.
    """

    moment: datetime
    resource: AccessScope
    permissions: tuple[str, ...]


class ReachGuard:
    """Compares what is reached before and after a change of memberships."""

    def __init__(self, uow: UnitOfWork, registry: Registry, roles: RoleRepository) -> None:
        self._uow = uow
        self._registry = registry
        self._roles = roles

    @asynccontextmanager
    async def watching(
        self, people: Collection[UUID] = (), *, made: UUID | None = None
    ) -> AsyncIterator[None]:
        """Refuse a change of memberships, made within, by which somebody reaches too much.

        It concerns actors who hold something within such a row rule. Those who hold it for all
        rows, or `role.grant`, may do as they like.

        Args:
            people: Those whose roles change; the actor is looked at anyhow.
            made: A user who is made within: the actor may well reach them afterwards.

        Raises:
            PermissionDenied: The actor would reach more rows than before, or one of the people
                would reach rows that the actor does not.
        """
        actor = self._uow.actor
        watched = list(dict.fromkeys(each for each in (actor.user_id, *people) if each))
        comparisons = await self._comparisons(watched)
        before = [
            (comparison, {each: await self._holding(comparison, each) for each in watched})
            for comparison in comparisons
        ]
        yield
        if not before:
            return
        held, graph = await self._roles.held_by(watched), await self._roles.graph()
        access = {each: graph.access(*held[each]) for each in watched}
        # What they are granted themselves is looked at elsewhere; here it is about the rows.
        access[watched[0]] = actor.access
        async for comparison, known in in_turns(before):
            for each in watched:
                now = await self._holding(comparison, each)
                rows = {key: rules for key, rules in now.items() if key != made}
                self._compare(comparison, access[each], rows, (known[each], known[watched[0]]))

    def _compare(
        self, comparison: _Comparison, access: Access, now: Holding, before: tuple[Holding, Holding]
    ) -> None:
        """Look at the rows of one person.

        Args:
            comparison: What is compared.
            access: What they hold.
            now: The rules that hold for them now.
            before: Those that held before, for them and for the actor.
        """
        theirs, actors = before
        nothing: frozenset[str] = frozenset()
        changes = {
            (rules, theirs.get(key, nothing), actors.get(key, nothing))
            for key, rules in now.items()
            if rules != theirs.get(key)
        }
        for permission in comparison.permissions:
            reach = access.reach_at(permission, comparison.moment)
            mine = self._uow.actor.access.reach_at(permission, comparison.moment)
            for rules, old, of_actor in changes:
                parts = (*reach.within(old).parts, *mine.within(of_actor).parts)
                if not Reach(reach.resource, parts).opens(reach.within(rules)):
                    what = comparison.resource.title.lower()
                    message = (
                        f"With this, you or somebody else would reach {what} with {permission} "
                        "whom you do not reach now."
                    )
                    raise PermissionDenied(permission, message, code="role.widens_reach")

    async def _comparisons(self, watched: Collection[UUID]) -> list[_Comparison]:
        resources = [
            (resource, names)
            for module in self._registry.modules
            for resource in module.resources
            if (names := {rule.name for rule in _depending(resource)})
        ]
        access = self._uow.actor.access
        if not any(grant.rule in names for grant in access.grants for _, names in resources):
            return []
        found = []
        for moment in await self._moments(watched):
            if access.reach_at(RolePermission.GRANT, moment).parts:
                continue
            for resource, names in resources:
                permissions = tuple(
                    str(name)
                    for name in self._registry.permissions
                    if resource_of(name) == resource.name
                    and names & (access.reach_at(name, moment).rules or set())
                )
                if permissions:
                    found.append(_Comparison(moment, resource, permissions))
        return found

    async def _moments(self, watched: Collection[UUID]) -> list[datetime]:
        """Now, and when something ends that hides by now what a change would open for longer."""
        now = clock.now()
        theirs = select(col(UserRole.role_id)).where(col(UserRole.user_id).in_(watched))
        statement = (
            select(col(UserRole.expires_at))
            .where(col(UserRole.role_id).in_(theirs), col(UserRole.expires_at) > now)
            .distinct()
        )
        ends = set((await self._uow.session.execute(statement)).scalars())
        ends |= {end for grant in self._uow.actor.access.grants if (end := grant.ends_at)}
        return sorted({now, *(end for end in ends if end > now)})

    async def _holding(self, comparison: _Comparison, user_id: UUID) -> Holding:
        resource = comparison.resource
        person = Actor(kind="user", name="", user_id=user_id)
        with clock.at(comparison.moment):
            conditions = {rule.name: rule.condition(person) for rule in resource.rules}
        flags = [condition.label(f"rule_{name}") for name, condition in conditions.items()]
        some = or_(*(conditions[rule.name] for rule in _depending(resource)))
        rows = await self._uow.session.execute(select(resource.key, *flags).where(some))
        names = list(conditions)
        return {
            row[0]: frozenset(name for name, holds in zip(names, row[1:], strict=True) if holds)
            for row in rows
        }


def _depending(resource: AccessScope) -> list[RowRule]:
    """Its rules that pick other rows when somebody is given a role."""
    if resource.key is None:
        return []
    return [rule for rule in resource.rules if MEMBERSHIP in rule.depends_on]
