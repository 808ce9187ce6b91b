"""Identifiers."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.core.ids import first_id_at, new_id, parse_id


class TestNewId:
    """New identifiers."""

    def test_are_ordered_by_the_time_they_were_made(self) -> None:
        """Each id is greater than the one before, also within a millisecond."""
        ids = [new_id() for _ in range(10_000)]

        assert ids == sorted(ids)
        assert len(set(ids)) == len(ids)

    def test_are_uuid_7(self) -> None:
        """They are standard UUIDs."""
        made = new_id()

        assert isinstance(made, UUID)
        assert made.version == 7


class TestFirstIdAt:
    """The border between the ids before a moment and those after it."""

    def test_lies_between_earlier_and_later_ids(self) -> None:
        """An id made now is after a second ago and before a second from now."""
        now, second = datetime.now(UTC), timedelta(seconds=1)

        assert first_id_at(now - second) < new_id() < first_id_at(now + second)

    def test_is_a_uuid_7_whatever_the_moment(self) -> None:
        """Also before 1970, where no id was made."""
        assert first_id_at(datetime(1, 1, 1, tzinfo=UTC)).version == 7


class TestParseId:
    """Reading an id that somebody typed."""

    def test_reads_a_uuid(self) -> None:
        """A written UUID is read, a UUID is passed through."""
        some = uuid4()

        assert parse_id(str(some)) == some
        assert parse_id(some) is some

    @pytest.mark.parametrize("text", ["", "1", "x" * 36, None, 7, b"x" * 16, "\ud800" * 32])
    def test_answers_none_to_the_rest(self, text: object) -> None:
        """What is no UUID is None, whatever its type."""
        assert parse_id(text) is None
