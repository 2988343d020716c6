"""A station of the first organisation brings an authority's time stamp over the ledger's heads onto the ledger."""

from __future__ import annotations

from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from adapters.timestamp_tokens import MEDIA_TYPE, Stamped
from domain.documents import SIGNATURE_OF
from domain.events_proof import TimestampRecorded
from domain.header import Document
from domain.stamped_heads import stamped_message


def message_at(station: Station, size: int) -> bytes:
    """Return what an authority is asked to stamp: both heads of this station's ledger at a size."""
    exchange = station.exchange
    return stamped_message(exchange.name, exchange.identity, size, station.parts.store.roots_at(size))


def timestamp_recorded(station: Station, signer: OfficerSigner, size: int, stamped: Stamped) -> Utterance:
    """Return what records a token over the heads at a size; the token is stored as a document of this station.

    The signer is a station of the first organisation. Of each authority one stamp of a size is recorded.
    """
    stored = station.parts.documents.own.put(stamped.token)
    root, verdict_root = station.parts.store.roots_at(size)
    body = TimestampRecorded(
        header=station.header(station.exchange.first_organisation, (signer,)),
        size=size,
        root=root,
        verdict_root=verdict_root,
        authority=stamped.stamp.authority,
        stamped_at=stamped.stamp.stamped_at,
        token=Document(
            sha256=stored.digest,
            size_bytes=stored.size_bytes,
            media_type=MEDIA_TYPE,
            role=SIGNATURE_OF,
            encryption=None,
        ),
    )
    return Utterance(
        body=body,
        signers=(signer,),
        intention=f"{body.TYPE}:{size}:{body.authority.hex()}",
        documents=(stored.digest,),
    )
