"""What crosses the border of the auth feature."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from app.core import passwords
from app.core.schemas import example
from app.core.text import plain_text, shown_text

SessionKind = Literal["console", "api"]
Password = Annotated[SecretStr, Field(max_length=passwords.MAX_LENGTH), BeforeValidator(plain_text)]


class Credentials(BaseModel):
    """Who wants to sign in."""

    model_config = example(
        {"email": "ada@example.com", "password": "a long sentence you remember"}, extra="forbid"
    )

    # Not validated as an address: a wrong one gets the same answer as an unknown one.
    email: Annotated[str, Field(max_length=254), BeforeValidator(shown_text)]
    password: Password


class RefreshRequest(BaseModel):
    """A refresh token to be exchanged."""

    model_config = example({"refresh_token": "…"}, extra="forbid")

    refresh_token: Annotated[str, Field(max_length=200), BeforeValidator(shown_text)]


class PasswordChange(BaseModel):
    """One's own password, old and new."""

    model_config = example(
        {
            "current_password": "a long sentence you remember",
            "new_password": "another sentence that is longer",
        },
        extra="forbid",
    )

    current_password: Password
    new_password: Annotated[
        SecretStr,
        Field(min_length=1, max_length=passwords.MAX_LENGTH),
        BeforeValidator(plain_text),
    ]


class Reauthentication(BaseModel):
    """One's own password, once more."""

    model_config = example({"password": "a long sentence you remember"}, extra="forbid")

    password: Password


class ReauthenticationForm(Reauthentication):
    """The console's form for it."""

    model_config = ConfigDict(extra="ignore")


class PasswordChoice(BaseModel):
    """A password chosen by whoever has a one-time link."""

    model_config = ConfigDict(extra="ignore")

    # Who comes without a link is told the same as who comes with an old one.
    token: Annotated[str, Field(max_length=200), BeforeValidator(shown_text)] = ""
    new_password: Annotated[
        SecretStr,
        Field(min_length=1, max_length=passwords.MAX_LENGTH),
        BeforeValidator(plain_text),
    ]


class SignInForm(BaseModel):
    """The console's sign-in form."""

    email: Annotated[str, Field(max_length=254), BeforeValidator(shown_text)]
    password: Password
    next: str = "/"


class PasswordChangeForm(PasswordChange):
    """The console's form for one's own password."""

    model_config = ConfigDict(extra="ignore")

    next: str = "/"


class TokenPair(BaseModel):
    """What a program signs its requests with."""

    access_token: str = Field(description="JWT; send as `Authorization: Bearer …`.")
    refresh_token: str = Field(description="Exchange it once at `/auth/refresh`.")
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the scheme's name, not a secret
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[900])


class Identity(BaseModel):
    """Who the caller is, and what they may do."""

    id: UUID
    email: str
    display_name: str
    roles: list[str]
    permissions: list[str] = Field(description="Permissions and wildcards held, sorted.")
    must_change_password: bool


class SessionRead(BaseModel):
    """A session that is still good."""

    id: UUID
    kind: SessionKind = Field(description="`console`: a browser; `api`: a program.")
    user_agent: str = Field(description="What the browser or program called itself.")
    address: str = Field(description="Where it began.")
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_current: bool = Field(description="Whether this very call belongs to it.")


class EndedSessions(BaseModel):
    """How many sessions were ended."""

    count: int


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A session just begun; `cookie` is shown to the browser once and never stored."""

    cookie: str
    lifetime_seconds: int
    must_change_password: bool
