"""State of the dialog that verifies the audit trail."""

from typing import Any

import reflex as rx

from app.core.errors import Conflict, Invalid, PlatformError
from app.core.permissions import SIGNED_IN
from app.features.audit.permissions import AuditPermission
from app.features.audit.schemas import (
    Acknowledge,
    Acknowledged,
    Finding,
    Verification,
    VerifyQuery,
)
from app.features.audit.seal_service import SealService
from app.ui import runtime
from app.ui.forms import parse
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
    title: str = ""
    """What came of it, in a few words."""
    sentence: str = ""
    """How far it is, or what came of it."""
    faults: int = 0
    findings: list[dict[str, str]] = []
    """The first of them, as `{"words", "href", "place"}`; a place can be acknowledged."""
    irregularities: int = 0
    """How many of them can be acknowledged."""
    acknowledged: list[dict[str, str]] = []
    """The first ones, as `{"words", "by", "at", "reason", "href"}`."""
    remarks: list[str] = []
    head: str = ""
    """The end of the trail, to be noted elsewhere."""
    asked: list[str] = []
    """The irregularities that the open dialog asks to explain, in words."""
    _cursor: str = ""
    _expect: str = ""
    _known: int = 0
    _places: list[str] = []

    @handler(AuditPermission.VERIFY)
    async def start(self) -> Any:
        """Open the dialog and begin."""
        self._expect = self.head = ""
        return self._begin()

    @handler(AuditPermission.VERIFY)
    async def expect(self, form: dict[str, Any]) -> Any:
        """Begin anew, and look for a head that was noted elsewhere."""
        self._clear_form_problem()
        try:
            query = parse(VerifyQuery, {"expect": str(form.get("expect", "")).strip() or None})
        except Invalid as error:
            return self._show_form_problem(error)
        self._expect = query.expect or ""
        return self._begin()

    @handler(AuditPermission.VERIFY)
    async def go_on(self) -> Any:
        """Verify the next part; it calls itself until there is none, or the dialog is closed."""
        if not self.is_running:
            return None
        query = VerifyQuery(
            cursor=self._cursor or None,
            limit=_PART,
            expect=None if self._cursor else self._expect or None,
        )
        async with runtime.operations(SealService) as seals:
            part = await seals.verify(query)
        self._add(part)
        if self._cursor:
            return TrailCheck.go_on
        self._finish(part)
        return None

    @handler(AuditPermission.ACKNOWLEDGE)
    async def ask(self, place: str) -> None:
        """Ask what happened at an irregularity of time; without a place at all of them."""
        self._clear_form_problem()
        chosen = [each for each in self.findings if each["place"] and place in ("", each["place"])]
        self._places = [each["place"] for each in chosen]
        self.asked = [each["words"] for each in chosen]

    @handler(AuditPermission.ACKNOWLEDGE)
    async def acknowledge(self, form: dict[str, Any]) -> Any:
        """Explain the irregularities that were asked for, and verify anew."""
        self._clear_form_problem()
        try:
            given = {"places": self._places, "reason": form.get("reason", "")}
            request = parse(Acknowledge, given)
            async with runtime.operations(SealService) as seals:
                await seals.acknowledge(request)
        except (Conflict, Invalid) as error:
            return self._show_form_problem(error)
        self.asked = []
        return self._begin()

    @handler(SIGNED_IN)
    async def leave(self) -> None:
        """Explain nothing."""
        self.asked = []
        self._clear_form_problem()

    @handler(SIGNED_IN)
    async def close(self) -> None:
        """Stop, and close the dialog."""
        self.is_open = self.is_running = False
        self.asked = []
        self._clear_form_problem()

    def _begin(self) -> Any:
        self.done = self.checked = self.faults = self.irregularities = self._known = 0
        self.findings, self.acknowledged, self.remarks = [], [], []
        self.sentence, self._cursor = "Starting", ""
        self.is_open = self.is_running = True
        return TrailCheck.go_on

    def _add(self, part: Verification) -> None:
        """Show what one part found."""
        self.done = round(part.progress * 1000)
        self.checked += part.checked
        self.faults += part.faults
        found = [*self.findings, *map(_finding, part.findings)][:_MOST_FINDINGS]
        self.findings = found
        self.irregularities = sum(1 for each in found if each["place"])
        known = [*self.acknowledged, *map(_acknowledged, part.acknowledged)]
        self.acknowledged = known[:_MOST_FINDINGS]
        self._known += len(part.acknowledged)
        self._cursor = part.next_cursor or ""
        self.sentence = f"{self.checked:,} of {part.sealed:,} entries"

    def _finish(self, last: Verification) -> None:
        """Say what came of it."""
        self.is_running = False
        self.remarks, self.head = last.remarks, last.head
        if self.faults:
            self.title = "Not everything is as it was written"
        elif self._known:
            what = _counted(self._known, "acknowledged irregularity", "acknowledged irregularities")
            self.title = f"Sound, with {what}"
        else:
            self.title = "Everything is as it was written"
        self.sentence = f"{_counted(self.checked, 'entry', 'entries')} verified."
        if self.faults:
            self.sentence += f" {_counted(self.faults, 'problem was', 'problems were')} found."
        if last.waiting:
            self.sentence += f" {_counted(last.waiting, 'new entry waits', 'new entries wait')}"
            self.sentence += " for the next seal."
        if self._expect and not self.faults:
            seal = self._expect.partition(":")[0]
            self.sentence += f" The head that you expected, of seal {seal}, is in it."

    async def _show_problem(self, error: PlatformError) -> Any:
        self.is_open = self.is_running = False
        self.asked = []
        return await super()._show_problem(error)


def _finding(finding: Finding) -> dict[str, str]:
    # What is missing cannot be opened.
    is_there = finding.entry_id and finding.kind != "missing"
    href = _href(finding.entry_id) if is_there else ""
    return {"words": finding.message, "href": href, "place": finding.place}


def _acknowledged(known: Acknowledged) -> dict[str, str]:
    return {
        "words": known.finding.message,
        "by": known.by,
        "at": known.at.isoformat(),
        "reason": known.reason,
        "href": _href(known.entry_id),
    }


def _href(entry_id: object) -> str:
    return f"{_LIST}?entry={entry_id}"


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
