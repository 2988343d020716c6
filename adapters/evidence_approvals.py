"""What of approvals belongs to the bundle of a letter that names them, and whether it shows their whole route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from adapters.evidence_bundle import Proven
from adapters.evidence_mandates import Grants, granted
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
    Approver,
)
from domain.ids import Digest, OfficerId
from domain.reasons import Reason

_ANSWERS: Final[dict[type[Body], Answer]] = {
    ApprovalGiven: Answer.GIVEN,
    ApprovalRefused: Answer.REFUSED,
    ApprovalReturned: Answer.RETURNED,
}
_Decided = ApprovalGiven | ApprovalRefused | ApprovalReturned
_Place = tuple[Digest, int, int]
"""A request, the number of a stage, and a place in it."""
_About = _Decided | ApprovalDelegated | ApprovalReassigned | ApprovalWithdrawn | ApprovalStageMissed
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


def in_whose_place(events: Iterable[Proven], grants: Grants) -> Mapping[int, OfficerId | None]:
    """Return, by the position of each accepted decision, the officer who had delegated his place to whoever decided there.

    None: nobody had, as far as is shown, or the route names the officer who decided. Whether one who speaks for an organisation
    of the route is one of its signatories no bundle shows: where a delegation to him is shown, that is by what he decided.
    """
    return {position: found for position, (found, _) in _replayed(events, grants).items()}


def verify_approvals(events: Sequence[Proven], sent: Proven, grants: Grants, findings: Findings) -> None:
    """Check that the bundle shows, for each approval that an accepted letter names, a route completed before the letter (step 6).

    That each decision was its officer's to make is what its verdict says; here they are counted anew. Where the route names an
    officer and another one decided, the delegation must be shown.
    """
    dispatch = sent.opened.body
    if not isinstance(dispatch, LetterDispatched) or sent.leaf.reason is not Reason.ACCEPTED:
        return
    before = [one for one in events if one.leaf.reason is Reason.ACCEPTED and one.position < sent.position]
    for named in approvals_named(dispatch):
        said = [one for one in before if request_of(one.opened.body, one.opened.identity) == named]
        _verify_approval(named, said, dispatch, findings.about(sent.position))
        for position, (delegator, approver) in _replayed(said, grants).items():
            if delegator is None and approver is not None:
                findings.about(position).missing(Step.ACCEPTANCE, "", f"by what {approver} let another decide in his place")


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
        if isinstance(body, _Decided):
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Places:
    """Who may decide in the places of routes, as the events of a bundle say one after the other."""

    approvers: dict[_Place, Approver] = field(default_factory=dict)
    lent: dict[_Place, dict[OfficerId, ApprovalDelegated]] = field(default_factory=dict)

    def ask(self, identity: Digest, body: ApprovalRequested) -> None:
        for number, stage in enumerate(body.route, 1):
            self.approvers.update(((identity, number, place), one) for place, one in enumerate(stage.approvers, 1))

    def reassign(self, body: ApprovalReassigned) -> None:
        self.approvers[_place_of(body)] = body.to
        self.lent.pop(_place_of(body), None)

    def delegate(self, body: ApprovalDelegated) -> None:
        lent = self.lent.setdefault(_place_of(body), {})
        # His earlier one ends, and this one comes after those of others.
        lent.pop(body.header.officer, None)
        lent[body.header.officer] = body

    def decide(self, body: _Decided, officer: OfficerId, at: int) -> tuple[OfficerId | None, OfficerId | None]:
        """Return who had delegated the place to an officer, and whom the route names there in place of him; None: nobody."""
        place = _place_of(body)
        approver = self.approvers.get(place)
        named = None if approver is None else approver.officer
        # A place is decided once, and what was delegated there ends with that.
        lent = self.lent.pop(place, {})
        if named == officer:
            return None, None
        fitting = (by for by, one in lent.items() if one.to == officer and one.from_at <= at <= one.until_at)
        return next((by for by in fitting if named in {None, by}), None), named


def _place_of(body: _Decided | ApprovalDelegated | ApprovalReassigned) -> _Place:
    return body.request, body.stage, body.place


def _replayed(events: Iterable[Proven], grants: Grants) -> Mapping[int, tuple[OfficerId | None, OfficerId | None]]:
    """Return of each accepted decision who had delegated its place, and whom the route names there who did not decide."""
    places, decided = _Places(), {}
    accepted = (one for one in events if one.leaf.reason is Reason.ACCEPTED)
    for one in sorted(accepted, key=lambda one: one.position):
        match one.opened.body:
            case ApprovalRequested() as body:
                places.ask(one.opened.identity, body)
            case ApprovalReassigned() as body:
                places.reassign(body)
            case ApprovalDelegated() as body:
                places.delegate(body)
            case ApprovalGiven() | ApprovalRefused() | ApprovalReturned() as body:
                grant = granted(one, grants)
                officer = body.header.officer if grant is None else grant.officer
                decided[one.position] = places.decide(body, officer, one.leaf.at)
    return decided
