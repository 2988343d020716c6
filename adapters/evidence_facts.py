"""What a bundle's events are, as far as they were verified, and the verdict on each and on the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.covers import COVER_LIMIT_BYTES, CoverError, decode_cover
from adapters.evidence_approvals import in_whose_place
from adapters.evidence_bundle import Bundle, Proven, document_name
from adapters.evidence_keys import VouchedKey
from adapters.evidence_later import LaterHistory, happened_since, is_contested_by, superseded_since
from adapters.evidence_letters import NOT_SHOWN, addressed_in, letter_of
from adapters.evidence_mandates import Grants, granted, named_mandate
from adapters.evidence_report import (
    DocumentFact,
    EventFacts,
    EventReport,
    EvidenceFinding,
    EvidenceVerdict,
    Findings,
    Gravity,
    SinceFact,
    Step,
    VerdictCode,
)
from domain.checkpoints import CheckpointPair
from domain.documents import named_documents
from domain.events import Body, LetterDispatched, LetterSuperseded
from domain.events_office import ConsignmentDeliveredOutside, LetterReceivedOutside
from domain.header import Document, Ref
from domain.ids import Digest, LetterId, OrgId
from domain.reasons import Reason

SENDER_OUTSIDE: Final = "signature_outside"
RECIPIENT_OUTSIDE: Final = "recipient_outside"
"""Marks of events that tell of the world outside: no signature of the sender, of the recipient, is in the system."""
_MARKS: Final[Mapping[type[Body], tuple[str, ...]]] = {
    LetterReceivedOutside: (SENDER_OUTSIDE,),
    ConsignmentDeliveredOutside: (RECIPIENT_OUTSIDE,),
}
MOST_TOLD: Final = 5
"""So many findings stand behind a verdict in brackets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """On what terms a bundle is verified: when, how old its checkpoint may be, and what the verifier holds besides.

    `recipient` is an organisation of whom the bundle must show that the letter was addressed to it.
    """

    now_ms: int
    max_age_ms: int | None = None
    recipient: OrgId | None = None
    held: CheckpointPair | None = None
    later: LaterHistory | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What was verified: the keys that signed each event, by position, the documents, and the grants of mandates."""

    signers: Mapping[int, tuple[VouchedKey, ...]]
    documents: Collection[Digest]
    grants: Grants


def reports_of(bundle: Bundle, verified: Verified, terms: Terms, findings: Findings) -> tuple[EventReport, ...]:
    """Return every event of a bundle with its facts and its verdict."""
    sent = None if bundle.is_single else letter_of(bundle.events)
    shown = addressed_in(bundle.events, sent) if sent else None
    places = in_whose_place(bundle.events, verified.grants)
    found, inside = _by_position(findings), _superseded_inside(bundle)
    reports = []
    for one in bundle.events:
        view = terms.later.view if terms.later else None
        since = tuple(happened_since(one, view)) if view else ()
        after = inside.get(one.opened.identity) or (superseded_since(one, view) if view else None)
        expired = any(
            key.certificate is not None and key.certificate.not_after_ms < terms.now_ms for key in verified.signers[one.position]
        )
        verdict = _verdict(one, (*found[None], *found[one.position]), since, superseded_by=after, expired=expired)
        facts = replace(_facts(bundle, one, verified, shown), for_officer=places.get(one.position))
        reports.append(EventReport(facts=facts, verdict=verdict, since=since))
    return tuple(reports)


def overall(reports: Sequence[EventReport], findings: Findings) -> EvidenceVerdict:
    """Return the verdict on a whole bundle: invalid if anything is, else the gravest of its events' verdicts."""
    if wrong := _told(findings.found, Gravity.WRONG):
        return EvidenceVerdict(code=VerdictCode.INVALID, detail=wrong)
    missing = _told(findings.found, Gravity.MISSING)
    gravest = max((one.verdict for one in reports), key=lambda verdict: verdict.code.gravity, default=None)
    if missing and (gravest is None or gravest.code.gravity <= VerdictCode.UNVERIFIABLE.gravity):
        return EvidenceVerdict(code=VerdictCode.UNVERIFIABLE, detail=missing)
    assert gravest is not None  # noqa: S101 - a bundle without events has a finding that says so
    return gravest


def _verdict(
    one: Proven, own: Sequence[EvidenceFinding], since: tuple[SinceFact, ...], *, superseded_by: bytes | None, expired: bool
) -> EvidenceVerdict:
    # A verdict of the ledger is told if it is known for certain: a missing document takes nothing from it.
    unknown = _told([finding for finding in own if finding.step is not Step.DOCUMENTS], Gravity.MISSING)
    rejected = "" if one.leaf.reason is Reason.ACCEPTED or unknown else one.leaf.reason.name
    ways = (
        (VerdictCode.INVALID, bool(wrong := _told(own, Gravity.WRONG)), wrong),
        (VerdictCode.REJECTED, bool(rejected), rejected),
        (VerdictCode.UNVERIFIABLE, bool(missing := _told(own, Gravity.MISSING)), missing),
        (VerdictCode.CONTESTED, is_contested_by(since), ""),
        (VerdictCode.VALID_SUPERSEDED, superseded_by is not None, superseded_by.hex() if superseded_by else ""),
        (VerdictCode.VALID_EXPIRED, expired, ""),
    )
    return next(
        (EvidenceVerdict(code=code, detail=detail) for code, holds, detail in ways if holds),
        EvidenceVerdict(code=VerdictCode.VALID),
    )


def _by_position(findings: Findings) -> Mapping[int | None, list[EvidenceFinding]]:
    found: defaultdict[int | None, list[EvidenceFinding]] = defaultdict(list)
    for one in findings.found:
        found[one.position].append(one)
    return found


def _told(found: Iterable[EvidenceFinding], gravity: Gravity) -> str:
    """Return what was found, each once, in a line that somebody can read; the findings themselves are listed whole."""
    told = list(dict.fromkeys(one.what for one in found if one.gravity is gravity))
    more = f"; … (+{len(told) - MOST_TOLD})" if len(told) > MOST_TOLD else ""
    return "; ".join(told[:MOST_TOLD]) + more


def _superseded_inside(bundle: Bundle) -> Mapping[bytes, LetterId]:
    """Return which letter took the place of which, as accepted events of the bundle say."""
    said = [one.opened.body for one in bundle.events if one.leaf.reason is Reason.ACCEPTED]
    return {body.letter: body.by for body in said if isinstance(body, LetterSuperseded)}


def _facts(bundle: Bundle, one: Proven, verified: Verified, shown: Mapping[OrgId, str] | None) -> EventFacts:
    body, leaf, header = one.opened.body, one.leaf, one.opened.body.header
    recipient: OrgId | None = getattr(body, "recipient", None)
    is_letter = isinstance(body, LetterDispatched | LetterReceivedOutside)
    grant = granted(one, verified.grants)
    return EventFacts(
        position=one.position,
        at=leaf.at,
        type=body.TYPE,
        marks=_MARKS.get(type(body), ()),
        identity=one.opened.identity,
        record_hash=leaf.record_hash,
        organisation=header.organisation,
        officer=header.officer,
        mandate=named_mandate(one),
        acting_for=None if grant is None else grant.officer,
        for_officer=None,
        signers=tuple(key.fact for key in verified.signers[one.position]),
        signed_at=header.signed_at,
        reason=leaf.reason,
        register=leaf.register,
        year=leaf.year,
        serial=leaf.serial,
        letter=LetterId(one.opened.identity) if is_letter else _letter(body),
        recipient=recipient,
        addressed=None if recipient is None or shown is None else shown.get(recipient, NOT_SHOWN),
        subject=_subject(bundle, one, verified),
        documents=tuple(_document_fact(document, verified) for document in named_documents(body)),
    )


def _letter(body: Body) -> LetterId | None:
    """Return the letter of this ledger to which an event belongs; a request for approval only refers to one, maybe elsewhere."""
    found: LetterId | Ref | None = getattr(body, "letter", None)
    return None if isinstance(found, Ref) else found


def _document_fact(document: Document, verified: Verified) -> DocumentFact:
    return DocumentFact(
        sha256=document.sha256,
        size_bytes=document.size_bytes,
        media_type=document.media_type,
        role=document.role,
        held=document.sha256 in verified.documents,
    )


def _subject(bundle: Bundle, one: Proven, verified: Verified) -> str | None:
    cover: Document | None = getattr(one.opened.body, "cover", None)
    if cover is None or cover.sha256 not in verified.documents:
        return None
    content = bundle.files.content(document_name(cover.sha256), COVER_LIMIT_BYTES)
    try:
        return None if content is None else decode_cover(content).subject
    except CoverError:
        # Whoever wrote the letter signed a cover that is none: the letter is what it is, and has no subject.
        return None
