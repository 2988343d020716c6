"""The ledger port: an append-only list of records in one order that all readers share (design.md, "One ledger, one order").

The adapters are `ledger_memory`, `ledger_sqlite` and `ledger_kafka`; `ledger_locations` opens one by its location, and
`ledger_guard` stands before each of them in a station.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

# A batch of the store has up to 500 records (issue "spine", 5); the largest batch, of largest records, is then 32 MiB.
READ_LIMIT_SLOTS: Final = 500

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One position of the ledger and what it holds.

    `record` is None if the slot is empty (below the end, and no record will ever be there); it is `b""` if a record with an
    empty or null value stands there. `stored_at_ms` is the ledger's own time, None if the record bears none of it.
    """

    position: int
    record: bytes | None
    stored_at_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerPlace:
    """Where a ledger lies, and which one it is: `incarnation` differs after it was deleted and made again there."""

    location: str
    incarnation: str


class Severity(StrEnum):
    """Whether a finding keeps a station from running."""

    FORBIDS = "forbids"
    WARNS = "warns"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One setting that could lose, reorder or forge history: its stable code, what it is now, and the command that mends it."""

    code: str
    severity: Severity
    setting: str
    what: str
    remedy: str


class Ledger(Protocol):
    """A place where records stand in one order. One object serves one thread at a time; open another for another.

    Every call ends within the time-out given when it was opened. All but `close` raise `LedgerUnreachableError` if nobody
    answers, `LedgerRefusedError` if it is not allowed, `LedgerMissingError` if the ledger is gone.
    """

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        """Append a record and return its position, once it is stored as safely as the place can.

        Headers are for tools that look at the place from outside; no reader of the ledger sees them.
        Raises `RecordTooLargeError`, and `AppendUncertainError` if the answer did not come.
        """

    def append_all(self, records: Iterable[tuple[bytes, Headers]]) -> Iterator[int]:
        """Append records in order and yield their positions; where one fails, it raises as `append` does.

        None after that one is acknowledged, but on Kafka some of them may have been written.
        """

    def read(self, start: int, limit: int) -> Sequence[Slot]:
        """Return the slots from `start` on, without gaps, at most `limit` and `READ_LIMIT_SLOTS`; none at the end.

        Fewer may be returned than are there, but never none below the end; it does not wait for records to come.
        """

    def end(self) -> int:
        """Return the position that follows the last slot."""

    def wait(self, position: int, timeout_s: float) -> bool:
        """Return True as soon as `end()` is beyond the position, False if it is not within the time."""

    def identity(self) -> LedgerPlace:
        """Return which ledger this is, asked anew of the place."""

    def check(self) -> tuple[Finding, ...]:
        """Return every setting of the place that could lose, reorder or forge history; none if all is well."""

    def close(self) -> None:
        """Let go of files and connections; calling it again does nothing."""
