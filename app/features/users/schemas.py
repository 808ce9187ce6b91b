"""What crosses the border of the users feature."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError

from app.core import passwords
from app.core.actor import Actor
from app.core.csv import CsvQuery
from app.core.emails import normalise_email
from app.core.names import mixes_alphabets, poses_as_latin
from app.core.paging import PageRequest, sort_values
from app.core.record_list import RecordList
from app.core.record_read import RecordRead
from app.core.schemas import example
from app.core.text import (
    Flag,
    Moment,
    Version,
    WrittenFlag,
    composed_text,
    is_shown,
    plain_text,
    searched_text,
    shown_text,
)

_LONGEST_NAME = 100
LONGEST_SEARCH = 200
"""Characters that a search of users takes."""
RESET_PATH = "/reset-password"
"""The page on which somebody with a link chooses a password."""
_TOO_LONG: Final = "string_too_long"


class UserStatus(StrEnum):
    """Whether a user may sign in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


def _of_one_alphabet(email: str) -> str:
    if mixes_alphabets(email) or poses_as_latin(email.rpartition("@")[2]):
        code, message = "wrong_format", "This address mixes letters that look alike."
        raise PydanticCustomError(code, message)
    return email


def _clean_name(text: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not text:
        code, message = "required", "A name is needed."
        raise PydanticCustomError(code, message)
    if len(text) > _LONGEST_NAME:
        # Composition makes some texts longer.
        raise PydanticKnownError(_TOO_LONG, {"max_length": _LONGEST_NAME})
    if not is_shown(text) or any(unicodedata.category(each) == "Cn" for each in text):
        code, message = "wrong_characters", "The name contains characters that cannot be shown."
        raise PydanticCustomError(code, message)
    return text


Email = Annotated[
    str,
    Field(max_length=254, examples=["ada@example.com"], json_schema_extra={"format": "email"}),
    AfterValidator(normalise_email),
    AfterValidator(_of_one_alphabet),
]
DisplayName = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST_NAME, examples=["Ada Lovelace"]),
    BeforeValidator(composed_text),
    AfterValidator(_clean_name),
]
NewPassword = Annotated[
    SecretStr,
    Field(min_length=1, max_length=passwords.MAX_LENGTH, examples=["a long sentence you remember"]),
    BeforeValidator(plain_text),
]
RoleName = Annotated[
    str, Field(max_length=50), BeforeValidator(shown_text), BeforeValidator(composed_text)
]
RoleNames = Annotated[list[RoleName], Field(max_length=50)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _never_null(schema: dict[str, Any]) -> None:
    del schema["default"]
    given, _null = schema.pop("anyOf")
    schema.update(given)


_ABSENT: Any = Field(default=None, json_schema_extra=_never_null)
"""None is only how absence reads here; nobody may send it."""


def _refuse_null(value: object) -> object:
    if value is None:
        code, message = "required", "This cannot be null; leave it out."
        raise PydanticCustomError(code, message)
    return value


_NOT_NULL = BeforeValidator(_refuse_null)


class UserCreate(_Input):
    """A new user."""

    model_config = example(
        {
            "email": "ada@example.com",
            "display_name": "Ada Lovelace",
            "password": "a long sentence you remember",
            "roles": ["user"],
        }
    )

    email: Email
    display_name: DisplayName
    password: Annotated[
        NewPassword | None,
        _NOT_NULL,
        Field(
            description="Left out, nobody can sign in with one: the person chooses it by the link "
            "that POST /api/v1/users/{id}/reset-credentials makes."
        ),
    ] = _ABSENT
    roles: RoleNames = Field(default=["user"], description="Names of the roles to give.")
    verified: Flag = Field(default=False, description="Whether the e-mail address is confirmed.")
    must_change_password: Flag = Field(
        default=True,
        description="Whoever is given a password changes it at the first sign-in; "
        "false is for the operator of the machine only.",
    )


_ELSEWHERE: Mapping[str, str] = {
    "email": "An address is changed by POST /api/v1/users/{id}/email.",
    "password": "Nobody sets another one's password; "
    "POST /api/v1/users/{id}/reset-credentials makes a link by which they choose it.",
    "verified": "An address is confirmed by POST /api/v1/users/{id}/email.",
}
"""What identifies a user and proves it is not a detail: other operations change it."""


class UserUpdate(_Input):
    """Changes to a user's details; what is absent stays."""

    model_config = example({"display_name": "Ada King"})

    display_name: Annotated[DisplayName | None, _NOT_NULL] = _ABSENT
    must_change_password: Annotated[
        Literal[True] | None,
        _NOT_NULL,
        Field(
            description="The password must be changed at the next sign-in; "
            "only the change itself lifts that."
        ),
    ] = _ABSENT
    version: Version | None = Field(
        default=None,
        description="The version these changes are based on; another one gives 409.",
    )

    @model_validator(mode="before")
    @classmethod
    def _say_where(cls, given: Any) -> Any:
        found = _ELSEWHERE.keys() & given.keys() if isinstance(given, Mapping) else ()
        if not found:
            return given
        errors = [
            InitErrorDetails(
                type=PydanticCustomError("elsewhere", _ELSEWHERE[name]),
                loc=(name,),
                input=None,
            )
            for name in sorted(found)
        ]
        raise ValidationError.from_exception_data(cls.__name__, errors)


class UserReplace(UserUpdate):
    """All editable details of a user."""

    model_config = example({"display_name": "Ada King"})

    display_name: DisplayName


class EmailChange(_Input):
    """The address with which a user signs in."""

    model_config = example({"email": "ada@example.com", "verified": True})

    email: Email
    verified: Flag = Field(
        default=False, description="Whether it is confirmed that the address is theirs."
    )
    version: Version | None = Field(
        default=None,
        description="The version this change is based on; another one gives 409.",
    )


class ResetStart(_Input):
    """How a password reset begins."""

    model_config = example({"end_sessions": True})

    end_sessions: Flag = Field(
        default=True, description="Whether the user is signed out everywhere at once."
    )


class ResetLink(BaseModel):
    """A one-time link, for the user alone; it is shown only here."""

    url: str = Field(
        description="Opens the page on which the user chooses a password.",
        examples=["https://admin.example.com/reset-password#token=…"],
    )
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StartedReset:
    """A reset just started; `token` is shown once and never stored."""

    token: str
    expires_at: datetime

    @property
    def path(self) -> str:
        """Where it is redeemed: browsers keep to themselves what follows the `#`."""
        return f"{RESET_PATH}#token={self.token}"


class RoleAssignment(_Input):
    """The roles a user has from now on."""

    model_config = example({"roles": ["user"]})

    roles: RoleNames = Field(
        examples=[["user"]], description="Names of all roles that they have; empty for none."
    )


class SomeRoles(_Input):
    """Roles to give to a user, or to take away."""

    model_config = example({"roles": ["guest"]})

    roles: RoleNames = Field(min_length=1, description="Names of the roles.")


class UserFilter(BaseModel):
    """Which users are listed."""

    model_config = ConfigDict(populate_by_name=True)

    q: Annotated[str, BeforeValidator(searched_text)] | None = Field(
        default=None,
        max_length=LONGEST_SEARCH,
        description="Words; each must stand somewhere in the name or e-mail address, "
        "one or two letters where a word begins. Case and accents do not count.",
    )
    email: Annotated[str, AfterValidator(normalise_email)] | None = Field(
        default=None,
        max_length=254,
        description="The whole e-mail address, in any spelling of it.",
        examples=["ada@example.com"],
    )
    status: UserStatus | None = None
    role: RoleName | None = Field(default=None, description="Name of a role they have.")
    any_role: RoleNames | None = Field(
        default=None, alias="role.in", description="Names of roles of which they have any."
    )
    no_role: WrittenFlag | None = Field(
        default=None, alias="role.empty", description="Whether they have no role."
    )
    verified: WrittenFlag | None = Field(
        default=None, description="Whether their e-mail address is confirmed."
    )
    never_signed_in: WrittenFlag | None = Field(
        default=None, alias="last_sign_in_at.empty", description="Whether they never signed in."
    )
    signed_in_before: Moment | None = Field(
        default=None,
        alias="last_sign_in_at.max",
        description="Their last sign-in was then or before; never is not before.",
    )


_SORTS = sort_values("created_at", "email", "display_name", "last_sign_in_at")
_SORTED = "Column to sort by, `-` in front reverses; `-created_at` if absent."
Sort = Annotated[str, Field(max_length=100, json_schema_extra=_SORTS)]


class UserListQuery(UserFilter, PageRequest):
    """A page of users."""

    model_config = ConfigDict(extra="forbid")

    sort: Sort | None = Field(default=None, description=_SORTED)


class UserExportQuery(UserFilter, CsvQuery):
    """Which users are exported, in which order and form; `sort` as in a list."""

    model_config = ConfigDict(extra="forbid")

    sort: Sort | None = Field(default=None, description=_SORTED)


class UserRead(RecordRead):
    """A user as others may see them."""

    resource: ClassVar[str] = "user"

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

    def is_own(self, actor: Actor) -> bool:
        """Whether it is the actor themselves."""
        return self.id == actor.user_id

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


class UserList(RecordList[UserRead]):
    """Some users, with the names of `UserRead`."""

    def _record(self, known: dict[str, Any]) -> UserRead:
        if "status" in known:
            known["status"] = UserStatus(known["status"])
        return UserRead.model_construct(**known)


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
