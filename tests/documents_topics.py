"""Documents topics on a real Kafka for tests, and a station that writes whatever it likes into its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from adapters.kafka_clients import KafkaPlace
from adapters.kafka_topics import create_documents_topic, create_kafka_ledger
from adapters.ledger_kafka_check import documents_topic
from tests.kafka_broker import KafkaBroker

Message = tuple[bytes | None, bytes | None]


def documents_place(broker: KafkaBroker, *stations: str) -> KafkaPlace:
    """Make a ledger's topic of a new name, and a documents topic for each station."""
    place = KafkaPlace(bootstrap=broker.bootstrap, topic=f"ledger-{secrets.token_hex(6)}")
    create_kafka_ledger(place.bootstrap, place.topic)
    for station in stations:
        create_documents_topic(place.bootstrap, place.topic, station)
    return place


def write(place: KafkaPlace, station: str, messages: Iterable[Message]) -> list[int]:
    """Write messages into a station's topic as they are, and return their positions."""
    producer = place.open_producer()
    try:
        topic = documents_topic(place.topic, station)
        futures = [producer.send(topic, key=key, value=value, partition=0) for key, value in messages]
        return [future.get(timeout=10).offset for future in futures]
    finally:
        producer.close(timeout=10)


def append_with_headers(place: KafkaPlace, headers: list[tuple[str, bytes]]) -> int:
    """Append a record with headers to the ledger's topic, and return its position."""
    producer = place.open_producer()
    try:
        position: int = producer.send(place.topic, value=b"record", headers=headers, partition=0).get(timeout=10).offset
    finally:
        producer.close(timeout=10)
    return position
