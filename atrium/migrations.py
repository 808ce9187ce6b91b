"""Make the tables of a module, in Alembic's revisions."""

from app.core.resources.migrating import add_fields, create_table, drop_fields

__all__ = ["add_fields", "create_table", "drop_fields"]
