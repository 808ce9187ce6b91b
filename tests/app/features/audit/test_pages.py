"""The audit list."""

import reflex as rx

from app.features.audit.check_pages import check_dialogs
from app.features.audit.pages import audit_page, entry_timeline
from app.features.audit.state import AuditList


def test_list_says_what_can_be_found() -> None:
    """Columns, filters and the ways to narrow the list have names."""
    page = str(audit_page())

    for words in ("What happened", "Who", "Outcome", "When", "Last 7 days", "Denied", "request id"):
        assert words in page


def test_list_says_why_it_is_empty() -> None:
    """An empty trail, a filter that matches nothing, and a failure are told apart."""
    page = str(audit_page())

    for words in ("Nothing happened yet", "Nothing matches", "This address cannot be read"):
        assert words in page
    assert "This could not be loaded" in page


def test_entry_shows_changes_and_circumstances() -> None:
    """The details have a heading each, and lead on to what belongs together."""
    page = str(audit_page())

    for words in ("Changes", "Circumstances", "Copy the request id", "of the same request"):
        assert words in page


def test_timeline_leads_only_readers_to_the_trail() -> None:
    """Whoever may not read the trail sees the words without the link."""
    drawn = str(rx.fragment(entry_timeline(AuditList.rows)))

    assert '"audit.read"' in drawn
    assert "/audit?entry=" in drawn


def test_timeline_tells_the_origin_on_request() -> None:
    """One's own activity says from where; others' does not."""
    assert "origin" in str(entry_timeline(AuditList.rows, with_origin=True))
    assert "origin" not in str(entry_timeline(AuditList.rows))


def test_dialog_tells_what_came_of_the_verification() -> None:
    """How far it is, what was found, and the head of the trail."""
    page = str(audit_page())

    for words in ("Verify the audit trail", "What was found", "Copy the head", "Expected head"):
        assert words in page
    assert "/session/audit/export?format=jsonl" in page


def test_only_some_are_asked_to_acknowledge() -> None:
    """The buttons that explain an irregularity of time are drawn for those who may."""
    drawn = str(check_dialogs())

    assert drawn.count('"audit.acknowledge"') == drawn.count('trail_check.ask"') == 2
