"""Column types that mean the same in SQLite and in PostgreSQL. Migrations use them too: add to them, never change them."""

from sqlalchemy import BigInteger, Dialect, Integer, String, Text, TypeDecorator
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

ROW_ID = BigInteger().with_variant(Integer, "sqlite")
"""Key of a table that may hold more than two thousand million rows; only an INTEGER numbers itself in SQLite."""
NUL, IN_ITS_PLACE = "\0", "\ufffd"


class _Text(TypeDecorator):
    """Text that sorts by code point and holds no NUL, which PostgreSQL refuses."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine:
        if dialect.name == "postgresql":
            return postgresql.TEXT(collation="C")
        return String(self.impl.length) if self.impl.length else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value.replace(NUL, IN_ITS_PLACE) if value else value


def text(length: int | None = None) -> TypeEngine:
    """Text that sorts by code point; a NUL in it becomes U+FFFD. Its length is for the reader: no database enforces it."""
    return _Text(length)
