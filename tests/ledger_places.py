"""Places for ledgers in tests: memory, an SQLite file, a topic of the session's Kafka; each can hold empty slots."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from kafka import KafkaAdminClient, KafkaProducer

from adapters.kafka_topics import create_kafka_ledger
from adapters.ledger import Ledger
from adapters.ledger_kafka import KafkaLedger
from adapters.ledger_memory import MemoryLedger
from adapters.ledger_sqlite import SqliteLedger, create_sqlite_ledger
from tests.closing_sockets import closing

PATIENCE_S = 30.0
"""How long a test waits for a broker's answer on a busy machine."""
LONGEST_S = 120.0
"""How long it waits for what comes to hold by itself: brokers that start, processes that begin."""


class LedgerHome(Protocol):
    """A place with one ledger, new for each test, which can be opened any number of times."""

    def open(self) -> Ledger:
        """Open the ledger once more."""

    def put_then_empty(self, record: bytes, *, commit: bool) -> None:
        """Write a record and leave an empty slot behind it, as a Kafka transaction does."""

    def put_null(self) -> None:
        """Write a record with a key and without a value, or what comes closest to it."""

    def close(self) -> None:
        """Close everything that was opened."""


class MemoryHome:
    """A ledger in memory: opening it again gives the same object."""

    def __init__(self) -> None:
        self._ledger = MemoryLedger()

    def open(self) -> Ledger:
        """Return the ledger."""
        return self._ledger

    def put_then_empty(self, record: bytes, *, commit: bool) -> None:
        """Append the record and an empty slot."""
        del commit
        self._ledger.append(record)
        self._ledger.append_empty()

    def put_null(self) -> None:
        """Append an empty record: memory knows no null."""
        self._ledger.append(b"")

    def close(self) -> None:
        """Do nothing."""


class SqliteHome:
    """A ledger in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: list[SqliteLedger] = []
        create_sqlite_ledger(path)

    def open(self) -> SqliteLedger:
        """Open the file."""
        self._opened.append(SqliteLedger(self.path))
        return self._opened[-1]

    def put_then_empty(self, record: bytes, *, commit: bool) -> None:
        """Append the record and an empty slot."""
        del commit
        ledger = self.open()
        ledger.append(record)
        ledger.append_empty()

    def put_null(self) -> None:
        """Append an empty record: a row without a record is an empty slot."""
        self.open().append(b"")

    def close(self) -> None:
        """Close all that was opened."""
        for ledger in self._opened:
            ledger.close()


class KafkaHome:
    """A ledger in a new topic, or whatever is in the topic that is named."""

    def __init__(self, bootstrap: str, *, topic: str = "", timeout_s: float = PATIENCE_S) -> None:
        self.bootstrap = bootstrap
        self.topic = topic or f"ledger-{uuid.uuid4().hex[:12]}"
        self._timeout_s = timeout_s
        self._opened: list[KafkaLedger] = []
        if not topic:
            create_kafka_ledger(bootstrap, self.topic, timeout_s=PATIENCE_S)

    def open(self) -> KafkaLedger:
        """Open the topic."""
        self._opened.append(KafkaLedger(self.bootstrap, self.topic, timeout_s=self._timeout_s))
        return self._opened[-1]

    def put_then_empty(self, record: bytes, *, commit: bool) -> None:
        """Write the record in a transaction, whose end takes an offset, whether it commits or aborts."""
        end = self.open().end()
        with self.producer(transactional_id=f"t-{uuid.uuid4()}") as producer:
            producer.init_transactions()
            producer.begin_transaction()
            producer.send(self.topic, record, partition=0)
            producer.flush()
            if commit:
                producer.commit_transaction()
            else:
                producer.abort_transaction()
        # The coordinator answers before the marker stands in the topic.
        eventually(lambda: self.open().end() == end + 2)

    def put_null(self) -> None:
        """Write a record without a value, with a key and a header."""
        with self.producer() as producer:
            producer.send(self.topic, None, key=b"key", headers=[("name", b"value")], partition=0).get(PATIENCE_S)

    def producer(self, **options: Any) -> contextlib.closing[Any]:
        """Return a foreign program's producer: whatever may write to the topic."""
        return contextlib.closing(KafkaProducer(bootstrap_servers=self.bootstrap, kafka_client=closing, **options))

    def admin(self) -> contextlib.closing[Any]:
        """Return what an operator's tools are made of."""
        return contextlib.closing(KafkaAdminClient(bootstrap_servers=self.bootstrap, kafka_client=closing))

    def close(self) -> None:
        """Close all that was opened."""
        for ledger in self._opened:
            ledger.close()


def eventually(holds: Callable[[], bool], *, timeout_s: float = LONGEST_S) -> None:
    """Wait until something holds; fail if it does not within the time."""
    until_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until_s, "it did not come to hold in time"
        time.sleep(0.05)
