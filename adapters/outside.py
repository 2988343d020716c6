"""What a clerk says of the world outside the exchange: a letter that came from outside, a delivery to a body not connected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapters.correspondence import act_intention
from adapters.drafts import DraftFile
from adapters.frozen_letters import FrozenLetter
from adapters.keyring import OfficerSigner
from adapters.media_types import SNIFF_BYTES, media_type_of
from adapters.station import Station, Utterance
from domain.events_office import ConsignmentDeliveredOutside, LetterReceivedOutside
from domain.header import Ref
from domain.ids import Digest, LetterId, OrgId
from domain.outside_letters import outside_delivery


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterFromOutside:
    """What a clerk says of a letter that came from outside, beside its cover and scans; times in milliseconds UTC.

    `written_at` is None for a letter that bears no date.
    """

    kind: str
    language: str
    channel: str
    written_at: int | None
    arrived_at: int
    answers: LetterId | None
    case_index: str | None


def scan(path: Path) -> DraftFile:
    """Return a file as a document, its media type told by its name and beginning; raise `OSError` if it cannot be read."""
    with path.open("rb") as reader:
        beginning = reader.read(SNIFF_BYTES)
    return DraftFile(file=path.name, name=path.name, media_type=media_type_of(path.name, beginning), path=path)


def received_outside(
    station: Station, signer: OfficerSigner, speaker: OrgId, told: LetterFromOutside, frozen: FrozenLetter
) -> Utterance:
    """Return the entry of a letter from outside; the same scan that arrived at the same time is entered once."""
    entries = tuple(one.entry for one in frozen.documents)
    body = LetterReceivedOutside(
        header=station.header(speaker, (signer,)),
        kind=told.kind,
        language=told.language,
        channel=told.channel,
        written_at=told.written_at,
        arrived_at=told.arrived_at,
        cover=frozen.cover.entry,
        documents=entries,
        references=() if told.answers is None else (Ref(ledger=None, identity=Digest(told.answers)),),
        case_index=told.case_index,
    )
    intention = f"{body.TYPE}:{speaker}:{entries[0].sha256.hex()}:{told.arrived_at}"
    documents = tuple(one.entry.sha256 for one in frozen.everything)
    return Utterance(body=body, signers=(signer,), intention=intention, documents=documents)


def delivered_outside(  # noqa: PLR0913 - what a delivery says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    recipient: OrgId,
    *,
    channel: str,
    delivered_at: int,
) -> Utterance:
    """Return the sender's statement of how and when a body outside got a letter; it may be corrected by another."""
    header = station.header(speaker, (signer,))
    body = ConsignmentDeliveredOutside(
        header=header, letter=letter, recipient=recipient, channel=channel, delivered_at=delivered_at, cover=None
    )
    before = outside_delivery(station.view, letter, recipient)
    corrects = before.position if before is not None else ""
    intention = f"{act_intention(body.TYPE, letter, recipient)}:{channel}:{delivered_at}:{corrects}"
    return Utterance(body=body, signers=(signer,), intention=intention)
