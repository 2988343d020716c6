"""Reading on a real Kafka: documents come through their topics, and a broker that is away hides nothing that was read."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from adapters.kafka_topics import create_documents_topic
from tests.exchanges import TestExchange
from tests.homes import Answer, Home, home_of
from tests.kafka_broker import KafkaBroker

pytestmark = pytest.mark.slow
ANSWERS_WITHIN_S = 30.0
"""Two seconds for the ledger are what is promised; the rest is for starting up on a busy machine."""


def in_time(home: Home, *words: str) -> Answer:
    started_s = time.monotonic()
    answer = home.done(*words)
    assert time.monotonic() - started_s < ANSWERS_WITHIN_S, words
    return answer


def test_a_committee_reads_on_while_the_broker_is_away(own_kafka: KafkaBroker, tmp_path: Path) -> None:
    topic = f"letters-{os.urandom(4).hex()}"
    exchange = TestExchange(tmp_path, f"kafka://{own_kafka.bootstrap}/{topic}")
    create_documents_topic(own_kafka.bootstrap, topic, "st.ministry")
    ministry = exchange.station("ministry", station_id="st.ministry")
    exchange.add_organisations(ministry, ["mfy-001"])
    exchange.add_officer(ministry, "deputy", "ministry", "signatory")
    exchange.add_officer(ministry, "secretary", "mfy-001", "clerk")
    exchange.send(ministry, "deputy", "mfy-001", subject="Before", text=b"Read before.\n")
    committee = home_of(exchange, "committee", "secretary")

    assert [line["subject"] for line in committee.done("inbox", "--json").data["lines"]] == ["Before"]
    assert "Read before." in committee.done("letter", "read", "#1").out
    exchange.send(ministry, "deputy", "mfy-001", subject="Not seen yet", text=b"Not read yet.\n")
    exchange.close()

    own_kafka.stop()
    try:
        inbox = in_time(committee, "inbox", "--json")
        assert [line["subject"] for line in inbox.data["lines"]] == ["Before"]
        assert "ledger unreachable" in inbox.err
        assert "Read before." in in_time(committee, "letter", "read", "#1").out
        assert in_time(committee, "station", "status", "--json").data["reachable"] is False
        assert in_time(committee, "inbox", "--as-of", "0", "--for", "mfy-001").code == 0
        assert committee.run("station", "run", "--once").code == 6
    finally:
        own_kafka.start()

    assert [line["subject"] for line in committee.done("inbox", "--json").data["lines"]] == ["Not seen yet", "Before"]
    assert "Not read yet." in committee.done("letter", "read", "#1").out
