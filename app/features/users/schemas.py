"""What crosses the border of the users feature."""

import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from app.core import passwords
from app.core.paging import PageRequest, sort_values
from app.core.text import Flag, Version, plain_text

_LONGEST_NAME = 100
_TOO_LONG: Final = "string_too_long"


class UserStatus(StrEnum):
    """Whether a user may sign in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


def normalise_email(text: str) -> str:
    """The one spelling of an address: NFC, lower case, without surrounding space.

    Raises:
        ValueError: It is not an e-mail address.
    """
    try:
        parts = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError) as error:
        code, message = "wrong_format", "This is not an e-mail address."
        raise PydanticCustomError(code, message) from error
    # A capital with an accent may have no composed form of its own while the small letter does.
    return unicodedata.normalize("NFC", parts.normalized.lower())


_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def _clean_name(text: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not text:
        code, message = "required", "A name is needed."
        raise PydanticCustomError(code, message)
    if len(text) > _LONGEST_NAME:
        # Composition makes some texts longer.
        raise PydanticKnownError(_TOO_LONG, {"max_length": _LONGEST_NAME})
    # Control characters, lone surrogates and unassigned code points; joiners of emoji are Cf.
    # What turns the direction of all that follows lets one name look like another.
    if any(
        unicodedata.category(character) in ("Cc", "Cs", "Cn")
        or unicodedata.bidirectional(character) in _TURNING
        for character in text
    ):
        code, message = "wrong_characters", "The name contains characters that cannot be shown."
        raise PydanticCustomError(code, message)
    return text


Email = Annotated[
    str,
    Field(max_length=254, examples=["ada@example.com"], json_schema_extra={"format": "email"}),
    AfterValidator(normalise_email),
]
DisplayName = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST_NAME, examples=["Ada Lovelace"]),
    AfterValidator(_clean_name),
]
NewPassword = Annotated[
    SecretStr,
    Field(min_length=1, max_length=passwords.MAX_LENGTH, examples=["a long sentence you remember"]),
    BeforeValidator(plain_text),
]
RoleName = Annotated[str, Field(max_length=50), BeforeValidator(plain_text)]
RoleNames = Annotated[list[RoleName], Field(max_length=50)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UserCreate(_Input):
    """A new user."""

    email: Email
    display_name: DisplayName
    password: NewPassword
    roles: RoleNames = Field(default=["user"], description="Names of the roles to give.")
    verified: Flag = Field(default=False, description="Whether the e-mail address is confirmed.")
    must_change_password: Flag = Field(
        default=False, description="Whether the password must be changed at the first sign-in."
    )


def _never_null(schema: dict[str, Any]) -> None:
    del schema["default"]
    given, _null = schema.pop("anyOf")
    schema.update(given)


_ABSENT: Any = Field(default=None, json_schema_extra=_never_null)


class UserUpdate(_Input):
    """Changes to a user; what is absent stays."""

    # None is only how absence reads here; nobody may send it.
    email: Email | None = _ABSENT
    display_name: DisplayName | None = _ABSENT
    password: NewPassword | None = _ABSENT
    verified: Flag | None = _ABSENT
    must_change_password: Flag | None = _ABSENT
    version: Version | None = Field(
        default=None,
        description="The version these changes are based on; another one gives 409.",
    )

    @field_validator(
        "email", "display_name", "password", "verified", "must_change_password", mode="before"
    )
    @classmethod
    def _given(cls, value: object) -> object:
        if value is None:
            code, message = "required", "This cannot be null; leave it out to keep what is there."
            raise PydanticCustomError(code, message)
        return value


class UserReplace(UserUpdate):
    """All editable details of a user; `password` stays when absent."""

    email: Email
    display_name: DisplayName
    verified: Flag


class RoleAssignment(_Input):
    """The roles a user has from now on."""

    roles: RoleNames = Field(examples=[["user"]])


class UserFilter(BaseModel):
    """Which users are listed."""

    q: str | None = Field(
        default=None,
        max_length=200,
        description="Words; each must start a word of the name or e-mail address.",
    )
    status: UserStatus | None = None
    role: RoleName | None = Field(default=None, description="Name of a role they have.")


_SORTS = sort_values("created_at", "email", "display_name", "last_sign_in_at")
_SORTED = "Column to sort by, `-` in front reverses; `-created_at` if absent."
Sort = Annotated[str, Field(max_length=100, json_schema_extra=_SORTS)]


class UserListQuery(UserFilter, PageRequest):
    """A page of users."""

    model_config = ConfigDict(extra="forbid")

    sort: Sort | None = Field(default=None, description=_SORTED)


class UserExportQuery(UserFilter):
    """Which users are exported, and in which order; `sort` as in a list."""

    model_config = ConfigDict(extra="forbid")

    sort: Sort | None = Field(default=None, description=_SORTED)


class UserRead(BaseModel):
    """A user as others may see them."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str = Field(examples=["ada@example.com"])
    display_name: str = Field(examples=["Ada Lovelace"])
    status: UserStatus
    verified: bool
    roles: list[str] = Field(examples=[["user"]])
    must_change_password: bool
    created_at: datetime
    updated_at: datetime
    last_sign_in_at: datetime | None
    version: int = Field(description="Raised by every change; send it back to detect conflicts.")

    def showing(self, fields: Collection[str]) -> "UserRead":
        """The same user with only these fields; the others are absent, not empty."""
        kept = {"id", "version", *fields} & set(UserRead.model_fields)
        return UserRead.model_construct(kept, **{name: getattr(self, name) for name in kept})

    def filled(self) -> "UserRead":
        """With stand-ins for the fields that may not be seen, for a screen."""
        if len(self.model_fields_set) >= len(UserRead.model_fields):
            return self
        return UserRead.model_construct(**{**_HIDDEN, **dict(self)})

    @property
    def title(self) -> str:
        """What to call them, by what may be seen of them."""
        named = [getattr(self, field) for field in ("display_name", "email") if self.has(field)]
        return named[0] if named else "User"

    def has(self, field: str) -> bool:
        """Whether the field may be seen."""
        return field in self.model_fields_set


_HIDDEN: Mapping[str, Any] = {
    "email": "",
    "display_name": "Hidden name",
    "status": "",
    "verified": False,
    "roles": [],
    "must_change_password": False,
    "created_at": None,
    "updated_at": None,
    "last_sign_in_at": None,
}

FIELDS: Mapping[str, str] = {
    "email": "E-mail",
    "display_name": "Name",
    "status": "Status",
    "verified": "Verified",
    "roles": "Roles",
    "must_change_password": "Must change password",
    "created_at": "Created",
    "updated_at": "Changed",
    "last_sign_in_at": "Last sign-in",
    "password": "Password",
}
"""The fields that a grant can be limited to, and what the console calls them."""


class UserCount(BaseModel):
    """How many users match; counting stops at `counted_up_to`."""

    count: int
    is_exact: bool


class Consequence(BaseModel):
    """One thing that deleting a user entails, e.g. 3 sessions that end."""

    count: int
    what: str
