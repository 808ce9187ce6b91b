"""Operations that count the trail: charts above its list, and what is new in it."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from app.core import clock
from app.core.operations import Service, query
from app.core.registry import Registry
from app.core.unit_of_work import UnitOfWork
from app.features.audit.activity_repository import ActivityRepository, Happening
from app.features.audit.filters import Sight
from app.features.audit.permissions import AuditPermission
from app.features.audit.schemas import Activity, AuditFilter, Bar, Share
from app.features.audit.sight import Masks, sight_of

MOST = 10_000
"""Entries that are counted: the newest, so that the charts cost the same at any size."""
MOST_NEWS = 100
"""New entries that are counted."""

_MOST_BARS = 60
_SHOWN = 5
_NOTHING: Counter[str] = Counter()
_YEAR = timedelta(days=366)
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_WIDTHS = (
    *(minutes * _MINUTE for minutes in (1, 5, 15)),
    *(hours * _HOUR for hours in (1, 3, 6, 12)),
    *(days * _DAY for days in (1, 7, 30, 91, 365)),
)
"""What a bar can stand for, in seconds."""


class ActivityService(Service):
    """What the trail's newest entries are made of, within one unit of work."""

    def __init__(self, uow: UnitOfWork, entries: ActivityRepository, registry: Registry) -> None:
        super().__init__(uow)
        self._entries = entries
        self._registry = registry

    @query(AuditPermission.READ)
    async def activity(self, request: AuditFilter) -> Activity:
        """How the newest entries that match are spread over time, actions and people.

        At most `MOST` are counted. The width of a bar follows from the time that they cover.
        """
        found = await self._entries.newest(request, self._sight, MOST + 1)
        counted = found[:MOST]
        since = min((each.second for each in counted), default=None)
        return Activity(
            count=len(counted),
            is_cut=len(found) > MOST,
            since=None if since is None else datetime.fromtimestamp(since, UTC),
            bars=_bars(counted, request, is_cut=len(found) > MOST),
            actions=_shares([(each.action, each.action) for each in counted]),
            people=_shares(self._people(counted)),
        )

    @query(AuditPermission.READ)
    async def newer(self, request: AuditFilter, after: UUID) -> list[UUID]:
        """Ids of at most `MOST_NEWS` entries beyond this one that match, oldest first."""
        return await self._entries.ids_after(request, self._sight, after, MOST_NEWS)

    def _people(self, counted: Sequence[Happening]) -> list[tuple[str, str]]:
        """Ids and names of those who acted, as far as the actor may read their names."""
        own = self.uow.actor.user_id
        is_hidden = not Masks(self._registry, self.uow.actor).shows("user", "display_name")
        return [
            (str(each.actor_id), each.actor_name)
            for each in counted
            if each.actor_id and (each.actor_id == own or not is_hidden)
        ]

    @property
    def _sight(self) -> Sight:
        return sight_of(self._registry, self.uow.actor, AuditPermission.READ)


def _bars(counted: Sequence[Happening], request: AuditFilter, *, is_cut: bool) -> list[Bar]:
    if not counted:
        return []
    first, last = counted[-1].second, counted[0].second
    first, last = min(first, last), max(first, last)
    now = clock.now()
    end = min(request.until or now, now)
    last = max(last, int(end.timestamp()))
    if request.since is not None and not is_cut and now - request.since < _YEAR:
        first = min(first, int(request.since.timestamp()))
    width = next((each for each in _WIDTHS if (last - first) / each < _MOST_BARS - 1), _WIDTHS[-1])
    by_bar: dict[int, Counter[str]] = {}
    for each in counted:
        by_bar.setdefault(each.second // width, Counter())[each.outcome] += 1
    numbers = range(first // width, last // width + 1)
    edges = [datetime.fromtimestamp(each * width, UTC) for each in (*numbers, numbers.stop)]
    return [
        Bar(start=start, end=end, **dict(by_bar.get(number, _NOTHING)))
        for number, (start, end) in zip(numbers, pairwise(edges), strict=True)
    ]


def _shares(named: Sequence[tuple[str, str]]) -> list[Share]:
    names = dict(reversed(named))
    counts = Counter(value for value, _ in named)
    return [
        Share(value=value, name=names[value], count=count)
        for value, count in counts.most_common(_SHOWN)
    ]
