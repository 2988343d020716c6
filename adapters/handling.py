"""What is said of a letter after its receipt: by its recipient, by its sender who reminds, by a clerk of his register.

What a recipient says is one submission until its receipt is withdrawn, and the same reminder is one for a day: whoever gives the
command again after a crash gets the receipt of the first.
"""

from __future__ import annotations

from adapters.correspondence import act_intention, decision_intention
from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from domain.calendars import day_of
from domain.events_office import (
    ConsignmentClosed,
    ConsignmentTransferred,
    ReceiptWithdrawn,
    RegistrationCorrected,
    RegistrationVoided,
    ReminderSent,
)
from domain.header import Document, Ref
from domain.ids import Digest, LetterId, OrgId

Handled = (
    ConsignmentClosed | ConsignmentTransferred | ReceiptWithdrawn | RegistrationCorrected | RegistrationVoided | ReminderSent
)


def receipt_withdrawn(  # noqa: PLR0913 - what a withdrawal says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    recipient: OrgId,
    *,
    reason: str,
    cover: Document | None = None,
) -> Utterance:
    """Return a recipient's withdrawal of its receipt."""
    header = station.header(speaker, (signer,))
    body = ReceiptWithdrawn(header=header, letter=letter, recipient=recipient, reason=reason, cover=cover)
    return _said(body, signer, decision_intention(station, body.TYPE, letter, recipient))


def passed_on(  # noqa: PLR0913 - what a transfer says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    recipient: OrgId,
    *,
    to: OrgId,
    reason: str,
    cover: Document | None = None,
) -> Utterance:
    """Return a recipient's transfer of a letter to the competent organisation."""
    header = station.header(speaker, (signer,))
    body = ConsignmentTransferred(header=header, letter=letter, recipient=recipient, to=to, reason=reason, cover=cover)
    return _said(body, signer, decision_intention(station, body.TYPE, letter, recipient))


def closed(  # noqa: PLR0913 - what a closing says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    recipient: OrgId,
    *,
    how: str,
    by: LetterId | None = None,
    case_index: str | None = None,
    cover: Document | None = None,
) -> Utterance:
    """Return a recipient's statement that it is done with a letter."""
    other = Ref(ledger=None, identity=Digest(by)) if by is not None else None
    header = station.header(speaker, (signer,))
    body = ConsignmentClosed(
        header=header, letter=letter, recipient=recipient, how=how, by=other, case_index=case_index, cover=cover
    )
    return _said(body, signer, decision_intention(station, body.TYPE, letter, recipient))


def reminded(  # noqa: PLR0913 - what a reminder says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    *,
    whom: str,
    regions: tuple[str, ...] = (),
    cover: Document | None = None,
) -> Utterance:
    """Return a sender's reminder to everybody who owes something, of all regions or of some."""
    header = station.header(speaker, (signer,))
    body = ReminderSent(header=header, letter=letter, whom=whom, regions=tuple(sorted(set(regions))), cover=cover)
    day = day_of(header.signed_at, station.exchange.utc_offset_minutes)
    return _said(body, signer, f"{act_intention(body.TYPE, letter, '')}:{whom}:{' '.join(body.regions)}:{day}")


def registration_corrected(  # noqa: PLR0913 - what a correction says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    *,
    entry: Digest,
    case_index: str | None,
    reason: str,
    cover: Document | None = None,
) -> Utterance:
    """Return the correction of what a register says of a letter beside its number."""
    header = station.header(speaker, (signer,))
    body = RegistrationCorrected(header=header, entry=entry, case_index=case_index, reason=reason, cover=cover)
    return _said(body, signer, _again(body, letter))


def registration_voided(  # noqa: PLR0913 - what a voiding says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    *,
    entry: Digest,
    reason: str,
    cover: Document | None = None,
) -> Utterance:
    """Return the voiding of a letter's number, which counts all the same."""
    header = station.header(speaker, (signer,))
    body = RegistrationVoided(header=header, entry=entry, reason=reason, cover=cover)
    return _said(body, signer, _again(body, letter))


def _again(body: RegistrationCorrected | RegistrationVoided, letter: LetterId) -> str:
    # A letter may have several numbers, and one be corrected several times: the rules of the ledger tell when not.
    return f"{act_intention(body.TYPE, letter, '')}:{body.header.event_id.hex()}"


def _said(body: Handled, signer: OfficerSigner, intention: str) -> Utterance:
    documents = (body.cover.sha256,) if body.cover is not None else ()
    return Utterance(body=body, signers=(signer,), intention=intention, documents=documents)
