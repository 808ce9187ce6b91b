"""What crosses the border of the audit feature."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from app.core.audit import REASON_LENGTH
from app.core.csv import CsvQuery
from app.core.paging import PageRequest, sort_values
from app.core.record_list import RecordList
from app.core.schemas import example
from app.core.text import AnyMoment, WrittenFlag, searched_text, shown_text

_MOST_NAMES = 50


def _few(value: str) -> str:
    if value.count(",") >= _MOST_NAMES:
        code, message = "too_many", "Name at most {most}."
        raise PydanticCustomError(code, message, {"most": _MOST_NAMES})
    return value


_List = Annotated[str, Field(max_length=2000), BeforeValidator(shown_text), AfterValidator(_few)]
_Text = Annotated[str, Field(max_length=100), BeforeValidator(shown_text)]


class AuditFilter(BaseModel):
    """Which entries are listed."""

    action: _List | None = Field(
        default=None,
        description="One, or several separated by commas.",
        examples=["user.create"],
    )
    outcome: Literal["succeeded", "denied", "failed"] | None = None
    actor_id: UUID | None = None
    target_type: _Text | None = Field(default=None, examples=["user"])
    target_id: _Text | None = None
    request_id: _Text | None = None
    module: _List | None = Field(
        default=None,
        description="The part of the platform: one, or several separated by commas.",
        examples=["users"],
    )
    text: Annotated[str, Field(max_length=100), BeforeValidator(searched_text)] | None = Field(
        default=None,
        description="Words, or parts of words, of names and addresses; or a whole request id "
        "or action.",
        examples=["ada love"],
    )
    since: AnyMoment | None = Field(
        default=None, description="Only what happened at this moment or later."
    )
    until: AnyMoment | None = Field(
        default=None, description="Only what happened before this moment."
    )
    changed: _Text | None = Field(
        default=None,
        description="A field of a kind of thing: only entries by which it was changed, not those "
        "by which the thing was made or deleted.",
        examples=["user.display_name"],
    )
    access_only: WrittenFlag = Field(
        default=False, description="Only changes of roles, grants and members."
    )
    reads: Literal["only", "none"] | None = Field(
        default=None,
        description="`only` records of looks and of requests that changed nothing, or `none` of "
        "them; see the settings `audit.reads` and `audit.record_requests`.",
    )


class AuditExportQuery(AuditFilter, CsvQuery):
    """What is exported, oldest first, and how it is written."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["csv", "jsonl"] = Field(
        default="csv", description="Inside the ZIP file: a table, or one JSON object per line."
    )


_SORTS = sort_values("at")


class AuditListQuery(AuditFilter, PageRequest):
    """A page of entries."""

    model_config = ConfigDict(extra="forbid")

    sort: Annotated[str, Field(max_length=100, json_schema_extra=_SORTS)] | None = Field(
        default=None, description="`at` is oldest first; `-at`, newest first, if absent."
    )


class EntryCount(BaseModel):
    """How many entries match."""

    count: int
    is_exact: bool


class FieldChange(BaseModel):
    """One field before and after."""

    field: str
    before: Any = None
    after: Any = None


class AuditEntryRead(BaseModel):
    """One thing that was done or tried."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime
    action: str = Field(examples=["user.create"])
    outcome: Literal["succeeded", "denied", "failed"]
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    actor_email: str = ""
    target_type: str
    target_id: str
    target_label: str
    changes: list[FieldChange]
    hidden_changes: int = Field(default=0, exclude=True)
    detail: dict[str, Any]
    error_code: str
    request_id: str
    channel: str
    address: str
    user_agent: str
    duration_ms: int
    on_behalf_of: str = Field(
        default="",
        description="Who is behind it: the operating system's user of a command, or whose access "
        "was previewed.",
    )
    trace_id: str = Field(
        default="", description="Of the `traceparent` header, else made for the request."
    )
    module: str = Field(default="", examples=["users"])
    reason: str = Field(
        default="", description="Why, where it was given; see the header `X-Audit-Reason`."
    )
    undone_by: UUID | None = Field(
        default=None,
        description="The entry by which it was taken back; told when this entry alone is read.",
    )


class AuditEntryList(RecordList[AuditEntryRead]):
    """Some entries, with the names of `AuditEntryRead`."""

    def _record(self, known: dict[str, Any]) -> AuditEntryRead:
        return AuditEntryRead.model_validate(known)

    def as_json(self) -> Sequence[Mapping[str, Any]]:
        """Each as REST answers it."""
        entries = self._known(self.rows)
        for entry in entries:
            del entry["hidden_changes"]
        return entries


_PLACE = re.compile(r"([1-9]\d{0,17}):([0-9a-f]{64})", re.ASCII)


class Place(NamedTuple):
    """A place in the chain: the number of a seal, and the chain's hash after it."""

    seq: int
    chain_hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.chain_hash}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The place that the text writes.

        Raises:
            PydanticCustomError: It writes none.
        """
        found = _PLACE.fullmatch(text.strip().lower())
        if found is None:
            code = "wrong_format"
            message = "Write the number of a seal, a colon, and the 64 digits of its hash."
            raise PydanticCustomError(code, message)
        return cls(int(found[1]), found[2])


def _place(text: str) -> str:
    return str(Place.read(text))


_Place = Annotated[str, Field(max_length=200), AfterValidator(_place)]


class VerifyQuery(BaseModel):
    """Which part of the trail is verified next."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(
        default=None, max_length=60, description="`next_cursor` of the part before."
    )
    limit: int = Field(
        default=2000, ge=1, le=10_000, description="About how many entries are verified."
    )
    expect: _Place | None = Field(
        default=None,
        description="A `head` of an earlier verification, noted elsewhere, that the chain must "
        "still hold; only with the first part.",
        examples=["12:" + "0" * 64],
    )


class Finding(BaseModel):
    """Something in the audit trail that is not as it was sealed, or not as it should be."""

    kind: Literal[
        "altered",
        "missing",
        "inserted",
        "reordered",
        "seal",
        "checkpoint",
        "truncated",
        "anchor",
        "clock",
        "expected",
        "schema",
        "empty",
        "waiting",
        "note",
    ]
    message: str
    seq: int | None = Field(default=None, description="The seal's number in the chain.")
    entry_id: UUID | None = None
    place: str = Field(
        default="",
        description="Of an irregularity of time (`clock`): what to acknowledge it by.",
    )


class Acknowledged(BaseModel):
    """An irregularity of time that somebody looked at and explained."""

    finding: Finding
    by: str
    at: datetime
    reason: str
    entry_id: UUID = Field(description="The audit entry of the acknowledgement.")


class Acknowledge(BaseModel):
    """Irregularities of time, and why they are none that matter."""

    model_config = example(
        {"places": ["12:" + 64 * "0"], "reason": "The clock was two hours ahead."}, extra="forbid"
    )

    places: list[_Place] = Field(
        min_length=1, max_length=100, description="`place` of each finding of the kind `clock`."
    )
    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_LENGTH),
        BeforeValidator(shown_text),
    ] = Field(description="What had happened.", examples=["The clock was two hours ahead."])


class Verification(BaseModel):
    """What one part of a verification found; all parts together are the whole trail."""

    findings: list[Finding] = Field(description="The first of them, in the order of the chain.")
    faults: int = Field(description="How many there are in this part.")
    acknowledged: list[Acknowledged] = Field(
        default=[], description="Irregularities of time that were explained; no faults."
    )
    remarks: list[str] = Field(
        default=[], description="What is no fault, but what one should know; one sentence each."
    )
    checked: int = Field(description="Entries of which the hash was calculated in this part.")
    part: Literal["chain", "entries", "anchor"]
    progress: float = Field(description="How much of the verification is done, from 0 to 1.")
    sealed: int = Field(description="Number of the last seal.")
    head: str = Field(
        default="",
        description="The last seal and the chain's hash after it. Note it elsewhere and pass it "
        "as `expect` later. Empty while nothing is sealed.",
    )
    waiting: int = Field(description="Entries that wait for their seal.")
    next_cursor: str | None = Field(
        default=None, description="Pass as `cursor` for the next part; null at the end."
    )


class Sealed(BaseModel):
    """What one run of the sealer did."""

    entries: int


class Exported(BaseModel):
    """What an export handed out."""

    entries: int


class Pruned(BaseModel):
    """What the retention policy deleted, or would."""

    entries: int
    ranges: int
    kept: int = Field(description="Entries whose range does not verify; evidence is not deleted.")


class Bar(BaseModel):
    """How many entries fall into one stretch of time, by outcome."""

    start: datetime
    end: datetime
    succeeded: int = 0
    denied: int = 0
    failed: int = 0


class Share(BaseModel):
    """How many entries one action or one person has."""

    value: str = Field(description="The action, or the person's id.")
    name: str = Field(description="What it is called.")
    count: int


class Activity(BaseModel):
    """What the newest entries that match are made of."""

    count: int
    is_cut: bool = Field(description="Whether older ones match as well and are not counted.")
    since: datetime | None = Field(description="When the oldest of them happened.")
    bars: list[Bar] = Field(description="Oldest first, without gaps.")
    actions: list[Share] = Field(description="The most frequent ones.")
    people: list[Share] = Field(description="Those who did most.")
