"""What an auditor holds a replayed ledger against: heads that somebody signed, times at which witnesses looked, books of numbers.

Pure checks over what a replay yields; where the heads come from, and who vouches for them, is the caller's business. Each
check yields everything that it finds, in ledger order.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from typing import Final

from domain.changes import View
from domain.ids import Digest
from domain.ledger_time import JUMP_LIMIT_MS
from domain.registers import first_serial
from domain.verdicts import Number

RootsAt = Callable[[int], tuple[Digest, Digest | None]]
"""Gives the roots of record log and verdict log at a size up to the ledger's end; None: the verdicts were not recomputed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What a pair of checkpoints says of a ledger: its size, and the roots of the record log and of the verdict log."""

    size: int
    records: Digest
    verdicts: Digest


class Conflict(StrEnum):
    """How a ledger contradicts a head."""

    TOO_SHORT = "too_short"
    RECORDS = "records"
    VERDICTS = "verdicts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contradiction:
    """A head that a ledger contradicts. What is wrong lies between the positions `agreed` and `head.size`."""

    head: Head
    conflict: Conflict
    agreed: int


def contradictions(heads: Iterable[Head], *, end: int, roots_at: RootsAt) -> Iterator[Contradiction]:
    """Yield every head that a ledger of `end` positions contradicts, smaller heads first.

    A ledger whose records agree and whose verdicts do not was re-timed, or is judged by other rules than those of who signed.
    """
    agreed = 0
    for head in sorted(heads, key=lambda one: one.size):
        conflict = _conflict(head, end, roots_at)
        if conflict is None:
            agreed = head.size
        else:
            yield Contradiction(head=head, conflict=conflict, agreed=agreed)


def _conflict(head: Head, end: int, roots_at: RootsAt) -> Conflict | None:
    if head.size > end:
        return Conflict.TOO_SHORT
    records, verdicts = roots_at(head.size)
    if records != head.records:
        return Conflict.RECORDS
    return None if verdicts in {None, head.verdicts} else Conflict.VERDICTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """A witness cosigned a head of this size at this time (its own clock, milliseconds UTC)."""

    size: int
    at_ms: int


class Doubt(StrEnum):
    """Why a ledger time is not plausible."""

    LATER = "later"  # than a witness saw the record
    EARLIER = "earlier"  # than a witness saw the ledger without the record
    JUMPED_BACK = "jumped_back"  # by more than ten minutes
    AHEAD = "ahead"  # of the auditor's clock


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeDoubt:
    """Positions in a row whose ledger times are implausible in the same way, and by how much at most (milliseconds)."""

    doubt: Doubt
    first: int
    last: int
    by_ms: int


class Bounds:
    """Between which times a position must have come onto the ledger, by what witnesses saw when."""

    def __init__(self, sightings: Sequence[Sighting]) -> None:
        """Take sightings in any order."""
        ordered = sorted(sightings, key=lambda one: one.size)
        self._sizes: Final = [one.size for one in ordered]
        self._latest_before: Final = list(accumulate((one.at_ms for one in ordered), max))
        self._earliest_after: Final = list(accumulate((one.at_ms for one in reversed(ordered)), min))[::-1]

    def of(self, position: int) -> tuple[int | None, int | None]:
        """Return when a witness last saw the ledger without a position, and when one first saw it with it; None: never."""
        seen_without = bisect.bisect_right(self._sizes, position)
        earliest = self._latest_before[seen_without - 1] if seen_without else None
        latest = self._earliest_after[seen_without] if seen_without < len(self._sizes) else None
        return earliest, latest


def time_doubts(times: Iterable[tuple[int, int]], sightings: Sequence[Sighting], now_ms: int) -> Iterator[TimeDoubt]:
    """Yield runs of implausible ledger times; `times` are (position, ledger time) in ledger order.

    Clocks may differ by ten minutes (`JUMP_LIMIT_MS`), and a record may come while a head without it is being cosigned.
    """
    bounds, previous = Bounds(sightings), None
    run: TimeDoubt | None = None
    for position, at in times:
        found = _doubt(at, previous, bounds.of(position), now_ms)
        previous = at
        if run is not None and (found is None or found[0] is not run.doubt or position != run.last + 1):
            yield run
            run = None
        if found is not None and run is not None:
            run = replace(run, last=position, by_ms=max(run.by_ms, found[1]))
        elif found is not None:
            run = TimeDoubt(doubt=found[0], first=position, last=position, by_ms=found[1])
    if run is not None:
        yield run


def _doubt(at: int, previous: int | None, bounds: tuple[int | None, int | None], now_ms: int) -> tuple[Doubt, int] | None:
    earliest, latest = bounds
    off = (
        (Doubt.LATER, at - latest if latest is not None else 0),
        (Doubt.EARLIER, earliest - at if earliest is not None else 0),
        (Doubt.JUMPED_BACK, previous - at if previous is not None else 0),
        (Doubt.AHEAD, at - now_ms),
    )
    return next((one for one in off if one[1] > JUMP_LIMIT_MS), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberGap:
    """A position got a number that is not the next of its book; `expected` is the serial that was."""

    position: int
    number: Number
    expected: int


def number_gaps(given: Iterable[tuple[int, Number]], view: View) -> Iterator[NumberGap]:
    """Yield every number that does not follow the one before in its book; `given` in ledger order.

    `view` says where books begin. A definition in use is never changed, so it may stand at the ledger's end.
    """
    last: dict[tuple[str, int, int], int] = {}
    for position, number in given:
        book = (number.organisation, int(number.register), number.year)
        before = last.get(book)
        first = before + 1 if before is not None else first_serial(view, number.organisation, number.register, number.year)
        if number.serial != first:
            yield NumberGap(position=position, number=number, expected=first)
        last[book] = number.serial
