"""Where the documents of a ledger lie: beside its file, beside its topic, or with the process alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adapters.documents import DOCUMENT_LIMIT_BYTES, SharedDocuments
from adapters.documents_folder import SHARED_FILE_MODE, FolderDocuments
from adapters.documents_kafka import KafkaDocuments
from adapters.documents_shared import StationDocuments, log_fetched_again
from adapters.kafka_clients import TIMEOUT_S, KafkaPlace
from adapters.kafka_security import PLAIN_TEXT, KafkaSecurity
from adapters.ledger_locations import KafkaLocation, MemoryLocation, SqliteLocation, parse_location
from domain.ids import Digest


def document_store_for(  # noqa: PLR0913 - where they lie, and how they are to be handled
    location: str,
    own_folder: Path,
    station: str | None,
    *,
    limit_bytes: int = DOCUMENT_LIMIT_BYTES,
    fetched_again: Callable[[Digest], None] = log_fetched_again,
    timeout_s: float = TIMEOUT_S,
    security: KafkaSecurity = PLAIN_TEXT,
) -> StationDocuments:
    """Return a station's documents for the ledger at a location: its own copy in the folder, then what all share.

    With an SQLite ledger that is the folder `<ledger file>.documents` beside it, with Kafka the topics
    `<ledger>.documents.<station>`, of which this station writes its own (None: it only reads). No broker is
    asked before it is used. Raises `LocationError` if the text names no ledger.
    """
    shared = _shared(location, own_folder, station, limit_bytes, timeout_s, security)
    return StationDocuments(FolderDocuments(own_folder, limit_bytes=limit_bytes), shared, fetched_again=fetched_again)


def _shared(
    location: str, own_folder: Path, station: str | None, limit_bytes: int, timeout_s: float, security: KafkaSecurity
) -> SharedDocuments | None:
    match parse_location(location):
        case MemoryLocation():
            return None
        case SqliteLocation(path=path):
            beside = path.with_name(f"{path.name}.documents")
            return FolderDocuments(beside, limit_bytes=limit_bytes, file_mode=SHARED_FILE_MODE)
        case KafkaLocation(bootstrap=bootstrap, topic=topic):
            place = KafkaPlace(bootstrap=bootstrap, topic=topic, timeout_s=timeout_s, security=security)
            index = own_folder.with_name(f"{own_folder.name}-index.sqlite")
            return KafkaDocuments(place, station=station, index=index, limit_bytes=limit_bytes)
