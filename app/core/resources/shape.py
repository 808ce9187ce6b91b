"""Which parts of records an answer has: some of their fields, and records that they refer to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict
from pydantic import Field as SchemaField

from app.core.errors import Invalid

if TYPE_CHECKING:
    from app.core.resources.fields import Reference
    from app.core.resources.resource import Meta

_LONGEST = 2000
MOST_INCLUDED = 5
"""References that one answer follows; each is a statement more."""


class RecordShape(BaseModel):
    """Base of what callers say of the parts that they want."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    if TYPE_CHECKING:
        fields: str | None = None
        include: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts that are wanted of records.

    Attributes:
        fields: Their names; None for all.
        included: The references whose records are wanted, too.
    """

    fields: frozenset[str] | None = None
    included: Sequence["Reference"] = ()

    def has(self, field: str) -> bool:
        """Whether a field is wanted."""
        return self.fields is None or field in self.fields


WHOLE = Shape()


def shape_of(meta: "Meta", asked: Any) -> Shape:
    """The shape that a query asks for.

    Raises:
        Invalid: It names what there is not, or too much.
    """
    fields, include = getattr(asked, "fields", None), getattr(asked, "include", None)
    if fields is None and include is None:
        return WHOLE
    references = {each.name: each for each in meta.references}
    wanted = _names("fields", fields, ["id", "version", *meta.fields])
    included = _names("include", include, references)
    if len(included) > MOST_INCLUDED:
        message = f"At most {MOST_INCLUDED} references are included."
        raise Invalid("page.include.too_many", message, fields={"include": message})
    return Shape(
        None if fields is None else frozenset(wanted) | frozenset(included),
        [references[name] for name in included],
    )


def shape_fields(meta: "Meta") -> dict[str, Any]:
    """The parameters of an address that say the shape."""
    references = [each.name for each in meta.references]
    about = "Only these fields, with commas between; id and version always come along."
    found = {"fields": _parameter(["id", "version", *meta.fields], about)}
    if references:
        about = "References whose records are told, too, with commas between: `{names}`."
        found["include"] = _parameter(references, about.format(names=", ".join(references)))
    return found


def _parameter(names: Sequence[str], about: str) -> Any:
    one = f"({'|'.join(names)})"
    pattern = {"pattern": f"^{one}(,{one})*$"}
    kind = Annotated[str, SchemaField(max_length=_LONGEST, json_schema_extra=pattern)]
    return kind | None, SchemaField(default=None, description=about)


def _names(parameter: str, given: str | None, allowed: Any) -> list[str]:
    names = list(dict.fromkeys(given.split(","))) if given is not None else []
    for name in names:
        if name not in allowed:
            message = f"There is no {name[:60]!r} here; there is {', '.join(allowed)}."
            raise Invalid(f"page.{parameter}.unknown", message, fields={parameter: message})
    return names
