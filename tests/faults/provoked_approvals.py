"""What fails step 9 for approvals: requests, decisions, delegations, reassignments, and letters that name them. Rules 3."""

from __future__ import annotations

from typing import Any, Final

from domain.events import Body, OfficerRelieved, OrganisationClosed
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
from domain.header import Encryption, Ref
from domain.ids import Digest, OfficerId, OrgId, sha256
from domain.reasons import Reason
from tests.court import Court
from tests.faults.provocation import Record, provokes
from tests.fixed_exchange import HOUR_MS, REGISTRAR, Said, document

PAPER: Final = document("paper")
"""What is to be approved, unless a test has something else approved."""


def office(name: str) -> Approver:
    """Return an organisation as an approver."""
    return Approver(organisation=OrgId(name), officer=None)


def person(name: str) -> Approver:
    """Return an officer as an approver."""
    return Approver(organisation=None, officer=OfficerId(name))


def stage(*approvers: Approver, rule: str = "all", quorum: int | None = None, due_at: int | None = None) -> Stage:
    """Return a stage of these approvers."""
    return Stage(rule=rule, quorum=quorum, due_at=due_at, approvers=approvers)


BY_THE_CHAIR: Final = stage(office("mfy-001"))
"""The chair of the first committee is its only signatory."""


def asking(court: Court, *route: Stage, by: str = "clerk", **changes: Any) -> Said:
    """Return the ministry's request for approval of a paper."""
    fields: dict[str, Any] = {
        "cover": document(f"request {court.exchange.count}", "cover"),
        "documents": (PAPER,),
        "letter": None,
        "follows": None,
        "route": route or (BY_THE_CHAIR,),
    }
    return court.exchange.say(ApprovalRequested, by, **{**fields, **changes})


def asked(court: Court, *route: Stage, **changes: Any) -> Digest:
    """Have a request accepted, and return it."""
    return court.accept(asking(court, *route, **changes))


def deciding(court: Court, event: type[Body], request: Digest, by: str, number: int = 1, place: int = 1, **changes: Any) -> Said:
    """Return a decision in a place of a stage."""
    fields: dict[str, Any] = {"request": request, "stage": number, "place": place, "cover": None}
    if event is ApprovalRefused:
        fields["reason"] = "FACTS_WRONG"
    if event is ApprovalReturned:
        fields["reason"] = "TEXT_TO_REVISE"
    return court.exchange.say(event, by, **{**fields, **changes})


def giving(court: Court, request: Digest, by: str = "chair", number: int = 1, place: int = 1, **changes: Any) -> Said:
    """Return an approval."""
    return deciding(court, ApprovalGiven, request, by, number, place, **changes)


def delegating(court: Court, request: Digest, to: str, by: str = "chair", **changes: Any) -> Said:
    """Return the delegation of the first place of the first stage for an hour."""
    fields: dict[str, Any] = {
        "request": request,
        "stage": 1,
        "place": 1,
        "to": OfficerId(to),
        "from_at": court.clock(),
        "until_at": court.clock() + HOUR_MS,
    }
    return court.exchange.say(ApprovalDelegated, by, **{**fields, **changes})


def reassigning(court: Court, request: Digest, to: Approver, by: str = "clerk", **changes: Any) -> Said:
    """Return the reassignment of the first place of the first stage."""
    fields: dict[str, Any] = {"request": request, "stage": 1, "place": 1, "to": to}
    return court.exchange.say(ApprovalReassigned, by, **{**fields, **changes})


def withdrawing(court: Court, request: Digest, by: str = "clerk", **changes: Any) -> Said:
    """Return the withdrawal of a request."""
    fields: dict[str, Any] = {"request": request, "reason": "DOCUMENT_CHANGED", "cover": None}
    return court.exchange.say(ApprovalWithdrawn, by, **{**fields, **changes})


def missing(court: Court, request: Digest, by: str = "machine", number: int = 1) -> Said:
    """Return the statement that a stage's time has passed."""
    return court.exchange.say(ApprovalStageMissed, by, request=request, stage=number)


def relieving(court: Court, officer: str, organisation: str) -> Said:
    """Return the relief of an officer."""
    return court.exchange.say(OfficerRelieved, REGISTRAR, organisation=OrgId(organisation), officer=OfficerId(officer))


def naming(court: Court, *requests: Digest, **changes: Any) -> Said:
    """Return a letter of the paper that names approvals."""
    approvals = tuple(Ref(ledger=None, identity=request) for request in requests)
    return court.exchange.letter("deputy", **{"documents": (PAPER,), "approvals": approvals, **changes})


def approved(court: Court, **changes: Any) -> Digest:
    """Have a request of one stage approved, and return it."""
    request = asked(court, **changes)
    court.accept(giving(court, request))
    return request


@provokes(Reason.NOT_IN_THESE_RULES)
def approval_of_an_encrypted_document(court: Court) -> Record:
    encryption = Encryption(scheme="hpke", sha256=sha256(b"ciphertext"), size_bytes=10)
    return asking(court, documents=(document("text", encryption=encryption),))


@provokes(Reason.CODE_UNKNOWN)
def a_stage_by_lot(court: Court) -> Record:
    return asking(court, stage(office("mfy-001"), rule="lot"))


@provokes(Reason.CODE_UNKNOWN)
def an_approval_refused_out_of_spite(court: Court) -> Record:
    return deciding(court, ApprovalRefused, asked(court), "chair", reason="SPITE")


@provokes(Reason.CODE_UNKNOWN)
def documents_returned_out_of_spite(court: Court) -> Record:
    return deciding(court, ApprovalReturned, asked(court), "chair", reason="SPITE")


@provokes(Reason.CODE_UNKNOWN)
def a_request_withdrawn_out_of_spite(court: Court) -> Record:
    return withdrawing(court, asked(court), reason="SPITE")


@provokes(Reason.TEXT_NEEDED)
def an_approval_refused_for_another_reason_that_nobody_reads(court: Court) -> Record:
    return deciding(court, ApprovalRefused, asked(court), "chair", reason="OTHER")


@provokes(Reason.TEXT_NEEDED)
def a_request_withdrawn_for_another_reason_that_nobody_reads(court: Court) -> Record:
    return withdrawing(court, asked(court), reason="OTHER")


@provokes(Reason.DOCUMENTS_WRONG)
def approval_of_two_main_documents(court: Court) -> Record:
    return asking(court, documents=(document("one"), document("two")))


@provokes(Reason.DOCUMENTS_WRONG)
def remarks_that_are_an_attachment(court: Court) -> Record:
    return giving(court, asked(court), cover=document("remarks", "attachment"))


@provokes(Reason.DUE_IN_THE_PAST)
def a_stage_due_before_it_is_asked_for(court: Court) -> Record:
    return asking(court, stage(office("mfy-001"), due_at=court.clock()))


@provokes(Reason.REFERENCE_UNKNOWN)
def approval_about_a_letter_that_nobody_sent(court: Court) -> Record:
    return asking(court, letter=Ref(ledger=None, identity=sha256(b"no letter")))


@provokes(Reason.ROLE_MISSING)
def approval_requested_by_a_signatory(court: Court) -> Record:
    return asking(court, by="deputy")


@provokes(Reason.NOT_APPOINTED)
def approval_by_somebody_who_was_relieved(court: Court) -> Record:
    request = asked(court, stage(office("mfy-001"), person("head")))
    court.accept(relieving(court, "head", "ministry"))
    return giving(court, request, "head", place=2)


@provokes(Reason.REQUEST_UNKNOWN)
def approval_of_what_nobody_requested(court: Court) -> Record:
    return giving(court, Digest(sha256(b"no request")))


@provokes(Reason.REQUEST_UNKNOWN)
def a_request_after_one_that_nobody_made(court: Court) -> Record:
    return asking(court, follows=sha256(b"no request"))


@provokes(Reason.REQUEST_UNKNOWN)
def a_letter_that_names_an_approval_that_nobody_requested(court: Court) -> Record:
    return naming(court, sha256(b"no request"))


@provokes(Reason.NOT_THE_REQUESTER)
def a_request_withdrawn_by_somebody_else(court: Court) -> Record:
    return withdrawing(court, asked(court), "secretary")


@provokes(Reason.NOT_THE_REQUESTER)
def a_place_reassigned_by_the_approver(court: Court) -> Record:
    return reassigning(court, asked(court), office("mfy-002"), "secretary")


@provokes(Reason.NOT_THE_REQUESTER)
def a_request_that_follows_somebody_elses(court: Court) -> Record:
    return asking(court, by="secretary", follows=asked(court))


@provokes(Reason.NOT_THE_REQUESTER)
def a_stage_missed_by_the_approvers_station(court: Court) -> Record:
    return missing(court, asked(court), "post")


@provokes(Reason.QUORUM_WRONG)
def a_quorum_of_more_than_there_are(court: Court) -> Record:
    return asking(court, stage(office("mfy-001"), rule="quorum", quorum=2))


@provokes(Reason.QUORUM_WRONG)
def a_quorum_of_nobody_knows_how_many(court: Court) -> Record:
    return asking(court, stage(office("mfy-001"), rule="quorum"))


@provokes(Reason.QUORUM_WRONG)
def a_quorum_of_all(court: Court) -> Record:
    return asking(court, stage(office("mfy-001"), rule="all", quorum=1))


@provokes(Reason.APPROVER_UNKNOWN)
def approval_by_an_organisation_that_nobody_registered(court: Court) -> Record:
    return asking(court, stage(office("nowhere")))


@provokes(Reason.APPROVER_UNKNOWN)
def approval_by_an_organisation_that_is_closed(court: Court) -> Record:
    court.accept(court.exchange.say(OrganisationClosed, REGISTRAR, organisation=OrgId("mfy-004"), successor=None))
    return asking(court, stage(office("mfy-004")))


@provokes(Reason.APPROVER_UNKNOWN)
def approval_by_somebody_whom_nobody_appointed(court: Court) -> Record:
    return asking(court, stage(person("nobody")))


@provokes(Reason.APPROVER_UNKNOWN)
def reassigned_to_somebody_whom_nobody_appointed(court: Court) -> Record:
    return reassigning(court, asked(court), person("nobody"))


@provokes(Reason.APPROVER_REPEATED)
def the_same_approver_twice(court: Court) -> Record:
    return asking(court, stage(office("mfy-001"), office("mfy-001")))


@provokes(Reason.APPROVER_REPEATED)
def reassigned_to_whom_is_there_already(court: Court) -> Record:
    return reassigning(court, asked(court, stage(office("mfy-001"), office("mfy-002"))), office("mfy-002"))


@provokes(Reason.PLACE_UNKNOWN)
def approval_in_the_place_after_the_last(court: Court) -> Record:
    return giving(court, asked(court), place=2)


@provokes(Reason.PLACE_UNKNOWN)
def approval_in_the_stage_after_the_last(court: Court) -> Record:
    return giving(court, asked(court), number=2)


@provokes(Reason.PLACE_UNKNOWN)
def a_stage_missed_that_there_is_not(court: Court) -> Record:
    return missing(court, asked(court), number=2)


@provokes(Reason.PLACE_ALREADY_DECIDED)
def approved_twice(court: Court) -> Record:
    return giving(court, approved(court))


@provokes(Reason.PLACE_ALREADY_DECIDED)
def reassigned_after_it_was_decided(court: Court) -> Record:
    request = asked(court, stage(office("mfy-001"), office("mfy-002")))
    court.accept(giving(court, request))
    return reassigning(court, request, office("mfy-003"))


@provokes(Reason.STAGE_NOT_CURRENT)
def approved_before_its_turn(court: Court) -> Record:
    return giving(court, asked(court, stage(office("mfy-002")), BY_THE_CHAIR), number=2)


@provokes(Reason.STAGE_NOT_CURRENT)
def approved_after_its_turn(court: Court) -> Record:
    request = asked(court, stage(person("head"), office("mfy-001"), rule="any"), stage(office("mfy-002")))
    court.accept(giving(court, request, "head"))
    return giving(court, request, place=2)


@provokes(Reason.STAGE_NOT_CURRENT)
def reassigned_after_its_turn(court: Court) -> Record:
    request = asked(court, stage(person("head"), office("mfy-001"), rule="any"), stage(office("mfy-002")))
    court.accept(giving(court, request, "head"))
    return reassigning(court, request, office("mfy-003"), place=2)


@provokes(Reason.REQUEST_ENDED)
def approved_after_it_was_withdrawn(court: Court) -> Record:
    request = asked(court)
    court.accept(withdrawing(court, request))
    return giving(court, request)


@provokes(Reason.REQUEST_ENDED)
def withdrawn_after_it_was_approved(court: Court) -> Record:
    return withdrawing(court, approved(court))


@provokes(Reason.REQUEST_ENDED)
def missed_after_it_was_returned(court: Court) -> Record:
    request = asked(court, stage(office("mfy-001"), due_at=court.clock() + HOUR_MS))
    court.accept(deciding(court, ApprovalReturned, request, "chair"))
    court.clock.at_ms += 2 * HOUR_MS
    return missing(court, request)


@provokes(Reason.NOT_THE_APPROVER)
def approved_by_a_clerk(court: Court) -> Record:
    return giving(court, asked(court), "secretary")


@provokes(Reason.NOT_THE_APPROVER)
def approved_by_a_signatory_of_another_organisation(court: Court) -> Record:
    return giving(court, asked(court), "deputy")


@provokes(Reason.NOT_THE_APPROVER)
def approved_by_a_colleague_of_the_officer_who_was_named(court: Court) -> Record:
    return giving(court, asked(court, stage(person("head"))), "deputy")


@provokes(Reason.NOT_THE_APPROVER)
def approved_by_a_station_that_was_named(court: Court) -> Record:
    return giving(court, asked(court, stage(person("machine"))), "machine")


@provokes(Reason.NOT_THE_APPROVER)
def approved_by_a_delegate_after_his_time(court: Court) -> Record:
    request = asked(court)
    court.accept(delegating(court, request, "secretary"))
    court.clock.at_ms += 2 * HOUR_MS
    return giving(court, request, "secretary")


@provokes(Reason.NOT_THE_APPROVER)
def approved_by_a_delegate_of_somebody_who_was_relieved(court: Court) -> Record:
    request = asked(court)
    court.accept(delegating(court, request, "secretary"), relieving(court, "chair", "mfy-001"))
    return giving(court, request, "secretary")


@provokes(Reason.NOT_THE_APPROVER)
def delegated_on_by_a_delegate(court: Court) -> Record:
    request = asked(court)
    court.accept(delegating(court, request, "secretary"))
    return delegating(court, request, "secretary-2", "secretary")


@provokes(Reason.DELEGATION_TIMES_WRONG)
def delegated_until_before_it_begins(court: Court) -> Record:
    return delegating(court, asked(court), "secretary", from_at=court.clock() + 2 * HOUR_MS)


@provokes(Reason.DELEGATION_TIMES_WRONG)
def delegated_until_yesterday(court: Court) -> Record:
    return delegating(court, asked(court), "secretary", from_at=0, until_at=court.clock())


@provokes(Reason.DELEGATE_UNFIT)
def delegated_to_oneself(court: Court) -> Record:
    return delegating(court, asked(court), "chair")


@provokes(Reason.DELEGATE_UNFIT)
def delegated_to_nobody(court: Court) -> Record:
    return delegating(court, asked(court), "nobody")


@provokes(Reason.STAGE_WITHOUT_TERM)
def missed_without_a_term(court: Court) -> Record:
    return missing(court, asked(court))


@provokes(Reason.STAGE_NOT_YET_DUE)
def missed_before_its_time(court: Court) -> Record:
    return missing(court, asked(court, stage(office("mfy-001"), due_at=court.clock() + HOUR_MS)))


@provokes(Reason.STAGE_ALREADY_MISSED)
def missed_for_the_second_time(court: Court) -> Record:
    request = asked(court, stage(office("mfy-001"), due_at=court.clock() + HOUR_MS))
    court.clock.at_ms += 2 * HOUR_MS
    court.accept(missing(court, request))
    return missing(court, request)


@provokes(Reason.APPROVAL_NOT_COMPLETE)
def a_letter_that_is_not_approved_yet(court: Court) -> Record:
    return naming(court, asked(court))


@provokes(Reason.APPROVAL_NOT_COMPLETE)
def a_letter_whose_approval_was_refused(court: Court) -> Record:
    request = asked(court)
    court.accept(deciding(court, ApprovalRefused, request, "chair"))
    return naming(court, request)


@provokes(Reason.APPROVAL_NOT_COMPLETE)
def a_letter_with_an_attachment_that_nobody_approved(court: Court) -> Record:
    return naming(court, approved(court), documents=(PAPER, document("slipped in", "attachment")))


@provokes(Reason.APPROVAL_NOT_COMPLETE)
def a_letter_without_what_was_approved(court: Court) -> Record:
    request = approved(court, documents=(PAPER, document("annex", "attachment")))
    return naming(court, request)


@provokes(Reason.APPROVAL_NOT_OWN)
def a_letter_under_somebody_elses_approval(court: Court) -> Record:
    return naming(court, approved(court, by="secretary"))
