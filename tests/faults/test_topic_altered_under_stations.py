"""A topic that is altered while stations run on it: each stops with the reason and the remedy, and never goes on quietly."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from adapters.errors import (
    LedgerError,
    LedgerMissingError,
    LedgerReplacedError,
    LedgerTruncatedError,
    LedgerUnsafeError,
)
from adapters.kafka_topics import create_documents_topic, create_kafka_ledger
from adapters.ledger_guard import CHECK_INTERVAL_S
from adapters.ledger_sqlite import SqliteLedger, create_sqlite_ledger
from adapters.station import Station
from adapters.station_duties import StationDuties
from cli.errors import outcome_of
from cli.wiring import passing_projector
from domain.ids import Digest
from domain.reasons import Reason
from projections.station_work import StationWork
from tests.exchanges import TestExchange
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import PATIENCE_S, KafkaHome, eventually

MOST_AHEAD_MS: Final = 50 * 60 * 1000
"""Of what producers invent, the broker itself refuses only what lies more than an hour ahead."""
MINISTRY_STATION: Final = "ministry"
STATIONS: Final = ("first", "second")
SETTINGS: Final = {
    "cleanup.policy": ("compact", "delete", "compaction deletes records"),
    "retention.ms": ("604800000", "-1", "records are deleted when they are old"),
    "message.timestamp.type": ("CreateTime", "LogAppendTime", "any writer may invent the time of its records"),
}
"""What somebody sets, what it must be, and why."""


class Running:
    """A station that does its duties in a thread, as `ortoo station run` does, until it stops by itself or is told to."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.error: LedgerError | None = None
        self.hours = 0.0
        station.parts.ledger._now_s = lambda: time.monotonic() + CHECK_INTERVAL_S * self.hours
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def position(self) -> int:
        """How far it has come."""
        return self.station.parts.store.next_position()

    def an_hour_passes(self) -> None:
        """Let the time come at which it looks at the settings again."""
        self.hours += 1

    def stopped_by(self) -> LedgerError:
        """Wait until it has stopped by itself, and return the error."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "it goes on quietly"
        assert self.error is not None
        return self.error

    def end(self) -> None:
        """Tell it to stop."""
        self._told.set()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        with contextlib.closing(passing_projector(self.station)) as projector:
            duties = StationDuties(self.station, StationWork(projector), None, lambda _: None)
            try:
                duties.run(self._told.wait)
            except LedgerError as error:
                self.error = error


class Scene:
    """An exchange in a topic, two stations that run on it, and what an operator does to the topic."""

    def __init__(self, kafka: KafkaBroker, folder: Path) -> None:
        topic = f"altered-{os.urandom(6).hex()}"
        self.exchange = TestExchange(folder, f"kafka://{kafka.bootstrap}/{topic}")
        self.topic = KafkaHome(kafka.bootstrap, topic=topic)
        create_documents_topic(kafka.bootstrap, topic, MINISTRY_STATION)
        self.ministry = self.exchange.station("ministry", station_id=MINISTRY_STATION)
        self.exchange.add_organisations(self.ministry, ["mfy-001"])
        self.exchange.add_officer(self.ministry, "deputy", "ministry", "signatory")
        self.end = self.topic.open().end()
        self.running: list[Running] = []
        self.start()

    def start(self) -> None:
        """Let both stations run, as new processes."""
        self.running = [Running(self.exchange.station(name)) for name in STATIONS]

    def send(self) -> None:
        """Let a letter be sent, and wait until both stations have judged it."""
        self.exchange.send(self.ministry, "deputy", "mfy-001")
        self.end = self.topic.open().end()
        eventually(lambda: all(one.position == self.end or one.error is not None for one in self.running))
        assert [one.error for one in self.running] == [None, None]

    def configure(self, setting: str, value: str) -> None:
        """Change a setting of the topic."""
        with self.topic.admin() as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, self.topic.topic, {setting: value})])
        ledger = self.topic.open()
        eventually(lambda: ledger.facts().settings[setting] == value)

    def delete(self) -> None:
        """Delete the topic, and wait until it is gone."""
        with self.topic.admin() as admin:
            admin.delete_topics([self.topic.topic])
            eventually(lambda: admin.describe_topics([self.topic.topic])[0]["error_code"] == 3)

    def restored(self, until: int) -> None:
        """Make the topic again, of its own records before a position, as a mirror or a backup that lags would."""
        records = [slot.record or b"" for slot in self.topic.open().read(0, 500)[:until]]
        self.delete()
        create_kafka_ledger(self.topic.bootstrap, self.topic.topic, timeout_s=PATIENCE_S)
        with contextlib.closing(self.topic.open()) as ledger:
            assert len(list(ledger.append_all((record, ()) for record in records))) == until

    def an_hour_passes(self) -> None:
        """Let the time come at which both stations look at the settings again."""
        for one in self.running:
            one.an_hour_passes()

    def all_stop_with(self, kind: type[LedgerError], *words: str) -> None:
        """Verify that both stations stop with this error, which says this, and that a new process of theirs refuses as well."""
        for one, name in zip(self.running, STATIONS, strict=True):
            error = one.stopped_by()
            assert type(error) is kind, error
            assert all(word in str(error) for word in words), error
            assert outcome_of(error).exit_code != 0
            assert one.position == self.end
            with pytest.raises(kind):
                self.exchange.station(name)

    def all_agree(self) -> None:
        """Verify that both stations and one that reads everything anew hold the same."""
        stations = [*(one.station for one in self.running), self.exchange.station(f"replay-{os.urandom(4).hex()}")]
        assert len({roots(station, self.end) for station in stations}) == 1
        assert len({station.parts.store.canonical_dump() for station in stations}) == 1

    def close(self) -> None:
        """Close everything."""
        for one in self.running:
            one.end()
        self.topic.close()
        self.exchange.close()


@pytest.fixture
def scene(kafka: KafkaBroker, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(kafka, tmp_path)
    made.send()
    yield made
    made.close()


def test_a_topic_that_is_deleted_stops_them(scene: Scene) -> None:
    scene.delete()
    scene.all_stop_with(LedgerMissingError, "No topic is at", "Check the name")


def test_a_topic_that_is_deleted_and_made_again_stops_them(scene: Scene) -> None:
    scene.restored(until=0)
    scene.all_stop_with(LedgerReplacedError, "deleted and made again", "restore the old one")


def test_a_topic_restored_from_an_older_copy_stops_them(scene: Scene) -> None:
    scene.restored(until=3)
    scene.all_stop_with(LedgerReplacedError, "deleted and made again", "restore the old one")


def test_a_beginning_that_is_deleted_stops_them_and_every_newcomer(scene: Scene) -> None:
    with scene.topic.admin() as admin:
        admin.delete_records({TopicPartition(scene.topic.topic, 0): 3})
    scene.an_hour_passes()
    scene.all_stop_with(LedgerTruncatedError, "begins at position 3", "Restore it from a replica or a backup")
    with pytest.raises(LedgerUnsafeError, match="begins at position 3, not 0"):
        scene.exchange.station("newcomer")


def test_a_second_partition_stops_them_and_what_stands_there_is_never_read(scene: Scene) -> None:
    with scene.topic.admin() as admin:
        admin.create_partitions({scene.topic.topic: 2})
    scene.an_hour_passes()
    scene.all_stop_with(LedgerUnsafeError, "has 2 partitions", "make another ledger in a topic of its own")


def test_each_dangerous_setting_stops_them_until_it_is_mended(scene: Scene) -> None:
    for setting, (value, right, why) in SETTINGS.items():
        scene.configure(setting, value)
        scene.an_hour_passes()
        scene.all_stop_with(LedgerUnsafeError, f"{setting} of {scene.topic.topic} is {value}", why, f"{setting}={right}")
        scene.configure(setting, right)
        scene.start()
        scene.send()


def test_the_time_that_a_writer_invents_counts_for_nothing(scene: Scene) -> None:
    """From the switch to producers' time to the next look at the settings, ledger time stands still; all readers agree."""
    scene.configure("message.timestamp.type", "CreateTime")
    before = scene.running[0].station.last_time
    with scene.topic.producer() as producer:
        for time_ms in (1, scene.exchange.now_ms() + MOST_AHEAD_MS):
            producer.send(scene.topic.topic, b"garbage", partition=0, timestamp_ms=time_ms).get(PATIENCE_S)
    scene.send()
    assert [one.station.last_time for one in scene.running] == [before, before]
    scene.an_hour_passes()
    scene.all_stop_with(LedgerUnsafeError, "message.timestamp.type=LogAppendTime")
    scene.configure("message.timestamp.type", "LogAppendTime")
    scene.start()
    scene.send()
    assert scene.running[0].station.last_time > before
    scene.all_agree()


def test_transactions_in_the_middle_leave_empty_slots_in_which_all_agree(scene: Scene, tmp_path: Path) -> None:
    record = scene.ministry.parts.store.record(scene.end - 1)
    assert record is not None
    for number, commit in enumerate((True, False)):
        scene.topic.put_then_empty(b"garbage", commit=commit)
        scene.topic.put_then_empty(record, commit=commit)
        scene.send()
        reasons = [entry.verdict.reason for entry in scene.ministry.parts.store.entries(scene.end - 5, 5)]
        assert reasons == [Reason.MALFORMED, Reason.NO_RECORD, Reason.DUPLICATE, Reason.NO_RECORD, Reason.ACCEPTED], number
    scene.all_agree()
    assert [one.error for one in scene.running] == [None, None]
    with twin_of(scene, tmp_path / "twin.sqlite") as twin:
        twin.catch_up()
        assert roots(twin, scene.end) == roots(scene.ministry, scene.end)
        assert twin.parts.store.canonical_dump() == scene.ministry.parts.store.canonical_dump()


@contextlib.contextmanager
def twin_of(scene: Scene, path: Path) -> Iterator[Station]:
    """Give a station that reads the same slots with the same times from a file."""
    create_sqlite_ledger(path)
    slots = scene.topic.open().read(0, 500)
    assert len(slots) == scene.end
    times = iter([slot.stored_at_ms for slot in slots if slot.record is not None])
    with contextlib.closing(SqliteLedger(path, clock_ms=lambda: next(times) or 0)) as ledger:
        for slot in slots:
            _ = ledger.append_empty() if slot.record is None else ledger.append(slot.record)
    with contextlib.closing(SqliteLedger(path)) as ledger:
        yield scene.exchange.station("twin", ledger=ledger)


def roots(station: Station, size: int) -> tuple[Digest, Digest]:
    """Return the roots of both trees at a size."""
    return station.parts.store.roots_at(size)
