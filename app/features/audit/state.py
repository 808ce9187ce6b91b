"""States of the audit list, and of the dialog that verifies the trail."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

import reflex as rx

from app.core import clock
from app.core.errors import Invalid, NotFound, PlatformError
from app.core.ids import parse_id
from app.core.permissions import SIGNED_IN
from app.features.audit.permissions import AuditPermission
from app.features.audit.schemas import (
    AuditEntryRead,
    AuditFilter,
    AuditListQuery,
    Finding,
    VerifyQuery,
)
from app.features.audit.service import AuditService, SealService, can_undo
from app.features.audit.words import (
    TOLD_ACTIONS,
    EntryRow,
    action_in_words,
    actor_of,
    browser,
    capitalised,
    changes_of,
    entry_row,
    in_words,
    record_of,
    tell,
)
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.list_state import ListState
from app.ui.page_policy import PagePolicy
from app.ui.page_state import Console, PageState

PERIODS: Mapping[str, str] = {
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "365d": "Last year",
}
OUTCOMES: Mapping[str, str] = {"succeeded": "Succeeded", "denied": "Denied", "failed": "Failed"}

_CHANNELS = {
    "api": "REST API",
    "cli": "Command line",
    "console": "Console",
    "system": "The platform itself",
}
_NO_ID = UUID(int=0)
_PART = 2000
"""Entries that one event verifies."""
_MOST_FINDINGS = 50
_AGO = re.compile(r"([0-9]{1,4})([hd])")
_UNITS = {"h": "hours", "d": "days"}


@dataclass
class EntryDetails:
    """All that is known of one audit entry; an empty id means that none is open."""

    id: str = ""
    at: str = ""
    who: str = ""
    what: str = ""
    target: str = ""
    target_href: str = ""
    action: str = ""
    outcome: str = ""
    request_id: str = ""
    changes: list[dict[str, str]] = field(default_factory=list)
    contents: list[dict[str, str]] = field(default_factory=list)
    """Instead of changes, as `{"name", "value"}`, when the thing is new or gone."""
    is_gone: bool = False
    facts: list[dict[str, str]] = field(default_factory=list)
    """Circumstances in order, as `{"name", "value", "exact"}`; `exact` marks codes."""
    by_same_actor: str = ""
    """Address of the list of all that this actor did; empty when nobody was signed in."""
    about_same_target: str = ""
    of_same_action: str = ""
    in_same_request: str = ""
    can_undo: bool = False


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


class Undoing(PageState, rx.State):
    """*Undo* on a message, on whatever page it is shown."""

    @handler(AuditPermission.UNDO)
    async def undo(self, toast_id: str) -> Any:
        """Take back what the message tells, and load the page anew."""
        console = await self.get_state(Console)
        toast = next((each for each in console.toasts if each.id == toast_id), None)
        entry_id = parse_id(toast.entry) if toast else None
        if entry_id is None:
            return None
        console.toasts = [each for each in console.toasts if each.id != toast_id]
        async with runtime.operations(AuditService) as audit:
            await audit.undo(entry_id)
        await self._say("Taken back.")
        policy = PagePolicy(runtime.current().registry, development=True)
        page = policy.by_path(self.router.url.path)
        return list(page.on_load) if page else None


def _finding(finding: Finding) -> dict[str, str]:
    # What is missing cannot be opened.
    is_there = finding.entry_id and finding.kind != "missing"
    href = f"{AuditList.path}?entry={finding.entry_id}" if is_there else ""
    return {"words": finding.message, "href": href}


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


class AuditList(ListState, rx.State):
    """The list of audit entries, and the entry that is open beside it."""

    path: ClassVar[str] = "/audit"
    filter_titles: ClassVar[Mapping[str, str]] = {
        "since": "When",
        "outcome": "Outcome",
        "action": "Action",
        "actor_id": "Who",
        "target_type": "Kind",
        "target_id": "About",
        "request_id": "Request",
    }

    rows: list[EntryRow] = []
    action_options: list[dict[str, str]] = []
    entry: EntryDetails = EntryDetails()
    _shown: dict[str, Any] = {}
    _entry_id: str = ""

    @rx.var
    def chips(self) -> list[dict[str, str]]:
        """The filters in force, in the words of the list."""
        return [
            {"key": key, "label": self.filter_titles[key], "value": self._words_of(key, value)}
            for key, value in self.filters.items()
        ]

    @rx.var
    def exported(self) -> str:
        """The filters as a query string of the export."""
        wanted = dict(self.filters)
        if "since" in wanted:
            with suppress(Invalid):
                wanted["since"] = moment(wanted["since"]).isoformat()
        return urlencode(wanted)

    @handler(AuditPermission.READ)
    async def load(self) -> AsyncIterator[None]:
        """Load the page and the open entry that the address names."""
        arguments = self._read_address()
        arguments.pop("q", None)
        entry_id = self.router.url.query_parameters.get("entry", "")
        if entry_id != self.entry.id:
            self.entry = EntryDetails()
        # Opening and closing an entry leaves the list as it is.
        if entry_id == self._entry_id or arguments != self._shown:
            self.loading = True
            yield
            await self._load_rows(arguments)
        self._entry_id = entry_id
        await self._load_entry(entry_id)

    @handler(AuditPermission.UNDO)
    async def undo(self) -> Any:
        """Take back what the open entry tells."""
        async with runtime.operations(AuditService) as audit:
            await audit.undo(parse_id(self.entry.id) or _NO_ID)
        await self._say("Taken back.")
        self._shown = {}
        return AuditList.load

    @handler(SIGNED_IN)
    async def close_entry(self) -> Any:
        """Go back to the list."""
        self.entry = EntryDetails()
        given = dict(self.router.url.query_parameters)
        given.pop("entry", None)
        return rx.redirect(f"{self.path}?{urlencode(given)}".rstrip("?"), replace=True)

    @handler(SIGNED_IN)
    async def find_request(self, request_id: str) -> Any:
        """Show the entries of one request; its id stands in logs and error messages."""
        request_id = request_id.strip()[:100]
        if request_id == self.filters.get("request_id", ""):
            return None
        others = {key: value for key, value in self.filters.items() if key != "request_id"}
        self.filters = {**others, "request_id": request_id} if request_id else others
        return rx.redirect(self._address(), replace=True)

    async def _show_problem(self, error: PlatformError) -> Any:
        if self.loading:
            self.rows, self._shown = [], {}
        return await super()._show_problem(error)

    async def _load_rows(self, arguments: dict[str, Any]) -> None:
        query = dict(arguments)
        if "since" in query:
            query["since"] = moment(query["since"])
        request = parse(AuditListQuery, query)
        async with runtime.operations(AuditService) as audit:
            page = await audit.page(request)
            fields = set(AuditFilter.model_fields)
            count = await audit.count(AuditFilter(**request.model_dump(include=fields)))
        self.rows = [entry_row(entry) for entry in page.items]
        self._show_page(page, total=count.count, total_is_exact=count.is_exact)
        self._shown = arguments
        actions = {*TOLD_ACTIONS, *map(str, runtime.current().registry.permissions)}
        actions |= {row.action for row in self.rows}
        words = {action: action_in_words(action) for action in actions}
        self.action_options = [
            {"value": action, "label": words[action]}
            for action in sorted(words, key=words.__getitem__)
        ]

    async def _load_entry(self, entry_id: str) -> None:
        if not entry_id:
            return
        try:
            async with runtime.operations(AuditService) as audit:
                self.entry = _details(await audit.get(parse_id(entry_id) or _NO_ID))
        except NotFound as error:
            self.entry = EntryDetails()
            await self._say(error.message, kind="warning")

    def _words_of(self, key: str, value: str) -> str:
        if key == "outcome":
            return OUTCOMES.get(value, value)
        if key == "action":
            return ", ".join(map(action_in_words, value.split(",")))
        if key == "since":
            return _period(value)
        if key == "actor_id" and self.rows:
            return self.rows[0].who
        if key == "target_id" and self.rows and self.rows[0].target:
            return self.rows[0].target
        return f"{value[:8]}…" if parse_id(value) else value


def moment(text: str) -> datetime:
    """The moment that a list begins with: `24h` or `30d` ago, a date, or a date and time.

    Raises:
        Invalid: The text is none of these.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return clock.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        message = "Write the time as 24h, 30d or 2026-01-31."
        raise Invalid("audit.since.invalid", message, fields={"since": message}) from error
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _details(entry: AuditEntryRead) -> EntryDetails:
    what, target = tell(entry)
    about = {"target_type": entry.target_type, "target_id": entry.target_id}
    changes = [change for change in changes_of(entry) if entry.target_id not in change.values()]
    is_gone = not any(change["after"] for change in changes)
    one_sided = is_gone or not any(change["before"] for change in changes)
    return EntryDetails(
        id=str(entry.id),
        at=entry.at.isoformat(),
        who=actor_of(entry),
        what=what,
        target=target,
        target_href=record_of(entry),
        action=entry.action,
        outcome=entry.outcome,
        request_id=entry.request_id,
        changes=[] if one_sided else changes,
        contents=[
            {"name": change["field"], "value": change["before"] or change["after"]}
            for change in changes
            if one_sided
        ],
        is_gone=is_gone,
        facts=_facts(entry),
        by_same_actor=_list(actor_id=entry.actor_id) if entry.actor_id else "",
        about_same_target=_list(**about) if entry.target_id else "",
        of_same_action=_list(action=entry.action),
        in_same_request=_list(request_id=entry.request_id),
        can_undo=can_undo(entry, runtime.current().registry.undo(entry.target_type)),
    )


def _facts(entry: AuditEntryRead) -> list[dict[str, str]]:
    facts = [
        ("Who", entry.actor_email, ""),
        ("Action", entry.action, "yes"),
        ("Reason", entry.error_code, "yes"),
        ("Through", _CHANNELS.get(entry.channel, entry.channel), ""),
        ("From", entry.address, "yes"),
        ("With", browser(entry.user_agent), ""),
        ("Took", f"{entry.duration_ms:,} ms", ""),
        *(
            (capitalised(name.replace("_", " ")), in_words(value), "")
            for name, value in entry.detail.items()
        ),
    ]
    return [{"name": name, "value": value, "exact": exact} for name, value, exact in facts if value]


def _list(**filters: object) -> str:
    return f"{AuditList.path}?{urlencode(filters)}"


def _period(text: str) -> str:
    if text in PERIODS:
        return PERIODS[text].lower()
    ago = _AGO.fullmatch(text)
    return f"last {ago[1]} {_UNITS[ago[2]]}" if ago else f"since {text.replace('T', ' ')}"
