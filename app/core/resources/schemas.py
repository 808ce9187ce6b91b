"""What crosses the border of a resource: schemas made of its description."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, create_model
from pydantic import Field as SchemaField
from pydantic_core import PydanticCustomError

from app.core.csv import CsvQuery
from app.core.errors import Invalid
from app.core.paging import PageRequest, sort_pattern
from app.core.resources.conditions import MOST_VALUES, Condition
from app.core.resources.fields import Field
from app.core.resources.shape import RecordShape, shape_fields
from app.core.text import Version, WrittenFlag, searched_text
from app.core.validation import findings, messages, summary

if TYPE_CHECKING:
    from app.core.resources.resource import Meta

LONGEST_SEARCH = 200
_LONGEST_FILTER = 4000


M = TypeVar("M", bound=BaseModel)


class Input(BaseModel):
    """Base of what callers send; a field that there is not is refused."""

    model_config = ConfigDict(extra="forbid")


class RecordInput(Input):
    """Base of what callers say of a record."""

    @property
    def values(self) -> dict[str, Any]:
        """What is said, by field."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"version"}}

    @property
    def filled(self) -> dict[str, Any]:
        """What is said and what that leaves to be as usual, by field."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class RecordQuery(BaseModel):
    """Base of what callers say of the records that they mean, and of their order."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    if TYPE_CHECKING:
        sort: str | None = None
        filter: str | None = None

    q: Annotated[str, BeforeValidator(searched_text)] | None = SchemaField(
        default=None,
        max_length=LONGEST_SEARCH,
        description="Words; each must stand somewhere in the record, one or two letters where a "
        "word begins. Case and accents do not count.",
    )

    trashed: WrittenFlag = SchemaField(
        default=False, description="Whether those in the trash are meant, where there is one."
    )

    @property
    def conditions(self) -> list[Condition]:
        """What filters ask, all of which must hold."""
        return [
            Condition(field, operator, getattr(self, name))
            for name in sorted(self.model_fields_set)
            for field, is_filter, operator in [name.partition("__")]
            if is_filter and getattr(self, name) is not None
        ]


class ListQuery(RecordQuery, PageRequest):
    """Base of what callers ask a list for."""

    with_count: WrittenFlag = SchemaField(
        default=False, description="Whether to say how many match in all, up to 10,000."
    )


class ExportQuery(RecordQuery, CsvQuery):
    """Base of what callers ask to be written into a file, and how."""


class Schemas:
    """The schemas of one resource, each made when it is first asked for."""

    def __init__(self, meta: "Meta") -> None:
        self._meta = meta
        self.noun = "".join(word.capitalize() for word in meta.name.replace(".", "_").split("_"))

    @cached_property
    def create(self) -> type[RecordInput]:
        """A new record."""
        fields = input_fields(self._meta.writable)
        return self._model("Create", f"A new {self._meta.singular}.", RecordInput, fields)

    @cached_property
    def update(self) -> type[RecordInput]:
        """Changes of a record; what is absent stays."""
        fields: dict[str, Any] = {
            name: (_accepted(field, may_be_absent=True), _absent(field))
            for name, field in self._meta.writable.items()
        }
        fields["version"] = (Version | None, _VERSION)
        about = f"Changes of {self._meta.plural}; what is absent stays."
        return self._model("Update", about, RecordInput, fields)

    @cached_property
    def replace(self) -> type[RecordInput]:
        """All that people set of a record."""
        fields: dict[str, Any] = {
            name: (_accepted(field), SchemaField(description=field.help or None))
            for name, field in self._meta.writable.items()
        }
        fields["version"] = (Version | None, _VERSION)
        about = f"All that can be set of {self._meta.plural}."
        return self._model("Replace", about, RecordInput, fields)

    @cached_property
    def read(self) -> type[BaseModel]:
        """A record as answers show it; what somebody may not read is absent."""
        fields: dict[str, Any] = {"id": (UUID, ...)}
        for name, field in self._meta.fields.items():
            kind = field.answer if field.required else field.answer | None
            about = " ".join(filter(None, [field.help, "Absent for whom it is hidden."]))
            fields[name] = (kind, SchemaField(default=None, description=about))
        fields["version"] = (Version, ...)
        return self._model("Read", f"One {self._meta.singular}.", BaseModel, fields)

    @cached_property
    def list_query(self) -> type[ListQuery]:
        """Which records a list shows, and in which order."""
        about = f"Which {self._meta.plural} are listed."
        fields = self._asked | shape_fields(self._meta)
        return self._model("ListQuery", about, ListQuery, fields)

    @cached_property
    def get_query(self) -> type[RecordShape]:
        """Which parts an answer has of one record."""
        about = f"Which parts of one {self._meta.singular} are told."
        return self._model("GetQuery", about, RecordShape, shape_fields(self._meta))

    @cached_property
    def export_query(self) -> type[ExportQuery]:
        """Which records a file has, in which order, and how it is written."""
        about = f"Which {self._meta.plural} are exported, and how."
        return self._model("ExportQuery", about, ExportQuery, self._asked)

    @property
    def _asked(self) -> dict[str, Any]:
        """Parameters of filters and order."""
        fields: dict[str, Any] = {}
        for name, field in self._meta.fields.items():
            for operator in field.all_operators:
                fields[f"{name}__{operator}"] = _parameter(field, operator)
        sorts = [name for name, field in self._meta.fields.items() if field.is_sortable]
        about = (
            "Fields to sort by, at most three with commas between, `-` in front reverses; "
            f"`{self._meta.order}` if absent."
        )
        fields["sort"] = (
            Annotated[str, SchemaField(max_length=200, json_schema_extra=sort_pattern(*sorts))]
            | None,
            SchemaField(default=None, description=about),
        )
        fields["filter"] = (
            Annotated[str, SchemaField(max_length=_LONGEST_FILTER)] | None,
            SchemaField(default=None, description=_FILTER),
        )
        return fields

    def _model(self, suffix: str, about: str, base: type[M], fields: dict[str, Any]) -> type[M]:
        made: type[M] = create_model(
            f"{self.noun}{suffix}",
            __base__=base,
            __doc__=about,
            __module__=self._meta.record.__module__,
            **fields,
        )
        return made


def validated(schema: type[RecordInput], values: Mapping[str, Any] | RecordInput) -> RecordInput:
    """What callers say, as the schema accepts it.

    Raises:
        Invalid: It does not; with a sentence at each field.
    """
    if isinstance(values, RecordInput):
        return values
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        found = findings(error.errors())
        raise Invalid("request.invalid", summary(found), fields=messages(found)) from error


_VERSION = SchemaField(
    default=None, description="The version these changes are based on; another one gives 409."
)
_FILTER = (
    'Conditions as JSON: `{"all": […]}`, `{"any": […]}`, or one like `{"quantity.min": 3}`, '
    "named as the parameters are."
)


def input_fields(fields: Mapping[str, Field[Any]]) -> dict[str, Any]:
    """What pydantic's `create_model` is told of fields that are filled in for the first time."""
    return {name: (_accepted(field), _default_of(field)) for name, field in fields.items()}


def _refuse_null(value: object) -> object:
    if value is None:
        code, message = "required", "This cannot be null; leave it out."
        raise PydanticCustomError(code, message)
    return value


def _never_null(schema: dict[str, Any]) -> None:
    del schema["default"]
    given, _null = schema.pop("anyOf")
    schema.update(given)


def _accepted(field: Field[Any], *, may_be_absent: bool = False) -> Any:
    if not field.required:
        return field.annotation | None
    if may_be_absent:
        # None is only how absence reads here; nobody may send it.
        return Annotated[field.annotation | None, BeforeValidator(_refuse_null)]
    return field.annotation


def _default_of(field: Field[Any]) -> Any:
    about = field.help or None
    if not field.has_default:
        return SchemaField(description=about)
    return SchemaField(default=field.start, description=about)


def _absent(field: Field[Any]) -> Any:
    about = field.help or None
    if field.required:
        return SchemaField(default=None, json_schema_extra=_never_null, description=about)
    return SchemaField(default=None, description=about)


def _parameter(field: Field[Any], operator: str) -> Any:
    """A filter as a parameter of an address: its type and what OpenAPI tells."""
    alias = field.name if operator == "is" else f"{field.name}.{operator}"
    operand: Any = Annotated[field.operand(operator), BeforeValidator(_read_by(field, operator))]
    kind = operand
    if operator == "in":
        kind = Annotated[list[operand], SchemaField(max_length=MOST_VALUES)]
    about = _SAID[operator].format(title=field.title)
    return kind | None, SchemaField(default=None, alias=alias, description=about)


_SAID = {
    "is": "{title} is this.",
    "not": "{title} is not this, or is empty.",
    "in": "{title} is one of these.",
    "min": "{title} is this or more.",
    "max": "{title} is this or less.",
    "contains": "{title} contains these letters; case and accents do not count.",
    "empty": "Whether {title} is empty.",
}


def _read_by(field: Field[Any], operator: str) -> Any:
    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        if operator == "empty":
            return {"true": True, "false": False}.get(value, value)
        return field.operand_from_text(value)

    return read
