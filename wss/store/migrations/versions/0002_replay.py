"""Files that are read again: what span of time a file is about, which entry is a replay, which value was withdrawn."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns, which are empty for what is there already."""
    op.add_column("intake_file", Column("first_time", BigInteger))
    op.add_column("intake_file", Column("last_time", BigInteger))
    op.add_column("intake_file", Column("replay_of", Integer))
    op.create_index("ix_intake_file_replay_of", "intake_file", ["replay_of"])
    op.add_column("reading_old", Column("withdrawn_at", BigInteger))
