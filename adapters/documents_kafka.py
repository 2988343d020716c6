"""Documents beside a Kafka ledger: one topic per writing station, `<ledger>.documents.<station>` (design.md, "Documents").

Anybody may read all of these topics; only its station may write to one. A reader seeks to where a hint or its own index says
a document begins, and searches the topics from where it stopped last time otherwise. Whatever stands there, overwritten,
swapped, endless, never finished or destroyed, leads to an error or to the right bytes, never to wrong ones, and memory stays
within a few chunks.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from adapters.documents import (
    DOCUMENT_LIMIT_BYTES,
    IN_MEMORY_BYTES,
    DocumentDamagedError,
    DocumentError,
    DocumentMissingError,
    DocumentRefusedError,
    DocumentsUnreachableError,
    DocumentTooLargeError,
    StoredDocument,
    checked_copy,
    pieces_of,
)
from adapters.documents_chunks import (
    CHUNK_BYTES,
    CLOSING_KEY,
    HINT_HEADER,
    HINTED_LIMIT,
    DocumentHint,
    HintedPosition,
    chunk_count,
    chunk_key,
    chunk_value,
    encode_hint,
)
from adapters.documents_index import DocumentIndex, Spot
from adapters.documents_search import search, search_in_time
from adapters.documents_streams import Deadline, DocumentStreams, SearchStoppedError, documents_errors
from adapters.kafka_clients import KafkaPlace, abandon
from adapters.ledger import Headers
from adapters.ledger_kafka_check import DOCUMENTS_SETTINGS, documents_topic
from domain.ids import Digest

SEARCH_TIMEOUT_S: Final = 60.0
"""A document of the largest size over a link of 2 MB/s; a longer search goes on at the next try."""
SEND_TIMEOUT_S: Final = 60.0
"""Longer than for the ledger: a chunk is eight times the longest record, and a weak line carries few at once."""
BETWEEN_CHUNKS_BYTES: Final = 64 * 1024 * 1024
"""What may stand between the chunks of one document, put by other processes of the same station meanwhile."""
QUIET_S: Final = int(DOCUMENTS_SETTINGS["segment.ms"]) / 1000 + 600
"""When nothing was written for so long, the last segment is closed: the broker's time for it, and what clocks may differ by."""
_LOOK_AGAIN_S: Final = 600.0
"""How often a station looks whether that is so: a disk that has a day to forget does not mind."""
_SMALL_BYTES: Final = 64 * 1024
"""What any line carries within the time-out of the ledger, so that a letter is told to be queued that soon."""
_WINDOW_CHUNKS: Final = 4
"""So many chunks are on their way at once: two megabytes of memory, and a slow line finishes them within the time-out."""


class KafkaDocuments:
    """The document store of a Kafka ledger; `station` None reads only. One object serves one thread."""

    def __init__(
        self,
        place: KafkaPlace,
        *,
        station: str | None,
        index: Path | None = None,
        limit_bytes: int = DOCUMENT_LIMIT_BYTES,
        search_timeout_s: float = SEARCH_TIMEOUT_S,
    ) -> None:
        self._place = place
        self._own_topic = None if station is None else documents_topic(place.topic, station)
        self._station = station
        self._limit_bytes = limit_bytes
        self._search_timeout_s = search_timeout_s
        self._index = DocumentIndex(index)
        self._streams = DocumentStreams(place)
        self._producer: Any = None
        self._look_at_s = 0.0

    def put(self, content: BinaryIO | bytes) -> StoredDocument:
        """Write a document's chunks to this station's topic, unless they stand there already.

        Raises `DocumentTooLargeError`, `DocumentRefusedError` for a station without a topic, `DocumentsUnreachableError`.
        """
        topic = self._require_own_topic()
        self._require_it_exists(topic)
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as copy:
            stored = self._copy(content, cast("BinaryIO", copy))
            if not self._stands(stored.digest, topic):
                copy.seek(0)
                first = self._send(topic, self._chunks(cast("BinaryIO", copy), stored))
                self._index.add(stored.digest, Spot(topic=topic, first=first))
        return stored

    def open(self, digest: Digest) -> BinaryIO:
        """Return a reader of a checked private copy.

        Raises `DocumentMissingError`, `DocumentDamagedError` or `DocumentTooLargeError` if all that stands under the digest
        is so, `DocumentsUnreachableError` if the broker does not answer or the topics were not searched to their ends in time.
        """
        deadline = Deadline.after(self._search_timeout_s)
        failed: dict[Spot, DocumentError] = {}
        try:
            found = self._try_spots(digest, failed, deadline)
            if found is None:
                search(self._streams, self._index, deadline)
                found = self._try_spots(digest, failed, deadline)
        except SearchStoppedError as error:
            raise DocumentsUnreachableError(
                f"Document {digest.hex()} was not found within {self._search_timeout_s:g} s; not all topics beside "
                f"{self._place.location} were searched. Try again: the search goes on where it stopped."
            ) from error
        if found is not None:
            return found
        raise _gravest(failed.values()) or DocumentMissingError(digest, f"the topics beside {self._place.location}")

    def has(self, digest: Digest) -> bool:
        """Tell whether a first chunk stands under the digest, as far as the topics could be searched in time."""
        if not self._index.spots(digest):
            search_in_time(self._streams, self._index, Deadline.after(self._search_timeout_s))
        return bool(self._index.spots(digest))

    def remove(self, digest: Digest) -> None:
        """Write tombstones over a document in this station's topic, so that nobody finds it any more.

        The broker's disk forgets it later (`finish_removals`).
        Raises `DocumentRefusedError` if it stands in another station's topic too, which only that station may do.
        """
        search_in_time(self._streams, self._index, Deadline.after(self._search_timeout_s))
        spots = self._index.spots(digest)
        elsewhere = sorted({spot.topic for spot in spots} - {self._own_topic})
        own = [spot for spot in spots if spot.topic == self._own_topic]
        for spot in own:
            self._bury(digest, spot)
        if not own and self._own_topic is not None and self._own_topic in self._streams.topics():
            self._index.bury(digest, self._own_topic, self._send(self._own_topic, [(chunk_key(digest, 0), None)]))
        if elsewhere:
            raise DocumentRefusedError(
                f"Document {digest.hex()} also stands in {', '.join(elsewhere)}, where only that station may destroy it. "
                "Ask its operator to."
            )

    def finish_removals(self, now_ms: int) -> None:
        """Let the broker's disk forget what was removed, once it is time; mostly this asks nobody anything.

        A broker clears closed segments only, and closes one when something is written after the topic's `segment.ms`. So if
        nothing was written for longer than that, one record follows that says nothing. It need not be known what was removed,
        when and by which process. Raises `DocumentsUnreachableError`, `DocumentRefusedError`.
        """
        if self._own_topic is None or time.monotonic() < self._look_at_s:
            return
        self._look_at_s = time.monotonic() + _LOOK_AGAIN_S
        if self._own_topic not in self._streams.topics():
            return
        newest = self._streams.newest(self._own_topic, Deadline.after(self._place.timeout_s))
        if newest is None or newest.key == CLOSING_KEY:
            return
        left_s = QUIET_S - (now_ms - newest.at) / 1000
        if left_s <= 0:
            self._send(self._own_topic, [(CLOSING_KEY, None)])
        else:
            self._look_at_s = time.monotonic() + min(left_s, _LOOK_AGAIN_S)

    def headers_for(self, digests: Iterable[Digest]) -> Headers:
        """Return the header that says where these documents stand in this station's topic; none if none does."""
        if self._station is None:
            return ()
        wanted = tuple(dict.fromkeys(digests))[:HINTED_LIMIT]
        spots = ((digest, self._own_spot(digest)) for digest in wanted)
        positions = tuple(HintedPosition(digest=digest, position=spot.first) for digest, spot in spots if spot is not None)
        if not positions:
            return ()
        return ((HINT_HEADER, encode_hint(DocumentHint(stream=self._station, positions=positions))),)

    def hint_of(self, position: int) -> DocumentHint | None:
        """Return the hint of the ledger's record at this position, None if it has none; nothing in it is to be trusted."""
        try:
            return self._streams.hint_of(position, Deadline.after(self._place.timeout_s))
        except SearchStoppedError:
            return None

    def learn(self, position: int) -> None:
        """Remember where the hint of the record at this position says its documents begin; a wrong one costs one look."""
        hint = self.hint_of(position)
        if hint is None:
            return
        topic = documents_topic(self._place.topic, hint.stream)
        with self._index.batch():
            for hinted in hint.positions:
                self._index.add(hinted.digest, Spot(topic=topic, first=hinted.position))

    def close(self) -> None:
        """Close the clients and the index."""
        self._streams.close()
        self._index.close()
        self._drop_producer()

    def _copy(self, content: BinaryIO | bytes, copy: BinaryIO) -> StoredDocument:
        """The digest is part of the first chunk's key, so the whole document is read before any of it is sent."""
        hasher, size_bytes = hashlib.sha256(), 0
        for piece in pieces_of(content):
            size_bytes += len(piece)
            if size_bytes > self._limit_bytes:
                raise DocumentTooLargeError(self._limit_bytes)
            hasher.update(piece)
            copy.write(piece)
        return StoredDocument(digest=Digest(hasher.digest()), size_bytes=size_bytes)

    def _chunks(self, copy: BinaryIO, stored: StoredDocument) -> Iterator[tuple[bytes, bytes]]:
        for number in range(chunk_count(stored.size_bytes)):
            yield chunk_key(stored.digest, number), chunk_value(stored.size_bytes, copy.read(CHUNK_BYTES))

    def _send(self, topic: str, messages: Iterable[tuple[bytes, bytes | None]]) -> int:
        """Write messages in order, and return the position of the first once all of them are safe."""
        first: int | None = None
        waiting: list[tuple[Any, float]] = []
        try:
            with documents_errors(replace(self._place, topic=topic), "Write"):
                if self._producer is None:
                    self._producer = _patient(self._place).open_producer()
                for key, value in messages:
                    timeout_s = self._place.timeout_s if len(value or b"") <= _SMALL_BYTES else SEND_TIMEOUT_S
                    waiting.append((self._producer.send(topic, key=key, value=value, partition=0), timeout_s))
                    if len(waiting) >= _WINDOW_CHUNKS or first is None:
                        position = _position(*waiting.pop(0))
                        first = position if first is None else first
                for sent in waiting:
                    _position(*sent)
        except DocumentError:
            # What is put again goes through a new producer, whose order does not wait for what this one could not deliver.
            self._drop_producer()
            raise
        return first or 0

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            abandon(producer)

    def _require_own_topic(self) -> str:
        if self._own_topic is None:
            raise DocumentRefusedError(
                f"Nothing was written beside {self._place.location}: this home has no station's id, so no topic is its own. "
                "Join the ledger with --station ID."
            )
        return self._own_topic

    def _require_it_exists(self, topic: str) -> None:
        # Asked for by itself, because a producer would wait for the missing topic until its time is over.
        if topic not in self._streams.topics():
            raise DocumentRefusedError(
                f"Nothing was written beside {self._place.location}: the topic {topic} is not there, or may not be seen. "
                f"Make it with `ortoo ledger create --station {self._station}`, or ask the operator to."
            )

    def _bury(self, digest: Digest, spot: Spot) -> None:
        topic = self._require_own_topic()
        # How many chunks there are stands in the first; if that cannot be read, one tombstone makes it unreadable for good.
        size_bytes = 0
        for placed in self._streams.read(topic, spot.first, Deadline.after(self._search_timeout_s)):
            if placed.chunk is not None and placed.chunk.digest == digest:
                size_bytes = min(placed.chunk.size_bytes, self._limit_bytes)
            break
        tombstones = ((chunk_key(digest, number), None) for number in range(chunk_count(size_bytes)))
        self._index.bury(digest, topic, self._send(topic, tombstones))

    def _try_spots(self, digest: Digest, failed: dict[Spot, DocumentError], deadline: Deadline) -> BinaryIO | None:
        for spot in self._index.spots(digest):
            if spot in failed:
                continue
            try:
                return self._assemble(digest, spot, deadline)
            except (DocumentMissingError, DocumentDamagedError, DocumentTooLargeError) as error:
                failed[spot] = error
                self._index.drop(digest, spot)
        return None

    def _assemble(self, digest: Digest, spot: Spot, deadline: Deadline) -> BinaryIO:
        if spot.topic not in self._streams.topics():
            raise DocumentMissingError(digest, spot.topic)
        pieces = self._pieces(digest, spot, deadline)
        return checked_copy(pieces, digest, limit_bytes=self._limit_bytes, where=f"topic {spot.topic}")

    def _pieces(self, digest: Digest, spot: Spot, deadline: Deadline) -> Iterator[bytes]:
        """Yield a document's chunks in order; raise `DocumentMissingError` if they do not go on to the end."""
        wanted, size_bytes, between_bytes = 0, None, 0
        for placed in self._streams.read(spot.topic, spot.first, deadline):
            chunk = placed.chunk
            fits = chunk is not None and chunk.digest == digest and size_bytes in (None, chunk.size_bytes)
            if chunk is None or not fits or (not chunk.is_tombstone and chunk.number != wanted):
                between_bytes += placed.length_bytes
                if between_bytes > BETWEEN_CHUNKS_BYTES:
                    break
                continue
            if chunk.is_tombstone:
                break
            size_bytes = chunk.size_bytes
            if size_bytes > self._limit_bytes:
                raise DocumentTooLargeError(self._limit_bytes, f"Document {digest.hex()} in topic {spot.topic}")
            yield chunk.content
            wanted += 1
            if wanted == chunk_count(size_bytes):
                return
        raise DocumentMissingError(digest, f"topic {spot.topic}, where it begins and does not go on,")

    def _stands(self, digest: Digest, topic: str) -> bool:
        spot = self._own_spot(digest)
        if spot is None:
            return False
        try:
            self._assemble(digest, spot, Deadline.after(self._search_timeout_s)).close()
        except (DocumentError, SearchStoppedError):
            self._index.drop(digest, Spot(topic=topic, first=spot.first))
            return False
        return True

    def _own_spot(self, digest: Digest) -> Spot | None:
        return next((spot for spot in self._index.spots(digest) if spot.topic == self._own_topic), None)


def _position(future: Any, timeout_s: float) -> int:
    return int(future.get(timeout=timeout_s).offset)


def _patient(place: KafkaPlace) -> KafkaPlace:
    """Return the place with more time for an acknowledgement, but no more for finding a broker at all."""
    return replace(place, timeout_s=SEND_TIMEOUT_S, options={"bootstrap_timeout_ms": place.timeout_ms, **place.options})


def _gravest(errors: Iterable[DocumentError]) -> DocumentError | None:
    """Return what is worth telling: wrong bytes before missing ones."""
    return max(errors, key=lambda error: not isinstance(error, DocumentMissingError), default=None)
