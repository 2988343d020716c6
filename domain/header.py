"""The header with which every event begins, and the small records that events share (formats.md, "Signed event")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.ids import Digest, EventId, OfficerId, OrgId

RECORD_LIMIT_BYTES: Final = 65_535
"""The longest record that is judged: fits any broker's default and bounds what one record can cost a reader."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The newest pair of checkpoints that the signer's station had verified, with the operator's signatures."""

    size: int
    root: Digest
    verdict_root: Digest
    key: Digest
    signature: bytes
    verdict_signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """Who says it, for whom, on which ledger, with which keys, and until when it may be accepted."""

    ledger: Digest
    event_id: EventId
    organisation: OrgId
    officer: OfficerId
    mandate: Digest | None
    signers: tuple[Digest, ...]
    signed_at: int
    not_after: int
    seen: Seen | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ref:
    """A reference to a letter or event: `ledger` None is this ledger; on another one it is recorded, not judged."""

    ledger: Digest | None
    identity: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Encryption:
    """How a document is encrypted: the scheme, and digest and size of the ciphertext."""

    scheme: str
    sha256: Digest
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A document that an event names: digest, size, media type and its role in the letter."""

    sha256: Digest
    size_bytes: int
    media_type: str
    role: str
    encryption: Encryption | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalName:
    """A name in one language (BCP 47 tag and text)."""

    language: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureValue:
    """One signature: algorithm and bytes, in the place of the signer it belongs to."""

    algorithm: str
    signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedEvent:
    """The envelope: payload type, payload as signed, one signature per signer (DSSE, protocol version 1)."""

    payload_type: str
    payload: bytes
    signatures: tuple[SignatureValue, ...]
