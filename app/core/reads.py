"""Who looked at what: collected in memory, and written into the audit trail by a job.

Reading must not wait for a write. So what is shown is noted here, the same person's looks at the
same record within a minute as one, and the audit feature writes many at once.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

from app.core import clock
from app.core.actor import Actor, RequestContext
from app.core.log import get_logger

if TYPE_CHECKING:
    from app.core.ports import AnsweredRequest
    from app.core.registry import Registry

log = get_logger(__name__)

Policy = Literal["off", "sensitive", "all"]
"""Which looks at the records of a resource are recorded: none, those that show a sensitive field,
or each."""

MOST = 10_000
"""Looks that wait to be written, in one process."""
MOST_AT_ONCE = 500
"""Looks that are written in one transaction."""
TOGETHER = timedelta(minutes=1)
"""So long after the first look further ones are counted with it."""


class Shown(Protocol):
    """A record of a resource, as somebody is shown it."""

    @property
    def resource(self) -> str:
        """The resource."""

    @property
    def id(self) -> UUID:
        """Which of its records."""

    def has(self, field: str, /) -> bool:
        """Whether the field is shown."""

    def is_own(self, actor: Actor, /) -> bool:
        """Whether it is the actor's own."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How looks at the records of a resource are recorded.

    Attributes:
        label: The field by which audit entries call a record.
        sensitive: Fields that are named in the entry when they were shown.
        always: Whether a look is recorded that shows none of them.
    """

    label: str
    sensitive: Collection[str]
    always: bool


def kept(registry: "Registry", policies: Mapping[str, Policy]) -> Mapping[str, Kept]:
    """How looks are recorded, by resource; none at those that are left out.

    Raises:
        ValueError: There is no such resource, or nothing of it is sensitive; a sentence.
    """
    resources = {
        resource.name: resource
        for module in registry.modules
        for resource in module.resources
        if resource.label
    }
    for name, policy in policies.items():
        if name not in resources:
            message = f"{name!r} has no records to look at; allowed: {', '.join(sorted(resources))}"
            raise ValueError(message)
        if policy == "sensitive" and not resources[name].sensitive:
            message = f"{name!r} has no sensitive fields; allowed: off, all"
            raise ValueError(message)
    return {
        name: Kept(resources[name].label, sorted(resources[name].sensitive), policy == "all")
        for name, policy in policies.items()
        if policy != "off"
    }


@dataclass(slots=True)
class Look:
    """What one person did without changing anything, once or several times within a minute.

    Attributes:
        actor: Who.
        context: From where; of the first time.
        action: What the audit trail calls it.
        target: Kind, id and label of what they looked at.
        first_at: When, for the first time.
        last_at: When, for the last time.
        count: How often.
        listed: How often of these in a list.
        fields: The sensitive fields that were shown.
        detail: Further facts, as JSON.
        outcome: How it ended, as `AuditTrail.turned_out` takes it.
    """

    actor: Actor
    context: RequestContext
    action: str
    target: tuple[str, str, str]
    first_at: datetime
    last_at: datetime
    count: int = 1
    listed: int = 0
    fields: set[str] = field(default_factory=set)
    detail: Mapping[str, Any] = field(default_factory=dict)
    outcome: tuple[Any, str, int] = ("succeeded", "", 0)
    key: tuple[object, ...] = ()
    """What further looks have in common with it; empty when each stands alone."""

    @property
    def facts(self) -> dict[str, Any]:
        """All that the entry tells beside who and what, as JSON."""
        facts = dict(self.detail)
        if self.fields:
            facts["fields"] = sorted(self.fields)
        if self.key:
            facts["count"] = self.count
        if self.listed:
            facts["listed"] = self.listed
        times = {"first_at": self.first_at.isoformat(), "last_at": self.last_at.isoformat()}
        return facts | times


REQUEST = "request.read"
"""What the audit trail calls a request that is recorded only because all are."""


def is_look(action: str, outcome: str) -> bool:
    """Whether an entry tells only that somebody looked; refusals and exports tell more."""
    return outcome != "denied" and action.endswith(".read")


def request_look(actor: Actor, context: RequestContext, request: "AnsweredRequest") -> Look:
    """A request that changed nothing, as a look that stands alone."""
    now = clock.now()
    outcome = request.outcome, request.error_code, request.duration_ms
    return Look(
        actor, context, REQUEST, request.target, now, now, detail=request.facts, outcome=outcome
    )


@dataclass(slots=True)
class Lost:
    """Looks that found no room."""

    count: int
    first_at: datetime
    last_at: datetime


@dataclass(slots=True)
class Taken:
    """What is to be written now."""

    looks: list[Look]
    lost: Lost | None


class ReadRecords:
    """Looks that wait to be written. Lives as long as the process.

    Attributes:
        requests: Whether every request of somebody signed in is recorded.
    """

    def __init__(
        self,
        resources: Mapping[str, Kept] | None = None,
        *,
        requests: bool = False,
        most: int = MOST,
    ) -> None:
        self.requests = requests
        self._resources = resources or {}
        self._most = most
        self._waiting: deque[Look] = deque()
        self._open: dict[tuple[object, ...], Look] = {}
        self._lost: Lost | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def is_used(self) -> bool:
        """Whether looks at any resource are recorded."""
        return bool(self._resources)

    @property
    def has_more(self) -> bool:
        """Whether some are to be written now."""
        return bool(self._waiting) and self._is_due(self._waiting[0])

    def shown(
        self, actor: Actor, context: RequestContext, records: Sequence[Shown], *, in_list: bool
    ) -> None:
        """Note that records were shown, as far as the policy of their resource asks for it."""
        if context.channel == "system":
            # The platform's own jobs show nobody anything.
            return
        now = clock.now()
        who = (
            actor.user_id,
            actor.session_id,
            actor.previewing,
            context.channel,
            context.address,
            context.on_behalf_of,
            context.reason,
        )
        for record in records:
            known = self._resources.get(record.resource)
            if known is None or record.is_own(actor):
                continue
            fields = {name for name in known.sensitive if record.has(name)}
            if fields or known.always:
                self._shown(record, known, fields, (actor, context, who, now), in_list=in_list)

    def _shown(
        self,
        record: Shown,
        known: Kept,
        fields: set[str],
        by: tuple[Actor, RequestContext, tuple[object, ...], datetime],
        *,
        in_list: bool,
    ) -> None:
        actor, context, who, now = by
        key = (who, record.resource, record.id)
        look = self._open.get(key)
        if look is None or now - look.first_at >= TOGETHER:
            label = str(getattr(record, known.label) or "") if record.has(known.label) else ""
            target = (record.resource, str(record.id), label)
            look = Look(actor, context, f"{record.resource}.read", target, now, now, 0, key=key)
            if not self._add(look):
                return
        look.last_at = now
        look.count += 1
        look.listed += in_list
        look.fields |= fields

    def note(self, look: Look) -> None:
        """Note something that stands alone, such as a request."""
        self._add(look)

    def take(self, *, everything: bool = False) -> Taken:
        """Some of what is to be written, oldest first.

        Args:
            everything: Also looks that further ones may still be counted with.
        """
        looks: list[Look] = []
        while self._waiting and len(looks) < MOST_AT_ONCE:
            if not (everything or self._is_due(self._waiting[0])):
                break
            look = self._waiting.popleft()
            if self._open.get(look.key) is look:
                del self._open[look.key]
            looks.append(look)
        lost, self._lost = self._lost, None
        return Taken(looks, lost)

    def put_back(self, taken: Taken) -> None:
        """Keep what could not be written, as far as there is room."""
        room = self._most - len(self._waiting)
        kept, without_room = taken.looks[:room], taken.looks[max(room, 0) :]
        self._waiting.extendleft(reversed(kept))
        for look in kept:
            if look.key:
                self._open.setdefault(look.key, look)
        if taken.lost:
            self._lose(taken.lost)
        for look in without_room:
            self._lose(Lost(look.count, look.first_at, look.last_at))

    def _is_due(self, look: Look) -> bool:
        # A queue that fills up is emptied before it is full.
        is_filling = 2 * len(self._waiting) > self._most
        return not look.key or is_filling or clock.now() - look.first_at >= TOGETHER

    def _add(self, look: Look) -> bool:
        """Whether there was room for it."""
        if len(self._waiting) >= self._most:
            self._lose(Lost(max(look.count, 1), look.first_at, look.last_at))
            return False
        self._waiting.append(look)
        if look.key:
            self._open[look.key] = look
        return True

    def _lose(self, more: Lost) -> None:
        if self._lost is None:
            log.error("audit.reads_lost", most=self._most)
            self._lost = more
            return
        self._lost.count += more.count
        self._lost.first_at = min(self._lost.first_at, more.first_at)
        self._lost.last_at = max(self._lost.last_at, more.last_at)
