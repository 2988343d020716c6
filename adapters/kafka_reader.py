"""Reads a partition ahead and tells its offsets as slots, the empty ones among them.

An offset below the end that yields no record is an empty slot (design.md, "Empty slots"): the marker that ends a
transaction takes an offset. It is only known to be empty once something later was seen: a record, or the consumer's own
position, which moves past a batch without records.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

import kafka

from adapters.ledger import Slot

_LOG_APPEND_TIME: Final = 1  # the other type is CreateTime (0), which any producer may invent


class SlotReader:
    """A consumer that stands at one position of the partition, and the slots that it has fetched from there on."""

    def __init__(self, consumer: Any, topic: str, timeout_ms: int) -> None:
        self._consumer = consumer
        self._partition = kafka.TopicPartition(topic, 0)
        self._timeout_ms = timeout_ms
        self._slots: deque[Slot] = deque()
        self.reached = -1

    def go_to(self, position: int) -> None:
        """Stand at the position: keep what was fetched from there on, or begin anew."""
        first = self.reached - len(self._slots)
        if self.reached >= 0 and first <= position <= self.reached:
            for _ in range(position - first):
                self._slots.popleft()
        else:
            self._consumer.seek(self._partition, position)
            self._slots.clear()
            self.reached = position

    def fetch(self, wait_ms: int) -> bool:
        """Fetch what follows, waiting for it so long; return whether anything came. Raises Kafka's errors."""
        before = self.reached
        records = self._consumer.poll(timeout_ms=wait_ms).get(self._partition, ())
        for record in records:
            self._empty_up_to(record.offset)
            self._slots.append(_slot(record))
            self.reached = record.offset + 1
        position = self._consumer.position(self._partition, timeout_ms=self._timeout_ms)
        self._empty_up_to(position or 0)
        return self.reached > before

    def _empty_up_to(self, position: int) -> None:
        while self.reached < position:
            self._slots.append(Slot(position=self.reached, record=None, stored_at_ms=None))
            self.reached += 1

    def take(self, limit: int) -> tuple[Slot, ...]:
        """Return the next slots that were fetched, at most `limit`, and stand behind them."""
        return tuple(self._slots.popleft() for _ in range(min(limit, len(self._slots))))

    def forget(self) -> None:
        """Drop what was fetched, so that the next read asks the broker again."""
        self._slots.clear()
        self.reached = -1

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()


def _slot(record: Any) -> Slot:
    """Return a record of Kafka as a slot: key and headers are no part of it, a null value is an empty one."""
    stored_at_ms = record.timestamp if record.timestamp_type == _LOG_APPEND_TIME else None
    return Slot(position=record.offset, record=record.value or b"", stored_at_ms=stored_at_ms)
