"""Canonical dumps: one digest over the content of tables, equal for equal content whatever the database file looks like."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from domain.ids import Digest

_LENGTH: Final = struct.Struct(">Q")
ROWS_AT_ONCE: Final = 2_000


def canonical_dump_of(connection: Connection, tables: Sequence[Table]) -> Digest:
    """Return SHA-256 over the tables in the given order: names, then rows by primary key, values typed and length-prefixed."""
    digest = hashlib.sha256()
    for table in tables:
        digest.update(_value(table.name))
        rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
            select(table).order_by(*table.primary_key.columns),
        )
        for row in rows:
            digest.update(b"R" + b"".join(map(_value, row)))
    return Digest(digest.digest())


def _value(value: Any) -> bytes:
    if value is None:
        return b"N"
    if isinstance(value, bool | int):
        kind, content = b"I", b"%d" % value
    elif isinstance(value, str):
        kind, content = b"S", value.encode()
    elif isinstance(value, bytes):
        kind, content = b"B", value
    else:
        msg = f"a {type(value).__name__} has no canonical form; store an integer, a text or bytes"
        raise TypeError(msg)
    return kind + _LENGTH.pack(len(content)) + content
