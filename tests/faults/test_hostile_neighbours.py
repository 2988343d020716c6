"""Hostile neighbours append whatever they like among honest traffic: each record gets its reason, and letters are untouched.

One station follows along, one reads it all afterwards in other batches, and a third reads the same ledger without its
hostile neighbours (an empty slot stands in the place of each of their records, so that positions and times are the same).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from sqlalchemy import select

from adapters.clock import system_clock_ms
from adapters.ledger_locations import create_ledger, open_ledger
from adapters.station import Station
from adapters.store.ledger_store import LedgerStore
from adapters.store.tables import CHANGES
from cli.wiring import StationPlan, build_station
from domain.ids import Digest
from domain.reasons import Reason, step_of
from domain.verdicts import Verdict
from projections.projector import DUMPED, Projector
from tests.battle import Entry, fought
from tests.court import ARCHIVE
from tests.fixed_exchange import Clock, FixedExchange
from tests.hostile_records import KINDS
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import PATIENCE_S, KafkaHome
from tests.ledger_readers import Reader, Written, in_memory

pytestmark = pytest.mark.slow

LEAST_KINDS: Final = 40
OTHER_BATCHES: Final = (1, 7, 64, 3, 250)


class Field(Protocol):
    """Where a battle is fought: a ledger's place, its clock, and a way past all stations to append to it."""

    clock: Clock

    @property
    def location(self) -> str:
        """Where the ledger lies."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Append entries as they are, each not before its time."""


@dataclass(kw_only=True)
class FileField:
    """A ledger in a file; time is the battle's own."""

    path: Path
    clock: Clock = field(default_factory=Clock)

    @property
    def location(self) -> str:
        """Where the ledger lies."""
        return f"sqlite:{self.path}"

    def write(self, entries: Sequence[Entry]) -> None:
        """Insert rows, as whoever may write to the file can."""
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            (end,) = connection.execute("SELECT count(*) FROM ledger_slots").fetchone()
            rows = [(end + place, entry.at_ms, entry.record) for place, entry in enumerate(entries)]
            connection.executemany("INSERT INTO ledger_slots VALUES (?, ?, ?)", rows)


class RealClock(Clock):
    """The battle's clock in a topic: never behind the real one, because the broker stamps each record with that."""

    def __call__(self) -> int:
        """Return the time."""
        self.at_ms = max(self.at_ms, system_clock_ms())
        return self.at_ms


@dataclass(kw_only=True)
class TopicField:
    """A ledger in a topic; the clock is the broker's."""

    home: KafkaHome
    producer: Any
    clock: Clock = field(default_factory=lambda: RealClock(system_clock_ms()))

    @property
    def location(self) -> str:
        """Where the ledger lies."""
        return f"kafka://{self.home.bootstrap}/{self.home.topic}"

    def write(self, entries: Sequence[Entry]) -> None:
        """Send records, as whoever may write to the topic can; an empty slot is the end of a transaction around the last."""
        sent = []
        for entry, after in zip(entries, (*entries[1:], None), strict=True):
            ahead_ms = entry.at_ms - system_clock_ms()
            if ahead_ms > 0:
                self.producer.flush()
                time.sleep(ahead_ms / 1_000)
            if after is not None and after.record is None:
                self.producer.flush()
                self.home.put_then_empty(entry.record or b"", commit=True)
            elif entry.record is not None:
                sent.append(self.producer.send(self.home.topic, entry.record, partition=0))
        for one in sent:
            one.get(PATIENCE_S)


@pytest.fixture(params=["file", "topic"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Field]:
    if request.param == "file":
        made = FileField(path=tmp_path / "ledger.sqlite")
        create_ledger(made.location)
        yield made
        return
    kafka: KafkaBroker = request.getfixturevalue("kafka")
    home = KafkaHome(kafka.bootstrap)
    with home.producer() as producer:
        yield TopicField(home=home, producer=producer)
    home.close()


@dataclass(kw_only=True)
class Witness:
    """A station that follows along, with its views."""

    station: Station
    views: Projector

    def follow(self) -> None:
        """Follow to the end."""
        self.station.catch_up()
        self.views.catch_up()


@contextlib.contextmanager
def witness(place: Field, identity: Digest, folder: Path) -> Iterator[Witness]:
    """Give a station on a place, with views."""
    plan = StationPlan(
        home=folder,
        location=place.location,
        identity=identity,
        station=None,
        store_url=f"sqlite:///{folder / 'store.sqlite'}",
        passphrase=lambda _: b"",
        now_ms=place.clock,
    )
    with contextlib.closing(build_station(plan)) as station:
        views = Projector(f"sqlite:///{folder / 'views.sqlite'}", station.parts.store, station.parts.codec, station.view)
        with contextlib.closing(views):
            yield Witness(station=station, views=views)


def changes_in(store: LedgerStore) -> Sequence[Any]:
    """Return every change of every aggregate: all that rules say of the ledger, as the store has it."""
    with store._database.reading() as connection:
        return connection.execute(select(CHANGES).order_by(CHANGES.c.notification_id)).all()


def honest_conclusions(entries: Sequence[Entry], verdicts: Sequence[Verdict]) -> list[object]:
    """Return what was concluded of each honest record."""
    found = zip(entries, verdicts, strict=True)
    return [(one.position, one.reason, one.identity, one.number) for entry, one in found if entry.honest is not None]


def without_hostile_neighbours(entries: Sequence[Entry], verdicts: Sequence[Verdict]) -> AbstractContextManager[Reader]:
    """Return a reader of the same ledger in which only honest people wrote."""
    found = zip(entries, verdicts, strict=True)
    return in_memory([Written(record=entry.honest, stored_at_ms=verdict.at) for entry, verdict in found])


def test_each_kind_gets_its_reason_every_reader_agrees_and_honest_letters_are_untouched(
    place: Field, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    exchange, entries = FixedExchange(place.clock, name=f"battle-{os.urandom(4).hex()}"), list[Entry]()
    with witness(place, exchange.identity, tmp_path / "home") as along:
        for told in fought(exchange, KINDS):
            place.write(told)
            entries += told
            along.follow()
        store = along.station.parts.store
        verdicts = [entry.verdict for entry in store.each_entry()]
        wrong = [(e.kind, e.reason, v.reason) for e, v in zip(entries, verdicts, strict=True) if e.reason is not v.reason]
        assert wrong == []
        shown = {view.name: along.views.canonical_dump(view.name) for view in DUMPED}
        with contextlib.closing(Reader(open_ledger(place.location), "sqlite://", "sqlite://")) as fresh:
            reading = fresh.read(OTHER_BATCHES)
            assert (reading.dump, reading.roots) == (store.canonical_dump(), store.roots_at(len(entries)))
            assert fresh.show() == shown
        with without_hostile_neighbours(entries, verdicts) as peaceful:
            peace = peaceful.read([500])
            assert honest_conclusions(entries, peace.verdicts) == honest_conclusions(entries, verdicts)
            assert peaceful.show() | {ARCHIVE: shown[ARCHIVE]} == shown
            assert changes_in(peaceful.store) == changes_in(store)
        kept = [store.record(verdict.position) for verdict in verdicts]
        assert all((record is None) != verdict.is_authentic for record, verdict in zip(kept, verdicts, strict=True))
    told_by = Counter(entry.reason for entry in entries if entry.honest is None)
    steps = Counter(step_of(reason) for reason in told_by.elements())
    record_property(
        f"hostile records ({type(place).__name__})",
        f"{told_by.total():,} of {len(KINDS)} kinds for {len(told_by)} reasons, among {len(entries) - told_by.total():,} honest; "
        f"by step: {', '.join(f'{step}: {count:,}' for step, count in sorted(steps.items()))}",
    )


def test_there_are_at_least_forty_kinds_and_each_has_a_name_of_its_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= LEAST_KINDS
    assert {step_of(kind.reason) for kind in KINDS} == {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
    assert Reason.ACCEPTED not in {kind.reason for kind in KINDS}
