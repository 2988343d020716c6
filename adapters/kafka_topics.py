"""Makes the topics of a Kafka ledger with the settings that `ledger_kafka_check` asks for, and checks those for documents."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Final

from adapters.kafka_clients import TIMEOUT_S, KafkaPlace, translated
from adapters.kafka_security import PLAIN_TEXT, KafkaSecurity
from adapters.ledger import Finding
from adapters.ledger_kafka import KafkaLedger
from adapters.ledger_kafka_check import DOCUMENTS_SETTINGS, LEDGER_SETTINGS, documents_findings, documents_topic
from domain.header import RECORD_LIMIT_BYTES

_SAFE_IN_SYNC: Final = 2  # an acknowledged record lies on two brokers; one broker of three may be down meanwhile


def create_kafka_ledger(
    bootstrap: str,
    topic: str,
    *,
    replication: int = 1,
    timeout_s: float = TIMEOUT_S,
    security: KafkaSecurity = PLAIN_TEXT,
) -> None:
    """Make the topic of a ledger, and wait until it can be used.

    Raises `LedgerExistsError` if there is one, `LedgerRefusedError` if there are fewer brokers than replicas.
    """
    place = KafkaPlace(bootstrap=bootstrap, topic=topic, timeout_s=timeout_s, security=security)
    _create(place, replication, {**LEDGER_SETTINGS, "max.message.bytes": str(2 * RECORD_LIMIT_BYTES)})


def create_documents_topic(
    bootstrap: str,
    ledger_topic: str,
    station: str,
    *,
    replication: int = 1,
    timeout_s: float = TIMEOUT_S,
    security: KafkaSecurity = PLAIN_TEXT,
) -> str:
    """Make the topic for a station's documents, wait until it can be used, and return its name; raises as for a ledger."""
    topic = documents_topic(ledger_topic, station)
    place = KafkaPlace(bootstrap=bootstrap, topic=topic, timeout_s=timeout_s, security=security)
    _create(place, replication, DOCUMENTS_SETTINGS)
    return topic


def documents_topic_command(bootstrap: str, ledger_topic: str, station: str) -> str:
    """Return the command with which an operator makes the topic for a station's documents."""
    configs = " ".join(f"--config {name}={value}" for name, value in DOCUMENTS_SETTINGS.items())
    topic = documents_topic(ledger_topic, station)
    return (
        f"kafka-topics.sh --bootstrap-server {bootstrap} --create --topic {topic} --partitions 1 --replication-factor 3 "
        f"--config min.insync.replicas={_SAFE_IN_SYNC} {configs}"
    )


def check_documents_topic(
    bootstrap: str,
    ledger_topic: str,
    station: str,
    *,
    timeout_s: float = TIMEOUT_S,
    security: KafkaSecurity = PLAIN_TEXT,
) -> tuple[Finding, ...]:
    """Return what is wrong with the topic for a station's documents; raise `LedgerMissingError` if there is none."""
    topic = documents_topic(ledger_topic, station)
    with contextlib.closing(KafkaLedger(bootstrap, topic, timeout_s=timeout_s, security=security)) as opened:
        return documents_findings(opened.facts())


def _create(place: KafkaPlace, replication: int, settings: Mapping[str, str]) -> None:
    configs = {**settings, "min.insync.replicas": str(min(_SAFE_IN_SYNC, replication))}
    wanted = {place.topic: {"num_partitions": 1, "replication_factor": replication, "configs": configs}}
    with contextlib.closing(place.open_admin()) as admin, translated(place, "Create"):
        admin.create_topics(wanted, timeout_ms=place.timeout_ms)
        # A broker that has made a topic is not yet one that knows of it.
        admin.wait_for_topics([place.topic], timeout_ms=place.timeout_ms)
