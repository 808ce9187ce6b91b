"""State of the audit list, and the words in which its entries are told."""

import json
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
from app.features.audit.schemas import AuditEntryRead, AuditFilter, AuditListQuery
from app.features.audit.service import AuditService
from app.ui import runtime
from app.ui.forms import parse
from app.ui.handlers import handler
from app.ui.list_state import ListState

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
_AGO = re.compile(r"([0-9]{1,4})([hd])")
_TIME = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_UNITS = {"h": "hours", "d": "days"}


@dataclass
class EntryRow:
    """An audit entry as one line: who did what to which thing."""

    id: str
    at: str
    who: str
    is_person: bool
    title: str
    """All of it as the beginning of a sentence: *Changed the roles of ada@example.com*."""
    what: str
    target: str
    target_href: str
    action: str
    outcome: str
    origin: str
    """Browser and address: *Firefox 128 on Linux, 192.0.2.7*."""


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
    entry_base: str = "/audit?entry="
    """The present address, to be followed by the id of the entry to open."""
    _shown: dict[str, Any] = {}
    _entry_id: str = ""

    @rx.var
    def chips(self) -> list[dict[str, str]]:
        """The filters in force, in the words of the list."""
        return [
            {"key": key, "label": self.filter_titles[key], "value": self._words_of(key, value)}
            for key, value in self.filters.items()
        ]

    @handler(AuditPermission.READ)
    async def load(self) -> AsyncIterator[None]:
        """Load the page and the open entry that the address names."""
        arguments = self._read_address()
        arguments.pop("q", None)
        given = dict(self.router.url.query_parameters)
        entry_id = given.pop("entry", "")
        self.entry_base = f"{self.path}?{urlencode({**given, 'entry': ''})}"
        if entry_id != self.entry.id:
            self.entry = EntryDetails()
        # Opening and closing an entry leaves the list as it is.
        if entry_id == self._entry_id or arguments != self._shown:
            self.loading = True
            yield
            await self._load_rows(arguments)
        self._entry_id = entry_id
        await self._load_entry(entry_id)

    @handler(SIGNED_IN)
    async def close_entry(self) -> Any:
        """Go back to the list."""
        self.entry = EntryDetails()
        return rx.redirect(self.entry_base.removesuffix("entry=").rstrip("?&"), replace=True)

    @handler(SIGNED_IN)
    async def find_request(self, request_id: str) -> Any:
        """Show the entries of one request; its id stands in logs and error messages."""
        request_id = request_id.strip()[:100]
        if request_id == self.filters.get("request_id", ""):
            return None
        return rx.redirect(self._address(request_id=request_id), replace=True)

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
        actions = {*_PHRASES, *map(str, runtime.current().registry.permissions)}
        actions |= {row.action for row in self.rows}
        self.action_options = [{"value": action, "label": action} for action in sorted(actions)]

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


def entry_row(entry: AuditEntryRead) -> EntryRow:
    """The entry as one line."""
    what, target = tell(entry)
    return EntryRow(
        id=str(entry.id),
        at=entry.at.isoformat(),
        who=_who(entry),
        is_person=entry.actor_kind == "user",
        title=" ".join(filter(None, [_capital(what), target])),
        what=what,
        target=target,
        target_href=_record_of(entry),
        action=entry.action,
        outcome=entry.outcome,
        origin=", ".join(filter(None, [browser(entry.user_agent), entry.address])),
    )


def changes_of(entry: AuditEntryRead) -> list[dict[str, str]]:
    """The entry's changes in words, as `{"field", "before", "after"}`."""
    return [
        {
            "field": _capital(change.field.replace("_", " ")),
            "before": in_words(change.before),
            "after": in_words(change.after),
        }
        for change in entry.changes
    ]


def in_words(value: Any) -> str:
    """A JSON value as people write it; empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(in_words, value))
    if isinstance(value, str) and _TIME.fullmatch(value):
        with suppress(ValueError):
            return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def tell(entry: AuditEntryRead) -> tuple[str, str]:
    """What was done, as a verb phrase, and to what.

    Returns:
        *("changed the roles of", "ada@example.com")*; the second part is empty
        when the first says it all.
    """
    did = entry.outcome == "succeeded"
    target = entry.target_label or entry.target_id
    if entry.target_type == "page":
        return ("opened" if did else "tried to open"), target
    if entry.target_type == "handler":
        # The event guard names a page that it refused `page /users`.
        page = target.removeprefix("page ")
        if page != target:
            return "tried to open", page
        target = ""
    phrase = _PHRASES.get(entry.action)
    if phrase is None and not target:
        return _without_target(entry.action, did=did), ""
    if phrase is None:
        verb = _verb(entry.action, did=did)
        words = f"{verb} {entry.target_type.replace('_', ' ')}".rstrip()
        return (words if did else f"tried to {words}"), target
    if phrase.joint is None or entry.target_id == str(entry.actor_id):
        return (phrase.did if did else f"tried to {phrase.tried}"), ""
    words = phrase.did if did else f"tried to {phrase.tried}"
    return " ".join(filter(None, [words, phrase.joint if target else ""])), target


@dataclass(frozen=True, slots=True)
class _Phrase:
    """How an action is told when its name does not say it well.

    Attributes:
        did: After *Anna Berg*.
        tried: After *Anna Berg tried to*.
        joint: Between this and the thing it was done to; None when the thing goes without saying.
    """

    did: str
    tried: str
    joint: str | None = None


_PHRASES = {
    "auth.password.change": _Phrase("changed their password", "change their password"),
    "auth.sign_in": _Phrase("signed in", "sign in", "as"),
    "auth.sign_out": _Phrase("signed out", "sign out"),
    "auth.token.issue": _Phrase("signed in through the API", "sign in through the API", "as"),
    "auth.token.refresh": _Phrase("renewed an API session", "renew an API session"),
    "role.seed": _Phrase("created the default roles", "create the default roles"),
    "user.assign_roles": _Phrase("changed the roles", "change the roles", "of"),
    "user.update_own": _Phrase("changed their name", "change their name"),
}
_IRREGULAR = {
    "begin": "began",
    "cancel": "cancelled",
    "get": "got",
    "give": "gave",
    "put": "put",
    "read": "read",
    "reset": "reset",
    "run": "ran",
    "see": "saw",
    "send": "sent",
    "set": "set",
    "stop": "stopped",
    "submit": "submitted",
    "undo": "undid",
    "write": "wrote",
}


def _without_target(action: str, *, did: bool) -> str:
    if did:
        return f"{_verb(action, did=True)} {action.split('.')[-2].replace('_', ' ')}"
    described = {str(each): each.description for each in runtime.current().registry.permissions}
    words = described.get(action, f"{_verb(action, did=False)} something")
    return f"tried to {words[0].lower()}{words[1:]}"


def _verb(action: str, *, did: bool) -> str:
    """*gave roles* or *give roles* of `user.give_roles`."""
    verb, _, rest = action.rpartition(".")[2].replace("_", " ").partition(" ")
    return f"{_past(verb) if did else verb} {rest}".rstrip()


def _past(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    if re.search(r"[^aeiou]y$", verb):
        return f"{verb[:-1]}ied"
    return f"{verb}ed"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _who(entry: AuditEntryRead) -> str:
    return entry.actor_name if entry.actor_kind == "user" else entry.actor_name.capitalize()


def _record_of(entry: AuditEntryRead) -> str:
    """Where the thing is shown, if it has a page that the person may open and still exists."""
    if not parse_id(entry.target_id):
        return ""
    if entry.action == f"{entry.target_type}.delete" and entry.outcome == "succeeded":
        return ""
    route = f"/{entry.target_type}s/[{entry.target_type}_id]"
    may = runtime.caller().actor.may
    known = any(
        page.route == route and may(page.permission) for page in runtime.current().registry.pages
    )
    return f"/{entry.target_type}s/{entry.target_id}" if known else ""


def _details(entry: AuditEntryRead) -> EntryDetails:
    what, target = tell(entry)
    about = {"target_type": entry.target_type, "target_id": entry.target_id}
    changes = [change for change in changes_of(entry) if entry.target_id not in change.values()]
    is_gone = not any(change["after"] for change in changes)
    one_sided = is_gone or not any(change["before"] for change in changes)
    return EntryDetails(
        id=str(entry.id),
        at=entry.at.isoformat(),
        who=_who(entry),
        what=what,
        target=target,
        target_href=_record_of(entry),
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
    )


def _facts(entry: AuditEntryRead) -> list[dict[str, str]]:
    facts = [
        ("Action", entry.action, "yes"),
        ("Reason", entry.error_code, "yes"),
        ("Through", _CHANNELS.get(entry.channel, entry.channel), ""),
        ("From", entry.address, "yes"),
        ("With", browser(entry.user_agent), ""),
        ("Took", f"{entry.duration_ms:,} ms", ""),
        *(
            (_capital(name.replace("_", " ")), in_words(value), "")
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


_BROWSERS = (
    ("Edge", r"Edg/(\d+)"),
    ("Firefox", r"Firefox/(\d+)"),
    ("Chrome", r"Chrome/(\d+)"),
    ("Safari", r"Version/(\d+).* Safari/"),
)
_SYSTEMS = (
    ("Android", r"Android"),
    ("iOS", r"iPhone|iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X"),
    ("Linux", r"Linux"),
)


def browser(user_agent: str) -> str:
    """A browser and its system in words: *Firefox 128 on Linux*; else what the program said."""
    for name, pattern in _BROWSERS:
        found = re.search(pattern, user_agent)
        if found is not None:
            system = next((each for each, sign in _SYSTEMS if re.search(sign, user_agent)), "")
            return f"{name} {found[1]}" + (f" on {system}" if system else "")
    return user_agent
