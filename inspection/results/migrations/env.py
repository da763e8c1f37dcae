"""Alembic's entry: runs on the connection that `inspection.results.schema.migrate` hands over."""

from alembic import context

from inspection.results.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
