"""Who looked at what: noted in memory, taken to be written, put back when that failed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import structlog

from app.bootstrap import build_registry
from app.core import clock
from app.core.actor import ANONYMOUS, SYSTEM, Actor, RequestContext
from app.core.ports import AnsweredRequest
from app.core.reads import MOST_AT_ONCE, Kept, Look, ReadRecords, is_look, kept, request_look

ADA = Actor(kind="user", name="Ada", user_id=UUID(int=1))
HERE = RequestContext(request_id="1", channel="api", address="192.0.2.1")
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
NOTES = {"note": Kept("title", ["text"], always=False)}


@dataclass(frozen=True)
class Note:
    """A record of a resource that only this file knows."""

    id: UUID
    resource: str = "note"
    fields: tuple[str, ...] = ("title", "text")
    owner: UUID | None = None
    title: str = "Shopping"

    def has(self, field: str) -> bool:
        """Whether the field is shown."""
        return field in self.fields

    def is_own(self, actor: Actor) -> bool:
        """Whether it is the actor's own."""
        return actor.user_id is not None and actor.user_id == self.owner


ONE = Note(UUID(int=11))
TWO = Note(UUID(int=12))


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """It is noon."""
    with clock.at(NOON):
        yield


def shown(reads: ReadRecords, *notes: Note, by: Actor = ADA, at: RequestContext = HERE) -> None:
    """Show somebody notes: one is opened, several are a list."""
    reads.shown(by, at, notes, in_list=len(notes) > 1)


def taken(reads: ReadRecords) -> list[Look]:
    """All that waits."""
    return reads.take(everything=True).looks


class TestKept:
    """Which resources can be named, and what of them is recorded."""

    def test_off_is_left_out(self) -> None:
        """A resource that is off is as one that is not named."""
        assert kept(build_registry(), {"user": "off", "role": "off"}) == {}

    def test_sensitive_and_all(self) -> None:
        """Both name the sensitive fields; only one of them wants looks without any."""
        found = kept(build_registry(), {"user": "sensitive", "role": "all"})

        assert found["user"] == Kept("email", ["email", "last_sign_in_at"], always=False)
        assert found["role"] == Kept("name", [], always=True)

    @pytest.mark.parametrize(
        ("name", "policy", "sentence"),
        [
            ("usr", "all", "'usr' has no records to look at; allowed: role, user"),
            # Reading the trail is no look at a record.
            ("audit", "off", "'audit' has no records to look at; allowed: role, user"),
            ("role", "sensitive", "'role' has no sensitive fields; allowed: off, all"),
        ],
    )
    def test_refused(self, name: str, policy: str, sentence: str) -> None:
        """What would record nothing is refused with a sentence."""
        with pytest.raises(ValueError, match="allowed") as refused:
            kept(build_registry(), {name: policy})  # type: ignore[dict-item]  # from a table

        assert str(refused.value) == sentence


class TestShown:
    """Which looks are noted."""

    def test_tells_who_what_and_when(self) -> None:
        """A look tells the record by kind, id and label, and which sensitive fields it showed."""
        reads = ReadRecords(NOTES)
        shown(reads, ONE)
        [look] = taken(reads)

        assert (look.actor, look.context, look.action) == (ADA, HERE, "note.read")
        assert look.target == ("note", str(ONE.id), "Shopping")
        assert look.facts == {
            "fields": ["text"],
            "count": 1,
            "first_at": NOON.isoformat(),
            "last_at": NOON.isoformat(),
        }

    def test_nothing_sensitive(self) -> None:
        """Who sees no sensitive field leaves a look only where all are recorded."""
        harmless = replace(ONE, fields=("title",))
        some, every = (
            ReadRecords(NOTES),
            ReadRecords({"note": Kept("title", ["text"], always=True)}),
        )
        shown(some, harmless)
        shown(every, harmless)
        [look] = taken(every)

        assert len(some) == 0
        assert "fields" not in look.facts

    def test_hidden_label(self) -> None:
        """A label that was not shown is not told."""
        reads = ReadRecords(NOTES)
        shown(reads, replace(ONE, fields=("text",)))

        assert taken(reads)[0].target == ("note", str(ONE.id), "")

    @pytest.mark.parametrize(
        ("note", "by", "channel"),
        [
            (replace(ONE, resource="other"), ADA, "api"),
            (replace(ONE, owner=ADA.user_id), ADA, "api"),
            (ONE, SYSTEM, "system"),
        ],
        ids=["off", "one's own", "a job"],
    )
    def test_not_noted(self, note: Note, by: Actor, channel: str) -> None:
        """A resource that is off, one's own record, and what the platform's own jobs read."""
        reads = ReadRecords(NOTES)
        shown(reads, note, by=by, at=replace(HERE, channel=channel))  # type: ignore[arg-type]  # from a table

        assert len(reads) == 0

    def test_again_within_a_minute(self) -> None:
        """The same person's looks at the same record are one, which counts them."""
        reads = ReadRecords(NOTES)
        shown(reads, ONE)
        with clock.at(NOON + timedelta(seconds=59)):
            shown(reads, ONE, TWO, at=replace(HERE, request_id="2"))
        first, second = taken(reads)

        assert (first.count, first.listed, first.context.request_id) == (2, 1, "1")
        assert (first.first_at, first.last_at) == (NOON, NOON + timedelta(seconds=59))
        assert (second.count, second.listed) == (1, 1)

    def test_again_after_a_minute(self) -> None:
        """Later ones are another look, also when the first is not written yet."""
        reads = ReadRecords(NOTES)
        shown(reads, ONE)
        with clock.at(NOON + timedelta(seconds=60)):
            shown(reads, ONE)

        assert [look.count for look in taken(reads)] == [1, 1]

    @pytest.mark.parametrize(
        ("by", "at"),
        [
            (replace(ADA, user_id=UUID(int=2)), HERE),
            (replace(ADA, session_id=UUID(int=2)), HERE),
            (ADA, replace(HERE, address="192.0.2.2")),
            (ADA, replace(HERE, reason="ticket 4711")),
            (ADA, replace(HERE, channel="console")),
        ],
        ids=["person", "session", "address", "reason", "channel"],
    )
    def test_others(self, by: Actor, at: RequestContext) -> None:
        """Looks of others, or from elsewhere, are told apart."""
        reads = ReadRecords(NOTES)
        shown(reads, ONE)
        shown(reads, ONE, by=by, at=at)

        assert [look.count for look in taken(reads)] == [1, 1]


class TestTake:
    """What is written when."""

    def test_waits_for_more(self) -> None:
        """A look is written when its minute is over, or at the end."""
        reads = ReadRecords(NOTES)
        shown(reads, ONE)

        assert not reads.has_more
        assert reads.take().looks == []
        with clock.at(NOON + timedelta(seconds=60)):
            assert reads.has_more
            assert len(reads.take().looks) == 1
        assert taken(reads) == []

    def test_some_at_a_time(self) -> None:
        """Oldest first, no more than go into one transaction."""
        reads = ReadRecords(NOTES)
        notes = [Note(UUID(int=number)) for number in range(MOST_AT_ONCE + 1)]
        shown(reads, *notes)

        assert [look.target[1] for look in taken(reads)] == [str(each.id) for each in notes[:-1]]
        assert len(taken(reads)) == 1

    def test_what_stands_alone(self) -> None:
        """A request waits for nothing, and is never counted together with another."""
        reads = ReadRecords()
        request = AnsweredRequest("GET", "/api/v1/me", "/api/v1/me", 200, "", 3)
        for _ in range(2):
            reads.note(request_look(ADA, HERE, request))
        looks = reads.take().looks

        assert [look.action for look in looks] == ["request.read", "request.read"]
        assert looks[0].facts["path"] == "/api/v1/me"

    def test_before_it_is_full(self) -> None:
        """Half full, it is emptied without waiting for further looks."""
        reads = ReadRecords(NOTES, most=3)
        shown(reads, ONE, TWO)

        assert [look.target[1] for look in reads.take().looks] == [str(ONE.id)]


class TestFull:
    """What finds no room is counted, and said."""

    def test_is_counted(self) -> None:
        """How many, and from when to when; what waits still counts further looks."""
        reads = ReadRecords(NOTES, most=1)
        with structlog.testing.capture_logs() as logs:
            shown(reads, ONE)
            shown(reads, TWO)
            with clock.at(NOON + timedelta(seconds=5)):
                shown(reads, TWO)
                shown(reads, ONE)
        found = reads.take(everything=True)

        assert [look.count for look in found.looks] == [2]
        assert found.lost is not None
        assert found.lost.count == 2
        assert (found.lost.first_at, found.lost.last_at) == (NOON, NOON + timedelta(seconds=5))
        assert [line["event"] for line in logs] == ["audit.reads_lost"]
        assert reads.take().lost is None


class TestPutBack:
    """What could not be written."""

    def test_is_kept_in_order(self) -> None:
        """It comes before what was noted since, and counts further looks."""
        reads = ReadRecords(NOTES)
        shown(reads, ONE)
        found = reads.take(everything=True)
        shown(reads, TWO)
        reads.put_back(found)
        shown(reads, ONE)

        assert [(look.target[1], look.count) for look in taken(reads)] == [
            (str(ONE.id), 2),
            (str(TWO.id), 1),
        ]

    def test_without_room(self) -> None:
        """What finds no room any more is counted with what was lost before."""
        reads = ReadRecords(NOTES, most=2)
        shown(reads, ONE, TWO)
        shown(reads, Note(UUID(int=13)))
        found = reads.take(everything=True)
        shown(reads, Note(UUID(int=14)))
        reads.put_back(found)
        again = reads.take(everything=True)

        assert [look.target[1] for look in again.looks] == [str(ONE.id), str(UUID(int=14))]
        assert again.lost is not None
        assert again.lost.count == 2


@pytest.mark.parametrize(
    ("action", "outcome", "expected"),
    [
        ("user.read", "succeeded", True),
        ("request.read", "failed", True),
        ("user.read", "denied", False),
        ("user.export", "succeeded", False),
        ("user.read_own", "succeeded", False),
    ],
)
def test_is_look(action: str, outcome: str, *, expected: bool) -> None:
    """Refusals, exports and changes are more than looks."""
    assert is_look(action, outcome) is expected


def test_nobody() -> None:
    """Without any policy nothing is noted, whoever looks."""
    reads = ReadRecords()
    shown(reads, ONE, TWO, by=ANONYMOUS)

    assert not reads.is_used
    assert len(reads) == 0
