"""How the tests' own clients of Kafka connect: as the stations' do, so that no socket of a broker that was away stays open."""

from __future__ import annotations

from typing import Any, Final

from kafka.net.compat import KafkaNetClient

from adapters.kafka_connections import connect

_SETUP_TIMEOUT_MS: Final = 10_000


def closing(**configs: Any) -> KafkaNetClient:
    """Return the network side of a client, for its option `kafka_client`."""
    return connect(_SETUP_TIMEOUT_MS, **configs)
