"""What a change of a role means, in sentences and in single facts."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.permissions import resource_of
from app.core.role_graph import RoleGraph, RoleNode
from app.features.audit.words import capitalised, in_words
from app.features.roles.schemas import Affected, GrantSpec, RoleRead, RoleUpdate, WhatIf, unseen
from app.ui import runtime

_NAMED = 5
"""How many people a sentence names."""


def spec_of(grant: GrantSpec) -> dict[str, Any]:
    """A grant as the form has it, the same for equal ones."""
    spec = grant.model_dump(mode="json", include=set(GrantSpec.model_fields))
    for kind in ("readable", "writable"):
        if spec[kind] is not None:
            spec[kind] = sorted(spec[kind])
    return spec


def permission_groups() -> list[dict[str, Any]]:
    """The permissions by resource, each after the wildcard of its resource."""
    registry = runtime.current().registry
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for module in registry.modules:
        for permission in (name for names in module.permissions for name in names):
            resource = registry.resource(resource_of(permission))
            title = resource.title or capitalised(resource.name.replace(".", " ").replace("_", " "))
            group = groups.setdefault(
                (module.id, resource.name),
                {
                    "name": resource.name,
                    "title": title,
                    "module": module.id,
                    "permissions": [
                        {
                            "code": f"{resource.name}.*",
                            "description": "All of these, also those that come later",
                        }
                    ],
                    "rules": [{"name": each.name, "title": each.title} for each in resource.rules],
                    "readable": _named(resource.readable),
                    "writable": _named(resource.writable),
                },
            )
            group["permissions"].append(
                {"code": str(permission), "description": permission.description}
            )
    everything = {
        "name": "*",
        "title": "Everything",
        "module": "",
        "permissions": [
            {"code": "*", "description": "All that can be done, also what comes later"},
            {"code": "*.read", "description": "All that can be seen, also what comes later"},
        ],
        "rules": [],
        "readable": [],
        "writable": [],
    }
    return [everything, *groups.values()]


def _named(titles: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "title": title} for name, title in titles.items()]


def draft_of(role: RoleRead | RoleUpdate) -> dict[str, Any]:
    """A role as single facts, each of which somebody may have changed."""
    return {
        "name": role.name,
        "description": role.description or "",
        **{f"includes {name}": name for name in role.includes or ()},
        **{
            f"{grant.permission} {grant.rule}".rstrip(): spec_of(grant)
            for grant in role.grants or ()
        },
    }


def change_to(facts: dict[str, Any], version: int) -> RoleUpdate:
    """The change that makes a role have these facts; those that are None it has not."""
    return RoleUpdate(
        name=facts["name"],
        description=facts["description"],
        includes=[name for key, name in facts.items() if name and key.startswith("includes ")],
        grants=[
            GrantSpec.model_validate(fact) for fact in facts.values() if isinstance(fact, dict)
        ],
        version=version,
    )


def label_of_fact(key: str) -> str:
    """What a fact of `draft_of` is called: *Name*, *Includes: guest*, *User: read*."""
    permission, _, rest = key.partition(" ")
    if permission == "includes":
        return f"Includes: {rest}"
    noun, _, action = permission.rpartition(".")
    if not noun and action != "*":
        return capitalised(key)
    rules = {rule.name: rule.title for rule in runtime.current().registry.resource(noun).rules}
    limit = f" ({rules.get(rest, rest).lower()})" if rest else ""
    words = noun.replace(".", " ").replace("_", " ")
    shown = "Everything" if noun in ("", "*") else capitalised(words)
    what = "" if permission == "*" else f": {'all' if action == '*' else action.replace('_', ' ')}"
    return f"{shown}{what}{limit}"


def in_words_of(fact: Any) -> str:
    """A fact as people read it."""
    return in_words(fact) or "no"


def effects_of(found: WhatIf) -> list[dict[str, Any]]:
    """For whom a change means the same, and what becomes of which permissions; each person once."""
    known = {str(name): name.description for name in runtime.current().registry.permissions}

    def told(permissions: Sequence[str]) -> list[dict[str, str]]:
        return [{"code": name, "description": known[name]} for name in permissions]

    return [
        {
            "who": who_of(group),
            "gains": told(group.gains),
            "widens": told(group.widens),
            "narrows": told(group.narrows),
            "loses": told(group.loses),
        }
        for group in found.groups
    ]


def who_of(group: Affected) -> str:
    """*Ada, Bob and 5 more, and 3 people you may not see*."""
    names = [person.name for person in group.people][:_NAMED]
    seen = group.count - group.hidden
    if seen > len(names):
        names.append(f"{seen - len(names):,} more")
    if group.hidden:
        names.append(unseen(group.hidden))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def summary_of(found: WhatIf, members: int) -> str:
    """Whom a change concerns, in one sentence."""
    if found.affected:
        people = "1 person is" if found.affected == 1 else f"{found.affected:,} people are"
        return f"{people} affected, as soon as this is done."
    if not members:
        return "Nobody has this role, so nobody's access changes."
    return "Nobody's access changes: they hold the same through other roles or grants."


def granted_by(roles: Sequence[RoleRead]) -> list[dict[str, Any]]:
    """What roles grant in the end, each grant with the way to the role that grants it."""
    graph = RoleGraph(
        {
            role.name: RoleNode(tuple(each.as_grant() for each in role.grants), role.includes)
            for role in roles
        }
    )
    return [
        {
            "name": role.name,
            "grants": [
                {
                    "permission": grant.permission,
                    "rule": grant.rule,
                    "readable": None if grant.readable is None else sorted(grant.readable),
                    "writable": None if grant.writable is None else sorted(grant.writable),
                    "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
                    "reason": grant.reason,
                    "source": " → ".join(grant.via),
                }
                for grant in graph.grants_of(role.name)
            ],
        }
        for role in roles
    ]
