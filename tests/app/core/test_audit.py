"""The audit trail: differences field by field, and nothing secret in them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import BaseModel, SecretStr

from app.core.actor import SYSTEM
from app.core.audit import REDACTED, diff
from app.core.unit_of_work import UnitOfWork
from app.testing.platform import Platform


class Thing(BaseModel):
    """Something that changes."""

    name: str
    size: int = 1
    tags: list[str] = []
    owner: UUID | None = None
    made_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    password: SecretStr = SecretStr("first")


OWNER = UUID("01890000-0000-7000-8000-000000000001")


class TestDiff:
    """What changed between two versions of a thing."""

    def test_nothing(self) -> None:
        """Two equal versions do not differ."""
        assert diff(Thing(name="a"), Thing(name="a")) == []
        assert diff(None, None) == []

    def test_some_fields(self) -> None:
        """Differing fields are listed in their order, as JSON."""
        changes = diff(Thing(name="a"), Thing(name="b", tags=["x"], owner=OWNER))

        assert changes == [
            {"field": "name", "before": "a", "after": "b"},
            {"field": "tags", "before": [], "after": ["x"]},
            {"field": "owner", "before": None, "after": str(OWNER)},
        ]

    def test_new_thing(self) -> None:
        """A new thing differs in everything that it has."""
        changes = {change["field"]: change for change in diff(None, Thing(name="a"))}

        assert changes["name"] == {"field": "name", "before": None, "after": "a"}
        assert changes["made_at"]["after"] == "2026-01-01T00:00:00Z"
        assert "owner" not in changes

    def test_thing_that_is_gone(self) -> None:
        """What is deleted is remembered as it was."""
        changes = {change["field"]: change for change in diff(Thing(name="a", size=3), None)}

        assert changes["size"] == {"field": "size", "before": 3, "after": None}

    @pytest.mark.parametrize(
        ("before", "after"),
        [(None, Thing(name="a")), (Thing(name="a"), None)],
    )
    def test_secrets_are_redacted(self, before: Thing | None, after: Thing | None) -> None:
        """A secret field is named and its value never shown."""
        changes = diff(before, after)

        [secret] = [change for change in changes if change["field"] == "password"]
        assert REDACTED in secret.values()
        assert "first" not in str(changes)


class TestEntry:
    """What an entry can hold."""

    async def test_cuts_a_long_label(self, platform: Platform) -> None:
        """A label longer than the column is cut, not refused."""
        async with platform.caller(SYSTEM).unit() as unit:
            uow = await unit.get(UnitOfWork)
            await uow.begin_write()
            said = uow.audit.begin()
            uow.audit.about("thing", OWNER, "🐎" * 500)
            await uow.audit.record_success("thing.make", said, 3)
            uow.audit.end()
            await uow.commit()

        [entry] = await platform.audit(action="thing.make")
        assert entry.target_label == "🐎" * 200
        assert (entry.target_id, entry.duration_ms) == (str(OWNER), 3)

    async def test_later_words_replace_earlier_ones(self, platform: Platform) -> None:
        """An operation may correct what it said about itself."""
        async with platform.caller(SYSTEM).unit() as unit:
            uow = await unit.get(UnitOfWork)
            said = uow.audit.begin()
            uow.audit.about("thing", 1, "first", detail={"a": 1})
            uow.audit.about("thing", 2, "second")

        assert (said.target_id, said.target_label, said.detail) == ("2", "second", {})

    async def test_names_who_turned_out_to_act(self, platform: Platform) -> None:
        """A sign-in begins anonymous; its entry names the user all the same."""
        async with platform.caller().unit() as unit:
            uow = await unit.get(UnitOfWork)
            await uow.begin_write()
            said = uow.audit.begin()
            actor = (OWNER, "Ada", "ada@example.com")
            uow.audit.about("user", OWNER, "ada@example.com", actor=actor)
            await uow.audit.record_success("thing.sign_in", said, 0)
            uow.audit.end()
            await uow.commit()

        [entry] = await platform.audit(action="thing.sign_in")
        assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("user", OWNER, "Ada")
        assert entry.actor_email == "ada@example.com"
