"""Documents topics after the broker's cleaner was there: what was destroyed is gone from the disk, what was overwritten too."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from adapters import documents_kafka
from adapters.documents import DocumentDamagedError, DocumentMissingError, read_document
from adapters.documents_chunks import CHUNK_BYTES, chunk_key, chunk_value
from adapters.documents_kafka import KafkaDocuments
from adapters.documents_streams import DocumentStreams
from adapters.kafka_clients import KafkaPlace
from adapters.kafka_topics import create_documents_topic
from adapters.ledger_kafka_check import documents_topic
from adapters.station_duties import StationDuties
from cli.wiring import passing_projector
from domain.ids import Digest, OfficerId, sha256
from projections.station_work import StationWork
from tests.conftest import _own_kafka
from tests.documents_topics import Message, documents_place, write
from tests.exchanges import TestExchange
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import eventually

pytestmark = pytest.mark.slow

OFTEN: Final = {"log.cleaner.backoff.ms": "200", "log.initial.task.delay.ms": "200"}
"""The cleaner of these tests looks for work all the time; otherwise every 15 seconds."""
CONFIGURED_MS: Final = 1_000
"""What a ledger's documents topics have an hour or a day for."""
TIMES: Final = dict.fromkeys(
    ("segment.ms", "max.compaction.lag.ms", "delete.retention.ms", "file.delete.delay.ms"), str(CONFIGURED_MS)
)


@pytest.fixture(scope="module")
def cleaning_kafka(request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    yield from _own_kafka(request, settings=OFTEN)


@pytest.fixture
def place(cleaning_kafka: KafkaBroker) -> KafkaPlace:
    made = documents_place(cleaning_kafka, "ministry", "committee")
    configure(made, "ministry")
    return made


def configure(place: KafkaPlace, station: str) -> None:
    """Set the times of a documents topic."""
    with contextlib.closing(place.open_admin()) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, documents_topic(place.topic, station), TIMES)])


def end_of(place: KafkaPlace, station: str) -> int:
    """Return the position that follows the last record of a documents topic."""
    with contextlib.closing(DocumentStreams(place)) as streams:
        return streams.bounds(documents_topic(place.topic, station))[1]


@contextlib.contextmanager
def opened(place: KafkaPlace, station: str | None = None) -> Iterator[KafkaDocuments]:
    """Give a station's documents."""
    with contextlib.closing(KafkaDocuments(place, station=station, search_timeout_s=30)) as store:
        yield store


def marked(size_bytes: int) -> tuple[bytes, bytes]:
    """Return a marker that nothing else on the disk holds, and a document that is full of it."""
    marker = secrets.token_hex(16).encode()
    return marker, marker * (size_bytes // len(marker) + 1)


def on_disk(broker: KafkaBroker, marker: bytes) -> list[Path]:
    """Return the files of the broker's disk that hold a marker, whatever they are called."""
    assert broker.folder is not None
    return [path for path in broker.folder.rglob("*") if path.is_file() and holds(path, marker)]


def holds(path: Path, marker: bytes) -> bool:
    """Tell whether a file holds a marker; one that has gone meanwhile does not."""
    try:
        return marker in path.read_bytes()
    except FileNotFoundError:
        return False


def wait_until_cleaned(broker: KafkaBroker, place: KafkaPlace, marker: bytes) -> None:
    """Let the time pass that is configured, write once, and wait until the cleaner has been there."""
    time.sleep(2 * CONFIGURED_MS / 1_000)
    write(place, "ministry", chunks(b"written later"))
    eventually(lambda: not on_disk(broker, marker))


def chunks(content: bytes, *, under: Digest | None = None) -> list[Message]:
    """Return a document as the messages that a station writes, or under another digest than its own."""
    digest = under or sha256(content)
    pieces = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)]
    return [(chunk_key(digest, i), chunk_value(len(content), piece)) for i, piece in enumerate(pieces)]


def test_a_destroyed_document_is_gone_from_the_brokers_disk_and_the_others_are_not(
    cleaning_kafka: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet_s = 3 * CONFIGURED_MS / 1_000
    monkeypatch.setattr(documents_kafka, "QUIET_S", quiet_s)
    monkeypatch.setattr(documents_kafka, "_LOOK_AGAIN_S", 0.1)
    place = KafkaPlace(bootstrap=cleaning_kafka.bootstrap, topic=f"ledger-{secrets.token_hex(6)}")
    exchange = TestExchange(tmp_path, place.location)
    create_documents_topic(place.bootstrap, place.topic, "ministry")
    configure(place, "ministry")
    station = exchange.station("ministry", station_id="ministry")
    documents = station.parts.documents
    (marker, content), (kept_marker, kept) = marked(CHUNK_BYTES + 1), marked(1_000)
    digest, other = documents.put(content).digest, documents.put(kept).digest
    assert on_disk(cleaning_kafka, marker)
    documents.remove(digest)
    end = end_of(place, "ministry")
    time.sleep(2 * CONFIGURED_MS / 1_000)
    assert on_disk(cleaning_kafka, marker), "nothing was written after the segment's time, so it is open still"
    with contextlib.closing(passing_projector(station)) as views:
        duties = StationDuties(station, StationWork(views), OfficerId("ministry"), lambda _: None)
        eventually(lambda: duties.round() and not on_disk(cleaning_kafka, marker))
        assert end_of(place, "ministry") == end + 1
        assert on_disk(cleaning_kafka, kept_marker)
        time.sleep(quiet_s)
        duties.round()
    assert end_of(place, "ministry") == end + 1, "once is enough"
    exchange.close()
    with opened(place) as reader:
        assert read_document(reader, other) == kept
        with pytest.raises(DocumentMissingError):
            reader.open(digest)


def test_a_document_that_was_opened_and_then_overwritten_is_never_opened_wrong(
    cleaning_kafka: KafkaBroker, place: KafkaPlace
) -> None:
    marker, content = marked(2 * CHUNK_BYTES)
    digest = sha256(content)
    write(place, "ministry", chunks(content))
    with opened(place) as reader:
        assert read_document(reader, digest) == content
        write(place, "ministry", chunks(bytes(len(content)), under=digest))
        wait_until_cleaned(cleaning_kafka, place, marker)
        with pytest.raises(DocumentDamagedError):
            reader.open(digest)
        with opened(place, "committee") as honest:
            honest.put(content)
        assert read_document(reader, digest) == content


def test_a_document_whose_middle_was_destroyed_is_missing_until_it_is_put_again(
    cleaning_kafka: KafkaBroker, place: KafkaPlace
) -> None:
    (first, start), (middle, between), (_, end) = marked(CHUNK_BYTES), marked(CHUNK_BYTES), marked(CHUNK_BYTES)
    content = start[:CHUNK_BYTES] + between[:CHUNK_BYTES] + end[:CHUNK_BYTES]
    digest = sha256(content)
    write(place, "ministry", [*chunks(content), (chunk_key(digest, 1), None)])
    wait_until_cleaned(cleaning_kafka, place, middle)
    assert on_disk(cleaning_kafka, first)
    with opened(place) as reader:
        with pytest.raises(DocumentMissingError):
            reader.open(digest)
        with opened(place, "ministry") as again:
            again.put(content)
        assert read_document(reader, digest) == content
