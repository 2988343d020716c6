"""A broker that stops, freezes or is killed: every call ends in time and says what is known; then all goes on by itself."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from adapters.errors import AppendUncertainError, LedgerUnreachableError
from adapters.ledger_guard import LedgerGuard
from adapters.ledger_kafka import KafkaLedger
from tests.faults.test_ledger_history import Station
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import KafkaHome, eventually

pytestmark = pytest.mark.slow
TIMEOUT_S = 2.0
MANY = 20
"""Records that a writer appends before the broker is killed, and after it."""
# A question may be asked just before the time-out and last as long again; the rest is for a busy machine.
BOUND_S = 2 * TIMEOUT_S + 8


@pytest.fixture
def topic(own_kafka: KafkaBroker) -> Iterator[KafkaHome]:
    home = KafkaHome(own_kafka.bootstrap, timeout_s=TIMEOUT_S)
    yield home
    home.close()


def fails_in_time(call: Callable[[], object]) -> None:
    """Verify that a call is given up within the time, with an error that says whether something may have been written."""
    started_s = time.monotonic()
    with pytest.raises((LedgerUnreachableError, AppendUncertainError)):
        call()
    assert time.monotonic() - started_s < BOUND_S


def all_fail_in_time(ledger: KafkaLedger) -> None:
    """Verify it of every call of the port."""
    fails_in_time(ledger.end)
    fails_in_time(lambda: ledger.read(1, 10))
    fails_in_time(lambda: ledger.wait(10, 0.1))
    fails_in_time(lambda: ledger.append(b"into the silence"))
    fails_in_time(ledger.identity)
    fails_in_time(ledger.check)


def test_a_stopped_broker_is_told_in_time_and_found_again_when_it_is_back(own_kafka: KafkaBroker, topic: KafkaHome) -> None:
    ledger = topic.open()
    assert ledger.append(b"before") == 0
    assert len(ledger.read(0, 10)) == 1
    own_kafka.stop()
    try:
        all_fail_in_time(ledger)
        with pytest.raises(LedgerUnreachableError, match="did not answer within 2 s"):
            topic.open()
    finally:
        own_kafka.start()
    assert ledger.append(b"after") == 1
    assert ledger.wait(1, 10)
    assert [slot.record for slot in ledger.read(0, 10)] == [b"before", b"after"]


def test_a_frozen_broker_leaves_an_append_uncertain_and_repeating_it_is_told_apart(
    own_kafka: KafkaBroker, topic: KafkaHome
) -> None:
    ledger = topic.open()
    assert ledger.append(b"before") == 0
    process = own_kafka._nodes[0].process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(AppendUncertainError, match="may or may not be on the ledger"):
            ledger.append(b"uncertain")
        all_fail_in_time(ledger)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    position = ledger.append(b"after")
    assert [slot.record for slot in ledger.read(position, 10)] == [b"after"]
    records = [slot.record for slot in ledger.read(0, 10)]
    assert records.count(b"uncertain") <= 1
    assert records.count(b"after") == 1


def test_nothing_acknowledged_is_lost_or_doubled_when_the_broker_is_killed(own_kafka: KafkaBroker, topic: KafkaHome) -> None:
    acknowledged: dict[int, bytes] = {}
    uncertain: set[bytes] = set()
    enough = threading.Event()

    def write() -> None:
        ledger = topic.open()
        number = 0
        while not enough.is_set():
            record = b"%d" % number
            try:
                acknowledged[ledger.append(record)] = record
            except (AppendUncertainError, LedgerUnreachableError):
                uncertain.add(record)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    eventually(lambda: len(acknowledged) > MANY)
    own_kafka.kill()
    own_kafka.start()
    before = len(acknowledged)
    eventually(lambda: len(acknowledged) > before + MANY)
    enough.set()
    writer.join()
    ledger = topic.open()
    slots: dict[int, bytes | None] = {}
    while more := ledger.read(len(slots), 500):
        slots |= {slot.position: slot.record for slot in more}
    assert {position: slots[position] for position in acknowledged} == acknowledged
    assert len(set(slots.values())) == len(slots)
    assert set(slots.values()) - set(acknowledged.values()) <= uncertain


def test_a_station_compares_the_ledger_again_after_an_outage(own_kafka: KafkaBroker, topic: KafkaHome) -> None:
    ledger, station = topic.open(), Station()
    guard = LedgerGuard(ledger, station)
    guard.append(b"before")
    station.catch_up(guard)
    own_kafka.stop()
    try:
        fails_in_time(guard.end)
    finally:
        own_kafka.start()
    station.pinned = "of another ledger"
    with pytest.raises(Exception, match="is not the one this station holds"):
        guard.read(1, 10)
