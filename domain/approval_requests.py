"""The rule of `approval.requested`: a clerk asks that documents be approved, by whom and in which order. Rules 3."""

from __future__ import annotations

from typing import Final

from domain import directory
from domain.approval_routes import QUORUM, STAGE_RULES
from domain.approvals import RequestEntered, request, request_key
from domain.authority import role
from domain.changes import Change, View
from domain.directory import Role
from domain.documents import documents_are_right, require_plain
from domain.errors import RejectedError
from domain.events_approvals import ApprovalRequested, Approver, Stage
from domain.ids import LetterId
from domain.letters import letter
from domain.outside_letters import outside_letter
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, forbids, requires, stamp


def _documents_are_plain(case: Case) -> None:
    """No document is encrypted."""
    require_plain((case.body.cover, *case.body.documents))


def _quorum_fits(case: Case) -> bool:
    """A quorum goes with its rule and no other, and asks for no more places than the stage has."""
    return all(_counts_right(stage) for stage in case.body.route)


def _counts_right(stage: Stage) -> bool:
    if stage.rule != QUORUM:
        return stage.quorum is None
    return stage.quorum is not None and 1 <= stage.quorum <= len(stage.approvers)


def _stage_rules_are_known(case: Case) -> bool:
    """The rule of each stage is a code of these rules."""
    return all(stage.rule in STAGE_RULES for stage in case.body.route)


def _approvers_are_known(case: Case) -> None:
    """Each approver is an open organisation, or an officer who was appointed at some time; none stands twice in a stage."""
    for stage in case.body.route:
        if len(set(stage.approvers)) != len(stage.approvers):
            raise RejectedError(Reason.APPROVER_REPEATED)
        for approver in stage.approvers:
            require_known_approver(case.view, approver)


def require_known_approver(view: View, approver: Approver) -> None:
    """Raise `RejectedError` (APPROVER_UNKNOWN) for an organisation that is not open, or an officer who never was appointed."""
    organisation, officer = approver.organisation, approver.officer
    if organisation is not None and directory.open_organisation(view, organisation) is None:
        raise RejectedError(Reason.APPROVER_UNKNOWN, f"{organisation} is not registered, or is closed")
    if officer is not None and directory.officer(view, officer) is None:
        raise RejectedError(Reason.APPROVER_UNKNOWN, f"{officer} was never appointed")


def _stage_terms_are_ahead(case: Case) -> bool:
    """The time of each stage that has one is after this record's ledger time."""
    return all(stage.due_at is None or stage.due_at > case.at for stage in case.body.route)


def _subject_is_known(case: Case) -> bool:
    """The letter that it is about, if it is on this ledger, was accepted at an earlier position; one from outside will do."""
    about = case.body.letter
    if about is None or about.ledger is not None:
        return True
    letter_id = LetterId(about.identity)
    return letter(case.view, letter_id) is not None or outside_letter(case.view, letter_id) is not None


def _earlier_request_is_own(case: Case) -> None:
    """The request that it follows was accepted earlier, of the same organisation or one that it succeeds."""
    if case.body.follows is None:
        return
    earlier = request(case.view, case.body.follows)
    if earlier is None:
        raise RejectedError(Reason.REQUEST_UNKNOWN, f"no accepted request for approval {case.body.follows.hex()}")
    if directory.last_successor(case.view, earlier.organisation) != case.body.header.organisation:
        raise RejectedError(
            Reason.NOT_THE_REQUESTER, f"the earlier request is {earlier.organisation}'s", because=earlier.position
        )


def _enter(case: Case) -> tuple[Change, ...]:
    body = case.body
    entered = RequestEntered(
        **stamp(case, request_key(case.identity), None),
        request=case.identity,
        position=case.position,
        organisation=body.header.organisation,
        documents=tuple(sorted(document.sha256 for document in body.documents)),
        letter=body.letter,
        follows=body.follows,
        route=body.route,
    )
    return (entered,)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=ApprovalRequested,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            forbids((Reason.NOT_IN_THESE_RULES,), _documents_are_plain),
            requires(Reason.CODE_UNKNOWN, _stage_rules_are_known),
            forbids((Reason.DOCUMENTS_WRONG,), documents_are_right),
            requires(Reason.QUORUM_WRONG, _quorum_fits),
            forbids((Reason.APPROVER_REPEATED, Reason.APPROVER_UNKNOWN), _approvers_are_known),
            requires(Reason.DUE_IN_THE_PAST, _stage_terms_are_ahead),
            requires(Reason.REFERENCE_UNKNOWN, _subject_is_known),
            forbids((Reason.REQUEST_UNKNOWN, Reason.NOT_THE_REQUESTER), _earlier_request_is_own),
        ),
        changes=_enter,
    ),
)
