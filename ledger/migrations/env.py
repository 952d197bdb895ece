"""Runs migrations on the connection that `open_ledger` hands over, inside its transaction. Knows no other way."""

from alembic import context

from ledger.schema import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
