"""The first schema."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
)

from wss.store.columns import ROW_ID, text

revision = "0001"
down_revision = None
metadata = MetaData()

Table(
    "version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("author", text(), nullable=False),
    Column("note", text(), nullable=False),
)
Table(
    "document",
    metadata,
    Column("version", ForeignKey("version.version"), primary_key=True),
    Column("kind", text(32), primary_key=True),
    Column("key", text(255), primary_key=True),
    Column("body", text(), nullable=False),
)
Table(
    "sensor",
    metadata,
    Column("sensor_id", Integer, primary_key=True),
    Column("tag", text(200), nullable=False),
    Column("quantity", text(32), nullable=False),
    Column("item", text(31), nullable=False),
    Column("unit", text(16), nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    UniqueConstraint("tag", "valid_from"),
)
Table(
    "sensor_alias",
    metadata,
    Column("alias", text(200), primary_key=True),
    Column("tag", text(200), nullable=False),
)
Table(
    "intake_file",
    metadata,
    Column("file_id", Integer, primary_key=True),
    Column("sha256", text(64), nullable=False),
    Column("tag", text(255), nullable=False),
    Column("name", text(), nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("delay_s", Integer),
    Column("profile", text(31)),
    Column("state", text(16), nullable=False),
    *(
        Column(count, Integer, nullable=False)
        for count in ("read", "stored", "duplicate", "corrected", "missing", "set_aside", "quarantined")
    ),
    Column("error", text()),
    UniqueConstraint("sha256", "tag"),
)
Table(
    "reading",
    metadata,
    Column("sensor_id", Integer, primary_key=True, autoincrement=False),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double, nullable=False),
    Column("flag", SmallInteger, nullable=False),
    Column("file_id", Integer, nullable=False),
    CheckConstraint("value <> 'NaN'", name="reading_value").ddl_if(dialect="postgresql"),
    sqlite_with_rowid=False,
)
Table(
    "reading_old",
    metadata,
    Column("old_id", ROW_ID, primary_key=True),
    Column("sensor_id", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("flag", SmallInteger, nullable=False),
    Column("file_id", Integer, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("replaced_at", BigInteger, nullable=False),
    Index("reading_old_key", "sensor_id", "time"),
)
Table(
    "set_aside",
    metadata,
    Column("row_id", ROW_ID, primary_key=True),
    Column("file_id", ForeignKey("intake_file.file_id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("tag", text(), nullable=False),
    Column("time", BigInteger),
    Column("text", text(), nullable=False),
    Column("reason", text(), nullable=False),
)
Table(
    "quarantine",
    metadata,
    Column("row_id", ROW_ID, primary_key=True),
    Column("file_id", ForeignKey("intake_file.file_id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("text", text(), nullable=False),
    Column("reason", text(), nullable=False),
)
Table(
    "run",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", text(64), nullable=False, unique=True),
    Column("kind", text(32), nullable=False, index=True),
    Column("now", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Column("status", text(16), nullable=False),
    Column("cycle", Boolean, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("code_version", text(), nullable=False),
    Column("config_version", Integer),
    Column("cpu_seconds", Double, nullable=False),
    Column("peak_memory_mb", Double, nullable=False),
    Column("folder", text(), nullable=False),
    Column("error", text()),
)
Table(
    "pump_order",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("pump", text(31), primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("speed", Double, nullable=False),
)
Table(
    "kpi",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("name", text(64), primary_key=True),
    Column("item", text(128), primary_key=True),
    Column("value", Double),
    Column("unit", text(32), nullable=False),
    Index("kpi_time", "time"),
)
Table(
    "published",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("kind", text(32), nullable=False, index=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
)
Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("kind", text(32), nullable=False),
    Column("who", text(), nullable=False),
    Column("reason", text(), nullable=False),
    Column("run_id", text(64)),
    Column("body", JSON, nullable=False),
)
Table(
    "lease",
    metadata,
    Column("name", text(64), primary_key=True),
    Column("owner", text(), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)


def upgrade() -> None:
    """Create every table."""
    metadata.create_all(op.get_bind(), checkfirst=False)
