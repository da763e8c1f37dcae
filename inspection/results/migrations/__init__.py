"""Migrations of the published tables (Alembic); `inspection.results.schema.migrate` runs them."""
