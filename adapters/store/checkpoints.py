"""What a station keeps of checkpoints: the newest verified pair, the newest witnessed one, and the one it signed itself.

None of it is of the ledger, so none of it is in a canonical dump; a store that is rebuilt reads it again from the board. Only
the pair that this station signed last is written here before anybody else can have seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from adapters.errors import StoreUnreachableError
from adapters.store.database import Database
from adapters.store.dialect import complaint
from adapters.store.tables import CHECKPOINTS
from adapters.store.tiles import Rows
from domain.reasons import Reason

_KEPT_SQL: Final = "SELECT size, pair FROM checkpoints WHERE kept = {0}"
_REFUSED_SQL: Final = (
    "SELECT position, record FROM records WHERE position >= {0} AND position < {0} AND reason = {0} AND record IS NOT NULL "
    "ORDER BY position"
)


class Kept(StrEnum):
    """What is kept; the last two are how far something was read."""

    NEWEST = "newest"
    WITNESSED = "witnessed"
    SIGNED = "signed"
    BOARD = "board"
    REFUSED = "refused"


class KeptCheckpoints:
    """The table `checkpoints` of a store; all raise `StoreUnreachableError`. One object serves one thread."""

    def __init__(self, database: Database, rows: Rows) -> None:
        """Write in an open database, and read with `rows`, since every event that is said asks for the newest pair."""
        self._database = database
        self._rows = rows

    def pair(self, kept: Kept) -> bytes | None:
        """Return an encoded pair, None if none is kept."""
        found = self._found(kept)
        return None if found is None else found[1]

    def reached(self, kept: Kept) -> int:
        """Return how far something was read, 0 at first."""
        found = self._found(kept)
        return 0 if found is None else found[0]

    def keep(self, kept: Kept, size: int, pair: bytes = b"") -> None:
        """Keep a pair of this size in the place of the one before, or how far something was read; on the disk when it returns.

        A pair that is larger and was kept by another process meanwhile stays.
        """
        row = {"kept": kept.value, "size": size, "pair": pair}
        try:
            with self._database.writing() as connection:
                held = connection.execute(select(CHECKPOINTS.c.size).where(CHECKPOINTS.c.kept == kept.value)).scalar()
                if held is None:
                    connection.execute(CHECKPOINTS.insert().values(**row))
                elif held <= size or not pair:
                    connection.execute(CHECKPOINTS.update().where(CHECKPOINTS.c.kept == kept.value).values(**row))
        except DBAPIError as error:
            raise StoreUnreachableError(self._database.name, complaint(error)) from error

    def refused(self, reason: Reason, start: int, stop: int) -> Sequence[tuple[int, bytes]]:
        """Return positions (from `start` to before `stop`) and records that were refused for a reason after their signatures."""
        return [(row[0], bytes(row[1])) for row in self._rows(_REFUSED_SQL, start, stop, int(reason))]

    def _found(self, kept: Kept) -> tuple[int, bytes] | None:
        rows = self._rows(_KEPT_SQL, kept.value)
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else None
