"""What a benchmark is: a name, a goal, and a function that yields pairs; and what it is given to measure with."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.station import Station
from benchmarks.generator import Shape
from benchmarks.pairing import Direction, Pair
from cli.wiring import StationPlan, build_station
from domain.ids import Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Where to measure: the size of the ledgers, the address of a broker (None: there is none), whether sizes are large."""

    shape: Shape
    bootstrap: str | None
    full: bool

    @property
    def broker(self) -> str:
        """The address of the broker; only for benchmarks that say that they need one."""
        if self.bootstrap is None:
            msg = "this benchmark needs a broker"
            raise ValueError(msg)
        return self.bootstrap


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What is measured: its name, what it is of, where it should be and where it could be."""

    name: str
    what: str
    goal: float
    stretch: float
    direction: Direction
    unit: str = "ratio"


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """A ratio, and its pairs of one run."""

    figure: Figure
    pairs: Callable[[Bench], Iterator[Pair]]
    needs_kafka: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """Figures of one long run, which are no ratios of slices: `measure` gives one value for each (large sizes only)."""

    figures: tuple[Figure, ...]
    measure: Callable[[], tuple[float, ...]]


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ortoo-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def station_at(home: Path, location: str, identity: Digest | None = None) -> Iterator[Station]:
    """Give a station put together as the command line puts it together, with its store in an SQLite file."""
    station = build_station(
        StationPlan(
            home=home,
            location=location,
            identity=identity,
            station=None,
            store_url=f"sqlite:///{home / 'store.sqlite'}",
            passphrase=lambda _: b"",
        )
    )
    try:
        yield station
    finally:
        station.close()
