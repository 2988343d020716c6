"""Reading the documents topics of a Kafka ledger: one consumer, always with an end and a deadline in sight."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import kafka

from adapters.documents import DocumentError, DocumentRefusedError, DocumentsUnreachableError
from adapters.documents_chunks import HINT_HEADER, Chunk, DocumentHint, DocumentHintError, decode_hint, parse_chunk
from adapters.errors import LedgerError, LedgerRefusedError
from adapters.kafka_clients import KafkaPlace, translated
from adapters.ledger_kafka_check import documents_topic

FETCH_BYTES: Final = 4 * 1024 * 1024
"""Eight chunks at once: few trips on a long line, little memory."""
STREAMS_LIMIT: Final = 10_000
"""More stations than a whole country has; names beyond that are not searched."""
_BATCH: Final = 500
_POLL_MS: Final = 250


class SearchStoppedError(DocumentError):
    """The time for a search is over before its end; the next one goes on there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """Until when something may take, on the clock that never jumps."""

    at_s: float

    @classmethod
    def after(cls, timeout_s: float) -> Deadline:
        """Return the deadline so long from now."""
        return cls(at_s=time.monotonic() + timeout_s)

    def passed(self) -> bool:
        """Tell whether it is over."""
        return time.monotonic() >= self.at_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A record of a documents topic: where, how long, and the chunk in it if there is one."""

    position: int
    length_bytes: int
    chunk: Chunk | None

    def without_content(self) -> Placed:
        """Return the same record with an empty chunk, to be kept in numbers."""
        return replace(self, chunk=self.chunk and replace(self.chunk, content=b""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """The newest record of a documents topic: its key, and when the broker stored it (ms UTC)."""

    key: bytes | None
    at: int


class DocumentStreams:
    """The documents topics beside a ledger's topic."""

    def __init__(self, place: KafkaPlace) -> None:
        self._place = place
        self._consumer: Any = None

    def topics(self) -> tuple[str, ...]:
        """Return the names of the documents topics that exist and may be seen."""
        prefix = documents_topic(self._place.topic, "")
        with documents_errors(self._place):
            found = self._open().topics()
        return tuple(sorted(topic for topic in found if topic.startswith(prefix))[:STREAMS_LIMIT])

    def bounds(self, topic: str) -> tuple[int, int]:
        """Return the first position of a topic and the one after its last."""
        partition = kafka.TopicPartition(topic, 0)
        with documents_errors(replace(self._place, topic=topic)):
            consumer = self._open()
            start = consumer.beginning_offsets([partition])[partition]
            end = consumer.end_offsets([partition])[partition]
        return start, end

    def newest(self, topic: str, deadline: Deadline) -> Newest | None:
        """Return the newest record of a topic, None if there is none; raise `SearchStoppedError` at the deadline."""
        _, end = self.bounds(topic)
        for record in self._records(topic, end - 1, deadline):
            return Newest(key=record.key, at=record.timestamp)
        return None

    def read(self, topic: str, first: int, deadline: Deadline) -> Iterator[Placed]:
        """Yield what stands in a topic from a position up to its present end; raise `SearchStoppedError` at the deadline."""
        for record in self._records(topic, first, deadline):
            length_bytes = len(record.key or b"") + len(record.value or b"")
            yield Placed(position=record.offset, length_bytes=length_bytes, chunk=parse_chunk(record.key, record.value))

    def hint_of(self, position: int, deadline: Deadline) -> DocumentHint | None:
        """Return the hint in the header of the ledger's record at a position, None if it has none that can be read."""
        for record in self._records(self._place.topic, position, deadline):
            if record.offset != position:
                return None
            for name, value in record.headers or ():
                if name == HINT_HEADER:
                    with contextlib.suppress(DocumentHintError):
                        return decode_hint(value or b"")
            return None
        return None

    def close(self) -> None:
        """Close the consumer."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _records(self, topic: str, first: int, deadline: Deadline) -> Iterator[Any]:
        partition = kafka.TopicPartition(topic, 0)
        start, end = self.bounds(topic)
        reached = max(first, start)
        if reached >= end:
            return
        with documents_errors(replace(self._place, topic=topic)):
            consumer = self._open()
            consumer.assign([partition])
            consumer.seek(partition, reached)
        while reached < end:
            if deadline.passed():
                raise SearchStoppedError(f"The search for a document stopped at position {reached} of {topic}; try again.")
            with documents_errors(replace(self._place, topic=topic)):
                records = consumer.poll(timeout_ms=_POLL_MS).get(partition, ())
            for record in records:
                if record.offset >= end:
                    return
                yield record
            # A compacted topic has gaps, at its end too: only the consumer knows what it went past.
            with documents_errors(replace(self._place, topic=topic)):
                reached = consumer.position(partition, timeout_ms=self._place.timeout_ms) or reached

    def _open(self) -> Any:
        if self._consumer is None:
            place = replace(self._place, options={**self._place.options, "max_partition_fetch_bytes": FETCH_BYTES})
            self._consumer = place.open_consumer(batch=_BATCH)
        return self._consumer


@contextlib.contextmanager
def documents_errors(place: KafkaPlace, right: str = "Read") -> Iterator[None]:
    """Turn Kafka's errors, and the ledger's, into those of the document store; `right` is what is needed."""
    try:
        with translated(place, right):
            yield
    except LedgerRefusedError as error:
        raise DocumentRefusedError(str(error)) from error
    except LedgerError as error:
        raise DocumentsUnreachableError(
            f"The documents beside {place.location} cannot be reached: {error} If it is this station's topic that is missing, "
            "make it with `ortoo ledger create --station ID`, or ask the operator to."
        ) from error
