"""Ledger time: the one clock of the ledger, from the times that the broker or the SQLite adapter stored (design.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MS_PER_S: Final = 1000
"""Times here are milliseconds; the notes of C2SP count seconds."""

JUMP_LIMIT_MS: Final = 10 * 60 * 1000
"""Clocks of brokers drift by less; a larger step back means that one was wrong, and must not poison the ledger for ever."""

TIME_LIMIT_MS: Final = 4_102_444_800_000
"""The year 2100: no time of an event is so late (formats.md, "Canonical Avro"), and no ledger's either."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerTime:
    """Ledger time of a record in milliseconds, and whether the stored time lay far before its predecessor's."""

    at: int
    jumped_back: bool


def stored_time(stored_at_ms: int | None) -> int | None:
    """Return the time that a place stored with a record, None if that is no time at all: before 1970, or from 2100 on."""
    return stored_at_ms if stored_at_ms is not None and 0 <= stored_at_ms < TIME_LIMIT_MS else None


def ledger_time(stored_at_ms: int | None, previous: int) -> LedgerTime:
    """Return T of a record from its stored time (None: of another type) and T of the record before it."""
    stored = stored_time(stored_at_ms)
    if stored is None:
        return LedgerTime(at=previous, jumped_back=False)
    if stored < previous - JUMP_LIMIT_MS:
        return LedgerTime(at=stored, jumped_back=True)
    return LedgerTime(at=max(stored, previous), jumped_back=False)


def is_ahead(stored_at_ms: int | None, now_ms: int) -> bool:
    """Tell whether a record is stamped more than ten minutes ahead of a station's clock, so that the station pauses."""
    stored = stored_time(stored_at_ms)
    return stored is not None and stored > now_ms + JUMP_LIMIT_MS
