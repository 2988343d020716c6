"""The composition root: the only place where the parts of a station are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.clock import system_clock_ms
from adapters.document_locations import document_store_for
from adapters.documents import DOCUMENT_LIMIT_BYTES
from adapters.documents_shared import StationDocuments, log_fetched_again
from adapters.follower import Follower
from adapters.keyring import Keyring, Passphrase
from adapters.ledger import Ledger
from adapters.ledger_guard import LedgerGuard
from adapters.ledger_locations import open_ledger
from adapters.queue import Queue, Submission
from adapters.station import Station, StationParts
from adapters.store.holdings import StoreHoldings
from adapters.store.ledger_store import LedgerStore
from adapters.submitting import Submitter
from adapters.verifying import Verifier
from domain.ids import Digest
from schemas.codec import LedgerCodec

DOCUMENTS_FOLDER = "documents"
KEYS_FOLDER = "keys"
QUEUE_FILE = "queue.sqlite"
STORE_FILE = "store.sqlite"
VIEWS_FILE = "views.sqlite"


@dataclass(frozen=True, kw_only=True, slots=True)
class StationPlan:
    """What a station needs to know to be put together: where everything lies, and how its limits are set."""

    home: Path
    location: str
    identity: Digest | None
    station: str | None
    store_url: str
    passphrase: Passphrase
    verify_threads: int = 2
    document_limit_bytes: int = DOCUMENT_LIMIT_BYTES
    now_ms: Callable[[], int] = system_clock_ms
    fetched_again: Callable[[Digest], None] = log_fetched_again


def build_station(plan: StationPlan, *, ledger: Ledger | None = None) -> Station:
    """Put a station together; `ledger` is one that is open already (None: open the one at the plan's location)."""
    plan.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = LedgerStore(plan.store_url)
    guarded = LedgerGuard(ledger or open_ledger(plan.location), StoreHoldings(store))
    codec = LedgerCodec()
    follower = Follower(
        ledger=guarded,
        store=store,
        codec=codec,
        verifier=Verifier(plan.verify_threads),
        identity=plan.identity,
        now_ms=plan.now_ms,
    )
    documents = document_store_for(
        plan.location,
        plan.home / DOCUMENTS_FOLDER,
        plan.station,
        limit_bytes=plan.document_limit_bytes,
        fetched_again=plan.fetched_again,
    )
    queue = Queue(plan.home / QUEUE_FILE)
    submitter = Submitter(
        ledger=guarded,
        store=store,
        follower=follower,
        queue=queue,
        publish=_publisher(documents),
        headers=_cloud_events(plan.identity),
    )
    parts = StationParts(
        ledger=guarded,
        store=store,
        follower=follower,
        queue=queue,
        submitter=submitter,
        keyring=Keyring(plan.home / KEYS_FOLDER, plan.passphrase),
        documents=documents,
        codec=codec,
        now_ms=plan.now_ms,
    )
    return Station(parts)


def _publisher(documents: StationDocuments) -> Callable[[tuple[Digest, ...]], tuple[tuple[str, bytes], ...]]:
    def publish(digests: tuple[Digest, ...]) -> tuple[tuple[str, bytes], ...]:
        for digest in digests:
            with documents.own.open(digest) as reader:
                documents.put(reader)
        return documents.headers_for(digests)

    return publish


def _cloud_events(identity: Digest | None) -> Callable[[Submission], tuple[tuple[str, bytes], ...]]:
    """Return the CloudEvents attributes (version 1.0.2, Kafka protocol binding) of a record, which nothing trusts."""

    def headers(submission: Submission) -> tuple[tuple[str, bytes], ...]:
        return (
            ("ce_specversion", b"1.0"),
            ("ce_id", submission.identity.hex().encode()),
            ("ce_source", (identity.hex() if identity else "").encode()),
            ("ce_type", submission.act.encode()),
            ("content-type", b"application/vnd.ortoo.signed_event.v1+avro"),
        )

    return headers
