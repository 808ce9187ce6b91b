"""Operations that explain and report who may do what; they change nothing."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.access import Access, Grant, Reach, Step, refuse_beyond
from app.core.actor import Actor
from app.core.days import until
from app.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from app.core.folding import in_order
from app.core.ids import parse_id
from app.core.operations import Service, operation, query
from app.core.permissions import SIGNED_IN, PermissionName, covers, resource_of
from app.core.registry import Registry
from app.core.role_graph import RoleGraph
from app.core.rows import rows_of
from app.core.text import searchable
from app.core.turns import in_turns
from app.core.unit_of_work import UnitOfWork
from app.features.access import roles_file
from app.features.access.schemas import (
    CompareQuery,
    Difference,
    Drift,
    ExplainQuery,
    ExplanationRead,
    HeldPermission,
    Holder,
    HolderPage,
    Matrix,
    MatrixRole,
    MatrixRow,
    PermissionRead,
    PreviewStart,
    RolesFile,
    RuleRead,
    StepRead,
)
from app.features.auth.models import UserSession
from app.features.auth.repository import SessionRepository
from app.features.roles.people import People
from app.features.roles.permissions import RolePermission
from app.features.roles.repository import RoleRepository
from app.features.roles.schemas import KEPT_OUT_WORDS, KeptOut, Person
from app.settings import Settings

_HOLDING = ("roles",)
"""The fields of a user by which one may know what they hold."""

_GIVE_ROLES = "user.assign_roles"
_MOST_NAMED = 3

IN_PERSON = "in person"
ALL_OF_THEM = "all"

_MOST_FOUND = 10
_LONGEST_SEARCH = 100


class AccessService(Service):
    """What is held, by whom and why, within one unit of work."""

    def __init__(
        self,
        uow: UnitOfWork,
        roles: RoleRepository,
        people: People,
        registry: Registry,
        settings: Settings,
    ) -> None:
        super().__init__(uow)
        self._file = settings.access.file
        self._roles = roles
        self._people = people
        self._registry = registry

    @query(RolePermission.READ, action="access.permissions")
    async def permissions(self) -> list[PermissionRead]:
        """Every permission, in the order of the features that declare them."""
        found = []
        for module in self._registry.modules:
            for enumeration in module.permissions:
                for name in enumeration:
                    resource = self._registry.resource(resource_of(name))
                    found.append(
                        PermissionRead(
                            permission=str(name),
                            description=name.description,
                            module=module.id,
                            rules=[RuleRead(name=r.name, title=r.title) for r in resource.rules],
                            fields=dict(resource.fields),
                        )
                    )
        return found

    @query(RolePermission.READ, action="access.explain", expensive=True)
    async def explain(self, wanted: ExplainQuery) -> ExplanationRead:
        """Why a user holds a permission or does not, for all records or for one.

        Raises:
            NotFound: No such user, or no such record.
            Invalid: No feature declares the permission.
        """
        name = self._declared(wanted.permission)
        person = await self._people.one(wanted.user_id, showing=_HOLDING)
        access = await self._roles.access_of(wanted.user_id)
        holding = None
        if wanted.object_id is not None:
            holding = await self._holding(person, access, name, wanted.object_id)
        explained = access.explain(name, rules=holding)
        kept_out = (await self._people.kept_out([person.id])).get(person.id, [])
        graph = await self._roles.graph()
        role_ids = await self._roles.ids()
        giving = [
            role
            async for role in in_turns(in_order(graph.roles))
            if Access(graph.grants_of(role)).reach(name).is_everything
        ]
        return ExplanationRead(
            user=person,
            permission=name,
            description=name.description,
            allowed=explained.allowed and not kept_out,
            holds=explained.allowed,
            kept_out=kept_out,
            verdict=_kept_out_verdict(
                person,
                kept_out,
                _verdict(person, name, explained.allowed, explained.steps, holding),
            ),
            steps=await self._people.crediting(
                self._step(step, role_ids) for step in explained.steps
            ),
            given_by_roles=giving,
        )

    @query(RolePermission.READ, action="access.of_user", expensive=True)
    async def of_user(self, user_id: UUID) -> list[HeldPermission]:
        """All that a user may do now, permission by permission.

        Raises:
            NotFound: No such user.
        """
        await self._people.one(user_id, showing=_HOLDING)
        access = await self._roles.access_of(user_id)
        kept_out = (await self._people.kept_out([user_id])).get(user_id, [])
        return [
            HeldPermission(
                permission=name,
                description=name.description,
                rows=self._rows(access.reach(name)),
                readable=_fields(part.readable for part in access.reach(name).parts),
                writable=_fields(part.writable for part in access.reach(name).parts),
                through=_through(access, name),
                ends_at=access.ends_at(name),
                kept_out=kept_out,
            )
            for name in self._registry.permissions
            if name in access
        ]

    @query(RolePermission.READ, action="access.holders", expensive=True)
    async def holders(self, permission: str) -> HolderPage:
        """Everybody who may sign in and holds a permission now, by name.

        Of whom the actor may not know it, is counted only.

        Raises:
            Invalid: No feature declares the permission.
        """
        name = self._declared(permission)
        graph = await self._roles.graph()
        roles = [
            role async for role in in_turns(graph.roles) if name in Access(graph.grants_of(role))
        ]
        candidates = await self._roles.active(
            await self._roles.holders(roles) | await self._roles.with_own_grants()
        )
        held = await self._roles.held_by(candidates)
        access = {
            user_id: graph.access(*of_user) async for user_id, of_user in in_turns(held.items())
        }
        holding = [each for each in access if name in access[each]]
        people = await self._people.with_ids(holding, showing=[*_HOLDING, "status"])
        kept_out = await self._people.kept_out([person.id for person in people])
        found = [
            Holder(
                **person.model_dump(),
                rows=self._rows(access[person.id].reach(name)),
                through=_through(access[person.id], name),
                ends_at=access[person.id].ends_at(name),
                kept_out=kept_out.get(person.id, []),
            )
            for person in people
        ]
        return HolderPage(items=found, hidden=len(holding) - len(found))

    @query(SIGNED_IN, action="access.granters")
    async def granters(self, permission: str) -> list[str]:
        """Names of some of those who can give a role that grants this, as far as the actor may see.

        Empty when the actor may see nobody of them, or nobody with their roles.
        """
        graph = await self._roles.graph()
        needed = (_GIVE_ROLES, RolePermission.GRANT)
        roles = [
            role
            async for role in in_turns(graph.roles)
            if _grants_whole(graph, role, needed)
            or _grants_whole(graph, role, (_GIVE_ROLES, permission))
        ]
        candidates = await self._roles.active(await self._roles.holders(roles))
        people = await self._people.with_ids(candidates, showing=["display_name", *_HOLDING])
        return [each.name for each in people if each.id != self.uow.actor.user_id][:_MOST_NAMED]

    @query(RolePermission.READ, action="access.holder_counts", expensive=True)
    async def holder_counts(self) -> dict[str, int]:
        """How many of those who may sign in hold each permission now."""
        graph = await self._roles.graph()
        held = await self._roles.held_by(await self._roles.everybody())
        # Most people hold the same as many others.
        alike = Counter((tuple(roles), tuple(direct)) for roles, direct in held.values())
        counts = dict.fromkeys(map(str, self._registry.permissions), 0)
        async for (roles, direct), people in in_turns(alike.items()):
            access = graph.access(roles, direct)
            for name in counts:
                if name in access:
                    counts[name] += people
        return counts

    @query(RolePermission.READ, action="access.matrix", expensive=True)
    async def matrix(self) -> Matrix:
        """What every role makes of every permission."""
        graph = await self._roles.graph()
        ids = await self._roles.ids()
        names = in_order(graph.roles)
        permissions = self._registry.permissions
        columns = [
            [column.cell(permission) for permission in permissions]
            async for column in in_turns(_Column(graph, name) for name in names)
        ]
        return Matrix(
            roles=[MatrixRole(id=ids[name], name=name) for name in names],
            rows=[
                MatrixRow(
                    permission=permission,
                    description=permission.description,
                    module=self._registry.module_of(permission),
                    cells=[column[number] for column in columns],
                )
                async for number, permission in in_turns(enumerate(permissions))
            ],
        )

    @query(RolePermission.READ, action="access.compare", expensive=True)
    async def compare(self, roles: CompareQuery) -> list[Difference]:
        """The permissions of which two roles do not give the same.

        Raises:
            NotFound: There is no such role.
        """
        graph = await self._roles.graph()
        for name in (roles.a, roles.b):
            if name not in graph.roles:
                raise NotFound("role.not_found", f"There is no role {name}.")
        first, second = (Access(graph.grants_of(name)) for name in (roles.a, roles.b))
        found = []
        for name in self._registry.permissions:
            a, b = self._extent(first, name), self._extent(second, name)
            if a != b:
                found.append(Difference(permission=name, description=name.description, a=a, b=b))
        return found

    @query(RolePermission.READ, action="access.person")
    async def person(self, known_as: str) -> Person:
        """The user with this e-mail address or id.

        Raises:
            NotFound: No such user.
        """
        known_as = searchable(known_as).strip()
        user_id = parse_id(known_as)
        if user_id is not None:
            return await self._people.one(user_id)
        for person in await self._people.known_as(known_as):
            return person
        raise NotFound("user.not_found", f"There is no user {known_as}.")

    @query(RolePermission.READ, action="access.people")
    async def people(self, text: str) -> list[Person]:
        """A few people whose name or e-mail address contains the text."""
        wanted = searchable(text[:_LONGEST_SEARCH]).strip()
        return await self._people.matching(wanted, limit=_MOST_FOUND) if wanted else []

    @query(RolePermission.READ, action="access.export")
    async def export(self, *, with_ids: bool = True) -> str:
        """All roles as the text of a file, with or without their ids."""
        return roles_file.write(await self._roles.all(), with_ids=with_ids)

    @query(RolePermission.READ, action="access.diff")
    async def differences(self, wanted: RolesFile) -> list[str]:
        """What a file says otherwise than the roles are, one sentence each."""
        return roles_file.differences(wanted, (await self._roles.all()).items)

    @query(RolePermission.READ, action="access.drift")
    async def drift(self) -> Drift:
        """How the roles differ from the file that the settings name."""
        if self._file is None:
            return Drift(file="")
        try:
            text = await asyncio.to_thread(self._file.read_text, encoding="utf-8")
            wanted = roles_file.read(text)
        except (OSError, UnicodeError) as error:
            return Drift(file=str(self._file), problem=f"It cannot be read: {error}.")
        except Invalid as error:
            return Drift(file=str(self._file), problem=error.message)
        found = roles_file.differences(wanted, (await self._roles.all()).items)
        return Drift(file=str(self._file), differences=found)

    def _declared(self, permission: str) -> PermissionName:
        for name in self._registry.permissions:
            if name == permission:
                return name
        message = f"No feature has a permission {permission}."
        raise Invalid("access.permission.unknown", message, fields={"permission": message})

    async def _holding(
        self, person: Person, access: Access, permission: str, object_id: str
    ) -> frozenset[str]:
        """The row rules that hold for this user in a record.

        Raises:
            NotFound: No such record that the actor may see whole.
            Invalid: The permission is not about records.
        """
        resource = self._registry.resource(resource_of(permission))
        mine = rows_of(self._registry, self.uow.actor, f"{resource.name}.read")
        if resource.key is None:
            message = f"{permission} is not about single records."
            raise Invalid("access.object.impossible", message, fields={"object_id": message})
        actor = Actor(kind="user", name=person.name, access=access, user_id=person.id)
        flags = [rule.condition(actor).label(rule.name) for rule in resource.rules]
        wanted = parse_id(object_id)
        # For whoever may not see the record there is none. Nor is said which rules hold in one of
        # which they see a part only: a rule looks at all of it.
        whole = mine.showing(resource.fields)
        statement = select(resource.key, *flags).where(resource.key == wanted, whole)
        row = None
        if wanted is not None:
            row = (await self.uow.session.execute(statement)).one_or_none()
        if row is None:
            raise NotFound("access.object.not_found", "There is no such record.")
        return frozenset(rule.name for rule in resource.rules if getattr(row, rule.name))

    def _step(self, step: Step, role_ids: dict[str, UUID]) -> StepRead:
        grant = step.grant
        rule = self._title(grant)
        return StepRead(
            verdict=step.verdict,
            granted=grant.permission,
            is_wildcard=step.is_wildcard,
            roles=list(grant.via),
            rule=rule,
            readable=None if grant.readable is None else sorted(grant.readable),
            writable=None if grant.writable is None else sorted(grant.writable),
            ends_at=grant.ends_at,
            granted_by=grant.granted_by,
            granted_by_id=grant.granted_by_id,
            granted_at=grant.granted_at,
            reason=grant.reason,
            role_id=role_ids.get(grant.via[-1]) if grant.via else None,
            sentence=_sentence(step, rule),
        )

    def _title(self, grant: Grant) -> str:
        for module in self._registry.modules:
            for resource in module.resources:
                for rule in resource.rules:
                    if rule.name == grant.rule:
                        return rule.title
        return grant.rule

    def _extent(self, access: Access, permission: str) -> str:
        """What is held of a permission, in words; empty for nothing."""
        reach = access.reach(permission)
        if not reach.parts:
            return ""
        rows = self._rows(reach)
        words = ["all records" if rows == ALL_OF_THEM else rows]
        for kind in ("readable", "writable"):
            fields = _fields(getattr(part, kind) for part in reach.parts)
            if fields is not None:
                titles = self._registry.resource(reach.resource).fields
                words.append(f"{kind}: {', '.join(titles.get(n, n) for n in fields) or 'nothing'}")
        ends_at = access.ends_at(permission)
        if ends_at is not None:
            words.append(f"until {ends_at:%Y-%m-%d %H:%M} UTC")
        return "; ".join(words)

    def _rows(self, reach: Reach) -> str:
        if reach.rules is None:
            return ALL_OF_THEM
        rules = self._registry.resource(reach.resource).rules
        return "; ".join(rule.title for rule in rules if rule.name in reach.rules)


class PreviewService(Service):
    """Looking at the console with the access of a role or of somebody else, changing nothing."""

    def __init__(
        self,
        uow: UnitOfWork,
        roles: RoleRepository,
        people: People,
        sessions: SessionRepository,
    ) -> None:
        super().__init__(uow)
        self._roles = roles
        self._people = people
        self._sessions = sessions

    @operation(RolePermission.UPDATE, action="preview.start")
    async def start(self, shown: PreviewStart) -> None:
        """Show one's own console session what a role or a user would see.

        Raises:
            NotFound: No such role or user.
            Conflict: It is not a console session that asks for it.
            PermissionDenied: They hold what the actor does not, or the actor may not read roles:
                the console would show what is granted.
        """
        self.uow.audit.about(shown.kind, shown.id, "")
        if RolePermission.READ not in self.uow.actor.access:
            raise PermissionDenied(RolePermission.READ)
        if shown.kind == "user":
            # The banner names them all the while.
            person = await self._people.one(shown.id, showing=[*_HOLDING, "display_name", "email"])
            name, access = person.email or "", await self._roles.access_of(shown.id)
        else:
            role = await self._roles.get(shown.id)
            if role is None:
                raise NotFound("role.not_found", "There is no such role.")
            name = role.name
            access = Access((await self._roles.graph()).grants_of(name))
        self.uow.audit.about(shown.kind, shown.id, name)
        if RolePermission.GRANT not in self.uow.actor.access:
            refuse_beyond(self.uow.actor.access, access.grants, code="preview.beyond_actor")
        session = await self._session()
        if session is None or session.kind != "console":
            raise Conflict("preview.console_only", "Only the console can show a preview.")
        session.preview = f"{shown.kind}:{shown.id}"
        await self._sessions.add(session)

    @operation(SIGNED_IN, action="preview.stop", allowed_in_preview=True)
    async def stop(self) -> None:
        """Show one's own console session again what one holds oneself."""
        session = await self._session()
        if session is not None:
            session.preview = None
            await self._sessions.add(session)
        self.uow.audit.about("session", self.uow.actor.session_id or "", self.uow.actor.email)

    async def _session(self) -> UserSession | None:
        session_id = self.uow.actor.session_id
        return None if session_id is None else await self._sessions.get(session_id)


def _grants_whole(graph: RoleGraph, role: str, permissions: Iterable[str]) -> bool:
    """Whether a role grants all of these for all records."""
    access = Access(graph.grants_of(role))
    return all(access.reach(each).is_everything for each in permissions)


class _Column:
    """One role, prepared to be asked for many permissions."""

    def __init__(self, graph: RoleGraph, role: str) -> None:
        self._exact: dict[str, list[Grant]] = defaultdict(list)
        self._wild: list[Grant] = []
        moment = clock.now()
        for grant in graph.grants_of(role):
            if grant.counts_at(moment):
                (self._wild if "*" in grant.permission else self._exact[grant.permission]).append(
                    grant
                )

    def cell(self, permission: str) -> str:
        """The letters of `MatrixRow.cells`."""
        exact = self._exact.get(permission, [])
        grants = [*exact, *(each for each in self._wild if covers(each.permission, permission))]
        if not grants:
            return ""
        letters = "d" if any(len(grant.via) == 1 for grant in grants) else "i"
        if not exact:
            letters += "w"
        if not Access(grants).reach(permission).is_everything or all(
            grant.ends_at for grant in grants
        ):
            letters += "c"
        return letters


def _kept_out_verdict(person: Person, kept_out: Sequence[KeptOut], verdict: str) -> str:
    """What grants say, behind what keeps the person out whatever they say."""
    if not kept_out:
        return verdict
    why = " and ".join(KEPT_OUT_WORDS[each] for each in kept_out)
    return f"{person.name} may not: {person.name} {why}. Apart from that: {verdict}"


def _verdict(
    person: Person,
    permission: str,
    allowed: bool,  # noqa: FBT001 - as the engine says
    steps: Sequence[Step],
    holding: frozenset[str] | None,
) -> str:
    name = person.name
    here = "" if holding is None else " for this record"
    if allowed:
        return f"{name} holds {permission}{here}."
    if not steps:
        return f"{name} does not hold {permission}: no role and no grant in person gives it."
    reasons = {"expired": "has ended", "other_rows": "is for other records"}
    why = sorted({reasons[step.verdict] for step in steps if step.verdict in reasons})
    return f"{name} does not hold {permission}{here}: what would give it {' or '.join(why)}."


def _sentence(step: Step, rule: str) -> str:
    grant = step.grant
    way = " → ".join(grant.via)
    words = [f"Through {way}:" if grant.via else "In person:", f"grants {grant.permission}"]
    if rule:
        words.append(f"for {rule[0].lower()}{rule[1:]}")
    if grant.readable is not None or grant.writable is not None:
        words.append("for some fields")
    if grant.ends_at is not None:
        words.append(until(grant.ends_at))
    words[-1] += "."
    if step.verdict == "expired":
        words.append("That has ended.")
    if step.verdict == "other_rows":
        words.append("This record is not one of them.")
    return " ".join(words)


def _through(access: Access, permission: str) -> list[str]:
    steps = access.explain(permission).steps
    ways = [" → ".join(step.grant.via) or IN_PERSON for step in steps if step.verdict == "counts"]
    return list(dict.fromkeys(ways))


def _fields(masks: Iterable[frozenset[str] | None]) -> list[str] | None:
    union: set[str] = set()
    for mask in masks:
        if mask is None:
            return None
        union |= mask
    return sorted(union)
