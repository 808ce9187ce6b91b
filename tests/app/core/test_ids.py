"""Identifiers."""

from uuid import UUID, uuid4

import pytest

from app.core.ids import new_id, parse_id


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
