"""How the list's address writes filters, and what people read."""

from contextvars import copy_context
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from app.bootstrap import build_registry
from app.core import days
from app.core.errors import Invalid
from app.features.audit.narrowing import (
    action_options,
    asked,
    changed_options,
    chips,
    kind_options,
    module_options,
    moment,
)
from app.features.audit.schemas import AuditFilter

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class TestMoment:
    """The time that a list begins with."""

    @time_machine.travel(NOW, tick=False)
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1h", NOW - timedelta(hours=1)),
            ("30d", NOW - timedelta(days=30)),
            ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
            ("2026-01-31T10:00+02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ],
    )
    def test_is_read(self, text: str, expected: datetime) -> None:
        """A period ending now, a day (in UTC for whom nobody knows the zone of), or a moment."""
        assert moment(text) == expected

    @pytest.mark.parametrize("text", ["", "h", "99999d", "1w", "2026-13-01", "٣d"])
    def test_nonsense_is_refused(self, text: str) -> None:
        """What is no time says how to write one."""
        with pytest.raises(Invalid, match="2026-01-31"):
            moment(text)

    def test_last_day_is_whole(self) -> None:
        """A day at the end includes all of it; a moment is that moment."""
        assert moment("2026-01-31", is_end=True) == datetime(2026, 2, 1, tzinfo=UTC)
        assert moment("2026-01-31T10:00", is_end=True) == datetime(2026, 1, 31, 10, tzinfo=UTC)

    def test_days_are_the_readers(self) -> None:
        """In Auckland a day begins while it is still the day before in UTC."""

        def read() -> tuple[datetime, datetime]:
            days.read_in("Pacific/Auckland")
            return moment("2026-12-04"), moment("2026-12-04", is_end=True)

        assert copy_context().run(read) == (
            datetime(2026, 12, 3, 11, tzinfo=UTC),
            datetime(2026, 12, 4, 11, tzinfo=UTC),
        )

    def test_says_which_is_wrong(self) -> None:
        """The message belongs to the end."""
        with pytest.raises(Invalid) as caught:
            moment("9999-12-31", is_end=True)

        assert list(caught.value.fields) == ["until"]


class TestAsked:
    """The query that an address asks for."""

    def test_takes_all_filters(self) -> None:
        """Each of them is one of the query's, and the search is its text."""
        address = {
            "since": "2026-01-01",
            "until": "2026-01-31",
            "actor_id": "018f3a5e-7c1b-7d9a-9f3e-2b1c4d5e6f70",
            "action": "user.create,user.update",
            "outcome": "denied",
            "module": "users",
            "target_type": "user",
            "target_id": "1",
            "request_id": "abc",
            "access_only": "true",
            "reads": "none",
            "changed": "user.display_name",
        }
        query = AuditFilter(**asked(address, "ada"))

        assert query.text == "ada"
        assert query.access_only
        assert query.until == datetime(2026, 2, 1, tzinfo=UTC)
        assert None not in query.model_dump(include=set(address)).values()


class TestChips:
    """Filters in words."""

    def test_are_named(self) -> None:
        """Periods are not called as moments are; ids are replaced by names."""
        found = chips({"since": "24h", "actor_id": "1"}, "ada", {"1": "Ada Lovelace"})

        assert [(chip["label"], chip["value"]) for chip in found] == [
            ("Search", "ada"),
            ("When", "last 24 hours"),
            ("Who", "Ada Lovelace"),
        ]

    @pytest.mark.parametrize(
        ("key", "value", "words"),
        [
            ("changed", "user.display_name", "Changed: Name (User)"),
            ("changed", "nonsense", "Changed: nonsense"),
            ("reads", "none", "Looks: Left out"),
            ("access_only", "true", "Only: changes to permissions"),
        ],
    )
    def test_in_words(self, key: str, value: str, words: str) -> None:
        """As people read them."""
        [chip] = chips({key: value}, "", {})

        assert f"{chip['label']}: {chip['value']}" == words


class TestOptions:
    """What can be chosen."""

    def test_actions_are_grouped(self) -> None:
        """By module, each group in one place, in words."""
        options = action_options(build_registry())
        groups = [option["group"] for option in options]

        assert groups == sorted(groups)
        assert [option["label"] for option in options if option["value"] == "user.create"] == [
            "Created a user"
        ]
        assert {"Users", "Roles", "Audit", "Auth"} <= set(groups)

    def test_fields(self) -> None:
        """Those that can be changed, as far as one may know of it."""
        every = changed_options(build_registry(), lambda _kind, _field: True)
        some = changed_options(build_registry(), lambda kind, _field: kind == "role")

        labels = {each["value"]: f"{each['group']} {each['label']}" for each in every}
        assert labels["user.display_name"] == "User Name"
        assert {"user.roles", "user.grants", "role.grants", "role.members"} <= labels.keys()
        assert "user.created_at" not in labels
        assert {each["group"] for each in some} == {"Role"}

    def test_modules_and_kinds(self) -> None:
        """Modules that have permissions, and things that can be changed."""
        registry = build_registry()

        assert {"value": "users", "label": "Users"} in module_options(registry)
        assert "gallery" not in [option["value"] for option in module_options(registry)]
        assert {"user", "role", "session", "handler"} <= {
            option["value"] for option in kind_options(registry)
        }
