"""How audit entries are told to people."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.core.ids import parse_id
from app.features.audit.schemas import AuditEntryRead
from app.ui import runtime

_TIME = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass
class EntryRow:
    """An audit entry as one line: who did what to which thing."""

    id: str
    at: str
    who: str
    email: str
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


def entry_row(entry: AuditEntryRead) -> EntryRow:
    """The entry as one line."""
    what, target = tell(entry)
    return EntryRow(
        id=str(entry.id),
        at=entry.at.isoformat(),
        who=actor_of(entry),
        email=entry.actor_email,
        is_person=entry.actor_kind == "user",
        title=" ".join(filter(None, [capitalised(what), target])),
        what=what,
        target=target,
        target_href=record_of(entry),
        action=entry.action,
        outcome=entry.outcome,
        origin=", ".join(filter(None, [browser(entry.user_agent), entry.address])),
    )


def changes_of(entry: AuditEntryRead) -> list[dict[str, str]]:
    """The entry's changes in words, as `{"field", "before", "after"}`."""
    return [
        {
            "field": capitalised(change.field.replace("_", " ")),
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
    "auth.password.change_by_api": _Phrase("changed their password", "change their password"),
    "auth.sign_in": _Phrase("signed in", "sign in", "as"),
    "auth.sign_out": _Phrase("signed out", "sign out"),
    "auth.token.issue": _Phrase("signed in through the API", "sign in through the API", "as"),
    "auth.token.refresh": _Phrase("renewed an API session", "renew an API session"),
    "role.seed": _Phrase("created the default roles", "create the default roles"),
    "user.assign_roles": _Phrase("changed the roles", "change the roles", "of"),
    "user.export": _Phrase("exported users", "export users"),
    "user.update_own": _Phrase("changed their name", "change their name"),
}
TOLD_ACTIONS = frozenset(_PHRASES)

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


def capitalised(words: str) -> str:
    """The words as a sentence begins with them."""
    return words[:1].upper() + words[1:]


def actor_of(entry: AuditEntryRead) -> str:
    """Who did it; *System* and *Anonymous* are no people."""
    return entry.actor_name if entry.actor_kind == "user" else entry.actor_name.capitalize()


def record_of(entry: AuditEntryRead) -> str:
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
