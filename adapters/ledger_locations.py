"""Where ledgers lie, written as one text: `memory:`, `sqlite:FILE`, `kafka://HOST:PORT[,HOST:PORT]/TOPIC`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.clock import system_clock_ms
from adapters.errors import LocationError
from adapters.kafka_clients import TIMEOUT_S
from adapters.kafka_security import PLAIN_TEXT, KafkaSecurity
from adapters.kafka_topics import create_kafka_ledger
from adapters.ledger import Ledger
from adapters.ledger_kafka import KafkaLedger
from adapters.ledger_memory import MemoryLedger
from adapters.ledger_sqlite import SqliteLedger, create_sqlite_ledger

_FORMS: Final = "write sqlite:FILE or kafka://HOST:PORT[,HOST:PORT]/TOPIC"
_HOST_AND_PORT: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
# Kafka's own rule for topics (249 of these characters), less the room for ".documents.<station>" behind it.
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,190}")
_PORT_LIMIT: Final = 65_535


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryLocation:
    """A ledger that exists in this process only."""

    def __str__(self) -> str:
        return "memory:"


@dataclass(frozen=True, kw_only=True, slots=True)
class SqliteLocation:
    """A ledger in a file."""

    path: Path

    def __str__(self) -> str:
        return f"sqlite:{self.path}"


@dataclass(frozen=True, kw_only=True, slots=True)
class KafkaLocation:
    """A ledger in a topic, and the brokers to ask first."""

    bootstrap: str
    topic: str

    def __str__(self) -> str:
        return f"kafka://{self.bootstrap}/{self.topic}"


Location = MemoryLocation | SqliteLocation | KafkaLocation


def parse_location(text: str) -> Location:
    """Return the place that a text names; raise `LocationError` if it names none."""
    scheme, _, rest = text.partition(":")
    if text == "memory:":
        return MemoryLocation()
    if scheme == "sqlite" and rest and "\0" not in rest:
        return SqliteLocation(path=Path(rest).expanduser())
    if scheme == "kafka":
        return _kafka(text, rest)
    msg = f"{text!r} names no ledger: {_FORMS}."
    raise LocationError(msg)


def _kafka(text: str, rest: str) -> KafkaLocation:
    bootstrap, _, topic = rest.removeprefix("//").partition("/")
    for broker in bootstrap.split(","):
        match = _HOST_AND_PORT.fullmatch(broker)
        if not rest.startswith("//") or match is None or not 0 < int(match[1]) <= _PORT_LIMIT:
            msg = f"{text!r} names no ledger: {broker!r} is no HOST:PORT; {_FORMS}."
            raise LocationError(msg)
    if not _TOPIC.fullmatch(topic) or topic in {".", ".."}:
        msg = f"{text!r} names no ledger: {topic!r} is no topic (1 to 190 of A-Z, a-z, 0-9, '.', '_', '-'); {_FORMS}."
        raise LocationError(msg)
    return KafkaLocation(bootstrap=bootstrap, topic=topic)


def create_ledger(location: str, *, replication: int = 1, security: KafkaSecurity = PLAIN_TEXT) -> None:
    """Make an empty ledger at a location, on Kafka with so many replicas.

    Raises `LedgerExistsError` if something is there, `LocationError` for `memory:`, which opening makes.
    """
    match parse_location(location):
        case SqliteLocation(path=path):
            create_sqlite_ledger(path)
        case KafkaLocation(bootstrap=bootstrap, topic=topic):
            create_kafka_ledger(bootstrap, topic, replication=replication, security=security)
        case MemoryLocation():
            msg = f"No ledger can be made at {location} to be opened later: it would be gone at once. {_FORMS.capitalize()}."
            raise LocationError(msg)


def open_ledger(
    location: str,
    *,
    timeout_s: float = TIMEOUT_S,
    clock_ms: Callable[[], int] = system_clock_ms,
    security: KafkaSecurity = PLAIN_TEXT,
) -> Ledger:
    """Open the ledger at a location, for the use of one thread; no call of it takes much longer than the time-out.

    The clock stamps records where the adapter itself keeps the time (memory, SQLite). Raises `LocationError`,
    `LedgerMissingError`, `LedgerRefusedError`, `LedgerUnreachableError`.
    """
    match parse_location(location):
        case MemoryLocation():
            return MemoryLedger(clock_ms=clock_ms)
        case SqliteLocation(path=path):
            return SqliteLedger(path, timeout_s=timeout_s, clock_ms=clock_ms)
        case KafkaLocation(bootstrap=bootstrap, topic=topic):
            return KafkaLedger(bootstrap, topic, timeout_s=timeout_s, security=security)
