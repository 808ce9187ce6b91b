"""One audit entry with all that is known of it, in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from app.core.errors import Conflict
from app.core.operations import operations_in
from app.features.audit.rules import can_undo
from app.features.audit.schemas import AuditEntryRead
from app.features.audit.words import (
    actor_of,
    browser,
    capitalised,
    changes_of,
    in_words,
    label_of,
    record_of,
    tell,
)
from app.ui import runtime

_LIST = "/audit"
_EXPLAIN = "/access/explain"
_CHANNELS = {
    "api": "REST API",
    "cli": "Command line",
    "console": "Console",
    "system": "The platform itself",
}


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
    changes: list[dict[str, Any]] = field(default_factory=list)
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
    undone_href: str = ""
    """Address of the entry by which it was taken back; empty when it was not."""
    put_back: list[dict[str, str]] = field(default_factory=list)
    """What taking it back would put back, as `{"name", "value"}`; the value may be empty."""
    why: str = ""
    """Address of the page that explains the refusal, for those who may open it."""


def details_of(entry: AuditEntryRead) -> EntryDetails:
    """All that is known of an entry, in words."""
    what, target = tell(entry)
    undo = runtime.current().registry.undo(entry.target_type)
    is_undoable = entry.undone_by is None and can_undo(entry, undo)
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
        can_undo=is_undoable,
        undone_href=_list(entry=entry.undone_by) if entry.undone_by else "",
        put_back=[
            {"name": change["field"], "value": change["before"]}
            for change in changes
            if is_undoable
        ],
        why=_explanation(entry),
    )


def changed_since(target_type: str, error: Conflict) -> list[dict[str, str]]:
    """What was changed since by whom, that an undo would have overwritten.

    Returns:
        `{"field", "now", "who", "at", "href"}` each; the last leads to the later entry.
    """
    changed: Any = error.details.get("changed") or []
    return [
        {
            "field": label_of(target_type, each["field"]),
            "now": in_words(each.get("now")),
            "who": each.get("by", "") or "Somebody",
            "at": each.get("at", ""),
            "href": _list(entry=each["entry_id"]) if each.get("entry_id") else "",
        }
        for each in changed
    ]


def _explanation(entry: AuditEntryRead) -> str:
    registry, may = runtime.current().registry, runtime.caller().actor.may
    page = next((page for page in registry.pages if page.route == _EXPLAIN), None)
    needed = _permissions(frozenset(registry.packages)).get(entry.action, entry.action)
    if (
        page is None
        or not may(page.permission)
        or entry.actor_id is None
        or entry.error_code != "permission.denied"
        or needed not in registry.permissions
    ):
        return ""
    return f"{_EXPLAIN}?{urlencode({'user': entry.actor_id, 'permission': needed})}"


@cache
def _permissions(packages: frozenset[str]) -> Mapping[str, str]:
    """What actions need that are not called as their permission."""
    known = (each for package in packages for each in operations_in(package).values())
    return {each.action: each.permission for each in known if each is not None}


def _facts(entry: AuditEntryRead) -> list[dict[str, str]]:
    facts = [
        ("Who", entry.actor_email, ""),
        ("Action", entry.action, "yes"),
        ("On behalf of", entry.on_behalf_of, ""),
        ("Reason given", entry.reason, ""),
        ("Error", entry.error_code, "yes"),
        ("Module", entry.module, "yes"),
        ("Through", _CHANNELS.get(entry.channel, entry.channel), ""),
        ("From", entry.address, "yes"),
        ("With", browser(entry.user_agent), ""),
        ("Took", f"{entry.duration_ms:,} ms", ""),
        ("Trace", entry.trace_id, "yes"),
        *(
            (capitalised(name.replace("_", " ")), in_words(value), "")
            for name, value in entry.detail.items()
        ),
    ]
    return [{"name": name, "value": value, "exact": exact} for name, value, exact in facts if value]


def _list(**filters: object) -> str:
    return f"{_LIST}?{urlencode(filters)}"
