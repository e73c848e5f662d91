"""Alembic's entry: connects through our own engine, so that SQLite and PostgreSQL are treated alike."""

from alembic import context

from config import database

options = context.config.attributes
engine = database.engine(options["url"])
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=options.get("metadata"),
        render_as_batch=True,
        compare_type=True,
        user_module_prefix="database.",
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.in_transaction():
        connection.commit()
engine.dispose()
