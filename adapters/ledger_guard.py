"""The guard between a station and its ledger: it stops the station when the ledger contradicts what the station holds.

It is a ledger itself, so a station talks to nothing else. It compares before the first call, hourly, and before the first
call after the ledger could not be reached; what forbids running or contradicts what is held is raised and stays raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from adapters.errors import (
    AppendUncertainError,
    HistoryError,
    LedgerMissingError,
    LedgerReplacedError,
    LedgerTruncatedError,
    LedgerUnreachableError,
    LedgerUnsafeError,
    SlotChangedError,
    SlotEmptiedError,
)
from adapters.ledger import Finding, Headers, Ledger, LedgerPlace, Severity, Slot
from domain.ids import Digest, sha256

CHECK_INTERVAL_S: Final = 3600.0  # settings are changed by people, and an hour is what the design promises
COMPARED_SLOTS: Final = 100  # of what was read last; one small fetch, and who rewrites history begins at its end


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldSlot:
    """What a station holds of a position: SHA-256 of its record, None if the slot was empty."""

    position: int
    sha256: Digest | None


class Holdings(Protocol):
    """What a station has already read of a ledger."""

    def incarnation(self) -> str | None:
        """Return the incarnation that the station pinned, None if it has not pinned one yet."""

    def next_position(self) -> int:
        """Return how many positions the station holds, from 0 on."""

    def last_slots(self, count: int) -> Sequence[HeldSlot]:
        """Return the last slots that the station holds, at most `count`, in any order."""


class LedgerGuard:
    """A ledger that has been compared with what its station holds. Use it where a `Ledger` is used."""

    def __init__(self, ledger: Ledger, holdings: Holdings, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._holdings = holdings
        self._now_s = now_s
        self._verified_at_s: float | None = None
        self._stopped: HistoryError | None = None
        self._findings: tuple[Finding, ...] = ()

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings of the last comparison that do not forbid running; a station shows them."""
        return self._findings

    def verify(self) -> None:
        """Compare the ledger with what the station holds, now.

        Raises `LedgerReplacedError`, `LedgerTruncatedError`, `SlotEmptiedError`, `SlotChangedError` (each for good),
        `LedgerUnsafeError`, and what the ledger itself raises.
        """
        with self._watched():
            self._verify()

    def _verify(self) -> None:
        self._verified_at_s = None
        self._same_ledger()
        self._long_enough()
        self._same_slots()
        findings = self._ledger.check()
        if any(finding.severity is Severity.FORBIDS for finding in findings):
            raise LedgerUnsafeError(self._ledger.identity().location, findings)
        self._findings = findings
        self._verified_at_s = self._now_s()

    def _same_ledger(self) -> None:
        held, place = self._holdings.incarnation(), self._ledger.identity()
        if held is not None and held != place.incarnation:
            raise LedgerReplacedError(place.location, held, place.incarnation)

    def _long_enough(self) -> None:
        held, end = self._holdings.next_position(), self._ledger.end()
        if end < held:
            raise LedgerTruncatedError(self._ledger.identity().location, start=0, end=end, held=held)

    def _same_slots(self) -> None:
        held = {slot.position: slot.sha256 for slot in self._holdings.last_slots(COMPARED_SLOTS)}
        if not held:
            return
        position, stop = min(held), max(held) + 1
        while position < stop:
            slots = self._ledger.read(position, stop - position)
            if not slots:
                raise LedgerTruncatedError(self._ledger.identity().location, start=0, end=position, held=stop)
            for slot in slots:
                self._same_slot(slot, held)
            position += len(slots)

    def _same_slot(self, slot: Slot, held: dict[int, Digest | None]) -> None:
        if slot.position not in held:
            return
        now = None if slot.record is None else sha256(slot.record)
        if now == held[slot.position]:
            return
        error = SlotEmptiedError if now is None else SlotChangedError
        raise error(self._ledger.identity().location, slot.position)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        if self._stopped is not None:
            raise self._stopped
        try:
            yield
        except HistoryError as error:
            self._stopped = error
            raise
        except (LedgerUnreachableError, AppendUncertainError, LedgerMissingError):
            # Whatever answers next may be another ledger, or another one's copy of it.
            self._verified_at_s = None
            raise

    @contextmanager
    def _verified(self) -> Iterator[None]:
        with self._watched():
            if self._verified_at_s is None or self._now_s() - self._verified_at_s >= CHECK_INTERVAL_S:
                self._verify()
            yield

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        """Append to a ledger that has been compared; raises also what `verify` raises."""
        with self._verified():
            return self._ledger.append(record, headers=headers)

    def append_all(self, records: Iterable[tuple[bytes, Headers]]) -> Iterator[int]:
        """Append to a ledger that has been compared; raises also what `verify` raises."""
        with self._verified():
            yield from self._ledger.append_all(records)

    def read(self, start: int, limit: int) -> Sequence[Slot]:
        """Read from a ledger that has been compared; raises also what `verify` raises, and if the end went backwards."""
        with self._verified():
            slots = self._ledger.read(start, limit)
            if not slots:
                self._long_enough()
            return slots

    def end(self) -> int:
        """Return the end of a ledger that has been compared."""
        with self._verified():
            return self._ledger.end()

    def wait(self, position: int, timeout_s: float) -> bool:
        """Wait on a ledger that has been compared."""
        with self._verified():
            return self._ledger.wait(position, timeout_s)

    def identity(self) -> LedgerPlace:
        """Return which ledger this is; not compared, so that a station which has pinned nothing yet can ask."""
        return self._ledger.identity()

    def check(self) -> tuple[Finding, ...]:
        """Return all findings, as the ledger itself tells them."""
        return self._ledger.check()

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()
