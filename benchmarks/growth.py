"""Figures 12 and 13: how the memory and the cost of a replay grow with the ledger, from one long replay in a process of its own.

`python -m benchmarks.growth LEDGER` is that process: it prints, for each mark, the position, the resident memory in bytes
and the processor time in seconds.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import click

from benchmarks.benchmark import Figure, Growth, scratch, station_at
from benchmarks.generator import Shape
from benchmarks.ledgers import generated_ledger
from benchmarks.pairing import Direction, exponent

SHAPE: Final = Shape(events=1_000_000, committees=200)
MARKS: Final = (10_000, 100_000, 1_000_000)
MEGABYTE: Final = 1_000_000


def _measure() -> tuple[float, float]:
    """Return the growth of memory in MB between the last two marks, and the exponent of the cost over all."""
    command = [sys.executable, "-m", "benchmarks.growth", str(generated_ledger(SHAPE))]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - this very program
    marks = [tuple(float(word) for word in line.split()) for line in said.splitlines()]
    (_, before, _), (_, after, _) = marks[-2:]
    return (after - before) / MEGABYTE, exponent([(position, seconds) for position, _, seconds in marks])


@click.command()
@click.argument("ledger", type=click.Path(exists=True, path_type=Path))
def main(ledger: Path) -> None:
    """Replay a ledger and tell at each mark what it took."""
    with scratch() as home, station_at(home, f"sqlite:{ledger}") as station:
        started = time.process_time()
        for mark in MARKS:
            station.parts.follower.catch_up(until=mark)
            seconds = time.process_time() - started
            gc.collect()
            click.echo(f"{mark} {_resident_bytes()} {seconds}")


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


GROWTH: Final = Growth(
    figures=(
        Figure(
            name="memory",
            what="resident memory after 10⁶ events less that after 10⁵, in a replay",
            goal=16,
            stretch=4,
            direction=Direction.LOWER,
            unit="MB",
        ),
        Figure(
            name="exponent",
            what="exponent of the cost of a replay from 10⁴ to 10⁶ events",
            goal=1.06,
            stretch=1.03,
            direction=Direction.LOWER,
            unit="exponent",
        ),
    ),
    measure=_measure,
)


if __name__ == "__main__":
    main()
