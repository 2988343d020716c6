"""The embedded ledger: one SQLite file, shared by any number of processes of one machine.

Every append is a transaction of its own that takes the write lock before it looks at the end, so positions are contiguous
and stored times rise with them. WAL lets readers go on meanwhile; `synchronous=FULL` puts the log on the disk before an
append is acknowledged (https://sqlite.org/pragma.html#pragma_synchronous). What could be wrong with a file is told by
`ledger_sqlite_check`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from adapters.clock import system_clock_ms
from adapters.errors import (
    AppendUncertainError,
    LedgerExistsError,
    LedgerHoleError,
    LedgerMissingError,
    LedgerRefusedError,
    LedgerReplacedError,
    LedgerUnreachableError,
    RecordTooLargeError,
)
from adapters.ledger import READ_LIMIT_SLOTS, Finding, Headers, LedgerPlace, Slot
from adapters.ledger_sqlite_check import findings_of
from domain.header import RECORD_LIMIT_BYTES

APPLICATION_ID: Final = 0x4F52544F  # "ORTO", so that `file` and SQLite's own tools can tell a ledger from another database
FORMAT: Final = 1
LOCK_TIMEOUT_S: Final = 10.0  # an append holds the lock for milliseconds; ten seconds of it are a sick machine
HOLE_LIMIT_SLOTS: Final = 10_000  # one row written at a huge position would keep every reader busy for years
POLL_INTERVAL_S: Final = 0.02  # SQLite tells nobody about a change, and a person does not feel 20 ms

_SCHEMA: Final = """
CREATE TABLE ledger_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE ledger_slots (position INTEGER PRIMARY KEY, stored_at_ms INTEGER, record BLOB);
CREATE TRIGGER ledger_slots_no_update BEFORE UPDATE ON ledger_slots BEGIN SELECT RAISE(ABORT, 'a ledger is append-only'); END;
CREATE TRIGGER ledger_slots_no_delete BEFORE DELETE ON ledger_slots BEGIN SELECT RAISE(ABORT, 'a ledger is append-only'); END;
"""
# Whoever holds the file may write any type into any column; what is no integer is no time, and a record is always bytes.
_READ_SQL: Final = (
    "SELECT position, CASE typeof(stored_at_ms) WHEN 'integer' THEN stored_at_ms END, CAST(record AS BLOB) "
    "FROM ledger_slots WHERE position >= ? ORDER BY position LIMIT ?"
)


def create_sqlite_ledger(path: Path, *, incarnation: str | None = None) -> None:
    """Make an empty ledger in a new file; its incarnation is random unless one is given.

    Raises `LedgerExistsError` if anything is there, `LedgerMissingError` if the folder is not.
    """
    location = f"sqlite:{path}"
    try:
        # Made exclusively, so that of two processes that create one ledger, one is told that it exists.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError as error:
        msg = f"No ledger was made at {location}: a file is there already. Choose another name, or join that ledger."
        raise LedgerExistsError(msg) from error
    except FileNotFoundError as error:
        msg = f"No ledger was made at {location}: its folder does not exist. Make the folder first."
        raise LedgerMissingError(msg) from error
    except OSError as error:
        msg = f"No ledger was made at {location}: {error.strerror}. Choose a folder that this user may write."
        raise LedgerRefusedError(msg) from error
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection, _translated(location):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={FORMAT}")
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        made = ("incarnation", incarnation or secrets.token_hex(16))
        connection.execute("INSERT INTO ledger_meta (name, value) VALUES (?, ?)", made)


class SqliteLedger:
    """A ledger in an SQLite file. One object serves one thread; any number of processes may open the file."""

    def __init__(self, path: Path, *, timeout_s: float = LOCK_TIMEOUT_S, clock_ms: Callable[[], int] = system_clock_ms) -> None:
        self._path = path
        self._clock_ms = clock_ms
        self._location = f"sqlite:{path}"
        self._file = self._file_now()
        with _translated(self._location):
            uri = f"{path.absolute().as_uri()}?mode=rw"
            # One thread at a time: the one that opens a ledger may hand it to the one that follows it.
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=timeout_s, check_same_thread=False)
        try:
            with _translated(self._location):
                self._connection.execute("PRAGMA synchronous=FULL")
                # macOS needs to be asked separately to empty the disk's own cache; elsewhere it does nothing.
                self._connection.execute("PRAGMA fullfsync=ON")
            self._incarnation = self.identity().incarnation
        except BaseException:
            self._connection.close()
            raise

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        """Append a record and return its position once it is on the disk; a file has no place for headers."""
        del headers
        if len(record) > RECORD_LIMIT_BYTES:
            raise RecordTooLargeError(len(record), RECORD_LIMIT_BYTES)
        return self._put(bytes(record))

    def append_all(self, records: Iterable[tuple[bytes, Headers]]) -> Iterator[int]:
        """Append records one after the other, and yield their positions."""
        for record, headers in records:
            yield self.append(record, headers=headers)

    def append_empty(self) -> int:
        """Leave an empty slot, as a Kafka transaction would; a door for tests."""
        return self._put(None)

    def _put(self, record: bytes | None) -> int:
        self._same_file()
        with _translated(self._location):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                position = self._end()
                # Read while the lock is held: the order of times is the order of positions, as far as the clock is sane.
                stored_at_ms = None if record is None else self._clock_ms()
                self._connection.execute("INSERT INTO ledger_slots VALUES (?, ?, ?)", (position, stored_at_ms, record))
            except BaseException:
                self._roll_back()
                raise
        self._commit()
        return position

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise AppendUncertainError(self._location, str(error)) from error

    def _roll_back(self) -> None:
        # SQLite has rolled back by itself after some errors (disk full, I/O); asking again is an error then.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def read(self, start: int, limit: int) -> Sequence[Slot]:
        """Return the slots from `start` on, at most `limit` and `READ_LIMIT_SLOTS`; a missing row below the end is empty.

        Raises `LedgerHoleError` where more than `HOLE_LIMIT_SLOTS` rows are missing.
        """
        self._same_file()
        limit = min(limit, READ_LIMIT_SLOTS)
        with _translated(self._location):
            rows: list[tuple[int, int | None, bytes | None]] = self._connection.execute(_READ_SQL, (start, limit)).fetchall()
        slots = _contiguous(start, limit, rows)
        if rows and not slots:
            raise LedgerHoleError(self._location, start, rows[0][0])
        return slots

    def end(self) -> int:
        """Return the position that follows the last slot."""
        self._same_file()
        with _translated(self._location):
            return self._end()

    def _end(self) -> int:
        row = self._connection.execute("SELECT max(position) + 1 FROM ledger_slots").fetchone()
        return int(row[0] or 0)

    def wait(self, position: int, timeout_s: float) -> bool:
        """Return True as soon as the end is beyond the position, False if it is not within the time."""
        until_s = time.monotonic() + timeout_s
        while self.end() <= position:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return False
            time.sleep(min(POLL_INTERVAL_S, left_s))
        return True

    def identity(self) -> LedgerPlace:
        """Return the random name that the file got when it was made."""
        self._same_file()
        with _translated(self._location):
            query = "SELECT value FROM ledger_meta WHERE name = 'incarnation'"
            rows: list[tuple[str]] = self._connection.execute(query).fetchall()
        if not rows:
            msg = f"{self._location} holds no ledger: it has no incarnation. Check the location, or create a ledger elsewhere."
            raise LedgerMissingError(msg)
        return LedgerPlace(location=self._location, incarnation=rows[0][0])

    def check(self) -> tuple[Finding, ...]:
        """Return what could lose or rewrite history: journal and sync mode, permissions, tables, holes, network disks."""
        self._same_file()
        with _translated(self._location):
            return findings_of(self._connection, self._path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _file_now(self) -> tuple[int, int]:
        try:
            stat = self._path.stat()
        except OSError as error:
            msg = f"No ledger is at {self._location}: {error.strerror}. Check the location, or create a ledger there."
            raise LedgerMissingError(msg) from error
        return stat.st_dev, stat.st_ino

    def _same_file(self) -> None:
        # A deleted file lives on for whoever has it open: this station would follow a ledger that nobody else sees.
        if self._file_now() != self._file:
            raise LedgerReplacedError(self._location, self._incarnation, "in another file")


def _contiguous(start: int, limit: int, rows: Sequence[tuple[int, int | None, bytes | None]]) -> Sequence[Slot]:
    """Return the rows before a hole that is too long as slots, with empty ones where positions are missing between them."""
    slots: list[Slot] = []
    for position, stored_at_ms, record in rows:
        if position - (start + len(slots)) > HOLE_LIMIT_SLOTS:
            break
        while start + len(slots) < position and len(slots) < limit:
            slots.append(Slot(position=start + len(slots), record=None, stored_at_ms=None))
        if len(slots) == limit:
            break
        slots.append(Slot(position=position, record=record, stored_at_ms=None if record is None else stored_at_ms))
    return tuple(slots)


@contextlib.contextmanager
def _translated(location: str) -> Iterator[None]:
    """Turn SQLite's errors into the port's."""
    try:
        yield
    except OverflowError as error:
        msg = f"{location} has no position left: somebody wrote a row at the last one there is. Restore the file from a backup."
        raise LedgerRefusedError(msg) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}:
            msg = f"{location} may not be written: {error}. Give this user the right to write the file and its folder."
            raise LedgerRefusedError(msg) from error
        if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT}:
            msg = f"{location} is no ledger that can be read: {error}. Check the location; restore the file from a backup."
            raise LedgerMissingError(msg) from error
        msg = f"{location} could not be reached: {error}. Look for a full disk or a process that holds it, then try again."
        raise LedgerUnreachableError(msg) from error
