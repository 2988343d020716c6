"""A ledger that is opened when it is first needed: a station works on from its own store while nobody answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from adapters.ledger import Finding, Headers, Ledger, LedgerPlace, Slot


class DeferredLedger:
    """The ledger port over one that is not opened yet. If opening fails, the next call tries again."""

    def __init__(self, open_it: Callable[[], Ledger]) -> None:
        """Take how to open it; every call raises what that raises."""
        self._open_it = open_it
        self._ledger: Ledger | None = None

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        """Append a record."""
        return self._opened().append(record, headers=headers)

    def append_all(self, records: Iterable[tuple[bytes, Headers]]) -> Iterator[int]:
        """Append records."""
        return self._opened().append_all(records)

    def read(self, start: int, limit: int) -> Sequence[Slot]:
        """Read slots."""
        return self._opened().read(start, limit)

    def end(self) -> int:
        """Return the position that follows the last slot."""
        return self._opened().end()

    def wait(self, position: int, timeout_s: float) -> bool:
        """Wait until the end is beyond the position."""
        return self._opened().wait(position, timeout_s)

    def identity(self) -> LedgerPlace:
        """Return which ledger this is."""
        return self._opened().identity()

    def check(self) -> tuple[Finding, ...]:
        """Return every setting that could lose, reorder or forge history."""
        return self._opened().check()

    def close(self) -> None:
        """Close the ledger if it was opened."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def _opened(self) -> Ledger:
        if self._ledger is None:
            self._ledger = self._open_it()
        return self._ledger
