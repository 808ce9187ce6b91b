"""State of the audit list, and of *Undo* on messages."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

import reflex as rx

from app.core import clock
from app.core.errors import Conflict, Invalid, NotFound, PlatformError, Unauthenticated
from app.core.ids import first_id_at, new_id, parse_id
from app.core.log import get_logger
from app.core.module import Found
from app.core.permissions import SIGNED_IN
from app.features.audit.activity import MOST_NEWS, ActivityService
from app.features.audit.details import EntryDetails, changed_since, details_of
from app.features.audit.narrowing import (
    TITLES,
    action_options,
    asked,
    changed_options,
    chips,
    kind_options,
    module_options,
    moment,
)
from app.features.audit.permissions import AuditPermission
from app.features.audit.schemas import AuditFilter, AuditListQuery, Share
from app.features.audit.service import AuditService
from app.features.audit.sight import Masks
from app.features.audit.words import EntryRow, action_in_words, entry_row
from app.features.views.state import ViewedListState
from app.ui import runtime
from app.ui.bulk_state import DEFECT, SLICE_SECONDS
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.page_state import PageState

log = get_logger(__name__)

_NO_ID = UUID(int=0)
_LATE = timedelta(minutes=1)
"""An entry can become visible so long after the moment that its id names."""
_LONGEST_SEARCH = 100
_MOST_PEOPLE = 8
MOST_NEIGHBOURS = 20
"""Other entries of the same request that are shown beside an entry."""


class AuditList(ViewedListState, rx.State):
    """The list of audit entries, and the entry that is open beside it."""

    path: ClassVar[str] = "/audit"
    filter_titles: ClassVar[Mapping[str, str]] = TITLES
    column_keys: ClassVar[tuple[str, ...]] = ("title", "who", "outcome", "action", "at")

    visible: list[str] = list(column_keys)
    rows: list[EntryRow] = []
    names: dict[str, str] = {}
    """What people and things are called that filters name by their ids."""
    action_options: list[dict[str, str]] = []
    module_options: list[dict[str, str]] = []
    kind_options: list[dict[str, str]] = []
    changed_options: list[dict[str, str]] = []
    people_options: list[dict[str, str]] = []
    may_find_people: bool = False
    entry: EntryDetails = EntryDetails()
    choosing_days: bool = False
    conflict: str = ""
    """Why the open entry could not be taken back."""
    changed_since: list[dict[str, str]] = []
    """What somebody changed after it; see `details.changed_since`."""
    newer_id: str = ""
    """Of the entry above the open one in the list; empty when there is none."""
    older_id: str = ""
    neighbours: list[EntryRow] = []
    """Other entries of the same request, oldest first."""
    has_more_neighbours: bool = False
    news: int = 0
    """Entries that match and came after those shown; `MOST_NEWS` are that many or more."""
    charted: str = ""
    """What the charts have to show; empty until it is known."""
    counted: int = 0
    counted_is_cut: bool = False
    counted_since: str = ""
    bars: list[dict[str, Any]] = []
    frequent_actions: list[dict[str, Any]] = []
    frequent_people: list[dict[str, Any]] = []
    _shown: dict[str, Any] = {}
    _entry_id: str = ""
    _news: list[UUID] = []
    _looked_until: UUID = _NO_ID

    @rx.var
    def chips(self) -> list[dict[str, str]]:
        """The filters in force, in the words of the list."""
        return chips(self.filters, self.search, self.names)

    @rx.var
    def exported(self) -> str:
        """The filters as a query string of the export."""
        wanted: dict[str, Any] = dict(self.filters)
        with suppress(Invalid):
            wanted = asked(self.filters, self.search)
        return urlencode({key: _as_text(value) for key, value in wanted.items()})

    @handler(AuditPermission.READ)
    async def load(self) -> AsyncIterator[None]:
        """Load the page and the open entry that the address names."""
        arguments = self._read_address()
        self.choosing_days = False
        entry_id = self.router.url.query_parameters.get("entry", "")
        if not entry_id:
            self.entry = EntryDetails()
        # Opening and closing an entry leaves the list as it is.
        if entry_id == self._entry_id or arguments != self._shown:
            self.loading = True
            yield
            await self._load_views()
            await self._load_rows(arguments)
        self._entry_id = entry_id
        await self._load_entry(entry_id)

    @handler(AuditPermission.READ)
    async def load_activity(self) -> None:
        """Count what the list shows, for the charts."""
        async with runtime.operations(ActivityService) as activity:
            found = await activity.activity(self._wanted())
        self.counted, self.counted_is_cut = found.count, found.is_cut
        self.counted_since = found.since.isoformat() if found.since else ""
        self.bars = [bar.model_dump(mode="json") for bar in found.bars]
        self.frequent_actions = [
            _line(share, action_in_words(share.value)) for share in found.actions
        ]
        self.frequent_people = [_line(share, share.name) for share in found.people]
        self.names = {**self.names, **{share.value: share.name for share in found.people}}

    @handler(AuditPermission.READ)
    async def look_for_news(self) -> None:
        """Count what came since the list was loaded, without showing it yet."""
        on_top = not (self.previous_address or self.sort == "at" or self.problem.message)
        if self.loading or not on_top or self.news >= MOST_NEWS:
            return
        looked_until = _settled()
        try:
            async with runtime.operations(ActivityService) as activity:
                found = await activity.newer(self._wanted(), self._looked_until)
        except Unauthenticated:
            raise
        except PlatformError as error:
            # It comes next time.
            log.info("audit.news_failed", code=error.code)
            return
        known = {*self._news, *(parse_id(row.id) for row in self.rows)}
        self._news = [*self._news, *(each for each in found if each not in known)][:MOST_NEWS]
        self._looked_until = looked_until
        if self.news != len(self._news):
            self.news = len(self._news)

    @handler(AuditPermission.READ)
    async def show_news(self) -> Any:
        """Load what came since."""
        self._shown = {}
        return AuditList.load

    @handler(AuditPermission.READ)
    async def find_people(self, text: str) -> None:
        """Offer people by name or e-mail, among those that the person may see."""
        text = text.strip()[:_LONGEST_SEARCH]
        found: list[Found] = []
        for finder in runtime.current().registry.finders_of("user"):
            if text and runtime.caller().actor.may(finder.permission):
                async with runtime.unit() as unit:
                    found += await finder.find(unit, text)
        self.people_options = [
            {
                "value": each.href.rpartition("/")[2],
                "label": each.title,
                "detail": each.detail,
                "group": "",
            }
            for each in found[:_MOST_PEOPLE]
        ]
        self.names = {
            **self.names,
            **{each["value"]: each["label"] for each in self.people_options},
        }

    @handler(SIGNED_IN)
    async def choose_period(self, period: str) -> Any:
        """Show what happened lately; empty is any time."""
        return rx.redirect(self._address(since=period, until=""))

    @handler(SIGNED_IN)
    async def ask_days(self) -> None:
        """Ask for the first and the last day."""
        self._clear_form_problem()
        self.choosing_days = True

    @handler(SIGNED_IN)
    async def close_days(self) -> None:
        """Leave the list as it is."""
        self.choosing_days = False

    @handler(SIGNED_IN)
    async def choose_days(self, form: dict[str, Any]) -> Any:
        """Show what happened from one day to another, both included; either may be open."""
        days = {key: str(form.get(key) or "")[:10] for key in ("since", "until")}
        self._clear_form_problem()
        try:
            begin = moment(days["since"]) if days["since"] else None
            end = moment(days["until"], is_end=True) if days["until"] else None
        except Invalid as error:
            self._show_form_problem(error)
            return None
        if begin and end and begin >= end:
            self.field_errors = {"until": "This is before the first day."}
            return None
        self.choosing_days = False
        return rx.redirect(self._address(**days))

    @handler(SIGNED_IN)
    async def choose_bar(self, since: str, until: str, outcome: str) -> Any:
        """Show what a bar of the chart counts, and only one outcome when there is one."""
        wanted = {"since": since, "until": until} | ({"outcome": outcome} if outcome else {})
        return rx.redirect(self._address(**wanted))

    @handler(AuditPermission.UNDO)
    async def undo(self) -> Any:
        """Take back what the open entry tells; what was changed since stands beside it then."""
        if not self.entry.can_undo:
            # Pressed twice.
            return None
        entry_id = parse_id(self.entry.id) or _NO_ID
        try:
            async with runtime.operations(AuditService) as audit:
                await audit.undo(entry_id)
        except Conflict as error:
            async with runtime.operations(AuditService) as audit:
                target_type = (await audit.get(entry_id)).target_type
            self.conflict = error.message
            self.changed_since = changed_since(target_type, error)
            return None
        self.entry = replace(self.entry, can_undo=False)
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

    async def _show_problem(self, error: PlatformError) -> Any:
        if self.loading:
            self.rows, self._shown = [], {}
            self.charted, self.bars = "", []
        return await super()._show_problem(error)

    def _wanted(self) -> AuditFilter:
        """What the list is narrowed to."""
        return parse(AuditFilter, asked(self.filters, self.search))

    async def _load_rows(self, arguments: dict[str, Any]) -> None:
        place = {key: arguments[key] for key in ("limit", "sort", "cursor") if key in arguments}
        looked_until = _settled()
        request = parse(AuditListQuery, asked(self.filters, self.search) | place)
        async with runtime.operations(AuditService) as audit:
            page = await audit.page(request)
            count = await audit.count(self._wanted()) if self._must_count() else None
        self._show_rows([entry_row(entry) for entry in page])
        self._show_page(page, count)
        self._shown = arguments
        self._news, self.news, self._looked_until = [], 0, looked_until
        for entry in page:
            known = {entry.target_id: entry.target_label, str(entry.actor_id): entry.actor_name}
            self._name(known)
        self.charted = f"{urlencode(self.filters)} {self.search} {new_id().hex}"
        self._load_options()

    def _load_options(self) -> None:
        registry = runtime.current().registry
        may = runtime.caller().actor.may
        self.may_find_people = any(may(each.permission) for each in registry.finders_of("user"))
        if not self.action_options:
            self.action_options = action_options(registry)
            self.module_options = module_options(registry)
            self.kind_options = kind_options(registry)
        shows = Masks(registry, runtime.caller().actor).shows_change
        options = changed_options(registry, shows)
        if self.changed_options != options:
            self.changed_options = options

    def _name(self, known: Mapping[str, str]) -> None:
        """Remember what things are called that filters name."""
        wanted = set(self.filters.values())
        new = {key: name for key, name in known.items() if key in wanted and name}
        if new.items() - self.names.items():
            self.names = {**self.names, **new}

    async def _load_entry(self, entry_id: str) -> None:
        if not entry_id:
            return
        try:
            async with runtime.operations(AuditService) as audit:
                entry = await audit.get(parse_id(entry_id) or _NO_ID)
                request = AuditListQuery(
                    request_id=entry.request_id, sort="at", limit=MOST_NEIGHBOURS + 2
                )
                same = (await audit.page(request)).items if entry.request_id else []
        except PlatformError as error:
            self.entry = EntryDetails()
            if not isinstance(error, NotFound):
                raise
            await self._say(error.message, kind="warning")
            return
        self.entry = details_of(entry)
        self.conflict, self.changed_since = "", []
        others = [entry_row(each) for each in same if each.id != entry.id]
        self.neighbours = others[:MOST_NEIGHBOURS]
        self.has_more_neighbours = len(others) > MOST_NEIGHBOURS
        ids = ["", *(row.id for row in self.rows), ""]
        place = ids.index(self.entry.id) if self.entry.id in ids else 0
        self.newer_id, self.older_id = (ids[place - 1], ids[place + 1]) if place else ("", "")


class Undoing(PageState, rx.State):
    """*Undo* on a message, on whatever page it is shown."""

    _left: list[UUID] = []
    """What is still to be taken back of a message that told of many changes."""
    _done: int = 0
    _refused: dict[str, int] = {}
    """How often which error came up."""

    @handler(AuditPermission.UNDO)
    async def undo(self, toast_id: str) -> Any:
        """Take back what the message tells, and load the page anew."""
        entries = await self._entries_to_undo(toast_id)
        if len(entries) > 1:
            self._left, self._done, self._refused = entries, 0, {}
            return await self._go_on()
        if not entries:
            return None
        async with runtime.operations(AuditService) as audit:
            await audit.undo(entries[0])
        await self._say("Taken back.")
        return self._page_anew()

    @handler(AuditPermission.UNDO)
    async def go_on(self) -> Any:
        """Take back more of what the message told; the others have their turn in between."""
        return await self._go_on() if self._left else None

    async def _go_on(self) -> Any:
        end = time.monotonic() + SLICE_SECONDS
        left = list(self._left)
        while left:
            try:
                async with runtime.operations(AuditService) as audit:
                    await audit.undo(left.pop(0))
            except PlatformError as error:
                if error.status >= DEFECT:
                    raise
                self._refused |= {error.message: self._refused.get(error.message, 0) + 1}
            else:
                self._done += 1
            await asyncio.sleep(0)
            if time.monotonic() >= end:
                break
        self._left = left
        if left:
            return Undoing.go_on
        if self._done:
            await self._say(f"{self._done:,} taken back.", undo=False)
        for message, count in self._refused.items():
            await self._say(f"{count:,} not taken back: {message}", kind="danger")
        return self._page_anew()

    async def _show_problem(self, error: PlatformError) -> Any:
        self._left = []
        return await super()._show_problem(error)

    def _page_anew(self) -> Any:
        page = runtime.current().policy.by_path(self.router.url.path)
        return list(page.on_load) if page else None


def _settled() -> UUID:
    """Before this id nothing new will appear."""
    return first_id_at(clock.now() - _LATE)


def _line(share: Share, label: str) -> dict[str, Any]:
    return {"value": share.value, "label": label, "count": share.count}


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
