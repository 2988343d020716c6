"""What rules 3 put on ledgers of the corpus: every reason that they add, and every event that they add, accepted."""

from __future__ import annotations

from typing import Final

from domain.events_approvals import ApprovalGiven, ApprovalRefused, ApprovalReturned
from domain.events_office import ConsignmentClosed, ConsignmentFetched
from domain.header import Ref
from domain.ids import Digest
from tests.court import Court
from tests.faults import (
    provoked_approvals,
    provoked_calendars,
    provoked_consignments,
    provoked_mandates,
    provoked_outside,
)
from tests.faults.provocation import Provocation
from tests.faults.provoked_approvals import (
    BY_THE_CHAIR,
    PAPER,
    approved,
    asked,
    deciding,
    delegating,
    giving,
    missing,
    naming,
    office,
    person,
    reassigning,
    stage,
    withdrawing,
)
from tests.faults.provoked_calendars import adopting, declaring
from tests.faults.provoked_consignments import HERE, closed, corrected, passed_on, receipt, reminder, voided, withdrawn
from tests.faults.provoked_letters import refers
from tests.faults.provoked_mandates import granted, revoking, standing_in
from tests.faults.provoked_outside import answering, closing, delivered, sent_outside
from tests.faults.provoked_outside import received as received_from_outside
from tests.fixed_exchange import HOUR_MS

REFUSALS: Final[tuple[Provocation, ...]] = (
    provoked_approvals.approval_of_what_nobody_requested,
    provoked_approvals.a_request_withdrawn_by_somebody_else,
    provoked_approvals.a_quorum_of_more_than_there_are,
    provoked_approvals.approval_by_an_organisation_that_nobody_registered,
    provoked_approvals.the_same_approver_twice,
    provoked_approvals.approval_in_the_place_after_the_last,
    provoked_approvals.approved_twice,
    provoked_approvals.approved_before_its_turn,
    provoked_approvals.approved_after_it_was_withdrawn,
    provoked_approvals.approved_by_a_clerk,
    provoked_approvals.delegated_until_before_it_begins,
    provoked_approvals.delegated_to_oneself,
    provoked_approvals.missed_without_a_term,
    provoked_approvals.missed_before_its_time,
    provoked_approvals.missed_for_the_second_time,
    provoked_approvals.a_letter_that_is_not_approved_yet,
    provoked_approvals.a_letter_under_somebody_elses_approval,
    provoked_consignments.a_receipt_withdrawn_that_was_never_given,
    provoked_consignments.a_letter_passed_on_instead_of_answering_its_recall,
    provoked_consignments.a_receipt_of_a_letter_that_was_passed_on,
    provoked_consignments.a_letter_passed_on_to_a_unit,
    provoked_consignments.a_letter_passed_on_to_another_recipient,
    provoked_consignments.documents_that_are_held_twice,
    provoked_consignments.a_reminder_when_everybody_has_decided,
    provoked_consignments.a_reminder_whose_regions_are_not_in_order,
    provoked_consignments.a_number_voided_that_no_event_gave,
    provoked_consignments.a_number_voided_in_the_register_of_another,
    provoked_consignments.a_number_voided_whose_receipt_was_withdrawn,
    provoked_consignments.a_correction_to_what_the_register_says_already,
    provoked_outside.a_letter_from_outside_that_arrives_tomorrow,
    provoked_outside.a_letter_from_outside_written_after_it_arrived,
    provoked_outside.an_answer_to_what_another_entered,
    provoked_outside.a_letter_from_outside_followed_like_an_own,
    provoked_outside.a_letter_from_outside_closed_by_another,
    provoked_outside.a_letter_from_outside_superseded,
    provoked_outside.a_delivery_outside_to_a_connected_recipient,
    provoked_outside.a_delivery_before_the_dispatch,
    provoked_outside.the_same_delivery_told_twice,
    provoked_calendars.a_calendar_of_a_country_by_name,
    provoked_calendars.a_holiday_of_another_year,
    provoked_calendars.an_outage_of_last_year,
    provoked_calendars.an_outage_that_names_an_organisation_twice,
    provoked_mandates.a_mandate_that_nobody_granted,
    provoked_mandates.a_mandate_of_another_deputy,
    provoked_mandates.a_mandate_for_another_organisation,
    provoked_mandates.a_mandate_without_this_type,
    provoked_mandates.a_mandate_that_the_grantor_revoked,
    provoked_mandates.a_mandate_at_the_instant_at_which_it_ends,
    provoked_mandates.a_grantor_who_signs_beside_his_deputy,
    provoked_mandates.a_grant_under_a_mandate,
    provoked_mandates.a_mandate_for_what_registrars_say,
    provoked_mandates.a_mandate_that_ends_where_it_begins,
    provoked_mandates.a_deputy_who_is_the_grantor,
    provoked_mandates.a_revocation_of_no_mandate,
    provoked_mandates.a_second_revocation,
    provoked_calendars.the_same_version_of_a_calendar_twice,
    provoked_consignments.a_letter_closed_twice,
    provoked_consignments.a_letter_closed_as_answered_by_nothing,
    provoked_mandates.a_deputy_who_was_relieved,
)
"""Every reason that rules 3 add, once; none of them keeps one that comes later from being provoked."""


def officing(court: Court) -> None:
    """Say everything that rules 3 add, and have it accepted."""
    approving(court)
    mandating(court)
    handling(court)
    court.accept(adopting(court), adopting(court, version=2, holidays=()), declaring(court))
    letter = sent_outside(court)
    court.accept(delivered(court, letter))
    entered = court.accept(received_from_outside(court))
    answer = court.accept(answering(court, entered))
    court.accept(closing(court, entered, how="answered", by=Ref(ledger=None, identity=answer)))


def approving(court: Court) -> None:
    """Ask, decide in every way, delegate, reassign, withdraw, miss; and send a letter that names what was approved."""
    due = court.clock() + HOUR_MS
    several = stage(office("mfy-001"), person("head"), office("ministry"), rule="quorum", quorum=2, due_at=due)
    request = asked(court, several, BY_THE_CHAIR)
    court.accept(delegating(court, request, "secretary"), giving(court, request, "secretary"))
    court.accept(reassigning(court, request, person("deputy"), place=3), giving(court, request, "deputy", place=3))
    court.accept(giving(court, request, number=2))
    court.accept(naming(court, request))
    refused, returned, withdrawn = asked(court), asked(court), asked(court)
    court.accept(deciding(court, ApprovalRefused, refused, "chair"), deciding(court, ApprovalReturned, returned, "chair"))
    court.accept(withdrawing(court, withdrawn))
    again = approved(court, follows=returned)
    court.accept(naming(court, again, documents=(PAPER,)))
    silent = asked(court, stage(office("mfy-001"), due_at=court.clock() + HOUR_MS))
    court.clock.at_ms += 2 * HOUR_MS
    court.accept(missing(court, silent), deciding(court, ApprovalGiven, silent, "chair"))


def mandating(court: Court) -> None:
    """Grant a mandate, act under it, revoke it."""
    mandate = granted(court)
    court.accept(standing_in(court, mandate), revoking(court, mandate))


def handling(court: Court) -> None:
    """Withdraw, pass on before and after the receipt, close as answered and as noted, fetch, remind, correct and void."""
    letter = court.sent()
    number = court.accept(receipt(court, letter))
    fetched = court.exchange.say(ConsignmentFetched, "post", letter=letter, recipient=HERE)
    court.accept(fetched, corrected(court, number), withdrawn(court, letter))
    court.accept(reminder(court, letter), passed_on(court, letter))
    passed = court.sent()
    number = court.accept(receipt(court, passed))
    court.accept(voided(court, number), passed_on(court, passed))
    noted, answered = court.sent(), court.sent()
    court.accept(receipt(court, noted), closed(court, noted), receipt(court, answered))
    reply = Ref(ledger=None, identity=Digest(court.sent("ministry", by="chair", **refers(answers=answered))))
    fields = {"letter": answered, "recipient": HERE, "how": "answered", "by": reply, "case_index": "01-07", "cover": None}
    court.accept(court.exchange.say(ConsignmentClosed, "secretary", **fields))  # type: ignore[arg-type] # a body's fields
