"""The same on a real Kafka: the topics that the commands make, what they say of a single replica, what a station needs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.kafka_clients import KafkaPlace
from tests.founded_homes import FOUNDING, Founded, desk_of, found
from tests.kafka_broker import KafkaBroker


@pytest.fixture
def exchange(kafka: KafkaBroker, tmp_path: Path) -> Founded:
    place = f"kafka://{kafka.bootstrap}/alashuv-{os.urandom(4).hex()}"
    return found(tmp_path, place, "--station", "st.min")


def test_a_ledger_on_kafka_is_founded_checked_and_joined(exchange: Founded) -> None:
    checked = exchange.registrar.done("ledger", "check")
    found_here = {(one["code"], one["severity"]) for one in checked["findings"]}
    assert found_here == {("SINGLE_REPLICA", "warns"), ("NO_AUTHORIZER", "warns")}
    desk = exchange.desk("committee")
    exchange.officer(desk, "clerk", "min", "clerk")
    assert desk.done("group", "define", "all", "--where", "kind=ministry", "--yes")["position"] == 3
    here, there = exchange.registrar.done("ledger", "show"), desk.done("ledger", "show")
    assert (here["record_root"], here["verdict_root"]) == (there["record_root"], there["verdict_root"])


def test_founders_are_told_of_a_single_replica(kafka: KafkaBroker, tmp_path: Path) -> None:
    place = f"kafka://{kafka.bootstrap}/alashuv-{os.urandom(4).hex()}"
    answer = desk_of(tmp_path, "home").run("ledger", "create", "Alashuv", "--at", place, *FOUNDING, "--yes")
    assert answer.code == 0, answer.err
    assert "a power cut can lose acknowledged events" in answer.err


def test_a_further_station_needs_its_topic_and_one_command_makes_it(exchange: Founded) -> None:
    desk = desk_of(exchange.folder, "committee")
    join = ("ledger", "join", exchange.location, "--identity", exchange.identity, "--station", "st.committee")
    answer = desk.run(*join)
    assert answer.code == 6
    make = f"ortoo ledger create --at {exchange.location} --station st.committee"
    assert make in answer.err
    assert "kafka-topics.sh" in answer.err
    assert desk.done(*make.split()[1:])["topic"].endswith(".documents.st.committee")
    desk.done(*join)
    codes = [(one["code"], one["setting"]) for one in desk.done("ledger", "check")["findings"]]
    single = ("SINGLE_REPLICA", "replication factor")
    assert codes == [single, ("NO_AUTHORIZER", "authorizer.class.name"), single, single]


def test_more_replicas_than_brokers_make_nothing(kafka: KafkaBroker, tmp_path: Path) -> None:
    topic = f"alashuv-{os.urandom(4).hex()}"
    desk = desk_of(tmp_path, "home")
    words = (
        "ledger",
        "create",
        "Alashuv",
        "--at",
        f"kafka://{kafka.bootstrap}/{topic}",
        *FOUNDING,
        "--replication",
        "5",
        "--yes",
    )
    assert desk.error(*words) == (6, "LEDGER_REFUSED")
    assert list(desk.folder.iterdir()) == []
    with_admin = KafkaPlace(bootstrap=kafka.bootstrap, topic=topic).open_admin()
    assert topic not in with_admin.list_topics()
    with_admin.close()


def test_a_broker_that_does_not_answer_makes_nothing(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, "home")
    words = ("ledger", "create", "Alashuv", "--at", "kafka://127.0.0.1:1/alashuv", *FOUNDING, "--yes")
    assert desk.error(*words) == (6, "LEDGER_UNREACHABLE")
    assert list(desk.folder.iterdir()) == []
