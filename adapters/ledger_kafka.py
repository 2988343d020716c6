"""The ledger of several machines: a Kafka topic with exactly one partition; an offset is a position.

Each object holds up to three connections: one that follows the end (a fetch waits at the broker there, so that a new record
arrives at once), one that appends, one that asks for ends, identity and settings, which must not queue behind that fetch.
All of them reconnect by themselves. Settings are judged by `ledger_kafka_check`, topics are made by `kafka_topics`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import kafka
import kafka.errors as foreign
from kafka.protocol.consumer import OffsetSpec

from adapters.errors import (
    AdapterError,
    AppendUncertainError,
    LedgerMissingError,
    LedgerRefusedError,
    LedgerReplacedError,
    LedgerTruncatedError,
    LedgerUnreachableError,
    RecordTooLargeError,
)
from adapters.kafka_access import access_facts, access_findings
from adapters.kafka_clients import TIMEOUT_S, KafkaPlace, abandon, asked, forbidden, translated, unreachable
from adapters.kafka_reader import SlotReader
from adapters.kafka_security import PLAIN_TEXT, KafkaSecurity
from adapters.ledger import READ_LIMIT_SLOTS, Finding, Headers, LedgerPlace, Slot
from adapters.ledger_kafka_check import TopicFacts, ledger_findings, topic_facts
from domain.header import RECORD_LIMIT_BYTES

_POLL_MS: Final = 100  # a poll that brings only a transaction's marker returns nothing; so long until that is noticed
_LEFT_OUT: Final = (foreign.MessageSizeTooLargeError, foreign.RecordListTooLargeError)
_SHORTENED: Final = (foreign.OffsetOutOfRangeError, foreign.LogTruncationError)


class KafkaLedger:
    """A ledger in a topic. One object serves one thread; any number of objects, processes and machines share the topic."""

    def __init__(self, bootstrap: str, topic: str, *, timeout_s: float = TIMEOUT_S, security: KafkaSecurity = PLAIN_TEXT) -> None:
        self._place = KafkaPlace(bootstrap=bootstrap, topic=topic, timeout_s=timeout_s, security=security)
        self._partition = kafka.TopicPartition(topic, 0)
        self._reader: SlotReader | None = None
        self._producer: Any = None
        self._admin = self._place.open_asker()
        try:
            self._incarnation = self.identity().incarnation
        except BaseException:
            self.close()
            raise

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        """Append a record and return its offset, as the broker acknowledged it for all replicas in sync."""
        (position,) = self.append_all(((record, headers),))
        return position

    def append_all(self, records: Iterable[tuple[bytes, Headers]]) -> Iterator[int]:
        """Append records, many on their way at once and in order all the same, and yield the offset of each."""
        sent: list[tuple[Any, int]] = []
        failed: AdapterError | None = None
        for record, headers in records:
            try:
                sent.append(self._begin_append(bytes(record), headers))
            except AdapterError as error:
                failed = error
                break
        for future, size_bytes in sent:
            yield self._position(future, size_bytes)
        if failed is not None:
            raise failed

    def _begin_append(self, record: bytes, headers: Headers) -> tuple[Any, int]:
        if len(record) > RECORD_LIMIT_BYTES:
            raise RecordTooLargeError(len(record), RECORD_LIMIT_BYTES)
        size_bytes = len(record) + sum(len(name.encode()) + len(value) for name, value in headers)
        return self._send(record, headers), size_bytes

    def _position(self, future: Any, size_bytes: int) -> int:
        try:
            position = int(future.get(timeout=self._place.timeout_s + 1).offset)
        except _LEFT_OUT as error:
            raise RecordTooLargeError(size_bytes, RECORD_LIMIT_BYTES) from error
        except foreign.KafkaError as error:
            self._drop_producer()
            if (missing := forbidden(self._place, "Write", error)) is not None:
                raise missing from error
            raise AppendUncertainError(self._place.location, str(error)) from error
        if position < 0:
            raise AppendUncertainError(self._place.location, "the broker knew the record already and did not say where it is")
        return position

    def _send(self, record: bytes, headers: Headers) -> Any:
        if self._producer is None:
            self._producer = self._place.open_producer()
        try:
            with translated(self._place, "Write"):
                return self._producer.send(self._place.topic, record, partition=0, headers=list(headers))
        except ValueError as error:
            # The client's way to say that the topic has no partition 0, or is not known any more.
            msg = f"No topic with a partition 0 is at {self._place.location}: {error}. Check the location."
            raise LedgerMissingError(msg) from error
        except LedgerUnreachableError:
            self._drop_producer()
            raise

    def _drop_producer(self) -> None:
        # What a producer could not deliver in time must never be delivered later, behind the back of the queue.
        producer, self._producer = self._producer, None
        if producer is not None:
            abandon(producer)

    def read(self, start: int, limit: int) -> Sequence[Slot]:
        """Return the slots from `start` on, at most `limit` and `READ_LIMIT_SLOTS`; none at the end.

        Raises also `LedgerReplacedError` if the topic is not the one that was opened, `LedgerTruncatedError` if it lost its
        beginning or its end.
        """
        until_s = time.monotonic() + self._place.timeout_s
        with self._reading() as reader:
            if not self._reached(reader, start):
                return ()
            while not (slots := reader.take(min(limit, READ_LIMIT_SLOTS))):
                if time.monotonic() > until_s:
                    raise LedgerUnreachableError(unreachable(self._place, TimeoutError("the records do not come")))
                if reader.fetch(_POLL_MS):
                    self._same_topic()
            return slots

    def _reached(self, reader: SlotReader, start: int) -> bool:
        """Stand at the position, and return whether there is something to wait for."""
        if start > reader.reached and start > self.end():
            return False
        reader.go_to(start)
        if reader.reached > start:
            return True
        if reader.fetch(0):
            self._same_topic()
            return True
        return self.end() > start

    def _same_topic(self) -> None:
        # Asked after every fetch that brought something: a topic's id never comes back, so what was fetched is of this one.
        incarnation = self.identity().incarnation
        if incarnation != self._incarnation:
            raise LedgerReplacedError(self._place.location, self._incarnation, incarnation)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[SlotReader]:
        if self._reader is None:
            consumer = self._place.open_consumer(batch=READ_LIMIT_SLOTS)
            self._reader = SlotReader(consumer, self._place.topic, self._place.timeout_ms)
        reader = self._reader
        try:
            with translated(self._place, "Read"):
                yield reader
        except LedgerUnreachableError as error:
            held = reader.reached
            reader.forget()
            if isinstance(error.__cause__, _SHORTENED):
                self._same_topic()
                start, end = self._offset(OffsetSpec.EARLIEST), self.end()
                raise LedgerTruncatedError(self._place.location, start=start, end=end, held=held) from error
            raise
        except BaseException:
            reader.forget()
            raise

    def end(self) -> int:
        """Return the position that follows the last slot: the high watermark."""
        return self._offset(OffsetSpec.LATEST)

    def _offset(self, spec: OffsetSpec) -> int:
        wanted, timeout_ms = {self._partition: spec}, int(1000 * self._place.answer_s)
        offsets = asked(self._place, lambda: self._admin.list_partition_offsets(wanted, timeout_ms=timeout_ms))
        return int(offsets[self._partition].offset)

    def wait(self, position: int, timeout_s: float) -> bool:
        """Return True as soon as the end is beyond the position, False if it is not within the time.

        A fetch waits at the broker meanwhile, and what it brings is there for the next read.
        """
        until_s = time.monotonic() + timeout_s
        with self._reading() as reader:
            if reader.reached > position:
                return True
            end = self.end()
            if end > position:
                return True
            if reader.reached != end:
                reader.go_to(end)
            while reader.reached <= position:
                left_ms = int((until_s - time.monotonic()) * 1000)
                if left_ms <= 0:
                    # Silence may mean that nothing was written, or that nobody is there: this call tells which.
                    return self.end() > position
                if reader.fetch(min(left_ms, _POLL_MS)):
                    self._same_topic()
            return True

    def identity(self) -> LedgerPlace:
        """Return the topic's UUID, which Kafka makes anew for every topic that is created."""
        return LedgerPlace(location=self._place.location, incarnation=self._facts_of_topic()["topic_id"])

    def _facts_of_topic(self) -> dict[str, Any]:
        (topic,) = asked(self._place, lambda: self._admin.describe_topics([self._place.topic]))
        with translated(self._place):
            error = foreign.for_code(topic["error_code"])
            if issubclass(error, foreign.AuthorizationError | foreign.UnknownTopicOrPartitionError):
                raise error
        if not topic.get("topic_id"):
            msg = f"The brokers of {self._place.location} give topics no id (Kafka before 2.8). Use Kafka 4."
            raise LedgerRefusedError(msg)
        return dict(topic)

    def facts(self) -> TopicFacts:
        """Return the settings of the topic and its brokers as they are now."""
        topic = self._facts_of_topic()
        start = self._offset(OffsetSpec.EARLIEST)
        return asked(self._place, lambda: topic_facts(self._admin, self._place, topic, start=start), right="DescribeConfigs")

    def check(self) -> tuple[Finding, ...]:
        """Return every setting of topic and brokers that could lose, reorder or forge history, and what is open to others."""
        topic = self._facts_of_topic()
        access = asked(self._place, lambda: access_facts(self._admin, self._place, topic))
        return (*ledger_findings(self.facts()), *access_findings(access))

    def close(self) -> None:
        """Close all connections."""
        self._drop_producer()
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._admin is not None:
            self._admin.close()
            self._admin = None
