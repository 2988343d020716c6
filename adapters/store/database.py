"""One open database of a store: its tables, transactions that read or write, and word that something was written."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, Engine, inspect, select

from adapters.errors import StoreOutdatedError
from adapters.store.dialect import is_shared, name_of, open_engine, reading_newest, reading_one_state, take_turn, writing
from adapters.store.tables import FACTS, METADATA

LAYOUT: Final = "2"
"""The layout of the tables; a store of another layout is rebuilt from the ledger, never converted."""
LAYOUT_FACT: Final = "layout"


class Database:
    """A database with the store's tables. Several threads may use it."""

    def __init__(self, url: str) -> None:
        """Open the database at a SQLAlchemy URL and make the tables that are missing.

        Raises `StoreUrlError` for a URL that names no such database, `StoreOutdatedError` if its tables are of another
        layout, and `sqlalchemy.exc.DBAPIError` if it cannot be opened.
        """
        self.name = name_of(url)
        self.engine: Engine = open_engine(url)
        self.writes = 0
        self._written = threading.Condition()
        self._writing = writing(self.engine)
        self._reading = reading_one_state(self.engine)
        self._reading_newest = reading_newest(self.engine)
        self._turn: contextlib.AbstractContextManager[object] = (
            threading.RLock() if is_shared(self.engine) else contextlib.nullcontext()
        )
        try:
            self._make_tables()
        except BaseException:
            self.engine.dispose()
            raise

    def newest(self) -> Connection:
        """Return a connection for reading whose every statement sees what is committed by then; close it after use."""
        return self._reading_newest.connect()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose statements all see the same state of the database."""
        with self._turn, self._reading.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that nobody else writes beside; whoever waits in this process is told."""
        with self._turn, self._writing.begin() as connection:
            take_turn(connection)
            yield connection
        self.wake()

    def wake(self) -> None:
        """Let everybody in this process who waits for something to be written look again."""
        with self._written:
            self.writes += 1
            self._written.notify_all()

    def wait_for_write(self, seen: int, timeout_s: float) -> None:
        """Wait until this process has written since `writes` was `seen`, at most `timeout_s`."""
        with self._written:
            self._written.wait_for(lambda: self.writes != seen, timeout_s)

    def close(self) -> None:
        """Let go of the database; calling it again does nothing."""
        self.engine.dispose()

    def _make_tables(self) -> None:
        # Asking first keeps a reading command from waiting for the station that is writing beside it.
        if not inspect(self.engine).has_table(FACTS.name):
            with self.writing() as connection:
                METADATA.create_all(connection)
                if self._layout(connection) is None:
                    connection.execute(FACTS.insert().values(name=LAYOUT_FACT, value=LAYOUT))
        with self.reading() as connection:
            found = self._layout(connection)
        if found != LAYOUT:
            raise StoreOutdatedError(self.name, found or "none", LAYOUT)

    @staticmethod
    def _layout(connection: Connection) -> str | None:
        return connection.execute(select(FACTS.c.value).where(FACTS.c.name == LAYOUT_FACT)).scalar()
