"""The queue: what is signed and not yet known to be on the ledger, on disk before anything is sent.

Whatever a person was told is signed survives a crash at any instant. Finished submissions stay, with their verdict's
position, so that the same intention asked for again gives the original receipt.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from adapters.errors import QueueError, QueueGoneError
from domain.ids import Digest

BUSY_TIMEOUT_S: Final = 20
"""Another process of this station writes for milliseconds; a disk that stalls longer than this needs a person."""
RETIRED: Final = "#"
"""Between an intention that was rejected and the position of its verdict; no intention holds it."""

_METADATA: Final = MetaData()
_SUBMISSIONS: Final = Table(
    "submissions",
    _METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("intention", String, nullable=False, unique=True),
    Column("identity", LargeBinary, nullable=False, unique=True),
    Column("act", String, nullable=False),
    Column("officer", String, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("documents", String, nullable=False),
    Column("queued_at", Integer, nullable=False),
    Column("position", Integer, nullable=True),
)
_UNFINISHED: Final = Index("submissions_unfinished", _SUBMISSIONS.c.position, _SUBMISSIONS.c.number)
_ALL: Final = "SELECT intention, identity, act, officer, record, documents, queued_at, position FROM submissions"
# What is known already, by its intention or its identity, stays as it is.
_ADD: Final = (
    "INSERT INTO submissions (intention, identity, act, officer, record, documents, queued_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_NOTHING_DONE: Final = "nothing was signed or sent by this command"
_NOTHING_LOST: Final = "what was signed is still in it, and what was sent is on the ledger"
_FINISH: Final = "UPDATE submissions SET position = ?, intention = intention || ? WHERE identity = ? AND position IS NULL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A signed event to be brought to the ledger.

    `intention` names what a person wanted, so that wanting it twice is one submission; `documents` are the digests that
    must be in the document store before the record is appended; `position` is where its verdict stands once known.
    """

    intention: str
    identity: Digest
    act: str
    officer: str
    record: bytes
    documents: tuple[Digest, ...]
    queued_at: int
    position: int | None = None


class Queue:
    """The queue in one SQLite file of the station's home. Safe with several processes; one object serves one thread at a time.

    Its statements go to the driver as they are, because one submission asks for a dozen of them.
    """

    def __init__(self, path: Path) -> None:
        """Open the queue at `path`, making it if needed; raise `QueueError` if that fails."""
        self._path = path
        with self._translated(_NOTHING_DONE):
            self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            with self._translated(_NOTHING_DONE):
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=FULL")
                for statement in (CreateTable(_SUBMISSIONS, if_not_exists=True), CreateIndex(_UNFINISHED, if_not_exists=True)):
                    self._connection.execute(str(statement.compile(dialect=sqlite.dialect())))
            self._file = _file_at(path)
        except QueueError:
            self._connection.close()
            raise

    def add(self, submissions: Sequence[Submission]) -> frozenset[Digest]:
        """Put submissions into the queue, in order and durably; all of them or none. Return the identities that are new.

        Those known already stay as they are: by their intention, or as the same event, which was rejected if its intention is
        free again.
        """
        added: set[Digest] = set()
        # The write lock is taken before it is asked what is known, so that two processes that add the same add it once.
        with self._writing(_NOTHING_DONE):
            for one in submissions:
                values = (one.intention, one.identity, one.act, one.officer, one.record, _written(one.documents), one.queued_at)
                if self._connection.execute(_ADD, values).rowcount:
                    added.add(one.identity)
        return frozenset(added)

    def find(self, intention: str) -> Submission | None:
        """Return the submission of an intention, finished or not; None if it was never queued."""
        found = self._select("intention = ?", intention)
        return found[0] if found else None

    def find_rejected(self, intention: str) -> Submission | None:
        """Return the last submission of an intention that was rejected, None if none was."""
        retired = f"{intention}{RETIRED}"
        found = self._select("substr(intention, 1, ?) = ?", len(retired), retired)
        return found[-1] if found else None

    def find_identity(self, identity: Digest) -> Submission | None:
        """Return the submission of an event by its identity, None if it was not submitted from here."""
        found = self._select("identity = ?", identity)
        return found[0] if found else None

    def unfinished(self) -> tuple[Submission, ...]:
        """Return what waits, in the order in which it was signed."""
        self._require_own_file()
        return self._select("position IS NULL")

    def finish(self, verdicts: Sequence[tuple[Digest, int, bool]]) -> None:
        """Note of submissions (named by identity) where their verdicts stand, and whether they were accepted.

        An intention that was rejected may be tried anew, so it is free again.
        """
        noted = [(position, "" if accepted else f"{RETIRED}{position}", identity) for identity, position, accepted in verdicts]
        # Not waited for until it is on the disk: what a power cut takes from here is noted again from the ledger.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        try:
            with self._writing():
                # Another process of this station may have noted it already, so only what waits is written.
                self._connection.executemany(_FINISH, noted)
        finally:
            self._connection.execute("PRAGMA synchronous=FULL")

    def drop(self, identity: Digest) -> None:
        """Take an unfinished submission out of the queue, because a person no longer wants it sent."""
        with self._writing():
            self._connection.execute("DELETE FROM submissions WHERE identity = ? AND position IS NULL", (identity,))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _require_own_file(self) -> None:
        # A deleted file lives on for whoever has it open, and what is put into it then is gone with this process.
        if _file_at(self._path) != self._file:
            raise QueueGoneError(
                f"The queue {self._path} was deleted or exchanged while this process had it open: nothing more is put into it or "
                "taken from it. Find out who did it, put it back if it is still somewhere, then try again."
            )

    @contextlib.contextmanager
    def _writing(self, meanwhile: str = _NOTHING_LOST) -> Iterator[None]:
        self._require_own_file()
        with self._translated(meanwhile):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors (disk full, I/O); asking again is an error then.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _select(self, condition: str, *values: Any) -> tuple[Submission, ...]:
        with self._translated():
            rows = self._connection.execute(f"{_ALL} WHERE {condition} ORDER BY number", values).fetchall()
        return tuple(
            Submission(
                intention=row[0],
                identity=Digest(row[1]),
                act=row[2],
                officer=row[3],
                record=row[4],
                documents=tuple(Digest(bytes.fromhex(digest)) for digest in row[5].split()),
                queued_at=row[6],
                position=row[7],
            )
            for row in rows
        )

    @contextlib.contextmanager
    def _translated(self, meanwhile: str = _NOTHING_LOST) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise QueueError(
                f"The queue {self._path} cannot be used ({error}): {meanwhile}. "
                "Check the disk and the file's permissions, then try again."
            ) from error


def _file_at(path: Path) -> tuple[int, int] | None:
    """Return which file stands at a path, None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _written(documents: Sequence[Digest]) -> str:
    return " ".join(digest.hex() for digest in documents)
