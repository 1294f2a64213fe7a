"""What Alembic runs: the steps on the connection that schema.py hands over. Leaves logging alone."""

from alembic import context

from imageroute_app.adapters.database.sqlite.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
