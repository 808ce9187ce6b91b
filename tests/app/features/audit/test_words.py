"""Audit entries in words."""

import re
from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from app.bootstrap import build_registry
from app.features.audit.phrases import TOLD_ACTIONS
from app.features.audit.schemas import AuditEntryRead
from app.features.audit.words import (
    browser,
    changes_in_short,
    changes_of,
    entry_row,
    tell,
)
from app.testing import conformance
from tests.fixtures.tab import Tab

pytestmark = pytest.mark.one_engine


def entry(**facts: Any) -> AuditEntryRead:
    """An entry of which only some facts matter."""
    usual: dict[str, Any] = {
        "id": uuid4(),
        "at": datetime(2026, 3, 4, tzinfo=UTC),
        "action": "user.update",
        "outcome": "succeeded",
        "actor_kind": "user",
        "actor_id": uuid4(),
        "actor_name": "Ada Lovelace",
        "target_type": "user",
        "target_id": str(uuid4()),
        "target_label": "grace@example.com",
        "changes": [],
        "detail": {},
        "error_code": "",
        "request_id": uuid4().hex,
        "channel": "console",
        "address": "192.0.2.7",
        "user_agent": "",
        "duration_ms": 3,
    }
    return AuditEntryRead.model_validate(usual | facts)


OWN_ACTIONS = {
    *(
        operation.action
        for operation in conformance.operations_in("app.features").values()
        if operation is not None
    ),
    # Recorded by the guard of the console, when it refuses a handler.
    *map(str, build_registry().permissions),
    "console.handler",
    "signed_in",
}


@pytest.mark.usefixtures("tab")
class TestTell:
    """Entries in words."""

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({}, "changed user grace@example.com"),
            ({"outcome": "failed"}, "tried to change user grace@example.com"),
            ({"changes": [{"field": "password"}]}, "set a new password for grace@example.com"),
            ({"action": "blog.post.publish", "target_type": "post", "target_label": "Hello"},
             "published post Hello"),
            ({"action": "vat_rate.set", "target_type": "vat_rate", "target_label": "A"},
             "set vat rate A"),
            ({"action": "user.assign_roles"}, "changed the roles of grace@example.com"),
            ({"action": "note.copy", "target_type": "note", "target_label": "A"}, "copied note A"),
            ({"action": "auth.sign_out", "target_type": "session"}, "signed out"),
            ({"action": "auth.sign_in", "outcome": "failed", "target_id": "", "actor_id": None},
             "tried to sign in as grace@example.com"),
            ({"action": "user.delete", "outcome": "denied", "target_type": "", "target_id": "",
              "target_label": ""}, "tried to delete a user"),
            ({"action": "user.export", "target_type": "", "target_id": "", "target_label": "",
              "detail": {"rows": 1234}}, "exported 1,234 users"),
            ({"action": "session.purge", "target_type": "session", "target_id": "",
              "target_label": "3 expired sessions"}, "removed 3 expired sessions"),
            ({"outcome": "failed", "target_type": "", "target_id": "", "target_label": "",
              "error_code": "user.not_found"}, "tried to change a user that no longer exists"),
            ({"action": "session.revoke"}, "ended a session of grace@example.com"),
            ({"action": "console.handler", "outcome": "denied", "target_type": "handler",
              "target_id": "state.setvar", "target_label": ""},
             "tried to call what the console does not offer"),
            ({"action": "signed_in", "outcome": "denied", "target_type": "handler",
              "target_id": "console.find", "target_label": ""},
             "tried to use the console without being signed in"),
            ({"action": "import", "target_type": "", "target_id": "", "target_label": ""},
             "imported"),
            ({"action": "some.thing.do", "outcome": "denied", "target_type": "", "target_id": "",
              "target_label": ""}, "tried to do something"),
            ({"action": "cache.entry.clear", "target_type": "", "target_id": "",
              "target_label": ""}, "cleared entry"),
            ({"action": "audit.read", "outcome": "denied", "target_type": "page",
              "target_id": "/audit", "target_label": ""}, "tried to open the page Audit"),
            ({"action": "audit.read", "outcome": "denied", "target_type": "page",
              "target_id": f"/users/{uuid4()}/sessions", "target_label": ""},
             "tried to open the page Sessions"),
            ({"action": "user.read", "outcome": "denied", "target_type": "handler",
              "target_id": "page /users/[user_id]", "target_label": ""},
             "tried to open the page User"),
            ({"action": "user.read", "outcome": "denied", "target_type": "page",
              "target_id": "/gone", "target_label": ""}, "tried to open the page /gone"),
            ({"action": "user.create", "outcome": "denied", "target_type": "handler",
              "target_id": "state.save", "target_label": ""}, "tried to create a user"),
            ({"action": "user.read", "detail": {"count": 2, "listed": 1}},
             "looked at user grace@example.com"),
            ({"action": "user.read", "detail": {"count": 2, "listed": 2}},
             "saw in a list: user grace@example.com"),
            ({"action": "role.read", "target_type": "role", "target_label": "Editors"},
             "looked at the role Editors"),
            ({"action": "role.read", "outcome": "denied", "target_type": "", "target_id": "",
              "target_label": ""}, "tried to look at the roles"),
            ({"action": "request.read", "target_type": "request",
              "target_label": "GET /api/v1/users"}, "sent the request GET /api/v1/users"),
            ({"action": "request.read", "target_type": "page", "target_id": "/users",
              "target_label": ""}, "opened the page Users"),
            ({"action": "request.read", "target_type": "handler", "target_id": "a____b.load",
              "target_label": "b.load"}, "sent the request b.load"),
            ({"action": "audit.reads_lost", "outcome": "failed", "target_type": "",
              "target_id": "", "target_label": "", "detail": {"rows": 12}},
             "tried to keep 12 records of who looked at what"),
        ],
    )  # fmt: skip
    def test_reads_as_a_sentence(self, facts: dict[str, Any], words: str) -> None:
        """Also actions of modules nobody here knows, and what was refused."""
        assert " ".join(filter(None, tell(entry(**{"hidden_changes": 1} | facts)))) == words

    def test_every_action_of_the_platform(self) -> None:
        """Has an object, and none of the words that only programs use."""
        assert TOLD_ACTIONS >= OWN_ACTIONS
        for action, outcome, target in product(
            sorted(OWN_ACTIONS), ("succeeded", "denied", "failed"), ("grace@example.com", "")
        ):
            about = {
                "target_type": "user" if target else "",
                "target_id": str(uuid4()) if target else "",
                "target_label": target,
            }
            told = " ".join(filter(None, tell(entry(action=action, outcome=outcome, **about))))

            assert told.startswith("tried to ") is (outcome != "succeeded"), told
            assert re.fullmatch(r"[a-z]+( [-A-Za-z'@.]+)+", told), told
            assert "something" not in told, told

    def test_one_does_nothing_to_oneself(self) -> None:
        """Signing in as oneself goes without saying."""
        someone = uuid4()

        told = tell(entry(action="auth.sign_in", actor_id=someone, target_id=str(someone)))

        assert told == ("signed in", "")


@pytest.mark.actor("admin")
class TestEntryRow:
    """Entries as lines."""

    async def test_leads_to_a_record_that_is_still_there(self, tab: Tab) -> None:
        """A deleted user has no page any more; what has no page gets no link."""
        tab.act()
        there = entry()

        assert entry_row(there).target_href == f"/users/{there.target_id}"
        assert entry_row(entry(action="user.delete")).target_href == ""
        assert entry_row(entry(target_type="unicorn")).target_href == ""
        assert entry_row(entry(target_id="")).target_href == ""

    async def test_says_from_where(self, tab: Tab) -> None:
        """Browser and address, as far as they are known."""
        tab.act()

        assert entry_row(entry(user_agent="curl/8")).origin == "curl/8, 192.0.2.7"
        assert entry_row(entry(address="")).origin == ""


class TestChanges:
    """Values before and after."""

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (None, ""),
            (True, "yes"),
            (False, "no"),
            (0, "0"),
            (["a", None, 1], "a, , 1"),
            ({"a": "ü"}, '{"a": "ü"}'),
            ("2026-03-04T14:00:00.5+02:00", "2026-03-04 12:00:00 UTC"),
            ("2026-13-04T14:00:00Z", "2026-13-04T14:00:00Z"),
        ],
    )
    def test_are_readable(self, value: object, words: str) -> None:
        """JSON is told as people write it."""
        changes = [{"field": "some_field", "before": None, "after": value}]

        assert changes_of(entry(changes=changes)) == [
            {"field": "Some field", "before": "", "after": words}
        ]

    @pytest.mark.parametrize(
        ("field", "label"),
        [
            ("display_name", "Name"),
            ("email", "E-mail"),
            ("verified", "E-mail address is confirmed"),
            ("must_change_password", "Password must be changed"),
            ("roles", "Roles"),
        ],
    )
    def test_fields_are_called_as_in_forms(self, field: str, label: str) -> None:
        """Who reads the trail knows the words from the form."""
        [change] = changes_of(entry(changes=[{"field": field, "before": None, "after": "x"}]))

        assert change["field"] == label


CHANGES_IN_SHORT = [
    ([("display_name", "Ada", "Ada Berg")], "Name: Ada → Ada Berg"),
    (
        [("display_name", "Ada", None), ("verified", False, True)],
        "Name: Ada → empty; E-mail address is confirmed: no → yes",
    ),
    ([("a", 1, 2), ("b", 1, 2), ("c", 1, 2)], "A: 1 → 2; B: 1 → 2; 1 more"),
    (
        [("roles", [{"role": "guest"}], [{"role": "Editor"}])],
        "Roles: + Editor, \N{MINUS SIGN} guest",
    ),
    (
        [("roles", [{"role": "guest", "reason": ""}], [{"role": "guest", "reason": "Cover"}])],
        "Roles: guest changed",
    ),
    (
        [("grants", None, [{"permission": f"user.{each}"} for each in "abc"])],
        "Grants: + user.a, + user.b, 1 more",
    ),
    ([("password", "[redacted]", "[redacted]")], "Password: changed"),
    ([("description", "x" * 60, "")], f"Description: {'x' * 39}… → empty"),
    ([], ""),
]


@pytest.mark.parametrize(("changes", "words"), CHANGES_IN_SHORT)
def test_changes_in_short(changes: list[tuple[str, Any, Any]], words: str) -> None:
    """The list tells what was changed; what was made or did not succeed is told by its sentence."""
    told = [dict(zip(("field", "before", "after"), each, strict=True)) for each in changes]

    assert changes_in_short(entry(changes=told)) == words
    assert changes_in_short(entry(changes=told, action="user.create")) == ""
    assert changes_in_short(entry(changes=told, outcome="failed")) == ""


@pytest.mark.usefixtures("tab")
@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "changed nothing of user grace@example.com"),
        ({"hidden_changes": 1}, "changed user grace@example.com"),
        ({"action": "user.assign_roles"}, "changed nothing of the roles of grace@example.com"),
        ({"action": "user.suspend"}, "suspended user grace@example.com"),
        ({"outcome": "denied"}, "tried to change user grace@example.com"),
    ],
    ids=str,
)
def test_nothing_changed(facts: dict[str, Any], words: str) -> None:
    """Who saved something as it was changed nothing; what is hidden may be a change."""
    assert " ".join(tell(entry(**facts))) == words


class TestBrowser:
    """Browsers in words."""

    @pytest.mark.parametrize(
        ("user_agent", "words"),
        [
            ("(X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128 on Linux"),
            (
                "(Windows NT 10.0) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                "Edge 126 on Windows",
            ),
            ("(Macintosh; Intel Mac OS X 10_15) Version/17.5 Safari/605", "Safari 17 on macOS"),
            (
                "(iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/605",
                "Safari 17 on iOS",
            ),
            ("(Linux; Android 14) Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome 126 on Android"),
            ("Chrome/1", "Chrome 1"),
            ("curl/8.1", "curl/8.1"),
            ("", ""),
        ],
    )
    def test_are_told_apart(self, user_agent: str, words: str) -> None:
        """What is no browser keeps its own name."""
        assert browser(user_agent) == words
