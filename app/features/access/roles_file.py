"""Roles as a YAML file: written in a stable order, read, and compared with what there is."""

from collections.abc import Iterable, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from app.core.errors import Invalid
from app.core.validation import findings, summary
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
        description=role.description,
        includes=sorted(role.includes),
        grants=sorted(
            (GrantSpec.model_validate(each.model_dump(include=_GRANT)) for each in role.grants),
            key=lambda grant: grant.key,
        ),
    )


def write(roles: Iterable[RoleRead]) -> str:
    """The text of a file with these roles, by name."""
    found = sorted(map(defined, roles), key=lambda role: role.name)
    document = {"roles": [_plain(role) for role in found]}
    return _HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def read(text: str) -> RolesFile:
    """The roles that a file describes.

    Raises:
        Invalid: It is not YAML, or does not describe roles.
    """
    try:
        return RolesFile.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise Invalid("access.file.invalid", f"This is not YAML: {error}") from error
    except ValidationError as error:
        wrong = findings(error.errors(include_input=False, include_url=False))
        raise Invalid("access.file.invalid", summary(wrong)) from error


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
            found += [f"{name}: {words}" for words in _between(there[name], here[name])]
    return found


def _between(there: RoleDefinition, here: RoleDefinition) -> list[str]:
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
