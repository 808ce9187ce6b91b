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


@dataclass(frozen=True, slots=True)
class _Phrase:
    """How one of the platform's own actions is told.

    Attributes:
        did: After *Anna Berg*.
        tried: After *Anna Berg tried to*.
        of: Between this and the thing it was done to; None when the thing goes without saying.
        alone: Instead of both when it is not known what it was done to.
    """

    did: str
    tried: str
    of: str | None = None
    alone: str = ""


_AS = "as"
_PHRASES = {
    "access.compare": _Phrase("compared", "compare", None, "two roles"),
    "access.diff": _Phrase("compared", "compare", None, "the roles with a file"),
    "access.drift": _Phrase("compared", "compare", None, "the roles with their file"),
    "access.explain": _Phrase("looked up", "look up", None, "why somebody holds a permission"),
    "access.export": _Phrase("exported", "export", None, "the roles"),
    "access.holder_counts": _Phrase("looked up", "look up", None, "how many hold what"),
    "access.granters": _Phrase("looked up", "look up", None, "who can grant a permission"),
    "access.holders": _Phrase("looked up", "look up", None, "who holds a permission"),
    "access.matrix": _Phrase("looked at", "look at", None, "all roles and permissions"),
    "access.of_user": _Phrase("looked up", "look up", None, "what a user may do"),
    "access.people": _Phrase("looked up", "look up", None, "people to explain"),
    "access.permissions": _Phrase("looked at", "look at", None, "the permissions"),
    "audit.accept_anchor": _Phrase("anchored the audit trail anew", "anchor the audit trail anew"),
    "audit.acknowledge": _Phrase(
        "explained", "explain", None, "irregularities of time in the audit trail"
    ),
    "audit.destroy_proof": _Phrase("destroyed", "destroy", None, "the seals of the audit trail"),
    "audit.anchor": _Phrase("anchored", "anchor", None, "the audit trail"),
    "audit.export": _Phrase("exported", "export", None, "audit entries"),
    "audit.prune": _Phrase("deleted", "delete", None, "audit entries that were kept long enough"),
    "access.person": _Phrase("looked up", "look up", None, "a person to explain"),
    "audit.reads_lost": _Phrase("lost", "keep", None, "records of who looked at what"),
    "audit.write_reads": _Phrase("wrote", "write", None, "records of who looked at what"),
    "audit.read": _Phrase("looked at", "look at", None, "the audit trail"),
    "audit.seal": _Phrase("sealed", "seal", None, "the audit trail"),
    "audit.verify": _Phrase("verified", "verify", None, "the audit trail"),
    "audit.undo": _Phrase("took back", "take back", "a change of", "a change"),
    "auth.identity": _Phrase("looked up", "look up", None, "who they are"),
    "auth.password.change": _Phrase("changed their password", "change their password"),
    "auth.password.change_by_api": _Phrase(
        "changed their password through the API", "change their password through the API"
    ),
    "auth.password.reset": _Phrase(
        "chose a new password by a link", "choose a new password by a link"
    ),
    "auth.reauthenticate": _Phrase("gave their password again", "give their password again"),
    "auth.sign_in": _Phrase("signed in", "sign in", _AS),
    "auth.sign_out": _Phrase("signed out", "sign out"),
    "auth.token.issue": _Phrase("signed in through the API", "sign in through the API", _AS),
    "auth.token.refresh": _Phrase("renewed an API session", "renew an API session"),
    "console.handler": _Phrase(
        "called what the console does not offer", "call what the console does not offer"
    ),
    "dashboard.activity": _Phrase("looked at", "look at", None, "everybody's sign-ins"),
    "dashboard.health": _Phrase("checked", "check", None, "the health of the platform"),
    "dashboard.own_activity": _Phrase("looked at", "look at", None, "their own activity"),
    "dashboard.users": _Phrase("looked up", "look up", None, "how many users there are"),
    "preview.start": _Phrase(
        "previewed the access of", "preview the access of", "", "another's access"
    ),
    "preview.stop": _Phrase("stopped", "stop", None, "the preview"),
    "request.read": _Phrase("sent", "send", "the request", "a request"),
    "request.refused": _Phrase(
        "refused", "refuse", "calls of strangers from", "calls of strangers"
    ),
    "request.write": _Phrase("sent", "send", "the request", "a request"),
    "role.add_members": _Phrase("gave", "give", "the role", "a role"),
    "role.add_permissions": _Phrase(
        "added permissions to", "add permissions to", "the role", "a role"
    ),
    "module.read": _Phrase("looked at", "look at", None, "the modules"),
    "role.create": _Phrase("created", "create", "role", "a role"),
    "role.delete": _Phrase("deleted", "delete", "the role", "a role"),
    "role.grant": _Phrase("granted", "grant", None, "more than they hold"),
    "role.read": _Phrase("looked at", "look at", "the role", "the roles"),
    "role.remove_members": _Phrase("took away", "take away", "the role", "a role"),
    "role.remove_permission": _Phrase(
        "removed a permission from", "remove a permission from", "the role", "a role"
    ),
    "role.restore_members": _Phrase(
        "put back who has", "put back who has", "the role", "who has a role"
    ),
    "role.seed": _Phrase("created the default roles", "create the default roles"),
    "role.update": _Phrase("changed", "change", "the role", "a role"),
    "role.what_if": _Phrase("looked up", "look up", None, "what a change of a role would entail"),
    "session.count_expired": _Phrase("counted", "count", None, "expired sessions"),
    "session.end_others": _Phrase("ended all their other sessions", "end all their other sessions"),
    "session.end_own": _Phrase("ended one of their sessions", "end one of their sessions"),
    "session.purge": _Phrase("removed", "remove", "", "expired sessions"),
    "session.read": _Phrase("looked at", "look at", "the sessions of", "users' sessions"),
    "settings.read": _Phrase("looked at", "look at", None, "the settings"),
    "session.read_own": _Phrase("looked at", "look at", None, "their own sessions"),
    "session.revoke": _Phrase("ended", "end", "a session of", "a user's session"),
    "session.revoke_all": _Phrase("ended", "end", "all sessions of", "all sessions of a user"),
    "signed_in": _Phrase("used the console", "use the console without being signed in"),
    "system.health.check": _Phrase("checked", "check", None, "the health of the platform"),
    "user.add_roles": _Phrase("gave roles to", "give roles to", "", "a user"),
    "user.remove_roles": _Phrase("took roles from", "take roles from", "", "a user"),
    "user.assign_roles": _Phrase("changed", "change", "the roles of", "a user's roles"),
    "user.change_email": _Phrase(
        "changed", "change", "the e-mail address of", "a user's e-mail address"
    ),
    "user.create": _Phrase("created", "create", "user", "a user"),
    "user.delete": _Phrase("deleted", "delete", "user", "a user"),
    "user.delete.preview": _Phrase(
        "looked up", "look up", None, "what the deletion of a user would entail"
    ),
    "user.export": _Phrase("exported", "export", None, "users"),
    "user.reactivate": _Phrase("reactivated", "reactivate", "user", "a user"),
    "user.read": _Phrase("looked at", "look at", "user", "users"),
    "user.read_grants": _Phrase("looked at", "look at", None, "what a user holds in person"),
    "user.read_own": _Phrase("looked at", "look at", None, "their own profile"),
    "user.reset_credentials": _Phrase(
        "started", "start", "a password reset for", "a user's password reset"
    ),
    "user.reset_credentials.preview": _Phrase(
        "looked up", "look up", None, "whether a user's password can be reset"
    ),
    "user.set_password": _Phrase("set", "set", "a new password for", "a user's password"),
    "user.set_grants": _Phrase(
        "changed", "change", "what is granted in person to", "what is granted to a user in person"
    ),
    "user.suspend": _Phrase("suspended", "suspend", "user", "a user"),
    "user.suspend.preview": _Phrase(
        "looked up", "look up", None, "what suspending many users would change"
    ),
    "user.update": _Phrase("changed", "change", "user", "a user"),
    "user.update_own": _Phrase("changed their name", "change their name"),
    "view.create": _Phrase("saved", "save", "the view", "a view of a list"),
    "view.delete": _Phrase("deleted", "delete", "the view", "a saved view"),
    "view.read": _Phrase("looked at", "look at", None, "the saved views of a list"),
    "view.rename": _Phrase("renamed", "rename", "the view", "a saved view"),
    "view.replace": _Phrase("changed", "change", "the view", "a saved view"),
    "view.share": _Phrase("shared", "share", "the view", "a saved view"),
    "view.unshare": _Phrase("stopped sharing", "stop sharing", "the view", "a saved view"),
}


def action_in_words(action: str) -> str:
    """What an action is called where no single entry is meant: *Created a user*."""
    phrase = _phrase_of(action)
    if phrase is None:
        return capitalised(action.replace(".", " ").replace("_", " "))
    return capitalised(f"{phrase.did} {phrase.alone}".rstrip())


_NEW_PASSWORD = _Phrase("set", "set", "a new password for", "a user's password")
TOLD_ACTIONS = frozenset(_PHRASES)


def _phrase(entry: AuditEntryRead) -> _Phrase | None:
    if entry.action == "user.update" and [each.field for each in entry.changes] == ["password"]:
        return _NEW_PASSWORD
    return _phrase_of(entry.action)


def _phrase_of(action: str) -> _Phrase | None:
    described = phrase_of(action)
    return _Phrase(*described) if described is not None else _PHRASES.get(action)


def _told(entry: AuditEntryRead, phrase: _Phrase, target: str, *, did: bool) -> tuple[str, str]:
    verb = phrase.did if did else f"tried to {phrase.tried}"
    if entry.detail.get("listed") and entry.detail["listed"] == entry.detail.get("count"):
        verb = "saw in a list:"
    if did and _changed_nothing(entry, phrase):
        verb = f"{phrase.did} nothing of"
    goes_without_saying = phrase.of == _AS and entry.target_id == str(entry.actor_id)
    if target and phrase.of is not None and not goes_without_saying:
        return f"{verb} {phrase.of}".rstrip(), target
    rows = entry.detail.get("rows")
    counted = f"{rows:,} " if isinstance(rows, int) else ""
    words = f"{verb} {counted}{phrase.alone}".rstrip()
    is_gone = phrase.alone and entry.error_code.endswith(".not_found")
    return (f"{words} that no longer exists" if is_gone else words), ""


def _changed_nothing(entry: AuditEntryRead, phrase: _Phrase) -> bool:
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
    if target_id is None:
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
