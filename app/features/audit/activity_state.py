"""The audit trail of one record, page by page, as the record's own page shows it."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.features.audit.schemas import AuditListQuery
from app.features.audit.service import AuditService
from app.features.audit.words import EntryRow, changes_of, entry_row
from app.ui import runtime
from app.ui.forms import parse
from app.ui.page_state import PageState

ACTIVITY_LIMIT = 50
"""How many entries a page shows."""


@dataclass
class ActivityRow:
    """One entry of a record's own audit trail."""

    id: str
    who: str
    is_person: bool
    what: str
    at: str
    outcome: str
    changes: list[dict[str, Any]]


class ActivityState(PageState, mixin=True):
    """What was done to the record that the address names, and who looked at it."""

    activity: list[ActivityRow] = []
    looks: list[ActivityRow] = []
    """Who looked last; shown beside the newest entries only."""
    newer: str = ""
    """Address of the page with the entries after these; empty when there are none."""
    older: str = ""

    async def _load_activity_of(self, target_type: str, target_id: UUID, *, noun: str = "") -> None:
        """Load the page of entries that the address names, newest first.

        Args:
            target_type: The kind of thing, as entries call it.
            target_id: Which.
            noun: What people call it, where that is not the same.

        Raises:
            Invalid: The address names no page of ours.
        """
        cursor = self.router.url.query_parameters.get("cursor", "")
        about = {"target_type": target_type, "target_id": str(target_id), "limit": ACTIVITY_LIMIT}
        done = parse(
            AuditListQuery, about | {"reads": "none"} | ({"cursor": cursor} if cursor else {})
        )
        async with runtime.operations(AuditService) as audit:
            page = await audit.page(done)
            looked = (
                []
                if page.previous_cursor
                else (await audit.page(parse(AuditListQuery, about | {"reads": "only"}))).items
            )
        noun = noun or target_type.replace("_", " ")
        self.activity, self.looks = (
            [_row(entry_row(entry), noun, changes_of(entry)) for entry in entries]
            for entries in (page.items, looked)
        )
        self.newer = self._activity_at(page.previous_cursor)
        self.older = self._activity_at(page.next_cursor)

    def _activity_at(self, cursor: str | None) -> str:
        return f"{self.router.url.path}?{urlencode({'cursor': cursor})}" if cursor else ""


def _row(row: EntryRow, noun: str, changes: list[dict[str, Any]]) -> ActivityRow:
    what = _what(row, noun)
    return ActivityRow(row.id, row.who, row.is_person, what, row.at, row.outcome, changes)


def _what(row: EntryRow, noun: str) -> str:
    """What was done, on the page of the record itself: *changed the roles of this user*."""
    if not row.target:
        return row.what
    words, count = re.subn(rf"\b(?:the )?{noun}$", f"this {noun}", row.what)
    return words if count else f"{row.what} this {noun}"
