"""Alembic's entry: the connection always comes from `app.core.migrations`."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    version_table=context.config.attributes["version_table"],
    transaction_per_migration=False,
    # SQLite cannot alter most things in place.
    render_as_batch=True,
)
context.run_migrations()
