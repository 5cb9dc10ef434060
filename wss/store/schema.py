"""The tables. Times are whole seconds since 1970-01-01 UTC, so that any tool can read them.

`reading` has no foreign keys: they would cost a fifth of the intake; `write_file` checks the sensors of a file once.
"""

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
    String,
    Table,
    UniqueConstraint,
)

from wss.store.columns import ROW_ID, text

metadata = MetaData()

alembic_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own table: which migrations a store has had."""

version = Table(
    "version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("author", text(), nullable=False),
    Column("note", text(), nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("version", ForeignKey("version.version"), primary_key=True),
    Column("kind", text(32), primary_key=True),
    Column("key", text(255), primary_key=True),
    Column("body", text(), nullable=False),
)

sensor = Table(
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

sensor_alias = Table(
    "sensor_alias",
    metadata,
    Column("alias", text(200), primary_key=True),
    Column("tag", text(200), nullable=False),
)

intake_file = Table(
    "intake_file",
    metadata,
    Column("file_id", Integer, primary_key=True),
    Column("sha256", text(64), nullable=False),
    Column("tag", text(255), nullable=False),  # that only the name tells: two tags at rest export the same contents
    Column("name", text(), nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("delay_s", Integer),  # of a backfill only: its readings count as known this long after their time
    Column("profile", text(31)),
    Column("state", text(16), nullable=False),
    *(
        Column(count, Integer, nullable=False)
        for count in ("read", "stored", "duplicate", "corrected", "missing", "set_aside", "quarantined")
    ),
    Column("error", text()),
    Column("first_time", BigInteger),  # of its readings
    Column("last_time", BigInteger),
    Column("replay_of", Integer, index=True),  # the file that was read again; then sha256 is a name for the replay
    UniqueConstraint("sha256", "tag"),
)

reading = Table(
    "reading",
    metadata,
    Column("sensor_id", Integer, primary_key=True, autoincrement=False),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double, nullable=False),
    Column("flag", SmallInteger, nullable=False),
    Column("file_id", Integer, nullable=False),
    CheckConstraint("value <> 'NaN'", name="reading_value").ddl_if(dialect="postgresql"),  # SQLite takes NaN for NULL
    sqlite_with_rowid=False,
)

reading_old = Table(
    "reading_old",
    metadata,
    Column("old_id", ROW_ID, primary_key=True),
    Column("sensor_id", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("flag", SmallInteger, nullable=False),
    Column("file_id", Integer, nullable=False),
    Column("known_at", BigInteger, nullable=False),  # the value was the known one from here on ...
    Column("replaced_at", BigInteger, nullable=False),  # ... and until here
    Column("withdrawn_at", BigInteger),  # its file, read again, no longer says it from here on
    Index("reading_old_key", "sensor_id", "time"),
)

set_aside = Table(
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

quarantine = Table(
    "quarantine",
    metadata,
    Column("row_id", ROW_ID, primary_key=True),
    Column("file_id", ForeignKey("intake_file.file_id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("text", text(), nullable=False),
    Column("reason", text(), nullable=False),
)

quality_span = Table(
    "quality_span",
    metadata,
    Column("span_id", ROW_ID, primary_key=True),
    Column("sensor_id", Integer, nullable=False),
    Column("flag", SmallInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger),  # the first moment after it; empty: it goes on
    Column("found_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger),  # when later readings refuted it
    Column("note", text(), nullable=False),
    Index("quality_span_key", "sensor_id", "end"),
)

quality_pass = Table(  # one row: the last file in whose readings spans were looked for
    "quality_pass", metadata, Column("through_file", Integer, primary_key=True, autoincrement=False)
)

run = Table(
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

pump_order = Table(
    "pump_order",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("pump", text(31), primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("speed", Double, nullable=False),
)

kpi = Table(
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

published = Table(  # append-only: the last row of a kind is what operators see, earlier rows are what they saw
    "published",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("kind", text(32), nullable=False, index=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
)

journal = Table(
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

lease = Table(
    "lease",
    metadata,
    Column("name", text(64), primary_key=True),
    Column("owner", text(), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
