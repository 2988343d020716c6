"""What only one kind of database knows. Everything else of the store is the same for SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, Table, Update, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, ProgrammingError
from sqlalchemy.pool import StaticPool

from adapters.errors import StoreUnreachableError, StoreUrlError

BUSY_TIMEOUT_S: Final = 30
"""A writer holds the database for one batch; a disk that stalls longer than this needs a person."""
STALLED_WRITER_S: Final = 20
"""A writer that says nothing for so long in the middle of its batch was cut off or is suspended; PostgreSQL then takes the
turn from it, before those who wait give up."""
CONNECT_TIMEOUT_S: Final = 10
SILENCE_TIMEOUT_S: Final = 30
"""A server's machine that acknowledges nothing for so long is gone."""
SWITCHES_PER_S: Final = 100
"""How often a new file's switch to WAL is tried while another process does it; that takes milliseconds."""
_WRITES: Final = "ortoo_writes"
"""The execution option of a connection whose next transaction writes."""
_READS_NEWEST: Final = "ortoo_reads_newest"
"""The execution option of a connection that begins no transaction: each statement sees what is committed by then."""
_WRITE_LOCK: Final = 0x6F72746F6F
"""The number of the advisory lock that PostgreSQL's writers take ("ortoo" in ASCII)."""
_TAKE_TURN: Final = (
    f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT_S}s'; "
    f"SET LOCAL idle_in_transaction_session_timeout = '{STALLED_WRITER_S}s'; "
    f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})"
)
_LOCK_TIMED_OUT: Final = "55P03"
"""PostgreSQL's code for a lock that was not to be had in time."""
_SHOWN: Final = frozenset({"host", "port", "service"})
"""The parts after the question mark of a URL that tell where a database is; others may be passwords."""
_POSTGRESQL: Final[Mapping[str, Any]] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": 1_000 * SILENCE_TIMEOUT_S,
    "keepalives_idle": SILENCE_TIMEOUT_S,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "application_name": "ortoo",
}
"""How the driver connects, where the URL says nothing else."""


def open_engine(url: str) -> Engine:
    """Return an engine for a SQLAlchemy URL, set up so that a commit is durable and a writer waits for another.

    Raises `StoreUrlError` if the URL names no database that this program can use.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    given = {name: value for name, value in _POSTGRESQL.items() if name not in parsed.query}
    try:
        # Asked before each use, so that a server which was started anew meanwhile is noticed before anything is lost.
        return create_engine(parsed, connect_args=given, pool_pre_ping=True)
    except ImportError as error:
        raise StoreUrlError(f"the driver psycopg is missing ({error}); install this program with its extra `postgres`") from error


def parse_url(url: str) -> URL:
    """Return a URL parsed; raise `StoreUrlError` if it names no database that this program can use."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreUrlError("it is no URL") from error
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}:
        raise StoreUrlError(f"{parsed.drivername!r} is no kind of database that it can name")
    if "@" in (parsed.host or ""):
        # Nothing of it is shown: what stands before that sign is the rest of a password.
        raise StoreUrlError("its password contains a sign that must be written with its code, as %40 for @")
    return parsed


def name_of(url: str) -> str:
    """Return what a URL says of where the database is, without anything secret, for messages."""
    parsed = parse_url(url)
    shown = {name: value for name, value in parsed.query.items() if name in _SHOWN}
    return parsed.set(query=shown).render_as_string(hide_password=True)


def holds_password(url: str) -> bool:
    """Tell whether a URL holds a password, so that it belongs into no file; raise `StoreUrlError` if it is none."""
    parsed = parse_url(url)
    return parsed.password is not None or "password" in parsed.query


def make_schema(url: str, name: str) -> str:
    """Make a schema of a name that nobody has yet in a database of PostgreSQL, and return the URL of stores in it.

    Raises `StoreUrlError` for another kind of database, or if there is such a schema already, and `StoreUnreachableError`.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "postgresql" or "options" in parsed.query:
        raise StoreUrlError("schemas can be made in a database of PostgreSQL whose URL has no options of its own")
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f'CREATE SCHEMA "{name}"')
    except ProgrammingError as error:
        raise StoreUrlError(f"no schema could be made in it: {complaint(error)}") from error
    except DBAPIError as error:
        raise StoreUnreachableError(name_of(url), complaint(error)) from error
    finally:
        engine.dispose()
    return parsed.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)


def complaint(error: DBAPIError) -> str:
    """Return in one line what a database said."""
    if getattr(error.orig, "sqlstate", None) == _LOCK_TIMED_OUT:
        return f"another process has been writing to it for more than {BUSY_TIMEOUT_S} seconds"
    return " ".join(str(error.orig).split())


def _open_sqlite(parsed: URL) -> Engine:
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
    """Return the engine for transactions that write, which take their turn before they look at anything.

    SQLite takes the write lock at their beginning, not in their middle; in PostgreSQL each statement must see what the
    writer before has committed.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_WRITES: True})
    return engine.execution_options(isolation_level="READ COMMITTED")


def reading_one_state(engine: Engine) -> Engine:
    """Return the engine for transactions that only read, whose statements all see the same state of the database."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def reading_newest(engine: Engine) -> Engine:
    """Return the engine for reading without transactions: each statement sees everything committed before it."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_READS_NEWEST: True})
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def plain_sqlite(connection: Connection) -> sqlite3.Connection | None:
    """Return SQLite's own connection under one: a key is found in a tenth of what SQLAlchemy adds to it.

    None for a server, where connections are lost and found again, and a question costs more than that anyway.
    """
    driver = connection.connection.driver_connection
    return driver if isinstance(driver, sqlite3.Connection) else None


def take_turn(connection: Connection) -> None:
    """Let a transaction that writes wait until no other one does; ask before reading what decides what is written."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_TAKE_TURN).close()


def marker(engine: Engine) -> str:
    """Return what stands for a value in a statement that goes to the driver as it is."""
    return "?" if engine.dialect.paramstyle == "qmark" else "%s"


def first_value(connection: Connection, statement: str) -> Any:
    """Return the first value of the first row that a statement finds; there must be one."""
    driver = plain_sqlite(connection)
    if driver is None:
        return connection.exec_driver_sql(statement).scalar()
    with _as_of_alchemy(statement):
        return driver.execute(statement).fetchone()[0]


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows, each a tuple of all columns in order; a third cheaper than through the expression language."""
    if not rows:
        return
    statement = _insertion(table, marker(connection.engine))
    driver = plain_sqlite(connection)
    if driver is None:
        connection.exec_driver_sql(statement, list(rows))
        return
    with _as_of_alchemy(statement):
        driver.executemany(statement, rows)


def update_rows(connection: Connection, statement: Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute a statement once for each of many rows of named values, in their order.

    SQLite gets them from its own driver: building each row's parameters costs SQLAlchemy as much as the update itself.
    """
    driver = plain_sqlite(connection)
    if driver is None:
        connection.execute(statement, list(rows))
        return
    sql, names, constants = _update(statement)
    with _as_of_alchemy(sql):
        driver.executemany(sql, [[constants[name] if name in constants else row[name] for name in names] for row in rows])


@contextlib.contextmanager
def _as_of_alchemy(statement: str) -> Iterator[None]:
    """Let an error of SQLite's own driver be caught like one that went through SQLAlchemy."""
    try:
        yield
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error) from error


@functools.cache
def _update(statement: Update) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
    """Return a statement for SQLite: its text, the names of its parameters in order, and the values of those it has itself."""
    compiled = statement.compile(dialect=sqlite.dialect())
    constants = {name: bound.effective_value for name, bound in compiled.binds.items() if not bound.required}
    return str(compiled), tuple(compiled.positiontup or ()), constants


@functools.cache
def _insertion(table: Table, marked: str) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    markers = ", ".join([marked] * len(table.columns))
    return f'INSERT INTO "{table.name}" ({columns}) VALUES ({markers})'  # noqa: S608 - names of our own tables


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
        statement = "BEGIN IMMEDIATE" if options.get(_WRITES, False) else "BEGIN"
        with _as_of_alchemy(statement):
            connection.connection.execute(statement)
