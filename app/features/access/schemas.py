"""What crosses the border of the access feature."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.csv import CsvQuery
from app.core.names import name_key
from app.core.paging import Page
from app.core.text import shown_text
from app.features.roles.schemas import GrantSpec, KeptOut, Person, RoleName

_Text = Annotated[str, Field(max_length=100), BeforeValidator(shown_text)]


_KEPT_OUT = "What keeps them from it for now, as far as one may see it."


class ExplainQuery(BaseModel):
    """What to explain."""

    model_config = ConfigDict(extra="forbid")

    user_id: UUID
    permission: _Text = Field(examples=["user.update"])
    object_id: _Text | None = Field(
        default=None, description="Id of a record, to be told about this one only."
    )


class PermissionRead(BaseModel):
    """A permission that a feature declares."""

    permission: str = Field(examples=["user.read"])
    description: str
    module: str = Field(description="Which feature or module declares it.")
    rules: list["RuleRead"] = Field(description="Row rules that a grant of it can have.")
    fields: dict[str, str] = Field(
        description="Titles, by name, of the fields that a grant of it can be limited to."
    )


class RuleRead(BaseModel):
    """A row rule."""

    name: str
    title: str


class StepRead(BaseModel):
    """What one grant says about a permission."""

    verdict: Literal["counts", "expired", "other_rows"]
    granted: str = Field(description="The permission or wildcard of the grant.")
    is_wildcard: bool
    roles: list[str] = Field(
        description="The way from the user's role to the one that grants; empty when in person."
    )
    rule: str = Field(description="Title of its row rule; empty for all rows.")
    readable: list[str] | None
    writable: list[str] | None
    ends_at: datetime | None
    granted_by: str = Field(description="Empty when they may not be seen.")
    granted_by_id: UUID | None
    granted_at: datetime | None
    reason: str
    role_id: UUID | None = Field(description="The role that grants; null when in person.")
    sentence: str = Field(description="The step in words.")


class ExplanationRead(BaseModel):
    """Why somebody holds a permission or does not."""

    user: Person
    permission: str
    description: str
    allowed: bool = Field(description="Whether they may: they hold it, and nothing keeps them out.")
    holds: bool = Field(description="Whether a grant gives it.")
    kept_out: list[KeptOut] = Field(description=_KEPT_OUT)
    verdict: str = Field(description="The answer in one sentence.")
    steps: list[StepRead]
    given_by_roles: list[str] = Field(description="The roles that would give it, without limits.")


class HeldPermission(BaseModel):
    """One permission that a user holds."""

    permission: str
    description: str
    rows: str = Field(description="`all`, or the titles of the row rules.")
    readable: list[str] | None
    writable: list[str] | None
    through: list[str] = Field(description="Roles, with the way through them, or `in person`.")
    ends_at: datetime | None
    kept_out: list[KeptOut] = Field(default=[], description=_KEPT_OUT)


class HoldersQuery(BaseModel):
    """Whose permission to look for."""

    model_config = ConfigDict(extra="forbid")

    permission: _Text = Field(examples=["user.delete"])


class HoldersExportQuery(HoldersQuery, CsvQuery):
    """The same for a file."""

    model_config = ConfigDict(extra="forbid")


class Holder(Person):
    """Somebody who holds a permission."""

    rows: str
    through: list[str]
    ends_at: datetime | None
    kept_out: list[KeptOut] = Field(default=[], description=_KEPT_OUT)


class HolderPage(Page[Holder]):
    """Those who hold a permission, on one page."""

    hidden: int = Field(default=0, description="How many others there are whom you may not see.")


class MatrixRole(BaseModel):
    """A column of the matrix."""

    id: UUID
    name: str


class MatrixRow(BaseModel):
    """What every role makes of one permission."""

    permission: str
    description: str
    module: str
    cells: list[str] = Field(
        description="For each role letters, none when it does not grant the permission: `d` when "
        "it does so itself, `i` when a role does that it includes, `w` when only by a wildcard, "
        "`c` when only under conditions."
    )


class Matrix(BaseModel):
    """All roles and all permissions."""

    roles: list[MatrixRole]
    rows: list[MatrixRow]


class CompareQuery(BaseModel):
    """Two roles to compare, by name."""

    model_config = ConfigDict(extra="forbid")

    a: _Text = Field(examples=["editor"])
    b: _Text = Field(examples=["writer"])


class Difference(BaseModel):
    """A permission of which two roles do not give the same."""

    permission: str
    description: str
    a: str = Field(description="What the first role gives, in words; empty for nothing.")
    b: str = Field(description="What the second role gives, in words; empty for nothing.")


class PreviewStart(BaseModel):
    """Whose access to look through."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["user", "role"]
    id: UUID


class RoleDefinition(BaseModel):
    """A role as a file describes it."""

    model_config = ConfigDict(extra="forbid")

    name: RoleName
    id: UUID | None = Field(
        default=None, description="Which role the name means; any of that name when absent."
    )
    description: Annotated[str, Field(max_length=300), BeforeValidator(shown_text)] = ""
    includes: list[_Text] = []
    grants: list[GrantSpec] = []


class RolesFile(BaseModel):
    """A file that describes roles."""

    model_config = ConfigDict(extra="forbid")

    roles: list[RoleDefinition]

    @model_validator(mode="after")
    def _are_unique(self) -> "RolesFile":
        names = [name_key(role.name) for role in self.roles]
        if len(names) != len(set(names)):
            code, message = "roles", "A role is described twice."
            raise PydanticCustomError(code, message)
        ids = [role.id for role in self.roles if role.id is not None]
        if len(ids) != len(set(ids)):
            code, message = "roles", "Two roles have the same id."
            raise PydanticCustomError(code, message)
        return self


class Drift(BaseModel):
    """How the roles differ from the file that describes them."""

    file: str = Field(description="Empty when none is configured.")
    problem: str = Field(default="", description="Why the file could not be read.")
    differences: list[str] = []
