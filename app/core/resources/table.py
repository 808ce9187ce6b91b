"""The table of a resource: the standard columns, keys, uniqueness and indexes, in one place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Uuid, text
from sqlmodel import SQLModel

from app.core.errors import ModuleError
from app.core.models import UtcDateTime
from app.core.resources.fields import Field, Text

if TYPE_CHECKING:
    from app.core.resources.resource import Meta

STANDARD_FIELDS = frozenset({"created_at", "updated_at", "deleted_at"})
"""The fields that every resource has."""
_LONGEST_SEARCH_TEXT = 2000
_METADATA: dict[str, MetaData] = {}


def metadata_of(space: str) -> MetaData:
    """The tables of all resources whose names begin alike, for the migrations of their module."""
    if space not in _METADATA:
        _METADATA[space] = MetaData(naming_convention=SQLModel.metadata.naming_convention)
    return _METADATA[space]


def build_table(meta: "Meta") -> Table:
    """The table of a resource.

    Raises:
        ModuleError: There is one of this name already.
    """
    name = meta.table_name
    if name in metadata_of(meta.space).tables:
        message = f"resource {meta.name!r}: another one has the table {name!r}; say table="
        raise ModuleError(message)
    fields = [field for field in meta.fields.values() if field.name not in STANDARD_FIELDS]
    columns, indexes = columns_of(fields, trash=meta.trash), indexes_of(name, fields, meta.trash)
    return Table(name, metadata_of(meta.space), *columns, *(index.made for index in indexes))


def columns_of(fields: Iterable[Field[Any]], *, trash: bool) -> list[Column[Any]]:
    """All columns of a table with these fields.

    Args:
        fields: Its own fields, with their names.
        trash: Whether deleted records are kept.
    """
    fields = list(fields)
    columns: list[Column[Any]] = [
        Column("id", Uuid, primary_key=True),
        Column("version", Integer, nullable=False, server_default="1"),
        Column("created_at", UtcDateTime, nullable=False),
        Column("updated_at", UtcDateTime, nullable=False),
    ]
    if trash:
        columns.append(Column("deleted_at", UtcDateTime, nullable=True))
    for field in fields:
        columns += field.columns()
    if any(isinstance(field, Text) and field.search for field in fields):
        kind = String(_LONGEST_SEARCH_TEXT)
        columns.append(Column("search_text", kind, nullable=False, server_default=""))
    return columns


@dataclass(frozen=True, slots=True)
class IndexOf:
    """An index of a table.

    Attributes:
        name: Its name.
        columns: The columns that it is over.
        unique: Whether no two rows may have the same values there.
        where: The rows that it is about; empty for all.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    where: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """What SQLAlchemy and Alembic are told besides name and columns."""
        condition = text(self.where) if self.where else None
        return {
            "unique": self.unique,
            "sqlite_where": condition,
            "postgresql_where": condition,
        }

    @property
    def made(self) -> Index:
        """For SQLAlchemy."""
        return Index(self.name, *self.columns, **self.options)


def indexes_of(table: str, fields: Iterable[Field[Any]], trash: bool) -> Iterator[IndexOf]:  # noqa: FBT001 - as `columns_of` takes it
    """The indexes of a table with these fields."""
    for field in fields:
        if field.unique:
            column = field.unique_column()
            # What is in the trash does not keep others from its name.
            kept = "deleted_at IS NULL" if trash else ""
            yield IndexOf(f"uq_{table}_{column}", (column,), unique=True, where=kept)
        if field.index and field.is_sortable:
            column = f"{field.name}_order" if isinstance(field, Text) else field.columns()[0].name
            yield IndexOf(f"ix_{table}_{column}", (column, "id"))
