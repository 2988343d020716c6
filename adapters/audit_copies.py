"""Two copies of a ledger beside each other: the first position at which they part ways, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from adapters.ledger import READ_LIMIT_SLOTS, Ledger, Slot
from domain.ids import Digest, sha256


class Parting(StrEnum):
    """How two copies differ at the first position at which they do."""

    BYTES = "bytes"
    EMPTINESS = "emptiness"
    TIME = "time"
    LENGTH = "length"


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldCopy:
    """What a copy holds at a position: SHA-256 and length of the record, and the time that was stored with it."""

    record_hash: Digest
    size_bytes: int
    stored_at_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How two copies compare: the ends of both, and where and how they part ways (None: they do not).

    If `parting` is `LENGTH`, the shorter one is a prefix of the longer.
    """

    ends: tuple[int, int]
    position: int | None
    parting: Parting | None
    slots: tuple[HeldCopy | None, HeldCopy | None] = (None, None)

    @property
    def agree(self) -> bool:
        """Whether they tell one history, as far as both go."""
        return self.parting in {None, Parting.LENGTH}


def compare_copies(one: Ledger, other: Ledger, progress: Callable[[int, int], None] | None = None) -> Comparison:
    """Walk two copies from position 0 until they differ; raises what the ledgers raise."""
    ends = (one.end(), other.end())
    for position, pair in enumerate(zip_longest(_slots(one, ends[0]), _slots(other, ends[1]))):
        parting = _parting(*pair)
        if parting is not None:
            return Comparison(ends=ends, position=position, parting=parting, slots=(_copy(pair[0]), _copy(pair[1])))
        if progress is not None and position % READ_LIMIT_SLOTS == 0:
            progress(position, max(ends))
    return Comparison(ends=ends, position=None, parting=None)


def _parting(one: Slot | None, other: Slot | None) -> Parting | None:
    if one is None or other is None:
        return Parting.LENGTH
    if one.record != other.record:
        return Parting.EMPTINESS if None in {one.record, other.record} else Parting.BYTES
    return Parting.TIME if one.stored_at_ms != other.stored_at_ms else None


def _copy(slot: Slot | None) -> HeldCopy | None:
    if slot is None:
        return None
    record = slot.record or b""
    return HeldCopy(record_hash=sha256(record), size_bytes=len(record), stored_at_ms=slot.stored_at_ms)


def _slots(ledger: Ledger, end: int) -> Iterator[Slot]:
    position = 0
    while position < end:
        slots = ledger.read(position, end - position)
        if not slots:
            return
        yield from slots
        position += len(slots)
