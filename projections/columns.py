"""What the tables of all views share: their metadata, their types, and rows written by the names of columns."""

from __future__ import annotations

import functools
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, MetaData, String, Table

METADATA: Final = MetaData()
"""The tables of all views, each defined in the file of its projection."""
BIG: Final = BigInteger().with_variant(Integer, "sqlite")
NAME: Final = String().with_variant(String(collation="C"), "postgresql")
"""Compared and sorted byte by byte in every database, so that the order of a dump or a list never depends on a locale."""


def row_of(table: Table, **values: Any) -> tuple[Any, ...]:
    """Return a row with all columns in order, null where no value is given; raise `KeyError` for a column that is not there."""
    row = tuple([values.pop(name, None) for name in _names(table)])
    if values:
        raise KeyError(*values)
    return row


@functools.cache
def _names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)
