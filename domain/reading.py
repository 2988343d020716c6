"""What a record says before anything is known of the ledger: steps 1 and 2 of the judge, which need no history.

They are apart from the other steps so that a station can read many records, and verify their signatures side by side,
before it judges them one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.codec import Codec
from domain.errors import RejectedError
from domain.events import Body, LedgerOpened
from domain.header import RECORD_LIMIT_BYTES, SignedEvent
from domain.ids import Digest, sha256
from domain.reasons import Reason
from domain.signatures import pae


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """An envelope and its body, canonical both: `message` is what was signed, `identity` its SHA-256."""

    event: SignedEvent
    body: Body
    message: bytes
    identity: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A record (None: an empty slot) with what it opened to, or the reason why it did not.

    `payload_type` is what its envelope says, None if it has none that can be read.
    """

    record: bytes | None
    opened: Opened | None = None
    refused: RejectedError | None = None
    payload_type: str | None = None


def read_record(record: bytes | None, codec: Codec) -> Reading:
    """Return what a record says; never raises for anything that a record can hold."""
    if record is None:
        return Reading(record=None, refused=RejectedError(Reason.NO_RECORD))
    payload_type = None
    try:
        event = _envelope(record, codec)
        payload_type = event.payload_type
        return Reading(record=record, opened=_open(event, codec), payload_type=payload_type)
    except RejectedError as refused:
        return Reading(record=record, refused=refused, payload_type=payload_type)


def require_not_genesis(reading: Reading) -> None:
    """Raise `RejectedError` (GENESIS_AGAIN) for a genesis, which stands nowhere but at position 0."""
    if reading.opened is not None and isinstance(reading.opened.body, LedgerOpened):
        raise RejectedError(Reason.GENESIS_AGAIN)


def _envelope(record: bytes, codec: Codec) -> SignedEvent:
    # Step 1, the envelope.
    if len(record) > RECORD_LIMIT_BYTES:
        raise RejectedError(Reason.RECORD_TOO_LARGE, f"{len(record):,} bytes")
    return codec.envelope(record)


def _open(event: SignedEvent, codec: Codec) -> Opened:
    # Step 2, the body.
    body = codec.body(event.payload_type, event.payload)
    message = pae(event.payload_type, event.payload)
    return Opened(event=event, body=body, message=message, identity=sha256(message))
