"""The rules of what follows a request for approval: approvers decide, the requester reassigns or withdraws. Rules 3.

An approver's right is given by the request and not by a role alone, so it is a precondition of step 9 (`NOT_THE_APPROVER`).
What was decided first in a place counts; what comes later is told by which event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain import directory
from domain.approval_requests import require_known_approver
from domain.approval_routes import Answer, Decision, Outcome
from domain.approvals import (
    Delegation,
    PlaceDecided,
    PlaceDelegated,
    PlaceReassigned,
    Request,
    RequestWithdrawn,
    Right,
    StageTermMissed,
    has_own_right,
    request,
    right_of,
)
from domain.authority import SPEAKER, role
from domain.changes import Change
from domain.directory import Role
from domain.errors import RejectedError
from domain.events import Body
from domain.events_approvals import (
    ApprovalDelegated,
    ApprovalGiven,
    ApprovalReassigned,
    ApprovalRefused,
    ApprovalReturned,
    ApprovalStageMissed,
    ApprovalWithdrawn,
)
from domain.exchange import MANDATE_EMPTY
from domain.mandates import spoken_for
from domain.reasons import Reason
from domain.rules import Case, Precondition, Rule, Signers, forbids, requires, stamp
from domain.senders import COVER_IS_PLAIN, OTHER

APPROVAL_REFUSAL_REASONS: Final = frozenset({"AGAINST_LAW", "FACTS_WRONG", "NO_MEANS", "NOT_IN_COMPETENCE", OTHER})
APPROVAL_RETURN_REASONS: Final = frozenset({"TEXT_TO_REVISE", "DOCUMENT_MISSING", "FORM_WRONG", OTHER})
APPROVAL_WITHDRAWAL_REASONS: Final = frozenset({"DOCUMENT_CHANGED", "NO_LONGER_NEEDED", "REQUESTED_IN_ERROR", OTHER})


def named_request(case: Case) -> Request:
    """Return the request that the event is about; raise `RejectedError` (REQUEST_UNKNOWN) if there is none."""
    found = request(case.view, case.body.request)
    if found is None:
        raise RejectedError(Reason.REQUEST_UNKNOWN, f"no accepted request for approval {case.body.request.hex()}")
    return found


def _request_is_known(case: Case) -> None:
    """The request was accepted at an earlier position."""
    named_request(case)


def _speaker_is_the_requester(case: Case) -> bool:
    """The organisation is the one that requested or, if that is closed, its last successor."""
    return bool(directory.last_successor(case.view, named_request(case).organisation) == case.body.header.organisation)


def _request_is_pending(case: Case) -> None:
    """The request is neither approved, refused, returned nor withdrawn."""
    state = named_request(case).state
    if state.outcome is not Outcome.PENDING:
        detail = f"{state.outcome} at position {state.ended_position}"
        raise RejectedError(Reason.REQUEST_ENDED, detail, because=state.ended_position)


def _place_exists(case: Case) -> bool:
    """The route has this stage and this place."""
    return named_request(case).approver(case.body.stage, case.body.place) is not None


def _place_is_undecided(case: Case) -> None:
    """Nothing is decided in this place."""
    before = named_request(case).decision(case.body.stage, case.body.place)
    if before is not None:
        detail = f"{before.answer} by {before.officer} of {before.organisation} at position {before.position}"
        raise RejectedError(Reason.PLACE_ALREADY_DECIDED, detail, because=before.position)


def _stage_is_current(case: Case) -> bool:
    """It is this stage's turn."""
    return bool(named_request(case).state.current_stage == case.body.stage)


def _stage_is_not_over(case: Case) -> bool:
    """It is this stage's turn, or will be."""
    current = named_request(case).state.current_stage
    return current is not None and bool(case.body.stage >= current)


def _right(case: Case) -> Right:
    body = case.body
    found = right_of(
        case.view,
        named_request(case),
        body.stage,
        body.place,
        officer=spoken_for(case.view, body.header),
        organisation=body.header.organisation,
        at=case.at,
    )
    if found is None:
        raise RejectedError(Reason.NOT_THE_APPROVER, f"{body.header.officer} for {body.header.organisation}")
    return found


def _speaker_may_decide(case: Case) -> None:
    """The officer (of a mandate, its grantor) is this place's approver, or has it delegated to him for this ledger time."""
    _right(case)


def _speaker_may_delegate(case: Case) -> bool:
    """The officer is the approver of this place himself: what was delegated is not delegated on."""
    body = case.body
    approver = named_request(case).approver(body.stage, body.place)
    return approver is not None and has_own_right(case.view, approver, body.header.officer, body.header.organisation)


def _delegation_ends_ahead(case: Case) -> bool:
    """It begins not after it ends, and ends not before this record's ledger time."""
    return bool(case.body.from_at <= case.body.until_at and case.at <= case.body.until_at)


def _delegate_is_fit(case: Case) -> bool:
    """The delegate is another officer, who was appointed at some time."""
    return case.body.to != case.body.header.officer and directory.officer(case.view, case.body.to) is not None


def _new_approver_is_known(case: Case) -> None:
    """The new approver is an open organisation, or an officer who was appointed at some time, and has no place in the stage."""
    if case.body.to in named_request(case).route[case.body.stage - 1].approvers:
        raise RejectedError(Reason.APPROVER_REPEATED)
    require_known_approver(case.view, case.body.to)


def _reason_is_one_of(codes: frozenset[str]) -> Precondition:
    def check(case: Case) -> bool:
        """The reason is a code of these rules."""
        return case.body.reason in codes

    return requires(Reason.CODE_UNKNOWN, check)


def _text_is_there(case: Case) -> bool:
    """For another reason, a cover holds the reason."""
    return bool(case.body.reason != OTHER or case.body.cover is not None)


def _stage_exists(case: Case) -> bool:
    """The route has this stage."""
    return bool(case.body.stage <= len(named_request(case).route))


def _stage_was_not_missed(case: Case) -> None:
    """It is not recorded already."""
    missed = named_request(case).missed_position(case.body.stage)
    if missed is not None:
        raise RejectedError(Reason.STAGE_ALREADY_MISSED, because=missed)


def _stage_has_a_term(case: Case) -> bool:
    """The request sets a time for this stage."""
    return _due_at(case) is not None


def _stage_term_has_passed(case: Case) -> bool:
    """This record's ledger time is after the time of the stage."""
    due_at = _due_at(case)
    return due_at is not None and case.at > due_at


def _due_at(case: Case) -> int | None:
    stage: int = case.body.stage
    return named_request(case).route[stage - 1].due_at


def _decide(answer: Answer) -> Callable[[Case], tuple[Change, ...]]:
    def changes(case: Case) -> tuple[Change, ...]:
        body, asked = case.body, named_request(case)
        decision = Decision(
            stage=body.stage,
            place=body.place,
            answer=answer,
            officer=body.header.officer,
            organisation=body.header.organisation,
            for_officer=_right(case).for_officer,
            position=case.position,
            at=case.at,
        )
        return (PlaceDecided(**stamp(case, asked.id, asked), decision=decision),)

    return changes


def _delegate(case: Case) -> tuple[Change, ...]:
    body, asked = case.body, named_request(case)
    delegation = Delegation(
        stage=body.stage,
        place=body.place,
        by=body.header.officer,
        organisation=body.header.organisation,
        to=body.to,
        from_at=body.from_at,
        until_at=body.until_at,
        position=case.position,
    )
    return (PlaceDelegated(**stamp(case, asked.id, asked), delegation=delegation),)


def _reassign(case: Case) -> tuple[Change, ...]:
    body, asked = case.body, named_request(case)
    return (PlaceReassigned(**stamp(case, asked.id, asked), stage=body.stage, place=body.place, to=body.to),)


def _withdraw(case: Case) -> tuple[Change, ...]:
    asked = named_request(case)
    return (RequestWithdrawn(**stamp(case, asked.id, asked), position=case.position),)


def _miss(case: Case) -> tuple[Change, ...]:
    asked = named_request(case)
    return (StageTermMissed(**stamp(case, asked.id, asked), stage=case.body.stage, position=case.position),)


_REQUEST_IS_KNOWN: Final = forbids((Reason.REQUEST_UNKNOWN,), _request_is_known)
_REQUEST_IS_PENDING: Final = forbids((Reason.REQUEST_ENDED,), _request_is_pending)
_PLACE_IS_OPEN: Final = (
    _REQUEST_IS_KNOWN,
    requires(Reason.PLACE_UNKNOWN, _place_exists),
    forbids((Reason.PLACE_ALREADY_DECIDED,), _place_is_undecided),
    _REQUEST_IS_PENDING,
)
"""First the place: whoever comes second learns which decision counts, even if the request ended with it."""
_BY_THE_REQUESTER: Final = requires(Reason.NOT_THE_REQUESTER, _speaker_is_the_requester)
_TEXT_IS_THERE: Final = requires(Reason.TEXT_NEEDED, _text_is_there)


def _decision_rule(event: type[Body], answer: Answer, *preconditions: Precondition) -> Rule:
    return Rule(
        event=event,
        signers=Signers.ONE,
        authority=(MANDATE_EMPTY, *SPEAKER),
        preconditions=(
            *preconditions,
            COVER_IS_PLAIN,
            *_PLACE_IS_OPEN,
            requires(Reason.STAGE_NOT_CURRENT, _stage_is_current),
            forbids((Reason.NOT_THE_APPROVER,), _speaker_may_decide),
        ),
        changes=_decide(answer),
    )


RULES: Final[tuple[Rule, ...]] = (
    _decision_rule(ApprovalGiven, Answer.GIVEN),
    _decision_rule(ApprovalRefused, Answer.REFUSED, _reason_is_one_of(APPROVAL_REFUSAL_REASONS), _TEXT_IS_THERE),
    _decision_rule(ApprovalReturned, Answer.RETURNED, _reason_is_one_of(APPROVAL_RETURN_REASONS), _TEXT_IS_THERE),
    Rule(
        event=ApprovalDelegated,
        signers=Signers.ONE,
        authority=(MANDATE_EMPTY, *SPEAKER),
        preconditions=(
            *_PLACE_IS_OPEN,
            requires(Reason.STAGE_NOT_CURRENT, _stage_is_not_over),
            requires(Reason.NOT_THE_APPROVER, _speaker_may_delegate),
            requires(Reason.DELEGATION_TIMES_WRONG, _delegation_ends_ahead),
            requires(Reason.DELEGATE_UNFIT, _delegate_is_fit),
        ),
        changes=_delegate,
    ),
    Rule(
        event=ApprovalReassigned,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            *_PLACE_IS_OPEN,
            _BY_THE_REQUESTER,
            requires(Reason.STAGE_NOT_CURRENT, _stage_is_not_over),
            forbids((Reason.APPROVER_REPEATED, Reason.APPROVER_UNKNOWN), _new_approver_is_known),
        ),
        changes=_reassign,
    ),
    Rule(
        event=ApprovalWithdrawn,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            _reason_is_one_of(APPROVAL_WITHDRAWAL_REASONS),
            COVER_IS_PLAIN,
            _TEXT_IS_THERE,
            _REQUEST_IS_KNOWN,
            _BY_THE_REQUESTER,
            _REQUEST_IS_PENDING,
        ),
        changes=_withdraw,
    ),
    Rule(
        event=ApprovalStageMissed,
        signers=Signers.ONE,
        authority=role(Role.STATION),
        preconditions=(
            _REQUEST_IS_KNOWN,
            _BY_THE_REQUESTER,
            requires(Reason.PLACE_UNKNOWN, _stage_exists),
            forbids((Reason.STAGE_ALREADY_MISSED,), _stage_was_not_missed),
            _REQUEST_IS_PENDING,
            requires(Reason.STAGE_NOT_CURRENT, _stage_is_current),
            requires(Reason.STAGE_WITHOUT_TERM, _stage_has_a_term),
            requires(Reason.STAGE_NOT_YET_DUE, _stage_term_has_passed),
        ),
        changes=_miss,
    ),
)
