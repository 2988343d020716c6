"""What only one kind of database knows. Everything else of the store is the same for SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool

BUSY_TIMEOUT_S: Final = 30
"""A writer holds the file for one batch; a disk that stalls longer than this needs a person."""
SWITCHES_PER_S: Final = 100
"""How often a new file's switch to WAL is tried while another process does it; that takes milliseconds."""
_WRITES: Final = "ortoo_writes"
"""The execution option of a connection whose next transaction writes."""
_READS_NEWEST: Final = "ortoo_reads_newest"
"""The execution option of a connection that begins no transaction: each statement sees what is committed by then."""
_WRITE_LOCK: Final = 0x6F72746F6F
"""The number of the advisory lock that PostgreSQL's writers take ("ortoo" in ASCII)."""


def open_engine(url: str) -> Engine:
    """Return an engine for a SQLAlchemy URL, set up so that a commit is durable and a writer waits for another."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed)
    arguments: dict[str, Any] = {"connect_args": {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}}
    if parsed.database in {None, "", ":memory:"}:
        arguments["poolclass"] = StaticPool
    engine = create_engine(parsed, **arguments)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def is_shared(engine: Engine) -> bool:
    """Tell whether all threads share one connection (a database in memory), so that they must take turns."""
    return isinstance(engine.pool, StaticPool)


def writing(engine: Engine) -> Engine:
    """Return the engine for transactions that write: SQLite takes the write lock at their beginning, not in their middle."""
    return engine.execution_options(**{_WRITES: True})


def reading_newest(engine: Engine) -> Engine:
    """Return the engine for reading without transactions: each statement sees everything committed before it."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_READS_NEWEST: True})
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def take_turn(connection: Connection) -> None:
    """Let a transaction that writes wait until no other one does; ask before reading what decides what is written."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")


def marker(engine: Engine) -> str:
    """Return what stands for a value in a statement that goes to the driver as it is."""
    return "?" if engine.dialect.paramstyle == "qmark" else "%s"


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows, each a tuple of all columns in order; a third cheaper than through the expression language."""
    if not rows:
        return
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    markers = ", ".join([marker(connection.engine)] * len(table.columns))
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({columns}) VALUES ({markers})', list(rows))  # noqa: S608 - names of our own tables


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy begins transactions itself (below), so the driver must not.
    connection.isolation_level = None
    cursor = connection.cursor()
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _switch_to_wal(cursor: sqlite3.Cursor) -> None:
    # A new file is switched once, by whoever opens it first. SQLite does not wait for another who is just doing so: it
    # answers "locked" at once, whatever the timeout, so the waiting is done here. (Extended codes have theirs in the low byte.)
    for remaining in reversed(range(BUSY_TIMEOUT_S * SWITCHES_PER_S)):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if remaining == 0 or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(1 / SWITCHES_PER_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_READS_NEWEST, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITES, False) else "BEGIN")
