"""Identifiers: UUIDv7, so that ids sort by the time they were made."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7."""
    return uuid7()


def first_id_at(moment: datetime) -> UUID:
    """The smallest id that can have been made at this (aware) moment or later."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62)


def made_at(id_: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)


def parse_id(text: object) -> UUID | None:
    """The UUID written in the text, or None when it is not one."""
    if isinstance(text, UUID):
        return text
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
