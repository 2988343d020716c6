"""What officers say of letters, ready to be signed: one function for each act, used by every command.

Each returns an `Utterance` whose intention names what is wanted, so that wanting it twice is one event. A receipt is only
prepared when every document of the letter is here, whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from adapters.covers import COVER_MEDIA_TYPE, Cover, CoverText, encode_cover
from adapters.documents import read_document
from adapters.errors import StationError
from adapters.keyring import OfficerSigner
from adapters.queue import Submission
from adapters.station import Station, Utterance
from adapters.submitting import submission_of
from adapters.travelling_drafts import CollectedSignature, TravellingDraft, add_signature
from domain.consignments import handling
from domain.documents import COVER
from domain.events import (
    AcknowledgementMissed,
    ConsignmentOpened,
    LetterDispatched,
    LetterRecalled,
    LetterSuperseded,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
)
from domain.events_office import ConsignmentFetched, LetterReceivedOutside
from domain.header import Document, Ref, SignatureValue, SignedEvent
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.keys import key_of_certificate
from domain.signatures import Check, SignatureInvalidError, pae, verify_check

REMARK: Final = "remark"
"""What a cover's text is about when it explains a refusal, a recall or the answer to one."""


class LetterNotHeldError(StationError):
    """This station does not know an accepted letter of this identity."""


def letter_body(station: Station, letter: LetterId) -> LetterDispatched:
    """Return what a letter's dispatch says, as signed.

    Raises `LetterNotHeldError` if this station knows no such letter, or it came from outside.
    """
    body = entered_body(station, letter)
    if isinstance(body, LetterReceivedOutside):
        msg = (
            f"Letter {letter.hex()[:16]}… came from outside: its sender's signature is not in the system, and nobody sent it "
            "here. `ortoo letter show` and `ortoo letter read` show what was entered, a letter that --answers it is the reply, "
            "and `ortoo letter close` closes it."
        )
        raise LetterNotHeldError(msg)
    return body


def entered_body(station: Station, letter: LetterId) -> LetterDispatched | LetterReceivedOutside:
    """Return what a letter's dispatch says, or the entry of one from outside; raise `LetterNotHeldError` without either."""
    position = station.parts.store.position_of(Digest(letter))
    entry = station.parts.store.entry(position) if position is not None else None
    if entry is not None and entry.record is not None and entry.verdict.is_accepted:
        event = station.parts.codec.envelope(entry.record)
        body = station.parts.codec.body(event.payload_type, event.payload)
        if isinstance(body, LetterDispatched | LetterReceivedOutside):
            return body
    msg = f"This station knows no accepted letter {letter.hex()[:16]}…. Check the number, or wait until it is on the ledger."
    raise LetterNotHeldError(msg)


def learn_documents(station: Station, letter: LetterId) -> None:
    """Let the document store use the hint that came with a letter, before its documents are opened.

    Where all of them are here already, nobody is asked: they are read while the ledger is away.
    """
    body, documents = entered_body(station, letter), station.parts.documents
    position = station.parts.store.position_of(Digest(letter))
    if position is not None and not all(documents.is_here(one.sha256) for one in (body.cover, *body.documents)):
        documents.learn(position)


def require_documents(station: Station, letter: LetterId) -> None:
    """Read every document of a letter whole; raise `DocumentMissingError` or `DocumentDamagedError` at the first that fails."""
    body = letter_body(station, letter)
    learn_documents(station, letter)
    for document in (body.cover, *body.documents):
        station.parts.documents.open(document.sha256).close()


def acknowledged(station: Station, signer: OfficerSigner, speaker: OrgId, letter: LetterId, recipient: OrgId) -> Utterance:
    """Return the receipt of a letter whose documents are all here; raise a `DocumentError` if one is not."""
    require_documents(station, letter)
    header = station.header(speaker, (signer,))
    body = ReceiptAcknowledged(header=header, letter=letter, recipient=recipient)
    return _said_anew(_said(body, signer, recipient), station, letter, recipient)


def refused(  # noqa: PLR0913 - what a refusal says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    recipient: OrgId,
    *,
    reason: str,
    cover: Document | None = None,
    duplicate_of: LetterId | None = None,
) -> Utterance:
    """Return the refusal of a letter."""
    other = Ref(ledger=None, identity=Digest(duplicate_of)) if duplicate_of is not None else None
    header = station.header(speaker, (signer,))
    body = ReceiptRefused(header=header, letter=letter, recipient=recipient, reason=reason, duplicate_of=other, cover=cover)
    return _said_anew(_said(body, signer, recipient, cover), station, letter, recipient)


def recalled(
    station: Station, signer: OfficerSigner, speaker: OrgId, letter: LetterId, *, reason: str, cover: Document | None = None
) -> Utterance:
    """Return the recall of a letter by its sender."""
    body = LetterRecalled(header=station.header(speaker, (signer,)), letter=letter, reason=reason, cover=cover)
    return _said(body, signer, "", cover, again=True)


def superseded(
    station: Station, signer: OfficerSigner, speaker: OrgId, letter: LetterId, *, by: LetterId, cover: Document | None = None
) -> Utterance:
    """Return the declaration that a later letter takes an earlier one's place."""
    body = LetterSuperseded(header=station.header(speaker, (signer,)), letter=letter, by=by, cover=cover)
    return _said(body, signer, "", cover)


def recall_accepted(station: Station, signer: OfficerSigner, speaker: OrgId, letter: LetterId, recipient: OrgId) -> Utterance:
    """Return a recipient's consent to a recall."""
    body = RecallAccepted(header=station.header(speaker, (signer,)), letter=letter, recipient=recipient)
    return _said(body, signer, recipient, again=True)


def recall_declined(  # noqa: PLR0913 - what a recipient's answer says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    recipient: OrgId,
    *,
    reason: str | None = None,
    cover: Document | None = None,
) -> Utterance:
    """Return a recipient's refusal of a recall."""
    header = station.header(speaker, (signer,))
    body = RecallDeclined(header=header, letter=letter, recipient=recipient, reason=reason, cover=cover)
    return _said(body, signer, recipient, cover, again=True)


def opened(
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    letter: LetterId,
    recipient: OrgId,
    *,
    officer: OfficerId,
) -> Utterance:
    """Return a station's statement that an officer of a recipient opened a letter."""
    header = station.header(speaker, (signer,))
    return _said(ConsignmentOpened(header=header, letter=letter, recipient=recipient, officer=officer), signer, recipient)


def missed(station: Station, signer: OfficerSigner, speaker: OrgId, letter: LetterId) -> Utterance:
    """Return a station's statement that a letter's time to acknowledge passed."""
    return _said(AcknowledgementMissed(header=station.header(speaker, (signer,)), letter=letter), signer, "")


def fetched(station: Station, signer: OfficerSigner, speaker: OrgId, letter: LetterId, recipient: OrgId) -> Utterance:
    """Return a station's statement that it holds every document of a letter to a recipient."""
    return _said(
        ConsignmentFetched(header=station.header(speaker, (signer,)), letter=letter, recipient=recipient), signer, recipient
    )


def dispatched(travelling: TravellingDraft, signers: Sequence[OfficerSigner]) -> Utterance:
    """Return a frozen letter as its signatories here sign it; the draft's own event id makes it one letter for ever."""
    digests = tuple(document.sha256 for document in travelling.documents)
    return Utterance(body=travelling.body, signers=tuple(signers), intention=letter_intention(travelling.body), documents=digests)


def letter_intention(body: LetterDispatched) -> str:
    """Return what the queue calls the sending of a letter: its event id, so that one draft is one letter for ever."""
    return f"{body.TYPE}:{body.header.event_id.hex()}"


def countersigned(travelling: TravellingDraft, signer: OfficerSigner, certificate: Digest) -> TravellingDraft:
    """Return a frozen letter with one more signature, in its file too; `certificate` is the one the letter names of him."""
    signature = signer.signer.sign(pae(travelling.payload_type, travelling.payload))
    return add_signature(
        travelling, CollectedSignature(signer=certificate, algorithm=signer.signer.algorithm, signature=signature)
    )


def require_signatures(station: Station, travelling: TravellingDraft) -> None:
    """Verify the signatures that a letter has collected; raise `SignatureInvalidError` at the first that does not verify.

    A certificate that is not on the ledger is passed over: judging the letter tells that.
    """
    message = pae(travelling.payload_type, travelling.payload)
    for one in travelling.signatures:
        known = key_of_certificate(station.view, one.signer)
        if known is None:
            continue
        try:
            if one.algorithm != known.algorithm:
                raise SignatureInvalidError(f"it is of {one.algorithm}, and his key is for {known.algorithm}")  # noqa: TRY301 - one message for both
            verify_check(Check(algorithm=one.algorithm, spki=known.spki, signature=one.signature, message=message))
        except SignatureInvalidError as error:
            raise SignatureInvalidError(
                f"The signature of {known.officer} in {travelling.path.name} is not his signature of this letter: {error}. "
                "Nothing was sent. Ask him to sign the file anew."
            ) from error


def collected(station: Station, travelling: TravellingDraft) -> Submission:
    """Return a letter that all its signatories have signed, ready for the queue; its signatures are not verified here."""
    by_signer = {one.signer: one for one in travelling.signatures}
    ordered = (by_signer[signer] for signer in travelling.body.header.signers)
    values = tuple(SignatureValue(algorithm=one.algorithm, signature=one.signature) for one in ordered)
    return submission_of(
        station.parts.codec,
        SignedEvent(payload_type=travelling.payload_type, payload=travelling.payload, signatures=values),
        intention=letter_intention(travelling.body),
        act=LetterDispatched.TYPE,
        officer=travelling.body.header.officer,
        documents=tuple(document.sha256 for document in travelling.documents),
        queued_at=station.parts.now_ms(),
    )


def explanation(text: str, *, salt: bytes) -> tuple[Document, bytes]:
    """Return the cover that holds a text, as an event names it and as bytes to be stored; `salt` is 16 random bytes."""
    raw = encode_cover(Cover(subject="", names=(), texts=(CoverText(about=REMARK, text=text),)), salt=salt)
    entry = Document(sha256=sha256(raw), size_bytes=len(raw), media_type=COVER_MEDIA_TYPE, role=COVER, encryption=None)
    return entry, raw


def act_intention(act: str, letter: LetterId, recipient: str) -> str:
    """Return what the queue calls an act about a letter; of one that may be repeated, its beginning."""
    return f"{act}:{letter.hex()}:{recipient}"


def decision_intention(station: Station, act: str, letter: LetterId, recipient: OrgId) -> str:
    """Return what the queue calls a decision about a letter: after a receipt was withdrawn, another one than before."""
    kept = handling(station.view, letter, recipient)
    withdrawn = kept.withdrawn if kept else None
    base = act_intention(act, letter, recipient)
    return base if withdrawn is None else f"{base}:{withdrawn}"


def document_bytes(station: Station, document: Document) -> bytes:
    """Return a document's content, checked against the event that names it."""
    return read_document(station.parts.documents, document.sha256, document.size_bytes)


def _said_anew(said: Utterance, station: Station, letter: LetterId, recipient: OrgId) -> Utterance:
    return replace(said, intention=decision_intention(station, said.body.TYPE, letter, recipient))


def _said(
    body: AcknowledgementMissed
    | ConsignmentFetched
    | ConsignmentOpened
    | LetterRecalled
    | LetterSuperseded
    | RecallAccepted
    | RecallDeclined
    | ReceiptAcknowledged
    | ReceiptRefused,
    signer: OfficerSigner,
    recipient: str,
    cover: Document | None = None,
    *,
    again: bool = False,
) -> Utterance:
    """Return a body as an utterance; `again` marks an act that may rightly be repeated later with a new effect."""
    intention = act_intention(body.TYPE, body.letter, recipient)
    if again:
        intention += f":{body.header.event_id.hex()}"
    documents = (cover.sha256,) if cover is not None else ()
    return Utterance(body=body, signers=(signer,), intention=intention, documents=documents)
