"""What the judge needs of the schemas: bytes in, values out, or the reason why not. The package `schemas` provides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from domain.events import Body
from domain.header import SignedEvent
from domain.ids import Digest, OfficerId

KEY_REQUEST_PAYLOAD_TYPE: Final = "application/vnd.ortoo.key.request.v1+avro"
"""The payload type under which a new key signs its officer's request for enrolment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRequest:
    """An officer's request to enrol a new key: on which ledger, who, the key (SubjectPublicKeyInfo, DER) and when."""

    ledger: Digest
    officer: OfficerId
    public_key: bytes
    made_at: int


class Codec(Protocol):
    """Reads canonical bytes strictly."""

    def envelope(self, record: bytes) -> SignedEvent:
        """Return the envelope of a record; raise `RejectedError` (MALFORMED) if it is not a canonical one."""

    def body(self, payload_type: str, payload: bytes) -> Body:
        """Return the body; raise `RejectedError` with TYPE_UNKNOWN, SCHEMA_MISMATCH or MALFORMED."""

    def key_request(self, raw: bytes) -> KeyRequest:
        """Return an officer's request; raise `RejectedError` (REQUEST_MALFORMED) if it is not a canonical one."""
