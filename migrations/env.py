"""Alembic's entry: the connection always comes from `app.core.migrations`."""

from alembic import context
from sqlmodel import SQLModel

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transaction_per_migration=False,
    # SQLite cannot alter most things in place.
    render_as_batch=True,
)
context.run_migrations()
