"""Which entries a filter means, each found by an index that gives them in their order.

However many entries there are, a page of them costs the same: a filter becomes *branches*, single
values of an index whose entries stand in order of time. Of each branch no more is read than the
page holds. Where several filters meet, the one with the fewest entries gives the branches, and
the others are looked at entry by entry.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    TextClause,
    and_,
    cast,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
    union_all,
)
from sqlmodel import SQLModel

from app.core.audit import AuditEntry
from app.core.ids import first_id_at, parse_id
from app.core.reads import is_look
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork
from app.features.audit.schemas import AuditFilter
from app.features.audit.subjects import ACTOR, Subject, SubjectRepository

_PROBE = 500
"""So many entries are counted to see which of several filters has the fewest."""

_NEWEST = 20
"""An action that changed nothing in so many entries changes nothing."""

_CLOCK_SLACK = timedelta(minutes=1)
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)

_USER = "user"
"""The type of things that can act."""


def _different(column: str, query: str) -> TextClause:
    """A query of the `found` values of a column, each by one look into an index it begins."""
    # The columns are ours.
    return text(f"""
WITH RECURSIVE found (value) AS (
    SELECT MIN({column}) FROM core_audit_entries
    UNION ALL
    SELECT (
        SELECT MIN(entry.{column}) FROM core_audit_entries AS entry
        WHERE entry.{column} > found.value
    )
    FROM found WHERE found.value IS NOT NULL
)
{query}
""")  # noqa: S608 - see above


_TYPES = _different("target_type", "SELECT value FROM found WHERE value IS NOT NULL")
# Not EXISTS: PostgreSQL would join it, and read the whole index for that.
_PAIRS = _different(
    "action",
    """
SELECT found.value, come.outcome
FROM found CROSS JOIN (
    SELECT 'succeeded' AS outcome UNION ALL SELECT 'denied' UNION ALL SELECT 'failed'
) AS come
WHERE (
    SELECT 1 FROM core_audit_entries AS entry
    WHERE entry.action = found.value AND entry.outcome = come.outcome LIMIT 1
) IS NOT NULL
""",
)

Condition = ColumnElement[bool]
Cut = Callable[[Select[Any]], Select[Any]]
"""Orders ids and takes the first of them."""

_table = SQLModel.metadata.tables[str(AuditEntry.__tablename__)]
_entry = _table.c


@dataclass(frozen=True, slots=True)
class Sight:
    """What of the trail somebody may see.

    Attributes:
        within: The entries.
        hidden: Types of things of which they may not read the names.
        is_all: Whether it is all entries. If not, a search finds those only that show the words
            themselves, and none by what other entries say of the same thing.
        shows: Whether they may know that a field of a kind of thing was changed.
    """

    within: Condition
    hidden: frozenset[str] = frozenset()
    is_all: bool = False
    shows: Callable[[str, str], bool] = lambda _kind, _field: True


EVERYTHING = Sight(true(), is_all=True)


@dataclass(frozen=True, slots=True)
class _Branch:
    """Entries with one value of an index."""

    index: str
    where: Condition


@dataclass(frozen=True, slots=True)
class _Criterion:
    """One filter: a condition, and branches that give the same entries, each entry once."""

    condition: Condition
    branches: Sequence[_Branch]


class Matches:
    """The entries that match a filter.

    Args:
        found_by: The filter whose branches are read; None for all entries.
        others: All other conditions.
    """

    def __init__(self, found_by: _Criterion | None, others: Sequence[Condition]) -> None:
        self._found_by = found_by
        self._others = others

    def ids(self, cut: Cut) -> Select[Any]:
        """Their ids, as many as `cut` takes, in its order."""
        if self._found_by is None:
            return cut(select(_entry.id).where(*self._others))
        parts = [cut(self._of(branch)) for branch in self._found_by.branches]
        if len(parts) == 1:
            return parts[0]
        united = self._united(parts)
        return select(united.c.id)

    def some(self, limit: int | None = None) -> Select[Any]:
        """Their ids, all or at most so many, in any order."""
        if self._found_by is None:
            return select(_entry.id).where(*self._others).limit(limit)
        united = self._united([self._of(branch) for branch in self._found_by.branches])
        return select(united.c.id).limit(limit)

    def _of(self, branch: _Branch) -> Select[Any]:
        hint = f"INDEXED BY ix_core_audit_entries_{branch.index}"
        return (
            select(_entry.id).with_hint(_table, hint, "sqlite").where(branch.where, *self._others)
        )

    @staticmethod
    def _united(parts: Sequence[Select[Any]]) -> Any:
        if not parts:
            return select(_entry.id).where(false()).subquery()
        return union_all(*(select(part.subquery().c.id) for part in parts)).subquery()


class Filters:
    """Turns filters into queries, within one unit of work."""

    def __init__(self, uow: UnitOfWork, registry: Registry, subjects: SubjectRepository) -> None:
        self._uow = uow
        self._registry = registry
        self._subjects = subjects
        self._known_pairs: Sequence[tuple[str, str]] | None = None

    async def matches(self, query: AuditFilter, sight: Sight) -> Matches:
        """The entries that match."""
        criteria = [each async for each in self._criteria(query, sight)]
        always = (*between(query.since, query.until), sight.within)
        chosen = await self._fewest(criteria, always)
        others = [each.condition for each in criteria if each is not chosen]
        return Matches(chosen, (*others, *always))

    async def _criteria(self, query: AuditFilter, sight: Sight) -> AsyncIterator[_Criterion]:
        if query.reads == "none" and not any(is_look(*pair) for pair in await self._pairs()):
            # Nothing is left out: all other entries need not be put together action by action.
            query = query.model_copy(update={"reads": None})
        if query.request_id is not None:
            yield _equal("request", request_id=query.request_id)
        if query.target_id is not None:
            yield await self._target(query.target_type, query.target_id)
        elif query.target_type is not None:
            yield _equal("kind", target_type=query.target_type)
        if query.actor_id is not None and query.outcome not in (None, "succeeded"):
            yield _refused("refused_actor", query.outcome, actor_id=query.actor_id)
        elif query.actor_id is not None:
            yield _equal("actor", actor_id=query.actor_id)
        if query.text is not None and query.text.strip():
            yield await self._text(query.text, sight)
        if query.changed is not None:
            yield await self._changed(query.changed, sight)
        if _names_actions(query) or query.outcome:
            yield await self._done(query)

    async def _fewest(
        self, criteria: Sequence[_Criterion], always: Sequence[Condition]
    ) -> _Criterion | None:
        if len(criteria) < 2:  # noqa: PLR2004 - nothing to choose from
            return next(iter(criteria), None)
        counts = [
            select(func.count())
            .select_from(Matches(each, always).some(_PROBE).subquery())
            .scalar_subquery()
            for each in criteria
        ]
        row = (await self._uow.session.execute(select(*counts))).one()
        return criteria[min(range(len(criteria)), key=row.__getitem__)]

    async def _target(self, target_type: str | None, target_id: str) -> _Criterion:
        """A thing, of which perhaps only the id is known."""
        if target_type is not None:
            return _equal("target", target_type=target_type, target_id=target_id)
        branches = [
            branch
            for each in await self._types()
            for branch in _equal("target", target_type=each, target_id=target_id).branches
        ]
        return _Criterion(_entry.target_id == target_id, branches)

    async def _done(self, query: AuditFilter) -> _Criterion:
        """What was done, and what came of it: pairs that there are, of which an index knows."""
        by_action = _names_actions(query)
        if not by_action and query.outcome not in (None, "succeeded"):
            return _refused("outcome", query.outcome)
        wanted = [
            (action, outcome)
            for action, outcome in await self._pairs()
            if self._is_meant(action, query)
            and query.outcome in (None, outcome)
            and (query.reads is None or is_look(action, outcome) == (query.reads == "only"))
        ]
        branches = [branch for pair in wanted for branch in _done(pair)]
        conditions = [] if query.outcome is None else [_entry.outcome == query.outcome]
        if by_action:
            conditions.append(_entry.action.in_({action for action, _ in wanted}))
        if query.reads is not None:
            reads = and_(_entry.action.like("%.read"), _entry.outcome != "denied")
            conditions.append(reads if query.reads == "only" else not_(reads))
        return _Criterion(and_(*conditions), branches)

    def _is_meant(self, action: str, query: AuditFilter) -> bool:
        return (
            (not query.action or action in query.action.split(","))
            and (not query.module or self._registry.module_of(action) in query.module.split(","))
            and (not query.access_only or action in self._registry.changing_access)
        )

    async def _changed(self, changed: str, sight: Sight) -> _Criterion:
        """What changed a field of a kind of thing; not what made or deleted the thing.

        The index of actions is read of those only that can have changed it.
        """
        kind, _, field = changed.rpartition(".")
        if not kind or not sight.shows(kind, field):
            return _Criterion(false(), [])
        condition = and_(
            _entry.target_type == kind,
            _entry.outcome == "succeeded",
            _entry.action.not_in([f"{kind}.create", f"{kind}.delete"]),
            # As entries are written; see `app.core.audit.diff`.
            cast(_entry.changes, String).contains(
                f'{{"field": "{field}", "before": ', autoescape=True
            ),
        )
        branches = [
            _Branch(branch.index, and_(branch.where, condition))
            for pair in await self._changing(kind)
            for branch in _done(pair)
        ]
        return _Criterion(condition, branches)

    async def _changing(self, kind: str) -> list[tuple[str, str]]:
        """What can have changed a thing of this kind: its own actions, and others that change."""
        done = [
            pair for pair in await self._pairs() if pair[1] == "succeeded" and not is_look(*pair)
        ]
        own = [pair for pair in done if pair[0].startswith(f"{kind}.")]
        others = [pair for pair in done if pair not in own]
        if not others:
            return own
        newest = [
            select(cast(_entry.changes, String).label("changes"))
            .where(_done(pair)[0].where)
            .order_by(_entry.id.desc())
            .limit(_NEWEST)
            .subquery()
            for pair in others
        ]
        change = [select(1).where(each.c.changes != "[]").exists() for each in newest]
        row = (await self._uow.session.execute(select(*change))).one()
        return [*own, *(pair for pair, changes in zip(others, row, strict=True) if changes)]

    async def _text(self, typed: str, sight: Sight) -> _Criterion:
        """Whom or what the words call, or whole what stands in an entry as a code."""
        found = await self._subjects.find(typed, sight.hidden, users=sight.is_all)
        exact = typed.strip()
        ways = (
            _people(found, sight),
            _things(found, sight),
            _equal("request", request_id=exact).branches,
            [branch for pair in await self._pairs() if pair[0] == exact for branch in _done(pair)],
        )
        branches: list[_Branch] = []
        # No entry comes by two ways.
        earlier: list[Condition] = []
        for way in ways:
            branches += [
                _Branch(each.index, and_(each.where, *(not_(one) for one in earlier)))
                for each in way
            ]
            if way:
                earlier.append(func.coalesce(or_(*(each.where for each in way)), false()))
        return _Criterion(or_(false(), *earlier), branches)

    async def _pairs(self) -> Sequence[tuple[str, str]]:
        """Actions and outcomes that there are; their index is read at as many places only."""
        if self._known_pairs is None:
            found = await self._uow.session.execute(_PAIRS)
            self._known_pairs = [(row[0], row[1]) for row in found]
        return self._known_pairs

    async def _types(self) -> Sequence[str]:
        """Types of things that there are, read likewise."""
        return [row[0] for row in await self._uow.session.execute(_TYPES)]


def _names_actions(query: AuditFilter) -> bool:
    return bool(query.action or query.module or query.access_only or query.reads)


def _equal(index: str, **values: Any) -> _Criterion:
    """Entries with these values, which an index begins with."""
    condition = and_(*(_entry[name] == value for name, value in values.items()))
    return _Criterion(condition, [_Branch(index, condition)])


def _refused(index: str, outcome: str, **values: Any) -> _Criterion:
    """Entries with these values that came to this and not to a success."""
    condition = _equal(index, outcome=outcome, **values).condition
    # As the index says it.
    where = and_(condition, literal_column("outcome <> 'succeeded'"))
    return _Criterion(condition, [_Branch(index, where)])


def _done(pair: tuple[str, str]) -> Sequence[_Branch]:
    return _equal("action", action=pair[0], outcome=pair[1]).branches


def _people(found: Sequence[Subject], sight: Sight) -> Sequence[_Branch]:
    """What those did that were found."""
    if sight.is_all:
        ids = {each.id: None for each in found if each.type in (ACTOR, _USER)}
        known = [actor_id for each in ids if (actor_id := parse_id(each))]
        return [branch for each in known for branch in _equal("actor", actor_id=each).branches]
    label = _entry.actor_name + " " + _entry.actor_email
    return [
        _Branch("actor", and_(_entry.actor_id == parse_id(each.id), label == each.label))
        for each in found
        if each.type == ACTOR
    ]


def _things(found: Sequence[Subject], sight: Sight) -> Sequence[_Branch]:
    """What was done to those that were found."""
    branches = [
        _Branch(
            "label",
            and_(
                _entry.target_type == each.type,
                _entry.target_label == each.label,
                # As the index says it.
                literal_column("target_id = '' AND target_label <> ''"),
            ),
        )
        for each in found
        if not each.id
    ]
    targets: dict[tuple[str, str], list[str]] = {}
    for each in found:
        if each.id and (each.type != ACTOR or sight.is_all):
            targets.setdefault((each.type or _USER, each.id), []).append(each.label)
    for (target_type, target_id), labels in targets.items():
        where = and_(_entry.target_type == target_type, _entry.target_id == target_id)
        if not sight.is_all:
            where = and_(where, _entry.target_label.in_(labels))
        branches.append(_Branch("target", where))
    return branches


def between(since: datetime | None, until: datetime | None) -> list[Condition]:
    """Entries of a time, by their ids, which an index knows; only near its ends by their moment."""
    conditions: list[Condition] = []
    # Nothing happened before and after; calculating with the very first moments overflows.
    if since is not None:
        since = min(max(since, _BEFORE_ALL), _AFTER_ALL)
        surely = _entry.id >= first_id_at(since + _CLOCK_SLACK)
        conditions.append(_entry.id >= first_id_at(since - _CLOCK_SLACK))
        conditions.append(or_(surely, _entry.at >= since))
    if until is not None:
        until = min(max(until, _BEFORE_ALL), _AFTER_ALL)
        surely = _entry.id < first_id_at(until - _CLOCK_SLACK)
        conditions.append(_entry.id < first_id_at(until + _CLOCK_SLACK))
        conditions.append(or_(surely, _entry.at < until))
    return conditions
