"""How audit entries are told to people."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core import days
from app.core.audit import REDACTED
from app.core.ids import parse_id
from app.features.audit.differences import of_items, of_texts
from app.features.audit.noun_words import (
    address_of,
    field_of,
    is_reference,
    page_title,
    phrase_of,
    value_of,
)
from app.features.audit.permissions import AuditPermission
from app.features.audit.phrases import AS, NEW_PASSWORD, PHRASES, Phrase
from app.features.audit.schemas import AuditEntryRead, AuditListQuery, FieldChange
from app.features.audit.service import AuditService
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
    changed: str
    """What it changed, in short: *Name: Ada → Ada Berg*."""
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
        changed=changes_in_short(entry),
        target=target,
        target_href=record_of(entry),
        action=entry.action,
        outcome=entry.outcome,
        origin=", ".join(filter(None, [browser(entry.user_agent), entry.address])),
    )


async def last_to_change(target_type: str, target_id: UUID) -> str:
    """Who changed a record last, as far as the person may see it."""
    if runtime.caller().actor.may(AuditPermission.READ):
        done = {"outcome": "succeeded", "reads": "none"}
        for entry in await _about(target_type, target_id, **done, limit=1):
            return entry.actor_name or "Somebody else"
    return "Somebody else"


async def _about(target_type: str, target_id: UUID, **asked: Any) -> list[AuditEntryRead]:
    query = AuditListQuery(target_type=target_type, target_id=str(target_id), **asked)
    async with runtime.operations(AuditService) as audit:
        return (await audit.page(query)).items


_LABELS = {
    "user": {
        "created_at": "Created",
        "display_name": "Name",
        "email": "E-mail",
        "last_sign_in_at": "Last sign-in",
        "must_change_password": "Password must be changed",
        "updated_at": "Changed",
        "verified": "E-mail address is confirmed",
    },
}
"""What forms call the fields of a thing, where the field's name does not say it."""


def label_of(target_type: str, field: str) -> str:
    """What people call a field of this kind of thing."""
    described = field_of(target_type, field)
    known = described.title if described else _LABELS.get(target_type, {}).get(field)
    return known or capitalised(field.replace("_", " "))


def changes_of(entry: AuditEntryRead) -> list[dict[str, Any]]:
    """The entry's changes in words, as `components.diff_view` shows them."""
    changes = []
    for change in entry.changes:
        before, after = _values(entry.target_type, change)
        changes.append(
            {
                "field": label_of(entry.target_type, change.field),
                "before": in_words(before),
                "after": in_words(after),
                **_parts(before, after),
            }
        )
    return changes


def _values(target_type: str, change: FieldChange) -> tuple[Any, Any]:
    """The values before and after, as people know them."""
    return (
        value_of(target_type, change.field, change.before),
        value_of(target_type, change.field, change.after),
    )


_MOST_TOLD = 2
_LONGEST_TOLD = 40
_MADE_OR_GONE = ("create", "delete")


def changes_in_short(entry: AuditEntryRead) -> str:
    """What an entry changed, on one line: *Name: Ada → Ada Berg*, *Roles: + Editor*.

    Empty where something was made or deleted, or nothing was changed that one may see.
    """
    if entry.outcome != "succeeded" or entry.action.rpartition(".")[2] in _MADE_OR_GONE:
        return ""
    told = [_in_short(entry.target_type, change) for change in entry.changes[:_MOST_TOLD]]
    more = len(entry.changes) - len(told)
    return "; ".join([*told, f"{more} more"] if more > 0 else told)


def _in_short(target_type: str, change: FieldChange) -> str:
    label, (before, after) = label_of(target_type, change.field), _values(target_type, change)
    if REDACTED in (before, after) or is_reference(target_type, change.field):
        return f"{label}: changed"
    if isinstance(before, list) or isinstance(after, list):
        return f"{label}: {_items_in_short(before or [], after or [])}"
    return f"{label}: {_cut(in_words(before)) or 'empty'} → {_cut(in_words(after)) or 'empty'}"


def _items_in_short(before: list[Any], after: list[Any]) -> str:
    old, new = list(map(_called, before)), list(map(_called, after))
    added = [f"+ {_cut(name)}" for name in new if name not in old]
    removed = [f"\N{MINUS SIGN} {_cut(name)}" for name in old if name not in new]
    changed = [
        f"{_cut(name)} changed"
        for name, item in zip(new, after, strict=True)
        if name in old and item not in before
    ]
    told = [*added, *removed, *changed]
    more = len(told) - _MOST_TOLD
    return ", ".join([*told[:_MOST_TOLD], f"{more} more"] if more > 0 else told)


def _called(item: Any) -> str:
    """What an item of a list is called: a role, a grant, a member."""
    if isinstance(item, dict):
        return next((str(item[key]) for key in _CALLED_BY if key in item), in_words(item))
    return in_words(item)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TOLD else f"{text[: _LONGEST_TOLD - 1]}…"


def _parts(before: Any, after: Any) -> dict[str, Any]:
    """Lists item by item, long texts word by word; nothing for values that are read whole."""
    if isinstance(before, list) and isinstance(after, list):
        items = of_items(list(map(in_words, before)), list(map(in_words, after)))
        return {"parts": items, "is_list": "yes"} if items else {}
    if isinstance(before, str) and isinstance(after, str):
        words = of_texts(before, after)
        return {"parts": words} if words else {}
    return {}


_CALLED_BY = ("permission", "role", "email")
"""What a recorded grant, role or member is called by."""


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
            return days.in_words(datetime.fromisoformat(value))
    if isinstance(value, dict):
        return _object_in_words(value)
    return str(value)


def _object_in_words(value: dict[str, Any]) -> str:
    called = next((str(value[key]) for key in _CALLED_BY if key in value), "")
    return _fact_in_words(called, value) if called else json.dumps(value, ensure_ascii=False)


def _fact_in_words(called: str, fact: dict[str, Any]) -> str:
    """A grant, a role that somebody has or a member, with its conditions and who gave it.

    *user.read (own rows; reads email; until the end of 4 Dec 2026; given by Ada, 2026-01-02)*.
    """
    given = f"given by {fact['granted_by']}" if fact.get("granted_by") else ""
    if given and fact.get("granted_at"):
        given += f", {str(fact['granted_at'])[:10]}"
    conditions = [
        f"{fact['rule'].replace('_', ' ')} rows" if fact.get("rule") else "",
        f"reads {in_words(fact['readable'])}" if fact.get("readable") is not None else "",
        f"writes {in_words(fact['writable'])}" if fact.get("writable") is not None else "",
        _until(fact["expires_at"]) if fact.get("expires_at") else "",
        given,
        f"because: {fact['reason']}" if fact.get("reason") else "",
    ]
    said = "; ".join(filter(None, conditions))
    return f"{called} ({said})" if said else called


def _until(end: Any) -> str:
    try:
        return days.until(datetime.fromisoformat(str(end)))
    except ValueError:
        return f"until {end}"


def tell(entry: AuditEntryRead) -> tuple[str, str]:
    """What was done, as a verb phrase, and to what.

    Returns:
        *("changed the roles of", "ada@example.com")*; the second part is empty
        when the first says it all.
    """
    did = entry.outcome == "succeeded"
    target = entry.target_label or entry.target_id
    if entry.target_type == "page":
        return ("opened the page" if did else "tried to open the page"), _page(target)
    if entry.target_type == "handler":
        # The event guard names a page that it refused `page /users`.
        page = target.removeprefix("page ")
        if page != target:
            return "tried to open the page", _page(page)
        target = entry.target_label
    phrase = _phrase(entry)
    if phrase is not None:
        return _told(entry, phrase, target, did=did)
    if not target:
        return _without_target(entry.action, did=did), ""
    verb = _verb(entry.action, did=did)
    words = f"{verb} {entry.target_type.replace('_', ' ')}".rstrip()
    return (words if did else f"tried to {words}"), target


def action_in_words(action: str) -> str:
    """What an action is called where no single entry is meant: *Created a user*."""
    phrase = _phrase_of(action)
    if phrase is None:
        return capitalised(action.replace(".", " ").replace("_", " "))
    return capitalised(f"{phrase.did} {phrase.alone}".rstrip())


def _phrase(entry: AuditEntryRead) -> Phrase | None:
    if entry.action == "user.update" and [each.field for each in entry.changes] == ["password"]:
        return NEW_PASSWORD
    return _phrase_of(entry.action)


def _phrase_of(action: str) -> Phrase | None:
    described = phrase_of(action)
    return Phrase(*described) if described is not None else PHRASES.get(action)


def _told(entry: AuditEntryRead, phrase: Phrase, target: str, *, did: bool) -> tuple[str, str]:
    verb = phrase.did if did else f"tried to {phrase.tried}"
    if entry.detail.get("listed") and entry.detail["listed"] == entry.detail.get("count"):
        verb = "saw in a list:"
    if did and _changed_nothing(entry, phrase):
        verb = f"{phrase.did} nothing of"
    goes_without_saying = phrase.of == AS and entry.target_id == str(entry.actor_id)
    if target and phrase.of is not None and not goes_without_saying:
        return f"{verb} {phrase.of}".rstrip(), target
    rows = entry.detail.get("rows")
    if isinstance(rows, int) and entry.target_label:
        # It says how many, and of what.
        return f"{verb} {entry.target_label}", ""
    counted = f"{rows:,} " if isinstance(rows, int) else ""
    words = f"{verb} {counted}{phrase.alone}".rstrip()
    is_gone = phrase.alone and entry.error_code.endswith(".not_found")
    return (f"{words} that no longer exists" if is_gone else words), ""


def _changed_nothing(entry: AuditEntryRead, phrase: Phrase) -> bool:
    """Whether somebody saved something as it was, and not only what they changed is hidden."""
    undo = runtime.current().registry.undo(entry.target_type)
    is_change = undo is not None and phrase.did == "changed"
    return is_change and not entry.changes and not entry.hidden_changes


def _page(address: str) -> str:
    """What the page at an address, or with a route, is called; the address if it is none."""
    for page in runtime.current().registry.pages:
        pattern = re.sub(r"\\\[\w+\\\]", "[^/]+", re.escape(page.route))
        if address == page.route or re.fullmatch(pattern, address):
            return page_title(address) or page.title
    return address


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
        thing = action.rpartition(".")[0].rpartition(".")[2].replace("_", " ")
        return f"{_verb(action, did=True)} {thing}".rstrip()
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
    """Who did it; *System* and *Anonymous* are no people, and some names may be hidden."""
    name = entry.actor_name or "Somebody"
    return name if entry.actor_kind == "user" else name.capitalize()


def record_of(entry: AuditEntryRead) -> str:
    """Where the thing is shown, if it has a page that the person may open and still exists."""
    target_id = parse_id(entry.target_id)
    if target_id is None or "rows" in entry.detail:
        return ""
    if entry.action == f"{entry.target_type}.delete" and entry.outcome == "succeeded":
        return ""
    described = address_of(entry.target_type, target_id)
    if described is not None:
        return described
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
