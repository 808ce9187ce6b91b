"""Fields that refer to other records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator
from pydantic import Field as SchemaField
from sqlalchemy import Column, ColumnElement, ForeignKey, Table, Uuid, or_

from app.core.errors import ModuleError
from app.core.resources.fields.base import Field

if TYPE_CHECKING:
    from app.core.resources.resource import Resource


@dataclass(frozen=True, slots=True)
class Link:
    """A record that another one refers to.

    Attributes:
        id: Which.
        label: What people call it; None for whom it is hidden.
        record: As answers write it, where that was asked for and may be seen.
    """

    id: UUID
    label: str | None = None
    record: Annotated[
        Mapping[str, Any] | None,
        SchemaField(
            description="What may be seen of it, where `include` names the field; else absent.",
        ),
    ] = None

    def __str__(self) -> str:
        return self.label or str(self.id)


WhenDeleted = Literal["refuse", "clear", "delete"]
"""What becomes of a record when the one that it refers to is deleted: that one cannot be deleted,
the reference is emptied, or the record is deleted with it."""


_ON_DELETE = {"refuse": "RESTRICT", "clear": "SET NULL", "delete": "CASCADE"}


SELF = "self"
"""The name by which a resource refers to itself."""

KNOWN: dict[str, "type[Resource]"] = {}
"""All resources that were described, by name."""


class Reference(Field[Link]):
    """One record of a resource, like the place of an item.

    Args:
        to: The resource, or its name where it is not described yet; `"self"` for the one that
            this is a field of.
        when_deleted: What becomes of the referring record when that one is deleted.
    """

    kind = "reference"

    def __init__(
        self,
        to: "type[Resource] | str",
        *,
        when_deleted: WhenDeleted = "refuse",
        **common: Any,
    ) -> None:
        super().__init__(**({"index": True} | common))
        self._to = to
        self._owner: Any = None
        self.when_deleted: WhenDeleted = when_deleted

    def __set_name__(self, owner: type, name: str) -> None:
        super().__set_name__(owner, name)
        self._owner = owner

    @property
    def to(self) -> "type[Resource]":
        """The resource that it leads to.

        Raises:
            ModuleError: There is none of this name.
        """
        if not isinstance(self._to, str):
            return self._to
        found: type[Resource] | None = self._owner if self._to == SELF else KNOWN.get(self._to)
        if found is None:
            message = f"{self.name} refers to {self._to!r}, which no imported module describes"
            raise ModuleError(message)
        return found

    @property
    def column(self) -> str:
        """Its column."""
        return f"{self.name}_id"

    def columns(self) -> list[Column[Any]]:
        """The other record's id."""
        if not isinstance(self._to, str):
            # It may be a table of another module.
            to: Any = self._to.meta.table.c.id
        else:
            is_self = self._to == SELF and self._owner
            table = self._owner.meta.table_name if is_self else self._to.replace(".", "_")
            to = f"{table}.id"
        target = ForeignKey(to, ondelete=_ON_DELETE[self.when_deleted])
        return [Column(self.column, Uuid, target, nullable=not self.required)]

    def unique_column(self) -> str:
        """The other record's id."""
        return self.column

    def stored(self, value: Any) -> Mapping[str, Any]:
        """The other record's id."""
        return {self.column: value.id if isinstance(value, Link) else value}

    def selected(self, table: Table) -> Sequence[ColumnElement[Any]]:
        """The other record's id; queries read its label for many rows at once."""
        return (table.c[self.column],)

    def loaded(self, *values: Any) -> Any:
        """A link without a label."""
        return None if values[0] is None else Link(values[0])

    @property
    def annotation(self) -> Any:
        """An id, or what answers write: `{"id": …, "label": …}`."""
        return Annotated[UUID, BeforeValidator(_id_of)]

    @property
    def answer(self) -> Any:
        """Id and label."""
        return Link

    def example(self, number: int = 1) -> Any:
        """The id of a record that there need not be."""
        return str(UUID(int=(0x01890000 << 96) + (7 << 76) + (2 << 62) + number))

    def from_text(self, text: str) -> Any:
        """The id; None when it is empty."""
        return text.strip() or None

    def to_json(self, value: Any) -> Any:
        """Id and label."""
        if value is None:
            return None
        written = {"id": str(value.id), "label": value.label}
        return written if value.record is None else written | {"record": value.record}

    def to_text(self, value: Any) -> str:
        """The id, by which a file finds it again."""
        return str(value.id)

    def sorted_by(self, table: Table) -> tuple[ColumnElement[Any], Callable[[Any], Any]]:
        """By the other record's id: records of one stand together."""
        return self._never_null(table.c[self.column], UUID(int=0)), UUID

    def compared(self, table: Table, operator: str, value: Any) -> ColumnElement[bool]:
        """By the other record's id."""
        column = table.c[self.column]
        if operator == "empty":
            return column.is_(None) if value else column.is_not(None)
        if operator == "not":
            return or_(column.is_(None), column != value)
        return column.in_(value) if operator == "in" else column == value

    def describe(self) -> dict[str, Any]:
        """Where it leads."""
        return {"to": self.to.meta.name, "path": self.to.meta.path}

    def problems(self) -> list[str]:
        """As of all fields; and an end that it cannot have."""
        if self.required and self.when_deleted == "clear":
            return ["it cannot be cleared, because it is required: make it optional"]
        return super().problems()


def _id_of(value: object) -> object:
    """The id in what answers write of a reference."""
    if isinstance(value, Mapping) and "id" in value:
        return value["id"]
    if isinstance(value, Link):
        return value.id
    return value
