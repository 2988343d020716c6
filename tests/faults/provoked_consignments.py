"""What fails step 9 in the rest of a letter's life: withdrawn, passed on, closed, fetched, reminded of, registers corrected."""

from __future__ import annotations

from typing import Any

from domain.events import LetterRecalled, ReceiptAcknowledged
from domain.events_office import (
    ConsignmentClosed,
    ConsignmentFetched,
    ConsignmentTransferred,
    ReceiptWithdrawn,
    RegistrationCorrected,
    RegistrationVoided,
    ReminderSent,
)
from domain.ids import Digest, LetterId, OrgId, sha256
from domain.reasons import Reason
from tests.court import Court
from tests.faults.provocation import Record, provokes
from tests.fixed_exchange import Said

HERE = OrgId("mfy-001")


def receipt(court: Court, letter: LetterId) -> Said:
    return court.exchange.say(ReceiptAcknowledged, "secretary", letter=letter, recipient=HERE)


def withdrawn(court: Court, letter: LetterId, reason: str = "ENTERED_IN_ERROR") -> Said:
    return court.exchange.say(ReceiptWithdrawn, "secretary", letter=letter, recipient=HERE, reason=reason, cover=None)


def passed_on(court: Court, letter: LetterId, to: str = "mfy-002", reason: str = "NOT_IN_COMPETENCE") -> Said:
    fields: dict[str, Any] = {"letter": letter, "recipient": HERE, "to": OrgId(to), "reason": reason, "cover": None}
    return court.exchange.say(ConsignmentTransferred, "secretary", **fields)


def closed(court: Court, letter: LetterId, how: str = "noted") -> Said:
    fields: dict[str, Any] = {"letter": letter, "recipient": HERE, "how": how, "by": None, "case_index": None, "cover": None}
    return court.exchange.say(ConsignmentClosed, "secretary", **fields)


def reminder(court: Court, letter: LetterId, *regions: str, whom: str = "silent") -> Said:
    return court.exchange.say(ReminderSent, "clerk", letter=letter, whom=whom, regions=regions, cover=None)


def corrected(court: Court, entry: Digest, case_index: str | None = "01-05", reason: str = "WRONG_CASE") -> Said:
    fields: dict[str, Any] = {"entry": entry, "case_index": case_index, "reason": reason, "cover": None}
    return court.exchange.say(RegistrationCorrected, "secretary", **fields)


def voided(court: Court, entry: Digest, reason: str = "ENTERED_IN_ERROR") -> Said:
    return court.exchange.say(RegistrationVoided, "secretary", entry=entry, reason=reason, cover=None)


@provokes(Reason.CODE_UNKNOWN)
def a_receipt_withdrawn_on_a_whim(court: Court) -> Record:
    return withdrawn(court, court.sent(), "WHIM")


@provokes(Reason.CODE_UNKNOWN)
def a_letter_passed_on_on_a_whim(court: Court) -> Record:
    return passed_on(court, court.sent(), reason="WHIM")


@provokes(Reason.CODE_UNKNOWN)
def a_letter_closed_in_a_way_that_nobody_knows(court: Court) -> Record:
    return closed(court, court.sent(), "burnt")


@provokes(Reason.CODE_UNKNOWN)
def a_number_voided_on_a_whim(court: Court) -> Record:
    return voided(court, court.accept(receipt(court, court.sent())), "WHIM")


@provokes(Reason.CODE_UNKNOWN)
def a_number_corrected_on_a_whim(court: Court) -> Record:
    return corrected(court, court.accept(receipt(court, court.sent())), reason="WHIM")


@provokes(Reason.TEXT_NEEDED)
def a_letter_passed_on_for_another_reason_without_a_word(court: Court) -> Record:
    return passed_on(court, court.sent(), reason="OTHER")


@provokes(Reason.NOT_ACKNOWLEDGED)
def a_receipt_withdrawn_that_was_never_given(court: Court) -> Record:
    return withdrawn(court, court.sent())


@provokes(Reason.NOT_ACKNOWLEDGED)
def a_letter_closed_before_its_receipt(court: Court) -> Record:
    return closed(court, court.sent())


@provokes(Reason.RECALL_PENDING)
def a_letter_passed_on_instead_of_answering_its_recall(court: Court) -> Record:
    letter = court.sent()
    recall = court.exchange.say(LetterRecalled, "deputy", letter=letter, reason="WRONG_TEXT", cover=None)
    court.accept(receipt(court, letter), recall)
    return passed_on(court, letter)


@provokes(Reason.ALREADY_TRANSFERRED)
def a_receipt_of_a_letter_that_was_passed_on(court: Court) -> Record:
    letter = court.sent()
    court.accept(passed_on(court, letter))
    return receipt(court, letter)


@provokes(Reason.TRANSFER_UNFIT)
def a_letter_passed_on_to_a_unit(court: Court) -> Record:
    return passed_on(court, court.sent(), "office")


@provokes(Reason.TRANSFER_UNFIT)
def a_letter_passed_back_to_its_sender(court: Court) -> Record:
    return passed_on(court, court.sent(), "ministry")


@provokes(Reason.ALREADY_RECIPIENT)
def a_letter_passed_on_to_another_recipient(court: Court) -> Record:
    return passed_on(court, court.sent("mfy-001", "mfy-002"))


@provokes(Reason.ALREADY_CLOSED)
def a_letter_closed_twice(court: Court) -> Record:
    letter = court.sent()
    court.accept(receipt(court, letter), closed(court, letter))
    return closed(court, letter, "executed")


@provokes(Reason.CLOSING_LETTER_WRONG)
def a_letter_closed_as_answered_by_nothing(court: Court) -> Record:
    letter = court.sent()
    court.accept(receipt(court, letter))
    return closed(court, letter, "answered")


@provokes(Reason.ALREADY_FETCHED)
def documents_that_are_held_twice(court: Court) -> Record:
    letter = court.sent()
    court.accept(court.exchange.say(ConsignmentFetched, "post", letter=letter, recipient=HERE))
    return court.exchange.say(ConsignmentFetched, "post", letter=letter, recipient=HERE)


@provokes(Reason.NOBODY_TO_REMIND)
def a_reminder_when_everybody_has_decided(court: Court) -> Record:
    letter = court.sent()
    court.accept(receipt(court, letter))
    return reminder(court, letter)


@provokes(Reason.REGIONS_NOT_SORTED)
def a_reminder_whose_regions_are_not_in_order(court: Court) -> Record:
    return reminder(court, court.sent(), "b", "a")


@provokes(Reason.CODE_UNKNOWN)
def a_reminder_to_nobody_in_particular(court: Court) -> Record:
    return reminder(court, court.sent(), whom="everybody")


@provokes(Reason.ENTRY_UNKNOWN)
def a_number_voided_that_no_event_gave(court: Court) -> Record:
    return voided(court, sha256(b"no event"))


@provokes(Reason.NOT_OWN_REGISTER)
def a_number_voided_in_the_register_of_another(court: Court) -> Record:
    return voided(court, Digest(court.sent()))


@provokes(Reason.ALREADY_VOIDED)
def a_number_voided_whose_receipt_was_withdrawn(court: Court) -> Record:
    letter = court.sent()
    entry = court.accept(receipt(court, letter))
    court.accept(withdrawn(court, letter))
    return voided(court, entry)


@provokes(Reason.CORRECTION_CHANGES_NOTHING)
def a_correction_to_what_the_register_says_already(court: Court) -> Record:
    entry = court.accept(receipt(court, court.sent()))
    court.accept(corrected(court, entry))
    return corrected(court, entry)
