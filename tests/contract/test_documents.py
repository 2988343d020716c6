"""The contract of a document store, on each place where documents can lie."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.documents import (
    IN_MEMORY_BYTES,
    DocumentDamagedError,
    DocumentMissingError,
    DocumentStore,
    DocumentTooLargeError,
    read_document,
)
from adapters.documents_folder import FolderDocuments
from adapters.documents_kafka import KafkaDocuments
from adapters.documents_shared import StationDocuments
from domain.ids import sha256
from tests.documents_topics import documents_place

LIMIT_BYTES = 9 * 1024 * 1024
Opener = Callable[[], DocumentStore]
CONTENTS = {
    "nothing at all": b"",
    "one byte": b"\0",
    "Uzbek in Latin letters": "Fuqarolar yig‘ini raisi: mas’ul xodim belgilandi.".encode(),
    "Uzbek in Cyrillic letters": "Ўзбекистон Республикаси, фуқаролар йиғини".encode(),
    "Mongolian in Cyrillic letters": "Засгийн газрын Хэрэг эрхлэх газар, өвөл".encode(),
    "Mongolian in its own letters": "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ".encode(),
    "Russian": "Письмо получено и зарегистрировано".encode(),
    "Arabic, from the right": "رسالة رسمية".encode(),
    "what is no text": bytes(range(256)) * 40,
    "larger than a chunk of a topic": b"chunk" * 150_000,
    "larger than what is checked in memory": b"\x5a" * (IN_MEMORY_BYTES + 7),
}


@pytest.fixture(params=["folder", "station with a shared folder", "Kafka", "station with Kafka"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Return what opens the same place again, as another process would."""
    opened: list[KafkaDocuments] = []

    def folder() -> DocumentStore:
        return FolderDocuments(tmp_path / "documents", limit_bytes=LIMIT_BYTES)

    def station() -> DocumentStore:
        shared = FolderDocuments(tmp_path / "shared", limit_bytes=LIMIT_BYTES)
        return StationDocuments(FolderDocuments(tmp_path / "own", limit_bytes=LIMIT_BYTES), shared)

    def topics() -> KafkaDocuments:
        opened.append(KafkaDocuments(place, station="ministry", limit_bytes=LIMIT_BYTES))
        return opened[-1]

    def station_with_topics() -> DocumentStore:
        return StationDocuments(FolderDocuments(tmp_path / "own", limit_bytes=LIMIT_BYTES), topics())

    if "Kafka" in request.param:
        place = documents_place(request.getfixturevalue("kafka"), "ministry")
    yield {
        "folder": folder,
        "station with a shared folder": station,
        "Kafka": topics,
        "station with Kafka": station_with_topics,
    }[request.param]
    for store in opened:
        store.close()


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_what_is_put_comes_back_unchanged_from_another_process(open_store: Opener, content: bytes) -> None:
    stored = open_store().put(content)
    assert (stored.digest, stored.size_bytes) == (sha256(content), len(content))
    again = open_store()
    assert again.has(stored.digest)
    assert read_document(again, stored.digest, len(content)) == content


def test_a_stream_is_stored_like_bytes(open_store: Opener) -> None:
    content = b"page\n" * 300_000
    store = open_store()
    assert store.put(io.BytesIO(content)) == store.put(content)


def test_an_opened_document_begins_at_its_beginning_and_can_be_read_in_parts(open_store: Opener) -> None:
    store = open_store()
    digest = store.put(b"first second").digest
    with store.open(digest) as reader:
        assert (reader.read(5), reader.read()) == (b"first", b" second")


def test_what_nobody_put_is_missing(open_store: Opener) -> None:
    store = open_store()
    assert not store.has(sha256(b"never"))
    with pytest.raises(DocumentMissingError, match=sha256(b"never").hex()):
        store.open(sha256(b"never"))


def test_a_removed_document_is_gone_and_removing_it_again_is_no_error(open_store: Opener) -> None:
    store = open_store()
    digest, kept = store.put(b"to be destroyed").digest, store.put(b"to be kept").digest
    store.remove(digest)
    store.remove(digest)
    assert not store.has(digest)
    with pytest.raises(DocumentMissingError):
        store.open(digest)
    assert read_document(open_store(), kept) == b"to be kept"


def test_a_removed_document_can_be_put_again(open_store: Opener) -> None:
    store = open_store()
    digest = store.put(b"back again").digest
    store.remove(digest)
    store.put(b"back again")
    assert read_document(open_store(), digest) == b"back again"


def test_a_document_over_the_limit_is_refused_while_it_is_read(open_store: Opener) -> None:
    store = open_store()
    source = io.BytesIO(bytes(LIMIT_BYTES + 10_000_000))
    with pytest.raises(DocumentTooLargeError, match="9,437,184"):
        store.put(source)
    assert source.tell() < LIMIT_BYTES + 1_000_000
    assert not store.has(sha256(source.getvalue()))


def test_a_document_at_the_limit_is_taken(open_store: Opener) -> None:
    content = bytes(LIMIT_BYTES)
    store = open_store()
    assert len(read_document(store, store.put(content).digest)) == LIMIT_BYTES


def test_a_size_that_the_event_states_otherwise_is_refused(open_store: Opener) -> None:
    store = open_store()
    digest = store.put(b"five!").digest
    for stated in (4, 6):
        with pytest.raises(DocumentDamagedError):
            read_document(store, digest, stated)
