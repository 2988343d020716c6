"""The queue: what is signed and not yet known to be on the ledger, on disk before anything is sent.

Whatever a person was told is signed survives a crash at any instant. Finished submissions stay, with their verdict's
position, so that the same intention asked for again gives the original receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, event, func, select
from sqlalchemy.engine import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError

from adapters.errors import QueueError
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
    """The queue in one SQLite file of the station's home. Safe with several processes."""

    def __init__(self, path: Path) -> None:
        """Open the queue at `path`, making it if needed; raise `QueueError` if that fails."""
        self._path = path
        self._engine = _engine(path)
        try:
            _METADATA.create_all(self._engine)
        except DBAPIError as error:
            raise self._error(error) from error

    def add(self, submissions: Sequence[Submission]) -> None:
        """Put submissions into the queue, in order and durably; all of them or none.

        Those known already stay as they are: by their intention, or as the same event, which was rejected if its intention is
        free again.
        """
        rows = [
            {
                "intention": one.intention,
                "identity": one.identity,
                "act": one.act,
                "officer": one.officer,
                "record": one.record,
                "documents": " ".join(digest.hex() for digest in one.documents),
                "queued_at": one.queued_at,
            }
            for one in submissions
        ]
        try:
            with self._engine.begin() as connection:
                # Before it is asked what is known, so that two processes that add the same add it once.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                intentions = self._known(connection, _SUBMISSIONS.c.intention, [one.intention for one in submissions])
                identities = self._known(connection, _SUBMISSIONS.c.identity, [one.identity for one in submissions])
                new = [row for row in rows if row["intention"] not in intentions and row["identity"] not in identities]
                if new:
                    connection.execute(_SUBMISSIONS.insert(), new)
        except DBAPIError as error:
            raise self._error(error) from error

    def find(self, intention: str) -> Submission | None:
        """Return the submission of an intention, finished or not; None if it was never queued."""
        found = self._select(_SUBMISSIONS.c.intention == intention)
        return found[0] if found else None

    def find_rejected(self, intention: str) -> Submission | None:
        """Return the last submission of an intention that was rejected, None if none was."""
        retired = f"{intention}{RETIRED}"
        found = self._select(func.substr(_SUBMISSIONS.c.intention, 1, len(retired)) == retired)
        return found[-1] if found else None

    def find_identity(self, identity: Digest) -> Submission | None:
        """Return the submission of an event by its identity, None if it was not submitted from here."""
        found = self._select(_SUBMISSIONS.c.identity == identity)
        return found[0] if found else None

    def unfinished(self) -> tuple[Submission, ...]:
        """Return what waits, in the order in which it was signed."""
        return self._select(_SUBMISSIONS.c.position.is_(None))

    def finish(self, verdicts: Sequence[tuple[Digest, int, bool]]) -> None:
        """Note of submissions (named by identity) where their verdicts stand, and whether they were accepted.

        An intention that was rejected may be tried anew, so it is free again.
        """
        try:
            with self._engine.begin() as connection:
                for identity, position, accepted in verdicts:
                    # Another process of this station may have noted it already.
                    waiting = (_SUBMISSIONS.c.identity == identity) & _SUBMISSIONS.c.position.is_(None)
                    noted: dict[str, Any] = {"position": position}
                    if not accepted:
                        noted["intention"] = _SUBMISSIONS.c.intention + f"{RETIRED}{position}"
                    connection.execute(_SUBMISSIONS.update().where(waiting).values(**noted))
        except DBAPIError as error:
            raise self._error(error) from error

    def drop(self, identity: Digest) -> None:
        """Take an unfinished submission out of the queue, because a person no longer wants it sent."""
        try:
            with self._engine.begin() as connection:
                waiting = (_SUBMISSIONS.c.identity == identity) & _SUBMISSIONS.c.position.is_(None)
                connection.execute(_SUBMISSIONS.delete().where(waiting))
        except DBAPIError as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @staticmethod
    def _known(connection: Connection, column: Column[Any], values: Sequence[Any]) -> set[Any]:
        known: set[Any] = set()
        for i in range(0, len(values), 500):
            known.update(connection.execute(select(column).where(column.in_(values[i : i + 500]))).scalars())
        return known

    def _select(self, condition: Any) -> tuple[Submission, ...]:
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(select(_SUBMISSIONS).where(condition).order_by(_SUBMISSIONS.c.number)).all()
        except DBAPIError as error:
            raise self._error(error) from error
        return tuple(
            Submission(
                intention=row.intention,
                identity=Digest(row.identity),
                act=row.act,
                officer=row.officer,
                record=row.record,
                documents=tuple(Digest(bytes.fromhex(digest)) for digest in row.documents.split()),
                queued_at=row.queued_at,
                position=row.position,
            )
            for row in rows
        )

    def _error(self, error: DBAPIError) -> QueueError:
        return QueueError(
            f"The queue {self._path} cannot be used ({error.orig}): nothing was signed or sent by this command. "
            "Check the disk and the file's permissions, then try again."
        )


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    return engine
