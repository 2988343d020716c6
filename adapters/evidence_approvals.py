"""What of approvals belongs to the bundle of a letter that names them, and whether it shows their whole route."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from adapters.evidence_bundle import Proven
from adapters.evidence_report import Findings, Step
from domain.approval_routes import Answer, Decision, Outcome, route_state
from domain.events import Body, LetterDispatched
from domain.events_approvals import (
    ApprovalDelegated,
    ApprovalGiven,
    ApprovalReassigned,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalReturned,
    ApprovalStageMissed,
    ApprovalWithdrawn,
)
from domain.ids import Digest
from domain.reasons import Reason

_ANSWERS: Final[dict[type[Body], Answer]] = {
    ApprovalGiven: Answer.GIVEN,
    ApprovalRefused: Answer.REFUSED,
    ApprovalReturned: Answer.RETURNED,
}
_About = (
    ApprovalGiven
    | ApprovalRefused
    | ApprovalReturned
    | ApprovalDelegated
    | ApprovalReassigned
    | ApprovalWithdrawn
    | ApprovalStageMissed
)
APPROVAL_EVENTS: Final[tuple[type[Body], ...]] = (
    ApprovalRequested,
    *_ANSWERS,
    ApprovalDelegated,
    ApprovalReassigned,
    ApprovalWithdrawn,
    ApprovalStageMissed,
)


def approvals_named(dispatch: LetterDispatched) -> tuple[Digest, ...]:
    """Return the requests of this ledger that a letter names, each once."""
    return tuple(dict.fromkeys(ref.identity for ref in dispatch.approvals if ref.ledger is None))


def request_of(body: Body, identity: Digest) -> Digest | None:
    """Return the request for approval that an event with this identity makes or is about, None for any other event."""
    if isinstance(body, ApprovalRequested):
        return identity
    return body.request if isinstance(body, _About) else None


def verify_approvals(events: Sequence[Proven], sent: Proven, findings: Findings) -> None:
    """Check that the bundle shows, for each approval that an accepted letter names, a route completed before the letter (step 6).

    That each decision was its officer's to make is what its verdict says; here they are counted anew.
    """
    dispatch = sent.opened.body
    if not isinstance(dispatch, LetterDispatched) or sent.leaf.reason is not Reason.ACCEPTED:
        return
    before = [one for one in events if one.leaf.reason is Reason.ACCEPTED and one.position < sent.position]
    for named in approvals_named(dispatch):
        said = [one for one in before if request_of(one.opened.body, one.opened.identity) == named]
        _verify_approval(named, said, dispatch, findings.about(sent.position))


def _verify_approval(named: Digest, said: Sequence[Proven], dispatch: LetterDispatched, findings: Findings) -> None:
    short = f"{named.hex()[:16]}…"
    request = next((body for body in (one.opened.body for one in said) if isinstance(body, ApprovalRequested)), None)
    if request is None:
        findings.missing(Step.ACCEPTANCE, "", f"the request for approval {short}, which the letter names")
        return
    if {one.sha256 for one in request.documents} != {one.sha256 for one in dispatch.documents}:
        findings.wrong(Step.ACCEPTANCE, "", f"the approval {short} is over other documents than the letter's")
    decisions = sorted(_decisions(said), key=lambda one: (one.stage, one.place))
    places = {(number, place) for number, stage in enumerate(request.route, 1) for place in range(1, len(stage.approvers) + 1)}
    repeated = any((one.stage, one.place) == (other.stage, other.place) for one, other in pairwise(decisions))
    if repeated or not all((one.stage, one.place) in places for one in decisions):
        findings.wrong(Step.ACCEPTANCE, "", f"the decisions on the approval {short} do not fit its route")
        return
    withdrawn = next((one.position for one in said if isinstance(one.opened.body, ApprovalWithdrawn)), None)
    outcome = route_state(request.route, decisions, withdrawn).outcome
    if outcome is Outcome.PENDING:
        findings.missing(Step.ACCEPTANCE, "", f"decisions that complete the approval {short}, which the letter names")
    elif outcome is not Outcome.APPROVED:
        findings.wrong(Step.ACCEPTANCE, "", f"the approval {short}, which the letter names, was {outcome}")


def _decisions(said: Iterable[Proven]) -> Iterable[Decision]:
    for one in said:
        body = one.opened.body
        if isinstance(body, ApprovalGiven | ApprovalRefused | ApprovalReturned):
            yield Decision(
                stage=body.stage,
                place=body.place,
                answer=_ANSWERS[type(body)],
                officer=body.header.officer,
                organisation=body.header.organisation,
                for_officer=None,
                position=one.position,
                at=one.leaf.at,
            )
