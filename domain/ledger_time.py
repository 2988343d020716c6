"""Ledger time: the one clock of the ledger, from the times that the broker or the SQLite adapter stored (design.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

JUMP_LIMIT_MS: Final = 10 * 60 * 1000
"""Clocks of brokers drift by less; a larger step back means that one was wrong, and must not poison the ledger for ever."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerTime:
    """Ledger time of a record in milliseconds, and whether the stored time lay far before its predecessor's."""

    at: int
    jumped_back: bool


def ledger_time(stored_at_ms: int | None, previous: int) -> LedgerTime:
    """Return T of a record from its stored time (None: of another type) and T of the record before it."""
    if stored_at_ms is None:
        return LedgerTime(at=previous, jumped_back=False)
    if stored_at_ms < previous - JUMP_LIMIT_MS:
        return LedgerTime(at=stored_at_ms, jumped_back=True)
    return LedgerTime(at=max(stored_at_ms, previous), jumped_back=False)


def is_ahead(stored_at_ms: int | None, now_ms: int) -> bool:
    """Tell whether a record is stamped more than ten minutes ahead of a station's clock, so that the station pauses."""
    return stored_at_ms is not None and stored_at_ms > now_ms + JUMP_LIMIT_MS
