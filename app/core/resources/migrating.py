"""What migrations of modules are written with: fields as descriptions write them."""

from collections.abc import Mapping
from typing import Any

from alembic import op
from sqlalchemy import Column, MetaData, Table

from app.core.errors import ModuleError
from app.core.resources.fields import Field
from app.core.resources.table import columns_of, indexes_of


def create_table(name: str, fields: Mapping[str, Field[Any]], *, trash: bool = False) -> None:
    """Make the table of a resource, with its standard columns and its indexes.

    Args:
        name: The table, e.g. `inventory_item`.
        fields: As the resource describes them; what concerns people only may be left out.
        trash: Whether deleted records are kept.
    """
    described = _named(fields)
    op.create_table(name, *columns_of(described, trash=trash))
    for index in indexes_of(name, described, trash):
        op.create_index(index.name, name, list(index.columns), **index.options)


def add_fields(name: str, fields: Mapping[str, Field[Any]]) -> None:
    """Give a table further fields; records that are there already get the defaults.

    Args:
        name: The table.
        fields: As the resource describes them.

    Raises:
        ModuleError: Records cannot be without one of them, and it has no default.
    """
    described = _named(fields)
    for field in described:
        if not field.has_default:
            message = f"{name}.{field.name}: give it a default=, or make it optional"
            raise ModuleError(message)
    columns = {column.name: column for field in described for column in field.columns()}
    required = [each for each, column in columns.items() if not column.nullable]
    with op.batch_alter_table(name) as batch:
        for column in columns.values():
            column.nullable = True
            batch.add_column(column)
    table = Table(name, MetaData(), *(Column(each, columns[each].type) for each in columns))
    stored = {key: value for field in described for key, value in field.stored(field.start).items()}
    op.execute(table.update().values(stored))
    with op.batch_alter_table(name) as batch:
        for each in required:
            batch.alter_column(each, nullable=False, existing_type=columns[each].type)
    for index in indexes_of(name, described, trash=False):
        op.create_index(index.name, name, list(index.columns), **index.options)


def drop_fields(name: str, fields: Mapping[str, Field[Any]]) -> None:
    """Take fields from a table, with all that is stored in them."""
    described = _named(fields)
    for index in indexes_of(name, described, trash=False):
        op.drop_index(index.name, name)
    with op.batch_alter_table(name) as batch:
        for field in described:
            for column in field.columns():
                batch.drop_column(column.name)


def _named(fields: Mapping[str, Field[Any]]) -> list[Field[Any]]:
    for name, field in fields.items():
        field.name = name
    return list(fields.values())
