"""What crosses the border of the roles feature."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from app.core.access import ALL_ROWS, Grant
from app.core.actor import Actor
from app.core.names import name_key
from app.core.paging import Page, PageRequest, sort_values
from app.core.permissions import is_grant
from app.core.record_list import RecordList
from app.core.record_read import NamesRecord, RecordRead
from app.core.schemas import example
from app.core.text import Moment, Version, composed_text, searched_text, shown_text


def _grantable(text: str) -> str:
    if not is_grant(text):
        code = "permission"
        message = "Write a permission such as user.read, or a wildcard: user.*, *.read or *."
        raise PydanticCustomError(code, message)
    return text


def _role_name(text: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if len(text) > _LONGEST_NAME:
        # Composition makes some texts longer.
        raise PydanticKnownError(_TOO_LONG, {"max_length": _LONGEST_NAME})
    if not name_key(text) or not _ROLE_NAME.fullmatch("".join(map(_kind, text))):
        code = "role_name"
        message = "Use letters, digits, spaces, commas, dots, dashes, underscores and parentheses."
        raise PydanticCustomError(code, message)
    return text


_LONGEST_NAME = 50
_TOO_LONG: Final = "string_too_long"
_ROLE_NAME: Final = re.compile(r"(?=.*L)(?:L(?:[LM]|J(?=L))*| )+")
"""Letters, each with its marks, joiners only between letters, and what may stand between them."""
_JOINERS: Final = "\u200c\u200d"


def _kind(character: str) -> str:
    """How `_ROLE_NAME` writes a character; something else for what it does not take."""
    if character.isalnum():
        return "L"
    if character in " -_.,()":
        return " "
    if character in _JOINERS:
        return "J"
    return "M" if unicodedata.category(character) in ("Mn", "Mc") else "?"


_Text = Annotated[
    str, Field(max_length=300), BeforeValidator(shown_text), BeforeValidator(composed_text)
]
RoleName = Annotated[
    str,
    Field(min_length=1, max_length=50, examples=["editor"]),
    BeforeValidator(shown_text),
    BeforeValidator(composed_text),
    AfterValidator(_role_name),
]
GrantName = Annotated[
    str, Field(max_length=100, examples=["user.read", "user.*"]), AfterValidator(_grantable)
]
_Name = Annotated[
    str, Field(max_length=50), BeforeValidator(shown_text), BeforeValidator(composed_text)
]
_Names = Annotated[list[_Name], Field(max_length=200)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GrantSpec(_Input):
    """A permission or wildcard to grant, perhaps with conditions."""

    permission: GrantName
    rule: _Name = Field(
        default=ALL_ROWS, description="The row rule that picks the rows; empty for all rows."
    )
    readable: _Names | None = Field(
        default=None, description="The fields that may be read; null for all of them."
    )
    writable: _Names | None = Field(
        default=None, description="The fields that may be written; null for all of them."
    )
    expires_at: Moment | None = Field(
        default=None, description="When the grant ends; null for never."
    )
    reason: _Text = Field(default="", description="Why it is given.")

    @property
    def key(self) -> tuple[str, str]:
        """What tells two grants of one role apart."""
        return (self.permission, self.rule)

    def as_grant(self) -> Grant:
        """The grant it would become."""
        return Grant(
            self.permission,
            self.rule,
            None if self.readable is None else frozenset(self.readable),
            None if self.writable is None else frozenset(self.writable),
            expires_at=self.expires_at,
            reason=self.reason,
        )


class GrantRead(GrantSpec, RecordRead):
    """A grant in force or ended, and where it comes from.

    Who may not read roles is shown what they grant, as they sent it, and nothing of its origin.
    """

    resource: ClassVar[str] = "role"
    always_shown: ClassVar[frozenset[str]] = frozenset(GrantSpec.model_fields)
    is_part: ClassVar[bool] = True

    granted_by: str = Field(description="Name of who gave it; empty when they may not be seen.")
    granted_by_id: UUID | None = Field(
        default=None, description="Their id; null for the platform itself."
    )
    granted_at: datetime


def _unique(grants: Iterable[GrantSpec]) -> None:
    keys = [grant.key for grant in grants]
    if len(keys) != len(set(keys)):
        code, message = "grants", "The same permission is granted twice with the same row rule."
        raise PydanticCustomError(code, message)


_SOME_GRANTS: dict[str, Any] = {
    "permissions": ["user.read"],
    "grants": [
        {
            "permission": "user.update",
            "writable": ["display_name"],
            "expires_at": "2099-12-31T23:00:00Z",
            "reason": "Names are kept right by the help desk.",
        }
    ],
}
_A_ROLE = {"name": "editor", "description": "Keeps names right.", "includes": ["guest"]}
_SOMEBODY = "01890000-0000-7000-8000-000000000000"


class Grants(_Input):
    """What to grant: bare permissions, or grants with conditions, or both."""

    model_config = example(_SOME_GRANTS)

    permissions: list[GrantName] = Field(default=[], max_length=500)
    grants: list[GrantSpec] = Field(default=[], max_length=500)

    @model_validator(mode="after")
    def _are_unique(self) -> "Grants":
        _unique(self.all_grants)
        return self

    @property
    def all_grants(self) -> list[GrantSpec]:
        """Both kinds as grants."""
        return [*(GrantSpec(permission=name) for name in self.permissions), *self.grants]


class OwnGrants(Grants):
    """All that somebody holds in person from now on."""

    model_config = example(_SOME_GRANTS)

    permissions: list[GrantName] = Field(
        max_length=500, description="All of it without conditions; empty for none."
    )
    grants: list[GrantSpec] = Field(
        max_length=500, description="All of it with conditions; empty for none."
    )
    version: Annotated[str, BeforeValidator(shown_text)] | None = Field(
        default=None,
        max_length=64,
        description="The `version` of the list these are based on; another one gives 409.",
    )


class RoleCreate(Grants):
    """A new role."""

    model_config = example(_A_ROLE | _SOME_GRANTS)

    name: RoleName
    description: _Text = ""
    includes: _Names = Field(default=[], description="Names of roles whose grants it shares.")


class RoleUpdate(_Input):
    """Changes to a role; what is absent stays."""

    model_config = example({"description": "Keeps names right."})

    name: RoleName | None = None
    description: _Text | None = None
    includes: _Names | None = Field(default=None, description="The roles it includes from now on.")
    permissions: list[GrantName] | None = Field(
        default=None, max_length=500, description="All that it grants without conditions."
    )
    grants: list[GrantSpec] | None = Field(
        default=None, max_length=500, description="All that it grants, with conditions."
    )
    version: Version | None = Field(
        default=None,
        description="The version these changes are based on; another one gives 409.",
    )

    @model_validator(mode="after")
    def _are_unique(self) -> "RoleUpdate":
        _unique(self.all_grants or [])
        return self

    @property
    def all_grants(self) -> list[GrantSpec] | None:
        """All that it grants from now on; None when that stays."""
        if self.permissions is None and self.grants is None:
            return None
        return [
            *(GrantSpec(permission=name) for name in self.permissions or []),
            *(self.grants or []),
        ]


class RoleReplace(RoleUpdate):
    """All of a role: what it does not say would be lost, so it says everything."""

    model_config = example(_A_ROLE | _SOME_GRANTS)

    name: RoleName
    description: _Text
    includes: _Names = Field(description="All roles that it includes; empty for none.")
    permissions: list[GrantName] = Field(
        max_length=500, description="All that it grants without conditions; empty for nothing."
    )
    grants: list[GrantSpec] = Field(
        max_length=500, description="All that it grants with conditions; empty for nothing."
    )


class GrantPage(Page[GrantRead]):
    """All that somebody holds in person."""

    version: str = Field(description="Another one after every change.")


class RoleRead(RecordRead):
    """A role and what it grants."""

    resource: ClassVar[str] = "role"

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str = Field(examples=["admin"])
    description: str
    includes: tuple[str, ...] = Field(description="Names of the roles it includes, sorted.")
    permissions: tuple[str, ...] = Field(
        description="What it grants itself, sorted; `grants` tells the conditions."
    )
    grants: tuple[GrantRead, ...]
    members: int = Field(description="How many users have it, not counting ended memberships.")
    created_at: datetime
    updated_at: datetime
    version: int = Field(description="Raised by every change; send it back to detect conflicts.")


class RoleList(RecordList[RoleRead]):
    """Some roles, with the names of `RoleRead`."""

    def _record(self, known: dict[str, Any]) -> RoleRead:
        return RoleRead.model_construct(**known)


_SORTS = sort_values("name", "created_at", "updated_at")


class RoleListQuery(PageRequest):
    """A page of roles."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=100), BeforeValidator(searched_text)] | None = Field(
        default=None,
        description="Words; each must stand somewhere in the name. Case and accents do not count.",
    )
    sort: Annotated[str, Field(max_length=100, json_schema_extra=_SORTS)] | None = Field(
        default=None, description="Column to sort by, `name` if absent; `-` in front reverses."
    )


class Person(NamesRecord):
    """Somebody, as far as the actor may see them."""

    resource: ClassVar[str] = "user"

    display_name: str | None = Field(description="Null when it may not be read.")
    email: str | None = Field(description="Null when it may not be read.")

    @property
    def name(self) -> str:
        """What to call them."""
        return self.display_name or self.email or "Hidden name"

    def is_own(self, actor: Actor) -> bool:
        """Whether it is the actor themselves."""
        return self.id == actor.user_id

    def has(self, field: str) -> bool:
        """Whether the field is told."""
        return getattr(self, field, None) is not None


KeptOut = Literal["suspended", "must_change_password", "previewing"]
"""What keeps somebody from all that they hold."""

KEPT_OUT_WORDS: Mapping[KeptOut, str] = {
    "suspended": "is suspended and cannot sign in",
    "must_change_password": "must choose another password first",
    "previewing": "is looking through a preview, in which nothing can be changed",
}


class MemberRead(Person):
    """Somebody who has a role."""

    expires_at: datetime | None
    granted_by: str = Field(description="Name of who gave it; empty when they may not be seen.")
    granted_by_id: UUID | None = Field(description="Their id; null for the platform itself.")
    granted_at: datetime
    reason: str


_UNSEEN = "How many others there are whom you may not see."


class MemberPage(Page[MemberRead]):
    """Some of those who have a role."""

    count: int = Field(description="How many of them match.")
    hidden: int = Field(default=0, description=_UNSEEN)


class MembersAdd(_Input):
    """Users to give a role to."""

    model_config = example(
        {"user_ids": [_SOMEBODY], "expires_at": "2099-12-31T23:00:00Z", "reason": "On holiday."}
    )

    user_ids: list[UUID] = Field(min_length=1, max_length=500)
    expires_at: Moment | None = None
    reason: _Text = ""


class MembersRemove(_Input):
    """Users to take a role from."""

    model_config = example({"user_ids": [_SOMEBODY]})

    user_ids: list[UUID] = Field(min_length=1, max_length=500)


_MEMBER_SORTS = sort_values("created", "name", "since", "until")


class MemberListQuery(PageRequest):
    """A page of members."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=100), BeforeValidator(searched_text)] | None = Field(
        default=None, description="Text in their name or e-mail address.", examples=["ada"]
    )
    sort: Annotated[str, Field(max_length=100, json_schema_extra=_MEMBER_SORTS)] | None = Field(
        default=None,
        description="`created`, as the users were created, if absent; `until` sorts those who have "
        "it for good last.",
    )


class Count(BaseModel):
    """How many were changed."""

    count: int


class Affected(BaseModel):
    """Some people for whom a change means the same."""

    people: list[Person] = Field(description="The first of them, by name.")
    count: int = Field(description="How many they are.")
    hidden: int = Field(description="How many of them you may not see.")
    gains: list[str] = Field(description="Permissions they get.")
    widens: list[str] = Field(description="Permissions they get for more rows or fields.")
    narrows: list[str] = Field(
        description="Permissions they keep for fewer rows or fields, or for less time."
    )
    loses: list[str] = Field(description="Permissions they no longer hold.")


class WhatIf(BaseModel):
    """Who would gain and who would lose what, if a change were saved."""

    groups: list[Affected] = Field(description="Everybody concerned is in one of them.")
    affected: int = Field(description="How many users hold something that changes.")
    refusal: str | None = Field(description="Why it could not be saved; null when it can be.")


class WhatIfRequest(_Input):
    """A change to look at before it is made."""

    model_config = example({"role_id": _SOMEBODY, "change": {"permissions": ["user.read"]}})

    role_id: UUID | None = Field(default=None, description="The role; null for a new one.")
    change: RoleUpdate | None = Field(
        default=None, description="The change; null when the role is to be deleted."
    )


class Assignment(BaseModel):
    """That somebody has a role: until when, and who gave it, when and why."""

    role_id: UUID
    role: str
    user_id: UUID
    email: str
    expires_at: datetime | None = None
    reason: str = ""
    granted_by: str = ""
    granted_by_id: UUID | None = None
    granted_at: datetime


class IncludedRole(BaseModel):
    """A role that another one includes, by its id and what it is called."""

    role_id: UUID
    role: str


SPEC_FIELDS = set(GrantSpec.model_fields)
_ORIGIN = {"id", "granted_by", "granted_by_id", "granted_at"}
_OF_ROLE, _OF_USER = {"role_id", "role"}, {"user_id", "email"}


def as_json(grants: Iterable[GrantSpec]) -> list[dict[str, Any]]:
    """Grants as people send them."""
    return [
        grant.model_dump(mode="json", include=SPEC_FIELDS, exclude_defaults=True)
        for grant in grants
    ]


def grants_as_recorded(grants: Iterable[GrantRead]) -> list[dict[str, Any]]:
    """Grants as audit entries write them, with who gave them and when."""
    return [
        grant.model_dump(mode="json", include=SPEC_FIELDS | _ORIGIN, exclude_defaults=True)
        for grant in grants
    ]


def roles_as_recorded(assignments: Iterable[Assignment]) -> list[dict[str, Any]]:
    """Somebody's roles as audit entries about them write them."""
    return [
        each.model_dump(mode="json", exclude=_OF_USER, exclude_defaults=True)
        for each in assignments
    ]


def members_as_recorded(assignments: Iterable[Assignment]) -> list[dict[str, Any]]:
    """Members of a role as audit entries about it write them."""
    return [
        each.model_dump(mode="json", exclude=_OF_ROLE, exclude_defaults=True)
        for each in assignments
    ]


def version_of(grants: Iterable[GrantSpec]) -> str:
    """The same for the same grants, whatever their order."""
    facts = sorted(json.dumps(fact, sort_keys=True) for fact in as_json(grants))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def role_as_recorded(role: RoleRead | None, role_ids: Mapping[str, UUID]) -> dict[str, Any]:
    """A role as audit entries write it; nothing for none.

    Args:
        role: The role.
        role_ids: The ids of the roles that it includes, by name.
    """
    if role is None:
        return {}
    included = (IncludedRole(role_id=role_ids[name], role=name) for name in role.includes)
    return {
        "name": role.name,
        "description": role.description,
        "includes": [each.model_dump(mode="json") for each in included],
        "grants": grants_as_recorded(role.grants),
    }


def unseen(count: int) -> str:
    """People whom the actor may not see, in words that stand for names; empty for none."""
    if not count:
        return ""
    return "1 person you may not see" if count == 1 else f"{count:,} people you may not see"
