"""What a station has seen of the documents topics: where documents begin, and how far each topic has been searched.

It lies in a file of its own, so that a search goes on where the last one stopped; it may be deleted at any time. It holds
some hundred bytes for a document, never content, and nothing in it is trusted: it only says where to look.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.documents import DocumentRefusedError
from domain.ids import Digest

SPOTS_LIMIT: Final = 8
"""Places remembered for one document in one topic: a document is put again after a crash, not more often than that."""
_BUSY_TIMEOUT_S: Final = 10.0

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS searched (topic TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spots (digest BLOB, topic TEXT, first INTEGER, PRIMARY KEY (digest, topic, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tombs (digest BLOB, topic TEXT, position INTEGER, PRIMARY KEY (digest, topic)) WITHOUT ROWID;
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """Where a document may begin."""

    topic: str
    first: int


class DocumentIndex:
    """The memory of searches; `path` None keeps it in this process only."""

    def __init__(self, path: Path | None) -> None:
        self._where = "memory" if path is None else str(path)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._translated():
            self._db = sqlite3.connect(":memory:" if path is None else path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
            # The index can be made again from the topics, so it is not worth waiting for the disk.
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.executescript(_TABLES)

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        """Write what happens inside at once."""
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def spots(self, digest: Digest) -> tuple[Spot, ...]:
        """Return where a document may begin, the newest place of each topic first."""
        query = "SELECT topic, first FROM spots WHERE digest = ? ORDER BY first DESC LIMIT 1000"
        with self._translated():
            return tuple(Spot(topic=topic, first=first) for topic, first in self._db.execute(query, (digest,)))

    def add(self, digest: Digest, spot: Spot) -> None:
        """Remember a place, unless the document was destroyed there later; older ones beyond the limit are forgotten."""
        with self._translated():
            tomb = "SELECT 1 FROM tombs WHERE digest = ? AND topic = ? AND position > ?"
            if self._db.execute(tomb, (digest, spot.topic, spot.first)).fetchone():
                return
            self._db.execute("INSERT OR IGNORE INTO spots VALUES (?, ?, ?)", (digest, spot.topic, spot.first))
            self._db.execute(
                "DELETE FROM spots WHERE digest = ?1 AND topic = ?2 AND first NOT IN "
                "(SELECT first FROM spots WHERE digest = ?1 AND topic = ?2 ORDER BY first DESC LIMIT ?3)",
                (digest, spot.topic, SPOTS_LIMIT),
            )

    def drop(self, digest: Digest, spot: Spot) -> None:
        """Forget a place where the document was not."""
        with self._translated():
            self._db.execute("DELETE FROM spots WHERE digest = ? AND topic = ? AND first = ?", (digest, spot.topic, spot.first))

    def bury(self, digest: Digest, topic: str, position: int) -> None:
        """Remember that a document was destroyed in a topic: whatever of it stands before that position is gone."""
        with self._translated():
            self._db.execute("INSERT OR REPLACE INTO tombs VALUES (?, ?, ?)", (digest, topic, position))
            self._db.execute("DELETE FROM spots WHERE digest = ? AND topic = ? AND first < ?", (digest, topic, position))

    def next(self, topic: str) -> int:
        """Return the first position of a topic that has not been searched."""
        with self._translated():
            row = self._db.execute("SELECT next FROM searched WHERE topic = ?", (topic,)).fetchone()
        return 0 if row is None else int(row[0])

    def searched(self, topic: str, until: int) -> None:
        """Remember that a topic has been searched before this position."""
        with self._translated():
            self._db.execute("INSERT OR REPLACE INTO searched VALUES (?, ?)", (topic, until))

    def forget(self, topic: str) -> None:
        """Forget all about a topic that was made anew."""
        with self.batch():
            for table in ("searched", "spots", "tombs"):
                self._db.execute(f"DELETE FROM {table} WHERE topic = ?", (topic,))  # noqa: S608 - the names stand above

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DocumentRefusedError(
                f"The index of documents in {self._where} cannot be used: {error}. It holds nothing that is not elsewhere: "
                "delete the file, and the next search begins anew."
            ) from error
