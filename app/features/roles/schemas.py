"""What crosses the border of the roles feature."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.core.access import ALL_ROWS, Grant
from app.core.paging import DEFAULT_SIZE, MAX_SIZE, Page, PageRequest, sort_values
from app.core.permissions import is_grant
from app.core.text import Moment, Version, plain_text


def _grantable(text: str) -> str:
    if not is_grant(text):
        code = "permission"
        message = "Write a permission such as user.read, or a wildcard: user.*, *.read or *."
        raise PydanticCustomError(code, message)
    return text


def _role_name(text: str) -> str:
    text = " ".join(text.split())
    if not text or not all(part.isalnum() or part in " -_." for part in text):
        code, message = "role_name", "Use letters, digits, spaces, dots, dashes and underscores."
        raise PydanticCustomError(code, message)
    return text


_Text = Annotated[str, Field(max_length=300), BeforeValidator(plain_text)]
RoleName = Annotated[
    str,
    Field(min_length=1, max_length=50, examples=["editor"]),
    BeforeValidator(plain_text),
    AfterValidator(_role_name),
]
GrantName = Annotated[
    str, Field(max_length=100, examples=["user.read", "blog.*"]), AfterValidator(_grantable)
]
_Name = Annotated[str, Field(max_length=50), BeforeValidator(plain_text)]
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


class GrantRead(GrantSpec):
    """A grant in force or ended, and where it comes from."""

    id: UUID
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


class Grants(_Input):
    """What to grant: bare permissions, or grants with conditions, or both."""

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

    version: str | None = Field(
        default=None,
        max_length=64,
        description="The `version` of the list these are based on; another one gives 409.",
    )


class RoleCreate(Grants):
    """A new role."""

    name: RoleName
    description: _Text = ""
    includes: _Names = Field(default=[], description="Names of roles whose grants it shares.")


class RoleUpdate(_Input):
    """Changes to a role; what is absent stays."""

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
    """All of a role."""

    name: RoleName
    description: _Text = ""
    includes: _Names = []
    permissions: list[GrantName] = Field(default=[], max_length=500)


class GrantPage(Page[GrantRead]):
    """All that somebody holds in person."""

    version: str = Field(description="Another one after every change.")


class RoleRead(BaseModel):
    """A role and what it grants."""

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


_SORTS = sort_values("name", "created_at", "updated_at")


class RoleListQuery(PageRequest):
    """A page of roles."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=100), BeforeValidator(plain_text)] | None = Field(
        default=None, description="Part of the name."
    )
    sort: Annotated[str, Field(max_length=100, json_schema_extra=_SORTS)] | None = Field(
        default=None, description="Column to sort by, `name` if absent; `-` in front reverses."
    )


class Person(BaseModel):
    """Somebody, as far as the actor may see them."""

    id: UUID
    display_name: str | None = Field(description="Null when it may not be read.")
    email: str | None = Field(description="Null when it may not be read.")

    @property
    def name(self) -> str:
        """What to call them."""
        return self.display_name or self.email or "Hidden name"


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

    hidden: int = Field(default=0, description=_UNSEEN)


class MembersAdd(_Input):
    """Users to give a role to."""

    user_ids: list[UUID] = Field(min_length=1, max_length=500)
    expires_at: Moment | None = None
    reason: _Text = ""


class MembersRemove(_Input):
    """Users to take a role from."""

    user_ids: list[UUID] = Field(min_length=1, max_length=500)


class MemberListQuery(BaseModel):
    """A page of members, in the order in which the users were created."""

    model_config = ConfigDict(extra="forbid")

    cursor: UUID | None = Field(default=None, description="`next_cursor` of the page before.")
    limit: int = Field(default=DEFAULT_SIZE, ge=1, le=MAX_SIZE, description="Rows per page.")


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

    role_id: UUID | None = Field(default=None, description="The role; null for a new one.")
    change: RoleUpdate | None = Field(
        default=None, description="The change; null when the role is to be deleted."
    )


SPEC_FIELDS = set(GrantSpec.model_fields)


def as_json(grants: Iterable[GrantSpec]) -> list[dict[str, Any]]:
    """Grants as audit entries write them."""
    return [
        grant.model_dump(mode="json", include=SPEC_FIELDS, exclude_defaults=True)
        for grant in grants
    ]


def version_of(grants: Iterable[GrantSpec]) -> str:
    """The same for the same grants, whatever their order."""
    facts = sorted(json.dumps(fact, sort_keys=True) for fact in as_json(grants))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def facts_of(role: RoleRead | None) -> dict[str, Any]:
    """A role as audit entries write it; nothing for none."""
    if role is None:
        return {}
    return {
        "name": role.name,
        "description": role.description,
        "includes": list(role.includes),
        "grants": as_json(role.grants),
    }


def unseen(count: int) -> str:
    """People whom the actor may not see, in words that stand for names; empty for none."""
    if not count:
        return ""
    return "1 person you may not see" if count == 1 else f"{count:,} people you may not see"
