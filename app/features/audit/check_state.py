"""State of the dialog that verifies the audit trail."""

from typing import Any

import reflex as rx

from app.core.errors import PlatformError
from app.core.permissions import SIGNED_IN
from app.features.audit.permissions import AuditPermission
from app.features.audit.schemas import Finding, VerifyQuery
from app.features.audit.service import SealService
from app.ui import runtime
from app.ui.handlers import handler
from app.ui.page_state import PageState

_LIST = "/audit"
_PART = 2000
"""Entries that one event verifies."""
_MOST_FINDINGS = 50


class TrailCheck(PageState, rx.State):
    """The dialog that verifies the trail: part by part, so that it shows how far it is."""

    is_open: bool = False
    is_running: bool = False
    done: int = 0
    """How much of it, in thousandths."""
    checked: int = 0
    sentence: str = ""
    """How far it is, or what came of it."""
    faults: int = 0
    findings: list[dict[str, str]] = []
    """The first of them, as `{"words", "href"}`."""
    _cursor: str = ""

    @handler(AuditPermission.VERIFY)
    async def start(self) -> Any:
        """Open the dialog and begin."""
        self._begin()
        self.is_open = self.is_running = True
        return TrailCheck.go_on

    @handler(AuditPermission.VERIFY)
    async def go_on(self) -> Any:
        """Verify the next part; it calls itself until there is none, or the dialog is closed."""
        if not self.is_running:
            return None
        async with runtime.operations(SealService) as seals:
            part = await seals.verify(VerifyQuery(cursor=self._cursor or None, limit=_PART))
        self.done = round(part.progress * 1000)
        self.checked += part.checked
        self.faults += part.faults
        found = [_finding(each) for each in part.findings]
        self.findings = [*self.findings, *found][:_MOST_FINDINGS]
        self._cursor = part.next_cursor or ""
        self.sentence = f"{self.checked:,} of {part.sealed:,} entries"
        if self._cursor:
            return TrailCheck.go_on
        self.is_running = False
        self.sentence = f"{_counted(self.checked, 'entry', 'entries')} verified."
        if part.waiting:
            self.sentence += f" {_counted(part.waiting, 'new entry waits', 'new entries wait')}"
            self.sentence += " for the next seal."
        return None

    @handler(SIGNED_IN)
    async def close(self) -> None:
        """Stop, and close the dialog."""
        self.is_open = self.is_running = False

    def _begin(self) -> None:
        self.done = self.checked = self.faults = 0
        self.findings = []
        self.sentence, self._cursor = "Starting", ""

    async def _show_problem(self, error: PlatformError) -> Any:
        self.is_open = self.is_running = False
        return await super()._show_problem(error)


def _finding(finding: Finding) -> dict[str, str]:
    # What is missing cannot be opened.
    is_there = finding.entry_id and finding.kind != "missing"
    href = f"{_LIST}?entry={finding.entry_id}" if is_there else ""
    return {"words": finding.message, "href": href}


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
