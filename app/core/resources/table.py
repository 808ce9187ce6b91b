"""The table of a resource: the standard columns, keys, uniqueness and indexes, in one place."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Uuid, text
from sqlmodel import SQLModel

from app.core.errors import ModuleError
from app.core.models import UtcDateTime
from app.core.resources.fields import Text

if TYPE_CHECKING:
    from app.core.resources.resource import Meta

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
    columns = standard_columns(search=bool(meta.searched), trash=meta.trash)
    indexes = []
    for field in meta.fields.values():
        if field.name in ("created_at", "updated_at"):
            continue
        columns += field.columns()
        if field.unique:
            column = field.unique_column()
            # What is in the trash does not keep others from its name.
            kept = "deleted_at IS NULL" if meta.trash else None
            indexes.append(_index(name, [column], unique=True, where=kept))
        if field.index and field.is_sortable:
            column = f"{field.name}_order" if isinstance(field, Text) else field.columns()[0].name
            indexes.append(_index(name, [column, "id"]))
    return Table(name, metadata_of(meta.space), *columns, *indexes)


def standard_columns(*, search: bool = False, trash: bool = False) -> list[Column[Any]]:
    """The columns that every resource has, for migrations and tables alike.

    Args:
        search: Whether words of it are searched.
        trash: Whether deleted records are kept.
    """
    columns: list[Column[Any]] = [
        Column("id", Uuid, primary_key=True),
        Column("version", Integer, nullable=False, server_default="1"),
        Column("created_at", UtcDateTime, nullable=False),
        Column("updated_at", UtcDateTime, nullable=False),
    ]
    if trash:
        columns.append(Column("deleted_at", UtcDateTime, nullable=True))
    if search:
        text_type = String(_LONGEST_SEARCH_TEXT)
        columns.append(Column("search_text", text_type, nullable=False, server_default=""))
    return columns


def _index(
    table: str, columns: list[str], *, unique: bool = False, where: str | None = None
) -> Index:
    condition = None if where is None else text(where)
    kind = "uq" if unique else "ix"
    return Index(
        f"{kind}_{table}_{columns[0]}",
        *columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )
