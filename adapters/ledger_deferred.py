"""A ledger that is opened when it is first needed: a station works on from its own store while nobody answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from adapters.errors import LedgerUnreachableError
from adapters.ledger import Finding, Headers, Ledger, LedgerPlace, Slot

REST_S: Final = 5.0
"""A command asks several times for a ledger that nobody answers for; it waits for it once."""


class DeferredLedger:
    """The ledger port over one that is not opened yet. If nobody answers, calls fail at once for a while, then ask again."""

    def __init__(self, open_it: Callable[[], Ledger], *, now_s: Callable[[], float] = time.monotonic) -> None:
        """Take how to open it; every call raises what that raises."""
        self._open_it = open_it
        self._now_s = now_s
        self._ledger: Ledger | None = None
        self._unreachable: tuple[LedgerUnreachableError, float] | None = None

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

    def require_not_away(self) -> None:
        """Raise the `LedgerUnreachableError` of a moment ago, if there is one; nobody is asked."""
        if self._ledger is None and self._unreachable is not None:
            error, tried_at_s = self._unreachable
            if self._now_s() - tried_at_s < REST_S:
                raise error

    def _opened(self) -> Ledger:
        self.require_not_away()
        if self._ledger is not None:
            return self._ledger
        try:
            self._ledger = self._open_it()
        except LedgerUnreachableError as error:
            self._unreachable = (error, self._now_s())
            raise
        return self._ledger
