"""Ratios 6 and 10: rebuilding the inbox and projecting a circular, by inserting the same rows and doing nothing else."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from adapters.station import Station
from benchmarks.benchmark import Bench, Benchmark, Figure, scratch, station_at
from benchmarks.generator import Correspondence, Shape
from benchmarks.ledgers import FOLDER, edition, generated_ledger, kept
from benchmarks.pairing import CPU, Direction, Pair, Slice, alternated, timed
from projections.inbox import CONSIGNMENTS, InboxProjection
from projections.projector import BATCH_LIMIT, Projector

Row = tuple[Any, ...]
CIRCULARS: Final = 18
RECIPIENTS: Final = 10_000
BARE_ROWS: Final = 4_000
"""Inserted at once by the bare side: a slice of it."""


class _BareTable:
    """The inbox's table with its indexes, into which rows are inserted by nothing but the driver."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(str(CreateTable(CONSIGNMENTS).compile(dialect=sqlite.dialect())))
        for index in CONSIGNMENTS.indexes:
            self._connection.execute(str(CreateIndex(index).compile(dialect=sqlite.dialect())))
        self._sql = f"INSERT INTO {CONSIGNMENTS.name} VALUES ({', '.join('?' * len(CONSIGNMENTS.columns))})"  # noqa: S608 - our own table

    def insert(self, rows: Sequence[Row]) -> float:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(self._sql, rows)
        self._connection.execute("COMMIT")
        return len(rows)

    def empty(self) -> None:
        self._connection.execute(f"DELETE FROM {CONSIGNMENTS.name}")  # noqa: S608 - our own table

    def close(self) -> None:
        self._connection.close()


@contextlib.contextmanager
def _projected(folder: Path, ledger: Path, until: int | None = None) -> Iterator[tuple[Station, Projector]]:
    """Give a station that has read a ledger, and a projector whose views have come as far as `until`."""
    with station_at(folder, f"sqlite:{ledger}") as station:
        station.parts.follower.catch_up()
        parts = station.parts
        projector = Projector(f"sqlite:///{folder / 'views.sqlite'}", parts.store, parts.codec, station.view)
        with contextlib.closing(projector):
            projector.catch_up(until=until, covers=0)
            yield station, projector


def _inbox_rebuild(bench: Bench) -> Iterator[Pair]:
    with scratch() as folder, _projected(folder, generated_ledger(bench.shape)) as (station, projector):
        rows = _rows(folder / "views.sqlite")
        end = station.parts.store.next_position()
        with projector.database.writing() as connection:
            projector._begin(connection, InboxProjection())  # noqa: SLF001 - as `rebuild` does, which then goes on to the end
        starts = iter(range(0, end, BATCH_LIMIT))
        windows = itertools.cycle(range(0, max(1, len(rows) - BARE_ROWS), BARE_ROWS))
        with contextlib.closing(_BareTable(folder / "bare.sqlite")) as table:

            def rebuilt() -> float:
                start = next(starts)
                projector.catch_up(until=start + BATCH_LIMIT, covers=0)
                return float(sum(start <= row[2] < start + BATCH_LIMIT for row in rows))

            def bare() -> Slice:
                start = next(windows)
                if start == 0:
                    table.empty()
                return timed(lambda: table.insert(rows[start : start + BARE_ROWS]), CPU)

            # The first batch is all directory and has no rows.
            rebuilt()
            yield from alternated(lambda: timed(rebuilt, CPU), bare, end // BATCH_LIMIT - 1)


def _circular(bench: Bench) -> Iterator[Pair]:
    del bench
    ledger, first = _circulars()
    with scratch() as folder, _projected(folder, ledger, until=first) as (_, projector):
        rows = _rows_of_circulars(folder, projector, first)
        positions = iter(range(first + 1, first + CIRCULARS))
        with contextlib.closing(_BareTable(folder / "bare.sqlite")) as table:
            each = iter(rows)

            def projected() -> float:
                projector.catch_up(until=next(positions) + 1, covers=0)
                return RECIPIENTS

            yield from alternated(
                lambda: timed(projected, CPU), lambda: timed(lambda: table.insert(next(each)), CPU), CIRCULARS - 1
            )


def _circulars() -> tuple[Path, int]:
    """Return a ledger that ends with circulars, and the position of the first."""
    made = Correspondence(Shape(events=0, committees=RECIPIENTS, staffed=2))
    path = FOLDER / f"circulars-{RECIPIENTS}-{CIRCULARS}-{edition()}.sqlite"
    kept(path, itertools.chain(made.directory(), (made.circular() for _ in range(CIRCULARS))))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (end,) = connection.execute("SELECT max(position) + 1 FROM ledger_slots").fetchone()
    return path, end - CIRCULARS


def _rows_of_circulars(folder: Path, projector: Projector, first: int) -> list[list[Row]]:
    """Return the rows of the first circular as rows of the others: letter and position differ, and nothing else."""
    projector.catch_up(until=first + 1, covers=0)
    rows = _rows(folder / "views.sqlite")
    return [[(bytes([number]) * 32, row[1], row[2] + number, *row[3:]) for row in rows] for number in range(1, CIRCULARS)]


def _rows(views: Path) -> list[Row]:
    with contextlib.closing(sqlite3.connect(views)) as connection:
        return connection.execute(f"SELECT * FROM {CONSIGNMENTS.name} ORDER BY position, letter, recipient").fetchall()  # noqa: S608 - our own table


VIEWS: Final = (
    Benchmark(
        figure=Figure(
            name="inbox_rebuild",
            what="rows/s of rebuilding the inbox by those of inserting the same rows",
            goal=0.30,
            stretch=0.45,
            direction=Direction.HIGHER,
        ),
        pairs=_inbox_rebuild,
    ),
    Benchmark(
        figure=Figure(
            name="circular",
            what="cost per recipient of projecting a circular to 10,000 by that of inserting a row",
            goal=1.5,
            stretch=1.2,
            direction=Direction.LOWER,
        ),
        pairs=_circular,
    ),
)
