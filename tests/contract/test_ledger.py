"""The contract of the ledger port, on all its adapters."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.errors import RecordTooLargeError
from adapters.ledger import READ_LIMIT_SLOTS, Ledger, Severity, Slot
from adapters.ledger_kafka import KafkaLedger
from tests.closing_sockets import closing
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import PATIENCE_S, KafkaHome, LedgerHome, MemoryHome, SqliteHome


@pytest.fixture(params=["memory", "sqlite", "kafka"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LedgerHome]:
    made: LedgerHome
    if request.param == "kafka":
        broker: KafkaBroker = request.getfixturevalue("kafka")
        made = KafkaHome(broker.bootstrap)
    else:
        made = SqliteHome(tmp_path / "ledger.sqlite") if request.param == "sqlite" else MemoryHome()
    yield made
    made.close()


def whole(ledger: Ledger, *, batch: int = READ_LIMIT_SLOTS) -> list[Slot]:
    """Read everything, in batches."""
    slots: list[Slot] = []
    while more := ledger.read(len(slots), batch):
        assert len(more) <= batch
        slots.extend(more)
    return slots


def records(ledger: Ledger) -> list[bytes | None]:
    """Return the records of all slots."""
    return [slot.record for slot in whole(ledger)]


def test_a_new_ledger_is_empty(home: LedgerHome) -> None:
    ledger = home.open()
    assert ledger.end() == 0
    assert list(ledger.read(0, 10)) == []


def test_a_new_ledger_is_safe_to_run_on(home: LedgerHome) -> None:
    assert [finding for finding in home.open().check() if finding.severity is Severity.FORBIDS] == []


def test_positions_are_contiguous_from_zero_and_records_come_back_byte_for_byte(home: LedgerHome) -> None:
    ledger = home.open()
    wanted = [bytes([number]) * number for number in range(1, 40)]
    assert [ledger.append(record) for record in wanted] == list(range(39))
    slots = whole(ledger)
    assert [slot.position for slot in slots] == list(range(39))
    assert [slot.record for slot in slots] == wanted
    assert ledger.end() == 39


def test_records_appended_together_stand_in_their_order(home: LedgerHome) -> None:
    ledger = home.open()
    ledger.append(b"before")
    wanted = [b"record %d" % number for number in range(200)]
    assert list(ledger.append_all((record, (("name", b"value"),)) for record in wanted)) == list(range(1, 201))
    assert records(ledger) == [b"before", *wanted]
    assert list(ledger.append_all(())) == []


def test_what_comes_before_a_record_that_is_too_large_is_appended_and_nothing_after_it(home: LedgerHome) -> None:
    ledger = home.open()
    positions: list[int] = []
    with pytest.raises(RecordTooLargeError):
        positions.extend(ledger.append_all((record, ()) for record in (b"one", b"two", bytes(65_536), b"four")))
    assert records(ledger) == [b"one", b"two"]


def test_every_record_bears_the_ledgers_time_and_times_do_not_fall(home: LedgerHome) -> None:
    ledger = home.open()
    before_ms = time.time_ns() // 1_000_000
    for number in range(10):
        ledger.append(b"%d" % number)
    times = [slot.stored_at_ms for slot in whole(ledger)]
    assert all(at is not None and before_ms <= at <= before_ms + PATIENCE_S * 1000 for at in times)
    assert times == sorted(at for at in times if at is not None)


def test_what_was_appended_is_there_when_the_ledger_is_opened_again(home: LedgerHome) -> None:
    first = home.open()
    first.append(b"one")
    identity = first.identity()
    again = home.open()
    assert records(again) == [b"one"]
    assert again.identity() == identity
    assert again.append(b"two") == 1
    assert records(first) == [b"one", b"two"]


@pytest.mark.parametrize("batch", [1, 2, 7, 100, 10_000])
def test_any_size_of_batch_reads_the_same_slots(home: LedgerHome, batch: int) -> None:
    ledger = home.open()
    for number in range(15):
        ledger.append(b"%d" % number)
    home.put_then_empty(b"in a transaction", commit=True)
    assert whole(home.open(), batch=batch) == whole(ledger)
    assert len(whole(ledger)) == 17


def test_reading_may_begin_anywhere_and_go_back(home: LedgerHome) -> None:
    ledger = home.open()
    for number in range(20):
        ledger.append(b"%d" % number)
    for start in (15, 3, 19, 0, 4, 18):
        assert ledger.read(start, 2)[0] == Slot(
            position=start, record=b"%d" % start, stored_at_ms=ledger.read(start, 1)[0].stored_at_ms
        )
    assert list(ledger.read(20, 5)) == []
    assert list(ledger.read(25, 5)) == []


def test_a_read_returns_no_more_than_the_limit_of_a_batch(home: LedgerHome) -> None:
    ledger = home.open()
    for _ in range(READ_LIMIT_SLOTS + 20):
        ledger.append(b"x")
    assert 0 < len(ledger.read(0, 10_000)) <= READ_LIMIT_SLOTS
    assert len(whole(ledger, batch=10_000)) == READ_LIMIT_SLOTS + 20


@pytest.mark.parametrize("commit", [True, False], ids=["committed", "aborted"])
def test_an_offset_without_a_record_is_an_empty_slot(home: LedgerHome, commit: bool) -> None:
    ledger = home.open()
    ledger.append(b"before")
    home.put_then_empty(b"in a transaction", commit=commit)
    ledger.append(b"after")
    home.put_then_empty(b"another", commit=commit)
    slots = whole(ledger)
    assert [slot.record for slot in slots] == [b"before", b"in a transaction", None, b"after", b"another", None]
    assert [slot.position for slot in slots] == list(range(6))
    assert [slot.stored_at_ms is None for slot in slots] == [False, False, True, False, False, True]
    assert ledger.end() == 6


def test_an_empty_slot_at_the_very_end_is_read_by_who_waited_there(home: LedgerHome) -> None:
    ledger = home.open()
    ledger.append(b"before")
    assert len(ledger.read(0, 10)) == 1
    home.put_then_empty(b"x", commit=True)
    assert ledger.wait(2, PATIENCE_S)
    assert [slot.record for slot in (*ledger.read(1, 1), *ledger.read(2, 1))] == [b"x", None]
    assert list(ledger.read(3, 10)) == []


def test_a_record_without_a_value_is_an_empty_record_with_its_time(home: LedgerHome) -> None:
    home.put_null()
    ledger = home.open()
    assert ledger.append(b"") == 1
    slots = whole(ledger)
    assert [slot.record for slot in slots] == [b"", b""]
    assert all(slot.stored_at_ms is not None for slot in slots)


def test_the_largest_record_is_kept_and_a_longer_one_is_refused_before_it_is_sent(home: LedgerHome) -> None:
    ledger = home.open()
    largest = bytes(range(256)) * 255 + bytes(255)
    assert len(largest) == 65_535
    assert ledger.append(largest) == 0
    with pytest.raises(RecordTooLargeError, match="65536 bytes was not appended"):
        ledger.append(largest + b"x")
    assert records(ledger) == [largest]


def test_headers_are_no_part_of_the_record(home: LedgerHome) -> None:
    ledger = home.open()
    ledger.append(b"x", headers=(("ce_type", b"letter.dispatched"), ("ce_id", b"1")))
    assert records(ledger) == [b"x"]


def test_several_writers_at_once_lose_nothing_and_double_nothing(home: LedgerHome) -> None:
    positions: dict[bytes, int] = {}

    def write(writer: int) -> None:
        ledger = home.open()
        for number in range(25):
            record = b"%d/%d" % (writer, number)
            positions[record] = ledger.append(record)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = records(home.open())
    assert sorted(positions.values()) == list(range(100))
    assert {record: found[position] for record, position in positions.items()} == {record: record for record in positions}
    assert all(positions[b"%d/%d" % (w, a)] < positions[b"%d/%d" % (w, b)] for w in range(4) for a, b in pairwise(range(25)))


def test_waiting_ends_when_another_writer_appends(home: LedgerHome) -> None:
    ledger = home.open()
    writer = home.open()
    writer.append(b"first, so that the writer is warm")
    assert ledger.wait(0, PATIENCE_S)
    assert len(ledger.read(0, 10)) == 1
    timer = threading.Timer(0.3, lambda: writer.append(b"x"))
    timer.start()
    started_s = time.monotonic()
    assert ledger.wait(1, PATIENCE_S)
    assert time.monotonic() - started_s < 10
    timer.join()
    assert [slot.record for slot in ledger.read(1, 10)] == [b"x"]


def test_waiting_for_what_does_not_come_ends_in_time(home: LedgerHome) -> None:
    ledger = home.open()
    ledger.append(b"x")
    assert ledger.wait(0, 0.0)
    started_s = time.monotonic()
    assert not ledger.wait(1, 0.3)
    assert not ledger.wait(7, 0.0)
    assert time.monotonic() - started_s < 10
    assert records(ledger) == [b"x"]


def test_closing_twice_is_no_error(home: LedgerHome) -> None:
    ledger = home.open()
    ledger.read(0, 1)
    ledger.close()
    ledger.close()


def test_a_producers_own_time_is_not_the_ledgers(kafka: KafkaBroker) -> None:
    home = KafkaHome(kafka.bootstrap)
    with home.admin() as admin:
        topic = f"{home.topic}-create-time"
        admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
        admin.wait_for_topics([topic])
    ledger = KafkaLedger(kafka.bootstrap, topic, timeout_s=PATIENCE_S)
    ledger.append(b"x")
    assert list(ledger.read(0, 1)) == [Slot(position=0, record=b"x", stored_at_ms=None)]
    ledger.close()
    home.close()


def test_headers_reach_the_ecosystems_tools(kafka: KafkaBroker) -> None:
    home = KafkaHome(kafka.bootstrap)
    home.open().append(b"x", headers=(("ce_specversion", b"1.0"), ("ortoo_documents", b"t:1")))
    from kafka import KafkaConsumer, TopicPartition  # noqa: PLC0415 - the only test that looks from outside

    consumer = KafkaConsumer(
        bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False, kafka_client=closing
    )
    consumer.assign([TopicPartition(home.topic, 0)])
    (batch,) = consumer.poll(timeout_ms=int(PATIENCE_S * 1000)).values()
    consumer.close()
    home.close()
    assert batch[0].headers == [("ce_specversion", b"1.0"), ("ortoo_documents", b"t:1")]
