"""The broker stops while a clerk sends: what is signed waits in the queue, and is sent later, in order, once."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.kafka_topics import create_documents_topic
from adapters.station import Station
from adapters.submitting import Deposited, Outcome, Queued
from cli.wiring import StationPlan, build_station
from domain.ids import Digest
from domain.reasons import Reason
from tests.exchanges import TestExchange, accepted
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import eventually

pytestmark = pytest.mark.slow
TIMEOUT_S = 2.0


@pytest.fixture
def exchange(own_kafka: KafkaBroker, tmp_path: Path) -> Iterator[TestExchange]:
    topic = f"outage-{os.urandom(6).hex()}"
    made = TestExchange(tmp_path, f"kafka://{own_kafka.bootstrap}/{topic}")
    create_documents_topic(own_kafka.bootstrap, topic, "ministry")
    station = made.station("ministry", station_id="ministry")
    made.add_organisations(station, ["mfy-001"])
    made.add_officer(station, "deputy", "ministry", "signatory")
    station.close()
    yield made
    made.close()


@contextlib.contextmanager
def clerk(exchange: TestExchange) -> Iterator[Station]:
    """Give the ministry's station as a new process would open it, impatient."""
    plan = StationPlan(
        home=exchange.folder / "ministry",
        location=exchange.location,
        identity=exchange.identity,
        station="ministry",
        store_url=f"sqlite:///{exchange.folder / 'ministry' / 'store.sqlite'}",
        passphrase=lambda _: b"",
        ledger_timeout_s=TIMEOUT_S,
        documents_timeout_s=TIMEOUT_S,
        now_ms=exchange.now_ms,
    )
    station = build_station(plan)
    try:
        yield station
    finally:
        station.close()


def dispatches(exchange: TestExchange) -> list[tuple[Digest, Reason]]:
    """Return the letters on the ledger, in order, as a station that reads it anew judges them."""
    store = exchange.station(f"reader-{os.urandom(4).hex()}").parts.store
    return [
        (entry.verdict.identity, entry.verdict.reason)
        for entry in store.each_entry()
        if entry.record is not None and "letter.dispatched" in exchange.codec.envelope(entry.record).payload_type
    ]


def test_what_is_sent_while_the_broker_is_down_is_queued_and_sent_once_when_it_is_back(
    own_kafka: KafkaBroker, exchange: TestExchange
) -> None:
    with clerk(exchange) as station:
        before = accepted(station.submit([exchange.letter(station, "deputy", "mfy-001")])[0])
        letters = [exchange.letter(station, "deputy", "mfy-001") for _ in range(3)]
        own_kafka.stop()
        try:
            started_s = time.monotonic()
            first = station.submit(letters[:2], wait_s=3)
            assert time.monotonic() - started_s < 20
            with clerk(exchange) as another_process:
                repeated = another_process.submit(letters[1:], wait_s=3)
                waiting = another_process.parts.queue.unfinished()
        finally:
            own_kafka.start()
    queued = [*first, *repeated]
    assert all(isinstance(outcome, Queued) and "did not answer" in outcome.why for outcome in queued), queued
    assert len({outcome.identity for outcome in queued}) == len(waiting) == 3
    with clerk(exchange) as station:
        eventually(lambda: station.parts.submitter.send(wait_s=60) == "")
        outcomes = [station.submit([letter])[0] for letter in letters]
    assert [accepted(outcome).verdict.number for outcome in outcomes]
    identities = [before.identity, *(one.identity for one in waiting)]
    assert dispatches(exchange) == [(identity, Reason.ACCEPTED) for identity in identities]


def test_a_clerk_who_goes_on_sending_through_a_crash_loses_and_doubles_nothing(
    own_kafka: KafkaBroker, exchange: TestExchange
) -> None:
    said: list[Outcome] = []
    enough = threading.Event()

    def send() -> None:
        with clerk(exchange) as station:
            while not enough.is_set():
                said.extend(station.submit([exchange.letter(station, "deputy", "mfy-001")], wait_s=1))

    sender = threading.Thread(target=send)
    sender.start()
    eventually(lambda: any(isinstance(outcome, Deposited) for outcome in said))
    own_kafka.kill()
    eventually(lambda: any(isinstance(outcome, Queued) for outcome in said))
    own_kafka.start()
    eventually(lambda: isinstance(said[-1], Deposited))
    enough.set()
    sender.join(120)
    assert not sender.is_alive()
    with clerk(exchange) as station:
        eventually(lambda: station.parts.submitter.send(wait_s=60) == "")
        assert station.parts.queue.unfinished() == ()
    found = dispatches(exchange)
    accepted_once = Counter(identity for identity, reason in found if reason is Reason.ACCEPTED)
    assert set(accepted_once.values()) == {1}
    assert {reason for _, reason in found} <= {Reason.ACCEPTED, Reason.DUPLICATE}
    order = list(dict.fromkeys(identity for identity, _ in found))
    assert order == list(dict.fromkeys(outcome.identity for outcome in said))
