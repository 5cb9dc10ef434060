"""What Alembic runs: the migrations, in the transaction of the connection that `migrations.upgrade` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
