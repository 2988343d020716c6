"""A ledger in memory, for tests and rehearsals: it honours the whole contract of the port and is gone with the process."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from adapters.clock import system_clock_ms
from adapters.errors import RecordTooLargeError
from adapters.ledger import READ_LIMIT_SLOTS, Finding, Headers, LedgerPlace, Slot
from domain.header import RECORD_LIMIT_BYTES


class MemoryLedger:
    """A ledger in a list. Unlike the others, one object may serve several threads, since nobody else could share it."""

    def __init__(self, *, clock_ms: Callable[[], int] = system_clock_ms) -> None:
        self._clock_ms = clock_ms
        self._slots: list[Slot] = []
        self._changed = threading.Condition()
        self._place = LedgerPlace(location="memory:", incarnation=secrets.token_hex(16))

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        """Append a record and return its position; the headers go nowhere, as nobody could look at them."""
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
        with self._changed:
            position = len(self._slots)
            stored_at_ms = None if record is None else self._clock_ms()
            self._slots.append(Slot(position=position, record=record, stored_at_ms=stored_at_ms))
            self._changed.notify_all()
            return position

    def read(self, start: int, limit: int) -> Sequence[Slot]:
        """Return the slots from `start` on, at most `limit` and `READ_LIMIT_SLOTS`."""
        with self._changed:
            return tuple(self._slots[start : start + min(limit, READ_LIMIT_SLOTS)])

    def end(self) -> int:
        """Return how many slots there are."""
        with self._changed:
            return len(self._slots)

    def wait(self, position: int, timeout_s: float) -> bool:
        """Return True as soon as the end is beyond the position, False if it is not within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._slots) > position, timeout_s)

    def identity(self) -> LedgerPlace:
        """Return an incarnation made with this object."""
        return self._place

    def check(self) -> tuple[Finding, ...]:
        """Find nothing: memory has no settings."""
        return ()

    def close(self) -> None:
        """Keep everything, so that a test may go on looking at it."""
