"""What officers say of approvals, ready to be signed: one function for each act, used by every command.

An intention names what is wanted, so that wanting it twice is one submission; of what can rightly be wanted again later (another
delegation, another approver) it names also what stood there before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from adapters.correspondence import LetterNotHeldError
from adapters.frozen_letters import FrozenLetter
from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from domain.approval_routes import Answer
from domain.approvals import request as known_request
from domain.calendars import day_of
from domain.events import Body
from domain.events_approvals import (
    ApprovalDelegated,
    ApprovalGiven,
    ApprovalReassigned,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalReturned,
    ApprovalStageMissed,
    ApprovalWithdrawn,
    Approver,
    Stage,
)
from domain.header import Document, Ref
from domain.ids import Digest, LetterId, OfficerId, OrgId


def requested(  # noqa: PLR0913 - what a request says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    frozen: FrozenLetter,
    route: Sequence[Stage],
    *,
    letter: LetterId | None,
    follows: Digest | None,
) -> Utterance:
    """Return a request for the approval of frozen documents; the same documents on the same route are one request."""
    about = None if letter is None else Ref(ledger=None, identity=Digest(letter))
    body = ApprovalRequested(
        header=station.header(speaker, (signer,)),
        cover=frozen.cover.entry,
        documents=tuple(one.entry for one in frozen.documents),
        letter=about,
        follows=follows,
        route=tuple(route),
    )
    # Due times are often written as so long from now: the same request said again is still the same.
    stages = [(one.rule, one.quorum, [(who.organisation, who.officer) for who in one.approvers]) for one in body.route]
    wanted = repr((speaker, sorted(one.sha256 for one in body.documents), letter, follows, stages))
    intention = f"{body.TYPE}:{hashlib.sha256(wanted.encode()).hexdigest()}"
    documents = tuple(one.entry.sha256 for one in frozen.everything)
    return Utterance(body=body, signers=(signer,), intention=intention, documents=documents)


def decided(  # noqa: PLR0913 - what a decision says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    request: Digest,
    place: tuple[int, int],
    answer: Answer,
    *,
    reason: str = "",
    cover: Document | None = None,
) -> Utterance:
    """Return a decision in a place (its stage, its number): given, or refused or returned with a reason."""
    header, (stage, number) = station.header(speaker, (signer,)), place
    body: ApprovalGiven | ApprovalRefused | ApprovalReturned
    if answer is Answer.GIVEN:
        body = ApprovalGiven(header=header, request=request, stage=stage, place=number, cover=cover)
    else:
        kind = ApprovalRefused if answer is Answer.REFUSED else ApprovalReturned
        body = kind(header=header, request=request, stage=stage, place=number, reason=reason, cover=cover)
    return _said(body, signer, f"{request.hex()}:{stage}:{number}:{signer.officer}", cover)


def delegated(  # noqa: PLR0913 - what a delegation says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    request: Digest,
    place: tuple[int, int],
    *,
    to: OfficerId,
    from_at: int,
    until_at: int,
) -> Utterance:
    """Return the delegation of a place between two ledger times, both inclusive; to one officer, of the same days, it is one."""
    body = ApprovalDelegated(
        header=station.header(speaker, (signer,)),
        request=request,
        stage=place[0],
        place=place[1],
        to=to,
        from_at=from_at,
        until_at=until_at,
    )
    return replace(_said(body, signer, ""), intention=_delegation_intention(station, body))


def reassigned(
    station: Station, signer: OfficerSigner, speaker: OrgId, request: Digest, place: tuple[int, int], *, to: Approver
) -> Utterance:
    """Return the placing of another approver."""
    header = station.header(speaker, (signer,))
    body = ApprovalReassigned(header=header, request=request, stage=place[0], place=place[1], to=to)
    asked = known_request(station.view, request)
    # Whoever decides now may have been put there and taken away before: each change of a request makes another wish of it.
    before = asked.version if asked is not None else 0
    return _said(body, signer, f"{request.hex()}:{place[0]}:{place[1]}:{to.organisation}:{to.officer}:{before}")


def withdrawn(
    station: Station, signer: OfficerSigner, speaker: OrgId, request: Digest, *, reason: str, cover: Document | None
) -> Utterance:
    """Return the withdrawal of a request."""
    body = ApprovalWithdrawn(header=station.header(speaker, (signer,)), request=request, reason=reason, cover=cover)
    return _said(body, signer, request.hex(), cover)


def stage_missed(station: Station, signer: OfficerSigner, speaker: OrgId, request: Digest, stage: int) -> Utterance:
    """Return a station's statement that a stage's time passed."""
    body = ApprovalStageMissed(header=station.header(speaker, (signer,)), request=request, stage=stage)
    return _said(body, signer, f"{request.hex()}:{stage}")


def request_body(station: Station, request: Digest) -> ApprovalRequested:
    """Return what a request says, as signed; raise `LetterNotHeldError` if this station knows no such request."""
    position = station.parts.store.position_of(request)
    entry = station.parts.store.entry(position) if position is not None else None
    if entry is None or entry.record is None or not entry.verdict.is_accepted:
        msg = f"This station knows no accepted request for approval {request.hex()[:16]}…. Wait until it is on the ledger."
        raise LetterNotHeldError(msg)
    event = station.parts.codec.envelope(entry.record)
    return cast("ApprovalRequested", station.parts.codec.body(event.payload_type, event.payload))


def learn_request(station: Station, request: Digest) -> ApprovalRequested:
    """Return what a request says, after the document store has learned where its documents may be found."""
    body, documents = request_body(station, request), station.parts.documents
    position = station.parts.store.position_of(request)
    if position is not None and not all(documents.is_here(one.sha256) for one in (body.cover, *body.documents)):
        documents.learn(position)
    return body


def require_request_documents(station: Station, request: Digest) -> None:
    """Read every document to be approved whole; raise a `DocumentError` at the first that is missing or damaged."""
    body = learn_request(station, request)
    for document in (body.cover, *body.documents):
        station.parts.documents.open(document.sha256).close()


def _delegation_intention(station: Station, body: ApprovalDelegated) -> str:
    """Return what the queue calls a delegation: where the same one stands already, what it called that."""

    def said(to: OfficerId, from_at: int, until_at: int) -> tuple[OfficerId, int, int]:
        offset = station.exchange.utc_offset_minutes
        return to, day_of(from_at, offset), day_of(until_at, offset)

    wanted, asked = said(body.to, body.from_at, body.until_at), known_request(station.view, body.request)
    here = asked.delegations_of(body.stage, body.place) if asked is not None else ()
    stands = next((one for one in here if one.by == body.header.officer), None)
    if stands is not None and said(stands.to, stands.from_at, stands.until_at) == wanted:
        verdict = station.parts.store.verdict(stands.position)
        before = station.parts.queue.find_identity(verdict.identity) if verdict is not None else None
        if before is not None:
            return before.intention
    place = f"{body.request.hex()}:{body.stage}:{body.place}"
    return f"{body.TYPE}:{place}:{':'.join(map(str, wanted))}:{stands.position if stands is not None else ''}"


def _said(body: Body, signer: OfficerSigner, about: str, cover: Document | None = None) -> Utterance:
    documents = (cover.sha256,) if cover is not None else ()
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{about}", documents=documents)
