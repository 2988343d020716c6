"""Comparing tables row by row: what a database holds beside what it should hold, both read in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Table, select

ROWS_AT_ONCE: Final = 2_000
"""Fetched from a database in one piece, so that memory stays flat however long a table is."""
_RANKS: Final = {type(None): 0, int: 1, bool: 1, float: 1, str: 2, bytes: 3}
"""In which order SQLite sorts values of different types: whoever edits a file may put any type into any column."""


class Difference(StrEnum):
    """How a row differs from what it should be."""

    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"


@dataclass(frozen=True, kw_only=True, slots=True)
class RowDifference:
    """A row that is not as it should be: its table and key, and the columns that differ (none if it is missing or extra)."""

    table: str
    key: tuple[Any, ...]
    difference: Difference
    columns: tuple[str, ...]
    position: int | None

    @property
    def text(self) -> str:
        """The row and how it differs, in words."""
        key = "/".join(one.hex() if isinstance(one, bytes) else str(one) for one in self.key)
        changed = f" ({', '.join(self.columns)})" if self.columns else ""
        return f"{self.table} {key}: {self.difference}{changed}"


def row_differences(table: Table, right: Connection, given: Connection) -> Iterator[RowDifference]:
    """Yield every row of a table that differs between what is right and what was given; a page of rows is in memory."""
    names = [column.name for column in table.columns]
    places = [names.index(column.name) for column in table.primary_key.columns]
    wanted, found = _rows(table, right), _rows(table, given)
    one, other = next(wanted, None), next(found, None)
    while one is not None or other is not None:
        order = _order(one, other, places)
        if one is not None and order < 0:
            yield _difference(table.name, names, places, one, Difference.MISSING)
        elif other is not None and order > 0:
            yield _difference(table.name, names, places, other, Difference.EXTRA)
        elif one is not None and other is not None and one != other:
            changed = tuple(name for name, wants, has in zip(names, one, other, strict=True) if wants != has)
            yield _difference(table.name, names, places, one, Difference.CHANGED, changed)
        one = next(wanted, None) if order <= 0 else one
        other = next(found, None) if order >= 0 else other


def _rows(table: Table, connection: Connection) -> Iterator[tuple[Any, ...]]:
    statement = select(table).order_by(*table.primary_key.columns)
    for row in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement):
        yield tuple(row)


def _order(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None, places: list[int]) -> int:
    """Return -1 if the first row comes first, 1 if the other does, 0 if they have the same key; None comes last."""
    if one is None or other is None:
        return 1 if one is None else -1
    first, second = _sorted_as(one, places), _sorted_as(other, places)
    return (first > second) - (first < second)


def _sorted_as(row: tuple[Any, ...], places: list[int]) -> list[tuple[int, Any]]:
    # Databases sort text by its bytes (the tables say so), which is the order of code points that Python has.
    return [(_RANKS[type(row[place])], row[place]) for place in places]


def _difference(
    table: str,
    names: list[str],
    places: list[int],
    row: tuple[Any, ...],
    difference: Difference,
    columns: tuple[str, ...] = (),
) -> RowDifference:
    position = row[names.index("position")] if "position" in names else None
    return RowDifference(
        table=table,
        key=tuple(row[place] for place in places),
        difference=difference,
        columns=columns,
        position=position if isinstance(position, int) else None,
    )
