"""What a hostile station, or a crash, can leave in a documents topic: the right bytes come out or an error, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.document_locations import document_store_for
from adapters.documents import (
    DocumentDamagedError,
    DocumentError,
    DocumentMissingError,
    DocumentRefusedError,
    DocumentsUnreachableError,
    DocumentTooLargeError,
    read_document,
)
from adapters.documents_chunks import (
    CHUNK_BYTES,
    HINT_HEADER,
    DocumentHint,
    HintedPosition,
    chunk_key,
    chunk_value,
    encode_hint,
)
from adapters.documents_kafka import KafkaDocuments
from adapters.errors import LocationError
from adapters.kafka_clients import KafkaPlace
from domain.ids import Digest, sha256
from tests.documents_topics import Message, append_with_headers, documents_place, write
from tests.kafka_broker import KafkaBroker

LIMIT_BYTES = 3 * CHUNK_BYTES
CONTENT = bytes(range(251)) * (2 * CHUNK_BYTES // 251 + 1) + "Хавсралт".encode()
DIGEST = sha256(CONTENT)
Opener = Callable[..., KafkaDocuments]


def chunks(content: bytes, *, under: Digest | None = None) -> list[Message]:
    """Return a document as the messages that a station writes, or under another digest than its own."""
    digest = under or sha256(content)
    pieces = [content[i : i + CHUNK_BYTES] for i in range(0, len(content), CHUNK_BYTES)]
    return [(chunk_key(digest, i), chunk_value(len(content), piece)) for i, piece in enumerate(pieces)]


@pytest.fixture(scope="module")
def place(kafka: KafkaBroker) -> KafkaPlace:
    return documents_place(kafka, "ministry", "hostile")


@pytest.fixture
def fresh(kafka: KafkaBroker) -> KafkaPlace:
    return documents_place(kafka, "ministry", "hostile")


@pytest.fixture
def reader() -> Iterator[Opener]:
    opened: list[KafkaDocuments] = []

    def open_reader(place: KafkaPlace, *, station: str | None = None, index: Path | None = None) -> KafkaDocuments:
        opened.append(KafkaDocuments(place, station=station, index=index, limit_bytes=LIMIT_BYTES, search_timeout_s=20))
        return opened[-1]

    yield open_reader
    for store in opened:
        store.close()


def other(content: bytes) -> bytes:
    return content[:-1] + b"!"


HOSTILE: dict[str, tuple[list[Message], type[DocumentError]]] = {
    "one byte swapped": (chunks(other(CONTENT), under=DIGEST), DocumentDamagedError),
    "a chunk of another document in the middle": (
        [chunks(CONTENT)[0], chunks(bytes(len(CONTENT)), under=DIGEST)[1], chunks(CONTENT)[2]],
        DocumentDamagedError,
    ),
    "chunks swapped under their keys": (
        [(key, value) for (key, _), (_, value) in zip(chunks(CONTENT), (chunks(CONTENT)[i] for i in (1, 0, 2)), strict=True)],
        DocumentDamagedError,
    ),
    "overwritten before it is whole": ([*chunks(CONTENT)[:2], *chunks(other(CONTENT), under=DIGEST)], DocumentDamagedError),
    "destroyed and begun again": (
        [*chunks(CONTENT), *((key, None) for key, _ in chunks(CONTENT)), chunks(CONTENT)[0]],
        DocumentMissingError,
    ),
    "chunks beyond its end": (
        [chunks(CONTENT)[0], *((chunk_key(DIGEST, i), chunk_value(len(CONTENT), b"more")) for i in range(3, 99))],
        DocumentMissingError,
    ),
    "never finished": (chunks(CONTENT)[:-1], DocumentMissingError),
    "a chunk in the middle missing": ([chunks(CONTENT)[0], chunks(CONTENT)[2]], DocumentMissingError),
    "chunks in the wrong order": (chunks(CONTENT)[::-1], DocumentMissingError),
    "only a later chunk": (chunks(CONTENT)[1:], DocumentMissingError),
    "destroyed in its middle": ([chunks(CONTENT)[0], (chunk_key(DIGEST, 0), None), *chunks(CONTENT)[1:]], DocumentMissingError),
    "a size that changes between chunks": (
        [chunks(CONTENT)[0], (chunk_key(DIGEST, 1), chunk_value(len(CONTENT) + 1, CONTENT[:CHUNK_BYTES]))],
        DocumentMissingError,
    ),
    "a size over the limit": ([(chunk_key(DIGEST, 0), chunk_value(2**60, CONTENT[:CHUNK_BYTES]))], DocumentTooLargeError),
    "the same first chunk without end": ([chunks(CONTENT)[0]] * 150, DocumentMissingError),
    "another document in its place": (chunks(b"A letter that nobody wrote.", under=DIGEST), DocumentDamagedError),
    "keys and values that are no chunks": (
        [(b"", b""), (b"x", None), (DIGEST, b"no number"), (chunk_key(DIGEST, 0), b"\2short"), (chunk_key(DIGEST, 7), b"")],
        DocumentMissingError,
    ),
}


@pytest.mark.parametrize(("messages", "error"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_wrong_is_refused_and_the_right_copy_of_another_station_is_found(
    messages: list[Message], error: type[DocumentError], fresh: KafkaPlace, reader: Opener
) -> None:
    write(fresh, "hostile", messages)
    store = reader(fresh)
    with pytest.raises(error):
        store.open(DIGEST)
    reader(fresh, station="ministry").put(CONTENT)
    assert read_document(store, DIGEST) == CONTENT
    write(fresh, "hostile", messages)
    assert read_document(reader(fresh), DIGEST) == CONTENT


def test_two_documents_put_at_once_by_one_station_are_told_apart(place: KafkaPlace, reader: Opener) -> None:
    first, second = bytes(CHUNK_BYTES * 2), b"\1" * CHUNK_BYTES * 2
    write(place, "ministry", [m for pair in zip(chunks(first), chunks(second), strict=True) for m in pair])
    store = reader(place)
    assert read_document(store, sha256(first)) == first
    assert read_document(store, sha256(second)) == second


def test_a_put_that_a_crash_cut_off_is_completed_by_putting_again(fresh: KafkaPlace, reader: Opener) -> None:
    write(fresh, "ministry", chunks(CONTENT)[:2])
    reader(fresh, station="ministry").put(CONTENT)
    assert read_document(reader(fresh), DIGEST) == CONTENT


def test_a_document_that_stands_there_is_not_written_twice(fresh: KafkaPlace, reader: Opener) -> None:
    store = reader(fresh, station="ministry")
    store.put(CONTENT)
    _, end = store._streams.bounds(store._own_topic or "")
    store.put(CONTENT)
    assert store._streams.bounds(store._own_topic or "")[1] == end


def test_a_hint_leads_straight_there_without_a_search(fresh: KafkaPlace, reader: Opener) -> None:
    writer = reader(fresh, station="ministry")
    write(fresh, "ministry", chunks(b"something before"))
    writer.put(CONTENT)
    position = append_with_headers(fresh, [("ce_id", b"1"), *writer.headers_for([DIGEST, sha256(b"unknown")])])
    store = reader(fresh)
    hint = store.hint_of(position)
    assert hint is not None
    assert (hint.stream, [h.digest for h in hint.positions]) == ("ministry", [DIGEST])
    store.learn(position)
    assert read_document(store, DIGEST) == CONTENT
    assert store._index.next(writer._own_topic or "") == 0, "nothing was searched"


HINTS: dict[str, bytes] = {
    "garbage": b"\xff" * 40,
    "empty": b"",
    "no station of this ledger": encode_hint(
        DocumentHint(stream="nobody", positions=(HintedPosition(digest=DIGEST, position=0),))
    ),
    "far beyond the end": encode_hint(
        DocumentHint(stream="ministry", positions=(HintedPosition(digest=DIGEST, position=2**52),))
    ),
    "another document's place": encode_hint(
        DocumentHint(stream="ministry", positions=(HintedPosition(digest=DIGEST, position=0),))
    ),
}


@pytest.mark.parametrize("hint", HINTS.values(), ids=HINTS.keys())
def test_a_wrong_hint_only_costs_a_search(hint: bytes, fresh: KafkaPlace, reader: Opener) -> None:
    write(fresh, "ministry", chunks(b"another one"))
    reader(fresh, station="ministry").put(CONTENT)
    store = reader(fresh)
    store.learn(append_with_headers(fresh, [(HINT_HEADER, hint)]))
    assert read_document(store, DIGEST) == CONTENT


def test_a_record_without_a_hint_and_a_position_beyond_the_end_teach_nothing(place: KafkaPlace, reader: Opener) -> None:
    store = reader(place)
    assert store.hint_of(append_with_headers(place, [])) is None
    assert store.hint_of(10**9) is None


def test_a_search_goes_on_where_the_last_process_stopped(fresh: KafkaPlace, reader: Opener, tmp_path: Path) -> None:
    index = tmp_path / "index.sqlite"
    writer = reader(fresh, station="ministry")
    writer.put(CONTENT)
    reader(fresh, index=index).has(sha256(b"never"))
    store = reader(fresh, index=index)
    assert store._index.next(writer._own_topic or "") == 3
    assert read_document(store, DIGEST) == CONTENT


def test_a_document_destroyed_by_its_station_is_missing_everywhere_and_stays_so(fresh: KafkaPlace, reader: Opener) -> None:
    writer, store = reader(fresh, station="ministry"), reader(fresh)
    writer.put(CONTENT)
    hinting = append_with_headers(fresh, [*writer.headers_for([DIGEST])])
    writer.remove(DIGEST)
    assert not store.has(DIGEST)
    store.learn(hinting)
    with pytest.raises(DocumentMissingError):
        store.open(DIGEST)


def test_a_document_of_another_station_cannot_be_destroyed(fresh: KafkaPlace, reader: Opener) -> None:
    reader(fresh, station="ministry").put(CONTENT)
    with pytest.raises(DocumentRefusedError, match="only that station"):
        reader(fresh, station="hostile").remove(DIGEST)
    assert read_document(reader(fresh), DIGEST) == CONTENT


def test_a_home_without_a_station_writes_nothing(place: KafkaPlace, reader: Opener) -> None:
    with pytest.raises(DocumentRefusedError, match="--station"):
        reader(place).put(b"x")
    assert reader(place).headers_for([DIGEST]) == ()


def test_a_station_without_a_topic_is_told_how_to_get_one(place: KafkaPlace) -> None:
    store = KafkaDocuments(place, station="newcomer", limit_bytes=LIMIT_BYTES)
    with pytest.raises(DocumentRefusedError, match="--station"):
        store.put(b"x")
    store.close()


def test_a_broker_that_is_not_there_is_unreachable_and_not_missing() -> None:
    place = KafkaPlace(bootstrap="127.0.0.1:9", topic="ledger", timeout_s=1)
    store = KafkaDocuments(place, station="ministry")
    with pytest.raises(DocumentsUnreachableError):
        store.open(DIGEST)
    store.close()


def test_what_one_station_puts_another_opens_that_shares_only_the_location(fresh: KafkaPlace, tmp_path: Path) -> None:
    ministry = document_store_for(fresh.location, tmp_path / "ministry" / "documents", "ministry")
    committee = document_store_for(fresh.location, tmp_path / "committee" / "documents", None)
    digest = ministry.put(CONTENT).digest
    position = append_with_headers(fresh, [*ministry.headers_for([digest])])
    committee.learn(position)
    assert read_document(committee, digest) == CONTENT
    assert committee.own.has(digest)
    ministry.close()
    committee.close()


def test_beside_an_sqlite_ledger_lies_a_folder_and_memory_shares_nothing(tmp_path: Path) -> None:
    location = f"sqlite:{tmp_path / 'ledger.sqlite'}"
    digest = document_store_for(location, tmp_path / "a", "ministry").put(CONTENT).digest
    assert (tmp_path / "ledger.sqlite.documents").is_dir()
    assert read_document(document_store_for(location, tmp_path / "b", None), digest) == CONTENT
    assert document_store_for("memory:", tmp_path / "c", None).shared is None
    with pytest.raises(LocationError):
        document_store_for("ftp://somewhere", tmp_path / "d", None)
