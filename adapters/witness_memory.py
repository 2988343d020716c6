"""What a witness remembers: of each log the newest head that it cosigned, in an SQLite file of its own.

A head is on the disk before anybody sees its cosignature, and moves only from what was remembered: two requests of one log at
once end with one of them moved. A witness that began at nothing after its memory was lost would sign a second history. So the
file is made once, together with the key; one that is missing is an error. One that was put back from a copy is noticed by the
mark: a small file beside the key with the count of what was ever signed, written after the memory and before the answer, so
that no cosignature was ever seen whose count is above the mark.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.witness_errors import HeadMovedError, LogNotToldError, WitnessMemoryError, WitnessMemoryLostError
from domain.ids import Digest

APPLICATION_ID: Final = 0x4F525457  # "ORTW"
BUSY_TIMEOUT_S: Final = 10.0
"""Another process looks for milliseconds; ten seconds of it are a sick machine."""
COMPLETE: Final = "complete"
"""Whether what is not remembered was never signed: true from the beginning, false after a memory was lost."""

SIGNED: Final = "signed"
"""How often a head was moved; never below the mark."""

_SCHEMA: Final = """
CREATE TABLE heads (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL, at_s INTEGER NOT NULL
);
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_HEADS: Final = "SELECT origin, size, root, note, at_s FROM heads"
_PUT_HEAD: Final = (
    "INSERT INTO heads VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, "
    "note = excluded.note, at_s = excluded.at_s"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """A head of a log that was cosigned: its size and root, the note with the operator's lines, and when (seconds UTC)."""

    origin: str
    size: int
    root: Digest
    note: bytes
    at_s: int


def create_memory(file: Path, mark: Path, *, complete: bool = True) -> None:
    """Make an empty memory; with `complete` false, one that refuses every log of which it was not told.

    Raises `WitnessMemoryError` if a file is there already, or cannot be made.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise WitnessMemoryError(file, error.strerror or str(error)) from error
    signed = max(_read_mark(mark), 0) if mark.exists() else 0
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection, _translated(file):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        connection.executemany("INSERT INTO facts VALUES (?, ?)", ((COMPLETE, int(complete)), (SIGNED, signed)))
    _write_mark(file, mark, signed)


class WitnessMemory:
    """The memory of one witness. One object serves one thread at a time; other processes may read the file meanwhile."""

    def __init__(self, file: Path, mark: Path) -> None:
        """Open what is there.

        Raises `WitnessMemoryLostError` if nothing is, or what is there is older than what was signed, `WitnessMemoryError` if it
        cannot be read.
        """
        self._file, self._mark = file, mark
        if not file.exists():
            raise WitnessMemoryLostError(file, "is not there")
        with _translated(file):
            uri = f"{file.absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False
            )
        try:
            with _translated(file):
                self._connection.execute("PRAGMA synchronous=FULL")
                # As for a ledger: macOS empties the disk's own cache only if asked.
                self._connection.execute("PRAGMA fullfsync=ON")
                self._inode = _inode(file)
                self._refuse_older_than_the_mark()
        except BaseException:
            self._connection.close()
            raise

    def head(self, origin: str) -> Head | None:
        """Return the newest head of a log, None if none was ever cosigned.

        Raises `LogNotToldError` if that is not known, because the memory was lost.
        """
        self._same_file()
        with _translated(self._file):
            found = self._head(origin)
            if found is None and not self._fact(COMPLETE):
                raise LogNotToldError(origin)
            return found

    def heads(self) -> tuple[Head, ...]:
        """Return the newest head of every log, by origin."""
        with _translated(self._file):
            return tuple(_head_of(row) for row in self._connection.execute(f"{_HEADS} ORDER BY origin"))

    def remember(self, head: Head, *, after: Head | None) -> None:
        """Move a log to a head, durably, if it still stands where it did `after` (None: nowhere).

        The same head again writes nothing, but for a mark that was left behind. Raises `HeadMovedError` if it stands elsewhere,
        and `WitnessMemoryError` if something could not be written; then the head must not be cosigned.
        """
        self._same_file()
        if after is None or (after.size, after.root) != (head.size, head.root):
            with self._writing():
                held = self._head(head.origin)
                if held != after:
                    raise HeadMovedError(head.origin, held.size if held else 0)
                self._put(head)
        with _translated(self._file):
            signed = self._fact(SIGNED)
        if not self._mark.exists() or _read_mark(self._mark) < signed:
            _write_mark(self._file, self._mark, signed)

    @property
    def is_complete(self) -> bool:
        """Whether a log that is not remembered was never cosigned."""
        with _translated(self._file):
            return bool(self._fact(COMPLETE))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Write in one transaction, which counts one more that is signed."""
        with _translated(self._file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._refuse_older_than_the_mark()
                yield
                self._connection.execute("UPDATE facts SET value = value + 1 WHERE name = ?", (SIGNED,))
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _put(self, head: Head) -> None:
        self._connection.execute(_PUT_HEAD, (head.origin, head.size, head.root, head.note, head.at_s))

    def _head(self, origin: str) -> Head | None:
        row = self._connection.execute(f"{_HEADS} WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else _head_of(row)

    def _fact(self, name: str) -> int:
        (value,) = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return int(value)

    def _refuse_older_than_the_mark(self) -> None:
        # A mark that is gone says nothing; the memory itself is the better witness then.
        if self._mark.exists() and self._fact(SIGNED) < _read_mark(self._mark):
            raise WitnessMemoryLostError(self._file, f"is older than what was signed since ({self._mark} counts more)")

    def _same_file(self) -> None:
        # A deleted or exchanged file lives on for whoever has it open.
        if not self._file.exists() or _inode(self._file) != self._inode:
            raise WitnessMemoryLostError(self._file, "was deleted or exchanged while the witness ran")


def _head_of(row: tuple[Any, ...]) -> Head:
    origin, size, root, note, at_s = row
    return Head(origin=origin, size=size, root=Digest(root), note=note, at_s=at_s)


def _inode(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_dev, status.st_ino


def _read_mark(mark: Path) -> int:
    try:
        return int(mark.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise WitnessMemoryError(mark, str(error)) from error


def _write_mark(file: Path, mark: Path, signed: int) -> None:
    """Write how much was signed, whole and durably; the cosignature is not given away before."""
    beside = mark.with_name(f".{mark.name}.new")
    try:
        mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with beside.open("w", encoding="ascii") as stream:
            stream.write(f"{signed}\n")
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(mark)
    except OSError as error:
        raise WitnessMemoryError(file, f"its mark {mark} cannot be written: {error.strerror}") from error


@contextlib.contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, TypeError) as error:
        # TypeError: a file of another kind has no such row.
        raise WitnessMemoryError(file, str(error)) from error
