"""The database of the views: its tables, and how far each projection has come."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, Engine, Integer, LargeBinary, Table, inspect, select
from sqlalchemy.exc import DBAPIError

from adapters.store.dialect import complaint, insert_rows, is_shared, name_of, open_engine, reading_one_state, take_turn, writing
from domain.ids import Digest
from projections.columns import BIG, METADATA, NAME
from projections.errors import ViewsUnreachableError

POSITIONS: Final = Table(
    "projection_positions",
    METADATA,
    Column("projection", NAME, primary_key=True),
    Column("next_position", BIG, nullable=False),
    Column("version", Integer, nullable=False),
    Column("ledger", LargeBinary, nullable=False),
    comment="how far each projection has come, in which version, and on which ledger",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How far a projection has come: the next position, the version that wrote its rows, the ledger that they are of."""

    next_position: int
    version: int
    ledger: Digest


class ViewsDatabase:
    """An open database of views. Several threads may use it."""

    def __init__(self, url: str) -> None:
        """Open the database at a SQLAlchemy URL; raise `StoreUrlError` if it names none that can be used."""
        self.name = name_of(url)
        self.engine: Engine = open_engine(url)
        self._reading = reading_one_state(self.engine)
        self._writing = writing(self.engine)
        self._turn: contextlib.AbstractContextManager[object] = (
            threading.RLock() if is_shared(self.engine) else contextlib.nullcontext()
        )

    def make_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are missing; if that fails, the database is closed."""
        try:
            with self.reading() as connection:
                known = set(inspect(connection).get_table_names())
            # Asking first keeps a reading command from waiting for the station that is writing beside it.
            if any(table.name not in known for table in (POSITIONS, *tables)):
                with self.writing() as connection:
                    METADATA.create_all(connection, tables=[POSITIONS, *tables])
        except ViewsUnreachableError:
            self.close()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose statements all see the same state of the views."""
        try:
            with self._turn, self._reading.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise ViewsUnreachableError(self.name, complaint(error)) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that nobody else writes beside."""
        try:
            with self._turn, self._writing.begin() as connection:
                take_turn(connection)
                yield connection
        except DBAPIError as error:
            raise ViewsUnreachableError(self.name, complaint(error)) from error

    def close(self) -> None:
        """Let go of the database; calling it again does nothing."""
        self.engine.dispose()


def read_marks(connection: Connection) -> dict[str, Mark]:
    """Return how far each projection has come that has ever begun."""
    rows = connection.execute(select(POSITIONS))
    return {row.projection: Mark(next_position=row.next_position, version=row.version, ledger=Digest(row.ledger)) for row in rows}


def write_mark(connection: Connection, name: str, mark: Mark) -> None:
    """Write how far a projection has come, in the transaction of its rows."""
    connection.execute(POSITIONS.delete().where(POSITIONS.c.projection == name))
    insert_rows(connection, POSITIONS, [(name, mark.next_position, mark.version, mark.ledger)])
