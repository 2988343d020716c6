"""How a ratio is measured: slices of both sides in turn, the median of their pairs, the median of the runs.

Machines are shared and noisy, so a rate of today says nothing of tomorrow; two things measured within the same tenth of a
second are slowed down alike.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SLICE_S: Final = 0.04
"""Between 30 and 50 ms: long enough for the clock, short enough that what else runs on the machine meets both sides."""
LEAST_PAIRS: Final = 16
RUNS: Final = 3

Clock = Callable[[], float]
CPU: Final[Clock] = time.process_time
"""Where one process does the work."""
WALL: Final[Clock] = time.perf_counter
"""Where a server or other threads do."""


class Direction(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """So much work in so many seconds."""

    work: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A slice of the program and one of the bare loop, one right after the other."""

    ours: Slice
    bare: Slice

    def ratio(self, direction: Direction) -> float:
        """Return our rate by the bare one; where lower is better, our cost by the bare one."""
        ours, bare = self.ours.work / self.ours.seconds, self.bare.work / self.bare.seconds
        return ours / bare if direction is Direction.HIGHER else bare / ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The median of the runs, how far the runs lie apart, and how many pairs there were in all."""

    value: float
    spread: float
    count: int


def timed(work: Callable[[], float], clock: Clock) -> Slice:
    """Return a slice of something done once; it returns how much work it was."""
    started = clock()
    done = work()
    return Slice(work=done, seconds=clock() - started)


def repeated(work: Callable[[], float], clock: Clock, seconds: float = SLICE_S) -> Slice:
    """Return a slice of something done again and again until the slice is full."""
    started, done = clock(), 0.0
    while (passed := clock() - started) < seconds:
        done += work()
    return Slice(work=done, seconds=passed)


def alternated(ours: Callable[[], Slice], bare: Callable[[], Slice], pairs: int) -> Iterator[Pair]:
    """Yield pairs of slices; each side comes first in every other one."""
    for number in range(pairs):
        if number % 2:
            second = bare()
            yield Pair(ours=ours(), bare=second)
        else:
            first = ours()
            yield Pair(ours=first, bare=bare())


def measured(runs: Sequence[Sequence[Pair]], direction: Direction) -> Measured:
    """Return the median over the runs of the median over their pairs; raise `ValueError` for a run with too few."""
    if any(len(pairs) < LEAST_PAIRS for pairs in runs):
        msg = f"a run has {min(len(pairs) for pairs in runs)} pairs, and {LEAST_PAIRS} are needed: generate more"
        raise ValueError(msg)
    medians = [statistics.median(pair.ratio(direction) for pair in pairs) for pairs in runs]
    return Measured(
        value=statistics.median(medians),
        spread=max(medians) - min(medians),
        count=sum(len(pairs) for pairs in runs),
    )


def exponent(costs: Sequence[tuple[float, float]]) -> float:
    """Return the exponent of a cost by size: the slope of the least squares through the logarithms."""
    sizes, seconds = zip(*((math.log(size), math.log(cost)) for size, cost in costs), strict=True)
    return statistics.linear_regression(sizes, seconds).slope
