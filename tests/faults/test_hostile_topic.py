"""A foreign program writes into a real topic whatever it likes: each is a recorded rejection, and letters go on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.kafka_topics import create_documents_topic
from domain.header import RECORD_LIMIT_BYTES
from domain.reasons import Reason
from projections.projector import DUMPED, Projector
from tests.court import ARCHIVE
from tests.exchanges import TestExchange
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import PATIENCE_S, KafkaHome

pytestmark = pytest.mark.slow


@pytest.fixture
def exchange(kafka: KafkaBroker, tmp_path: Path) -> Iterator[TestExchange]:
    topic = f"hostile-{os.urandom(6).hex()}"
    made = TestExchange(tmp_path, f"kafka://{kafka.bootstrap}/{topic}")
    create_documents_topic(kafka.bootstrap, topic, "ministry")
    yield made
    made.close()


def test_what_a_foreign_program_writes_is_rejected_and_shown_nowhere(kafka: KafkaBroker, exchange: TestExchange) -> None:
    station = exchange.station("ministry", station_id="ministry")
    exchange.add_organisations(station, ["mfy-001"])
    exchange.add_officer(station, "deputy", "ministry", "signatory")
    exchange.send(station, "deputy", "mfy-001")
    store = station.parts.store
    views = Projector("sqlite://", store, station.parts.codec, station.view)

    def shown() -> list[object]:
        views.catch_up()
        return [views.canonical_dump(view.name) for view in DUMPED if view.name != ARCHIVE]

    before, start = shown(), store.next_position()
    letter = store.record(start - 1) or b""
    topic = KafkaHome(kafka.bootstrap, topic=exchange.location.rpartition("/")[2])
    with topic.producer() as producer:
        for record in (b"garbage", b"", bytes(RECORD_LIMIT_BYTES + 1), letter, letter[:-1]):
            producer.send(topic.topic, record, partition=0).get(PATIENCE_S)
    topic.put_null()
    topic.put_then_empty(letter, commit=True)
    topic.put_then_empty(b"given up", commit=False)
    topic.close()

    station.catch_up()
    assert shown() == before
    reasons = [entry.verdict.reason for entry in store.entries(start, 100)]
    assert reasons == [
        Reason.MALFORMED,
        Reason.MALFORMED,
        Reason.RECORD_TOO_LARGE,
        Reason.DUPLICATE,
        Reason.MALFORMED,
        Reason.MALFORMED,
        Reason.DUPLICATE,
        Reason.NO_RECORD,
        Reason.MALFORMED,
        Reason.NO_RECORD,
    ]
    exchange.send(station, "deputy", "mfy-001")
    assert shown() != before
    replay = exchange.station("replay")
    assert replay.parts.store.canonical_dump() == store.canonical_dump()
    with contextlib.closing(views):
        assert store.roots_at(store.next_position()) == replay.parts.store.roots_at(replay.parts.store.next_position())
