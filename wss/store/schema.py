"""The tables. Times are whole seconds since 1970-01-01 UTC, so that any tool can read them.

`reading` has no foreign keys: they would cost a fifth of the intake; `write_file` checks the sensors of a file once.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION = 1
"""Version of this schema; a store of another version is refused."""

metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

version = Table(
    "version", metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
)

document = Table(
    "document", metadata,
    Column("version", ForeignKey("version.version"), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body", Text, nullable=False),
)

sensor = Table(
    "sensor", metadata,
    Column("sensor_id", Integer, primary_key=True),
    Column("tag", String(200), nullable=False),
    Column("quantity", String(32), nullable=False),
    Column("item", String(31), nullable=False),
    Column("unit", String(16), nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    UniqueConstraint("tag", "valid_from"),
)

sensor_alias = Table(
    "sensor_alias", metadata,
    Column("alias", String(200), primary_key=True),
    Column("tag", String(200), nullable=False),
)

intake_file = Table(
    "intake_file", metadata,
    Column("file_id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("tag", String(255), nullable=False),  # that only the name tells: two tags at rest export the same contents
    Column("name", Text, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("delay_s", Integer),  # of a backfill only: its readings count as known this long after their time
    Column("profile", String(31)),
    Column("state", String(16), nullable=False),
    *(Column(count, Integer, nullable=False)
      for count in ("read", "stored", "duplicate", "corrected", "missing", "set_aside", "quarantined")),
    Column("error", Text),
    UniqueConstraint("sha256", "tag"),
)

reading = Table(
    "reading", metadata,
    Column("sensor_id", Integer, primary_key=True, autoincrement=False),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double, nullable=False),
    Column("flag", SmallInteger, nullable=False),
    Column("file_id", Integer, nullable=False),
    sqlite_with_rowid=False,
)

reading_old = Table(
    "reading_old", metadata,
    Column("old_id", Integer, primary_key=True),
    Column("sensor_id", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("flag", SmallInteger, nullable=False),
    Column("file_id", Integer, nullable=False),
    Column("known_at", BigInteger, nullable=False),  # the value was the known one from here on ...
    Column("replaced_at", BigInteger, nullable=False),  # ... and until here
    Index("reading_old_key", "sensor_id", "time"),
)

set_aside = Table(
    "set_aside", metadata,
    Column("row_id", Integer, primary_key=True),
    Column("file_id", ForeignKey("intake_file.file_id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("tag", Text, nullable=False),
    Column("time", BigInteger),
    Column("text", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

quarantine = Table(
    "quarantine", metadata,
    Column("row_id", Integer, primary_key=True),
    Column("file_id", ForeignKey("intake_file.file_id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

run = Table(
    "run", metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("kind", String(32), nullable=False, index=True),
    Column("now", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("cycle", Boolean, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("config_version", Integer),
    Column("cpu_seconds", Double, nullable=False),
    Column("peak_memory_mb", Double, nullable=False),
    Column("folder", Text, nullable=False),
    Column("error", Text),
)

pump_order = Table(
    "pump_order", metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("pump", String(31), primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("speed", Double, nullable=False),
)

kpi = Table(
    "kpi", metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("item", String(128), primary_key=True),
    Column("value", Double),
    Column("unit", String(32), nullable=False),
    Index("kpi_time", "time"),
)

published = Table(  # append-only: the last row of a kind is what operators see, earlier rows are what they saw
    "published", metadata,
    Column("seq", Integer, primary_key=True),
    Column("kind", String(32), nullable=False, index=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
)

journal = Table(
    "journal", metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("run_id", String(64)),
    Column("body", JSON, nullable=False),
)

lease = Table(
    "lease", metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
