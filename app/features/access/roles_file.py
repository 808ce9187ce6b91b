"""Roles as a YAML file: written in a stable order, read, and compared with what there is."""

from collections.abc import Iterable, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from app.core.errors import Invalid
from app.core.validation import findings, summary
from app.core.yaml import NotYaml, read_yaml
from app.features.access.schemas import RoleDefinition, RolesFile
from app.features.roles.schemas import GrantSpec, RoleRead

_HEAD = """\
# Roles of this installation. What is not written has its default: no rule (all records), all
# fields, no end. A comment is lost at the next export; a description or a reason stays.
"""
_GRANT = {"permission", "rule", "readable", "writable", "expires_at", "reason"}


def defined(role: RoleRead) -> RoleDefinition:
    """What a file says of a role."""
    return RoleDefinition(
        name=role.name,
        id=role.id,
        description=role.description,
        includes=sorted(role.includes),
        grants=sorted(
            (GrantSpec.model_validate(each.model_dump(include=_GRANT)) for each in role.grants),
            key=lambda grant: grant.key,
        ),
    )


def write(roles: Iterable[RoleRead], *, with_ids: bool = True) -> str:
    """The text of a file with these roles, by name.

    Args:
        roles: The roles.
        with_ids: Whether the file says which role each name means. Elsewhere the same names have
            other ids.
    """
    found = sorted(map(defined, roles), key=lambda role: role.name)
    if not with_ids:
        found = [role.model_copy(update={"id": None}) for role in found]
    document = {"roles": [_plain(role) for role in found]}
    return _HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def read(text: str) -> RolesFile:
    """The roles that a file describes.

    Raises:
        Invalid: It is empty, not YAML, or does not describe roles.
    """
    try:
        content = read_yaml(text)
    except NotYaml as error:
        raise Invalid(
            "access.file.invalid", f"This is no YAML that is read here: {error}"
        ) from error
    if content is None:
        message = "This file is empty; a file that describes no role says `roles: []`."
        raise Invalid("access.file.empty", message)
    try:
        return RolesFile.model_validate(content)
    except ValidationError as error:
        wrong = findings(error.errors(include_input=False, include_url=False))
        raise Invalid("access.file.invalid", summary(wrong)) from error


def mistaken(wanted: RolesFile, present: Sequence[RoleRead]) -> list[str]:
    """Where a name means another role than the id beside it, one sentence each."""
    ids = {role.name: role.id for role in present}
    names = {role.id: role.name for role in present}
    found = []
    for role in sorted(wanted.roles, key=lambda role: role.name):
        here = ids.get(role.name)
        if role.id is None or role.id == here:
            continue
        if role.id in names:
            found.append(f"{role.name}: the role with this id is called {names[role.id]} here.")
        elif here is not None:
            found.append(f"{role.name}: is another role here than in the file, by its id.")
    return found


def differences(wanted: RolesFile, present: Sequence[RoleRead]) -> list[str]:
    """What the file says otherwise than the roles are, one sentence each."""
    here = {role.name: defined(role) for role in present}
    there = {role.name: role for role in wanted.roles}
    found = []
    for name in sorted({*here, *there}):
        if name not in there:
            found.append(f"{name}: is not in the file.")
        elif name not in here:
            found.append(f"{name}: is in the file only.")
        else:
            found += [f"{name}: {words}" for words in between(there[name], here[name])]
    return [*mistaken(wanted, present), *found]


def between(there: RoleDefinition, here: RoleDefinition) -> list[str]:
    """What a file says otherwise of a role than it is, as ends of sentences."""
    words = []
    if there.description != here.description:
        words.append("has another description in the file.")
    if sorted(there.includes) != sorted(here.includes):
        names = ", ".join(sorted(there.includes)) or "nothing"
        words.append(f"includes {names} in the file.")
    grants = {grant.key: grant for grant in there.grants}
    mine = {grant.key: grant for grant in here.grants}
    for key in sorted({*grants, *mine}):
        permission, rule = key
        what = f"{permission} ({rule})" if rule else permission
        if key not in grants:
            words.append(f"grants {what}, the file does not.")
        elif key not in mine:
            words.append(f"does not grant {what}, the file does.")
        elif _plain_grant(grants[key]) != _plain_grant(mine[key]):
            words.append(f"grants {what} under other conditions than in the file.")
    return words


def _plain(role: RoleDefinition) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": role.name}
    if role.id is not None:
        facts["id"] = str(role.id)
    if role.description:
        facts["description"] = role.description
    if role.includes:
        facts["includes"] = role.includes
    if role.grants:
        facts["grants"] = [_plain_grant(grant) for grant in role.grants]
    return facts


def _plain_grant(grant: GrantSpec) -> dict[str, Any]:
    facts = grant.model_dump(mode="json", exclude_defaults=True)
    return {
        name: sorted(value) if isinstance(value, list) else value for name, value in facts.items()
    }
