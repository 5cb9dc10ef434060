"""Spans of doubtful readings, and up to which file they have been looked for."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, SmallInteger

from wss.store.columns import ROW_ID, text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables, which are empty until readings are looked at."""
    op.create_table(
        "quality_span",
        Column("span_id", ROW_ID, primary_key=True),
        Column("sensor_id", Integer, nullable=False),
        Column("flag", SmallInteger, nullable=False),
        Column("start", BigInteger, nullable=False),
        Column("end", BigInteger),
        Column("found_at", BigInteger, nullable=False),
        Column("withdrawn_at", BigInteger),
        Column("note", text(), nullable=False),
    )
    op.create_index("quality_span_key", "quality_span", ["sensor_id", "end"])
    op.create_table("quality_pass", Column("through_file", Integer, primary_key=True, autoincrement=False))
