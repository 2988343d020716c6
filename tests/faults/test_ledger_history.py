"""A ledger that contradicts what a station holds stops it, with an error that says so: it never goes on quietly."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from kafka import TopicPartition

from adapters.errors import (
    AdapterError,
    LedgerError,
    LedgerHoleError,
    LedgerMissingError,
    LedgerRefusedError,
    LedgerReplacedError,
    LedgerTruncatedError,
    LedgerUnreachableError,
    LedgerUnsafeError,
    SlotChangedError,
    SlotEmptiedError,
)
from adapters.kafka_topics import create_kafka_ledger
from adapters.ledger import Finding, Headers, Ledger, Severity, Slot
from adapters.ledger_guard import CHECK_INTERVAL_S, HeldSlot, LedgerGuard
from adapters.ledger_memory import MemoryLedger
from adapters.ledger_sqlite import SqliteLedger, create_sqlite_ledger
from domain.ids import sha256
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import PATIENCE_S, KafkaHome, SqliteHome, eventually

ROWS_MAY_CHANGE = "DROP TRIGGER ledger_slots_no_update; DROP TRIGGER ledger_slots_no_delete;"


@dataclass
class Station:
    """What a station keeps of the ledger that it reads: the least that the guard asks for."""

    pinned: str | None = None
    held: list[HeldSlot] = field(default_factory=list)

    def incarnation(self) -> str | None:
        return self.pinned

    def next_position(self) -> int:
        return len(self.held)

    def last_slots(self, count: int) -> Sequence[HeldSlot]:
        return self.held[-count:]

    def catch_up(self, ledger: Ledger) -> None:
        """Read to the end, as a station does."""
        self.pinned = self.pinned or ledger.identity().incarnation
        while slots := ledger.read(len(self.held), 100):
            self.held += [HeldSlot(position=s.position, sha256=None if s.record is None else sha256(s.record)) for s in slots]


class Clock:
    """A clock that a test sets."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteHome]:
    home = SqliteHome(tmp_path / "ledger.sqlite")
    yield home
    home.close()


@pytest.fixture
def topic(kafka: KafkaBroker) -> Iterator[KafkaHome]:
    home = KafkaHome(kafka.bootstrap)
    yield home
    home.close()


def followed(home: SqliteHome | KafkaHome, count: int = 5) -> tuple[LedgerGuard, Station]:
    """Return a guarded ledger of some records, and the station that has read them all."""
    ledger = home.open()
    for number in range(count):
        ledger.append(b"record %d" % number)
    station = Station()
    guard = LedgerGuard(ledger, station)
    station.catch_up(guard)
    assert station.next_position() == count
    return guard, station


def alter(file: SqliteHome, script: str) -> None:
    """Do to a ledger's file what no program of ours does."""
    with closing(sqlite3.connect(file.path)) as connection:
        connection.executescript(ROWS_MAY_CHANGE + script)


def stops(guard: LedgerGuard, error: type[LedgerError], *, position: int = 5) -> None:
    """Verify that the guard raises the error, and goes on raising it whatever is asked of it."""
    with pytest.raises(error):
        guard.verify()
    for _ in range(2):
        with pytest.raises(error):
            guard.read(position, 10)
        with pytest.raises(error):
            guard.append(b"after all")
        with pytest.raises(error):
            guard.end()


def test_a_ledger_that_keeps_its_history_is_followed(file: SqliteHome, topic: KafkaHome) -> None:
    for home in (file, topic):
        guard, station = followed(home)
        home.put_then_empty(b"in a transaction", commit=True)
        assert guard.append(b"more") == 7
        assert guard.wait(7, PATIENCE_S)
        station.catch_up(guard)
        guard.verify()
        assert [slot.sha256 is None for slot in station.held] == [False] * 6 + [True, False]


def test_a_station_that_holds_nothing_yet_may_begin(file: SqliteHome) -> None:
    guard = LedgerGuard(file.open(), Station())
    assert list(guard.read(0, 10)) == []


def test_a_changed_row_stops_the_station(file: SqliteHome) -> None:
    guard, _ = followed(file)
    alter(file, "UPDATE ledger_slots SET record = x'00' WHERE position = 3")
    with pytest.raises(SlotChangedError, match="Position 3 of the ledger at sqlite:"):
        guard.verify()
    stops(guard, SlotChangedError)


def test_an_emptied_row_stops_the_station(file: SqliteHome) -> None:
    guard, _ = followed(file)
    alter(file, "UPDATE ledger_slots SET record = NULL WHERE position = 3")
    stops(guard, SlotEmptiedError)


def test_a_deleted_row_stops_the_station(file: SqliteHome) -> None:
    guard, _ = followed(file)
    alter(file, "DELETE FROM ledger_slots WHERE position = 3")
    stops(guard, SlotEmptiedError)


def test_a_row_written_far_behind_the_end_keeps_no_reader_walking(file: SqliteHome) -> None:
    followed(file)
    alter(file, "INSERT INTO ledger_slots VALUES (9000000000000000000, 0, x'00')")
    ledger = file.open()
    assert [slot.record is None for slot in ledger.read(0, 10)] == [False] * 5
    with pytest.raises(LedgerHoleError, match="lacks the positions from 5 to 8999999999999999999"):
        ledger.read(5, 10)


def test_nothing_is_appended_behind_a_row_at_the_last_position(file: SqliteHome) -> None:
    alter(file, "INSERT INTO ledger_slots VALUES (9223372036854775807, 0, x'00')")
    ledger = file.open()
    for _ in range(2):
        with pytest.raises(LedgerRefusedError, match="has no position left"):
            ledger.append(b"record")


def test_an_empty_slot_that_is_filled_later_stops_the_station(file: SqliteHome) -> None:
    guard, station = followed(file)
    file.open().append_empty()
    station.catch_up(guard)
    alter(file, "UPDATE ledger_slots SET record = x'00' WHERE position = 5")
    stops(guard, SlotChangedError, position=6)


def test_rows_deleted_at_the_end_stop_the_station(file: SqliteHome) -> None:
    guard, _ = followed(file)
    alter(file, "DELETE FROM ledger_slots WHERE position = 4")
    with pytest.raises(LedgerTruncatedError, match="holds everything from 0 to before 5"):
        guard.read(5, 10)
    stops(guard, LedgerTruncatedError)


def test_a_file_that_is_swapped_while_it_is_open_stops_the_station(file: SqliteHome) -> None:
    guard, _ = followed(file)
    file.path.unlink()
    create_sqlite_ledger(file.path)
    stops(guard, LedgerReplacedError)


def test_a_file_that_was_swapped_while_the_station_was_down_stops_it(file: SqliteHome, tmp_path: Path) -> None:
    _, station = followed(file)
    other = SqliteHome(tmp_path / "other.sqlite")
    for number in range(5):
        other.open().append(b"record %d" % number)
    stops(LedgerGuard(other.open(), station), LedgerReplacedError)
    other.close()


def test_an_older_copy_of_the_file_stops_the_station(file: SqliteHome, tmp_path: Path) -> None:
    ledger = file.open()
    ledger.append(b"record 0")
    ledger._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(file.path, tmp_path / "backup.sqlite")
    ledger.append(b"record 1")
    station = Station()
    station.catch_up(LedgerGuard(ledger, station))
    restored = SqliteLedger(tmp_path / "backup.sqlite")
    stops(LedgerGuard(restored, station), LedgerTruncatedError, position=2)
    restored.close()


def test_a_file_that_is_gone_is_missing_not_empty(file: SqliteHome) -> None:
    guard, _ = followed(file)
    file.path.unlink()
    with pytest.raises(LedgerMissingError):
        guard.read(5, 10)


def test_a_file_cut_to_nothing_is_never_an_empty_ledger(file: SqliteHome) -> None:
    guard, station = followed(file)
    guard.close()
    file.path.write_bytes(b"")
    Path(f"{file.path}-wal").unlink(missing_ok=True)
    with pytest.raises(AdapterError):
        LedgerGuard(SqliteLedger(file.path), station).verify()


def test_a_topic_made_again_stops_a_station_that_follows_it(topic: KafkaHome) -> None:
    guard, station = followed(topic)
    make_again(topic)
    stops(guard, LedgerReplacedError)
    stops(LedgerGuard(topic.open(), station), LedgerReplacedError)


def test_a_topic_made_again_with_more_records_is_not_read_on(topic: KafkaHome) -> None:
    guard, station = followed(topic)
    make_again(topic)
    other = topic.open()
    for _ in range(10):
        other.append(b"of another history")
    with pytest.raises(LedgerReplacedError):
        station.catch_up(guard)
    assert station.next_position() == 5


def make_again(topic: KafkaHome) -> None:
    """Delete a topic and make one of the same name."""
    with topic.admin() as admin:
        before = admin.describe_topics([topic.topic])[0]["topic_id"]
        admin.delete_topics([topic.topic])
        eventually(lambda: admin.describe_topics([topic.topic])[0]["error_code"] == 3)
        create_kafka_ledger(topic.bootstrap, topic.topic, timeout_s=PATIENCE_S)
        assert admin.describe_topics([topic.topic])[0]["topic_id"] != before


def test_a_topic_that_is_gone_is_missing_not_empty(topic: KafkaHome) -> None:
    guard, _ = followed(topic)
    with topic.admin() as admin:
        admin.delete_topics([topic.topic])
        eventually(lambda: admin.describe_topics([topic.topic])[0]["error_code"] == 3)
    with pytest.raises(LedgerMissingError, match="No topic is at"):
        guard.read(5, 10)


def test_a_topic_without_its_beginning_is_not_read_from_zero(topic: KafkaHome) -> None:
    _, station = followed(topic)
    with topic.admin() as admin:
        admin.delete_records({TopicPartition(topic.topic, 0): 3})
    with pytest.raises(LedgerTruncatedError, match="begins at position 3"):
        topic.open().read(0, 10)
    with pytest.raises(LedgerTruncatedError, match="begins at position 3"):
        LedgerGuard(topic.open(), station).verify()


def test_a_changed_record_of_a_topic_stops_the_station(topic: KafkaHome) -> None:
    guard, station = followed(topic)
    station.held[3] = HeldSlot(position=3, sha256=sha256(b"what stood there before a mirror was put in its place"))
    stops(guard, SlotChangedError)


def test_a_dangerous_setting_stops_the_station_until_it_is_mended() -> None:
    ledger = ScriptedLedger()
    guard = LedgerGuard(ledger, Station())
    ledger.findings = (finding(Severity.FORBIDS),)
    with pytest.raises(LedgerUnsafeError, match="mend it: do this"):
        guard.read(0, 1)
    ledger.findings = (finding(Severity.WARNS),)
    guard.read(0, 1)
    assert [warning.code for warning in guard.warnings] == ["CODE"]


def test_the_ledger_is_compared_hourly() -> None:
    ledger, clock = ScriptedLedger(), Clock()
    guard = LedgerGuard(ledger, Station(), now_s=clock)
    for seconds, checks in ((0, 1), (60, 1), (CHECK_INTERVAL_S - 61, 1), (1, 2), (10, 2)):
        clock.now_s += seconds
        guard.read(0, 1)
        guard.append(b"x")
        assert ledger.checks == checks


def test_the_ledger_is_compared_after_it_could_not_be_reached() -> None:
    ledger = ScriptedLedger()
    guard = LedgerGuard(ledger, Station())
    guard.read(0, 1)
    ledger.fails = True
    with pytest.raises(LedgerUnreachableError):
        guard.read(0, 1)
    ledger.fails = False
    guard.read(0, 1)
    guard.read(0, 1)
    assert ledger.checks == 2


def finding(severity: Severity) -> Finding:
    """Return a finding."""
    return Finding(code="CODE", severity=severity, setting="a setting", what="something is wrong", remedy="do this")


class ScriptedLedger(MemoryLedger):
    """A ledger in memory that finds what a test tells it, and fails when told."""

    findings: tuple[Finding, ...] = ()
    checks = 0
    fails = False

    def check(self) -> tuple[Finding, ...]:
        self.checks += 1
        return self.findings

    def read(self, start: int, limit: int) -> Sequence[Slot]:
        if self.fails:
            msg = "nobody answers"
            raise LedgerUnreachableError(msg)
        return super().read(start, limit)

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        return super().append(record, headers=headers)


WRITER = """
import sys
from pathlib import Path
from adapters.ledger_sqlite import SqliteLedger
ledger = SqliteLedger(Path(sys.argv[1]), timeout_s=60)
for number in range(int(sys.argv[3])):
    print(ledger.append(f"{sys.argv[2]}/{number}".encode()), flush=True)
"""


def writers(path: Path, count: int, each: int) -> list[subprocess.Popen[str]]:
    """Start processes that append to one file."""
    command: Callable[[int], list[str]] = lambda name: [sys.executable, "-c", WRITER, str(path), str(name), str(each)]  # noqa: E731
    return [subprocess.Popen(command(name), stdout=subprocess.PIPE, text=True) for name in range(count)]


def test_several_processes_append_to_one_file_and_each_record_stands_once(file: SqliteHome) -> None:
    outputs = [process.communicate(timeout=120)[0] for process in writers(file.path, 4, 50)]
    told = {(name, number): int(at) for name, output in enumerate(outputs) for number, at in enumerate(output.split())}
    slots = file.open().read(0, 500)
    assert sorted(told.values()) == list(range(200))
    assert all(slots[position].record == b"%d/%d" % key for key, position in told.items())
    assert file.open().check() == ()


def test_a_writer_that_is_killed_loses_nothing_that_it_was_told_and_blocks_nobody(file: SqliteHome) -> None:
    for name in range(5):
        process = writers(file.path, 1, 100_000)[0]
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(10)]
        process.kill()
        told += [int(line) for line in process.stdout.read().split("\n")[:-1]]
        process.wait()
        process.stdout.close()
        ledger = file.open()
        assert told == list(range(told[0], told[0] + len(told)))
        assert ledger.end() in {told[-1] + 1, told[-1] + 2}
        assert ledger.append(b"after the %d" % name) == ledger.end() - 1
        assert ledger.check() == ()
