"""What crosses the border of the views feature."""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.core.text import shown_text

_PLACE = frozenset({"cursor", "from", "view", "entry"})
"""Where somebody is in a list, which is no part of a view."""


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    if not text or not text.isprintable():
        code, message = "required", "A name is needed."
        raise PydanticCustomError(code, message)
    return text


def _parameters(text: str) -> str:
    pairs = parse_qsl(text, max_num_fields=50)
    return urlencode([(key, value) for key, value in pairs if key not in _PLACE])


ViewName = Annotated[
    str, Field(max_length=60), BeforeValidator(shown_text), AfterValidator(_one_line)
]
ViewQuery = Annotated[
    str, Field(max_length=2000), BeforeValidator(shown_text), AfterValidator(_parameters)
]


class ViewCreate(BaseModel):
    """A new view of one's own."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, BeforeValidator(shown_text)] = Field(
        max_length=100, description="Of the list."
    )
    name: ViewName
    query: ViewQuery = Field(description="The list's address after its question mark.")


class ViewRename(BaseModel):
    """Another name for a view."""

    model_config = ConfigDict(extra="forbid")

    name: ViewName


class ViewReplace(BaseModel):
    """What a view shows from now on."""

    model_config = ConfigDict(extra="forbid")

    query: ViewQuery


class ViewRead(BaseModel):
    """A view as those who may use it see it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    path: str
    name: str
    query: str
    is_shared: bool
    is_own: bool = False
