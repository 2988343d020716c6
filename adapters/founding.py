"""Founding a ledger: the genesis record, signed by the first registrar and by every root key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.follower import held_schema_digests
from adapters.station import NOT_AFTER_MS, new_event_id
from adapters.submitting import SigningKey, sign_payload
from domain.events import CheckpointKey, FirstRegistrar, LedgerOpened, OrganisationEntry
from domain.header import Header
from domain.ids import ZERO_DIGEST, Digest, sha256
from domain.rulebook import rules_for_new
from domain.signatures import pae
from schemas.codec import LedgerCodec


@dataclass(frozen=True, kw_only=True, slots=True)
class Founding:
    """What the founders decide: name, purpose, offset, threshold, trust anchors, checkpoint keys, the first organisation."""

    name: str
    purpose: str
    utc_offset_minutes: int
    roots: tuple[bytes, ...]
    root_threshold: int
    trust_anchors: tuple[bytes, ...]
    organisation: OrganisationEntry
    registrar: FirstRegistrar
    checkpoint_keys: tuple[CheckpointKey, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Genesis:
    """The record for position 0, and the identity that everybody pins."""

    record: bytes
    identity: Digest


def found(codec: LedgerCodec, founding: Founding, *, registrar: SigningKey, roots: Sequence[SigningKey], now_ms: int) -> Genesis:
    """Return the genesis that the founders' keys sign, under the rules that `rules_for_new` tells."""
    rules = rules_for_new(founding.purpose)
    header = Header(
        ledger=ZERO_DIGEST,
        event_id=new_event_id(now_ms),
        organisation=founding.organisation.organisation,
        officer=founding.registrar.officer,
        mandate=None,
        signers=(sha256(founding.registrar.certificate), *(sha256(spki) for spki in founding.roots)),
        signed_at=now_ms,
        not_after=now_ms + NOT_AFTER_MS,
        seen=None,
    )
    body = LedgerOpened(
        header=header,
        name=founding.name,
        purpose=founding.purpose,
        utc_offset_minutes=founding.utc_offset_minutes,
        roots=founding.roots,
        root_threshold=founding.root_threshold,
        trust_anchors=founding.trust_anchors,
        rules_version=rules,
        schema_digest=held_schema_digests()[rules],
        checkpoint_keys=founding.checkpoint_keys,
        predecessor=None,
        organisation=founding.organisation,
        registrar=founding.registrar,
    )
    event = sign_payload(codec, body, [registrar, *roots])
    identity = sha256(pae(event.payload_type, event.payload))
    return Genesis(record=codec.encode_envelope(event), identity=identity)
