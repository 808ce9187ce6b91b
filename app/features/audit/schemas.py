"""What crosses the border of the audit feature."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.core.paging import PageRequest, sort_values
from app.core.text import Moment, plain_text

_Text = Annotated[str, Field(max_length=100), BeforeValidator(plain_text)]


class AuditFilter(BaseModel):
    """Which entries are listed."""

    action: _Text | None = Field(
        default=None,
        description="One, or several separated by commas.",
        examples=["user.create"],
    )
    outcome: Literal["succeeded", "denied", "failed"] | None = None
    actor_id: UUID | None = None
    target_type: _Text | None = Field(default=None, examples=["user"])
    target_id: _Text | None = None
    request_id: _Text | None = None
    since: Moment | None = Field(
        default=None, description="Only what happened at this moment or later."
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
    detail: dict[str, Any]
    error_code: str
    request_id: str
    channel: str
    address: str
    user_agent: str
    duration_ms: int
