"""Alembic's entry: it works on the connection that `migrating` gives, inside that one's transaction."""

from __future__ import annotations

from alembic import context

from orchestrator.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
)
context.run_migrations()
