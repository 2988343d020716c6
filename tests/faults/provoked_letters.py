"""What fails step 9 for letters: dispatches, receipts, recalls, supersessions, terms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from domain.events import (
    Access,
    AcknowledgementMissed,
    Addressee,
    Body,
    ConsignmentOpened,
    GroupVersion,
    LetterRecalled,
    LetterSuperseded,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
)
from domain.header import Encryption, Ref
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.reasons import Reason
from domain.tree import root_of
from tests.court import Court
from tests.faults.provocation import Record, provokes
from tests.faults.provoked_directory import closing, first_part, group
from tests.faults.provoked_records import NOBODYS_LETTER
from tests.fixed_exchange import HOUR_MS, NO_REFERENCES, Said, addressee, document

FIRST: Final = OrgId("mfy-001")


def refers(**letters: LetterId) -> dict[str, Any]:
    """Return the references of a letter: one of each kind that is named."""
    made = {kind: (Ref(ledger=None, identity=Digest(letter)),) for kind, letter in letters.items()}
    return {"references": replace(NO_REFERENCES, **made)}


def to_group(**changes: Any) -> dict[str, Any]:
    """Return the addressees of a letter that goes to the group of the first committee, but for the changes."""
    fields = {"group": OrgId("all"), "version": 1, "count": 1, "root": root_of([b"mfy-001"])}
    version = GroupVersion(**{**fields, **changes})
    return {"addressees": (Addressee(organisation=None, group=version, capacity="action", attention=None),)}


def of(court: Court, event: type[Body], letter: LetterId, by: str = "secretary", **changes: Any) -> Said:
    """Return what the first committee says of a letter."""
    fields: dict[str, Any] = {"letter": letter, "recipient": FIRST}
    if event is ReceiptRefused:
        fields |= {"reason": "WRONG_ADDRESSEE", "duplicate_of": None, "cover": None}
    if event is RecallDeclined:
        fields |= {"reason": None, "cover": None}
    return court.exchange.say(event, by, **{**fields, **changes})


def recall(court: Court, letter: LetterId, by: str = "deputy", **changes: Any) -> Said:
    """Return the recall of a letter."""
    fields = {"letter": letter, "reason": "SENT_IN_ERROR", "cover": None}
    return court.exchange.say(LetterRecalled, by, **{**fields, **changes})


def missed(court: Court, letter: LetterId) -> Said:
    """Return the statement that a letter's term has passed."""
    return court.exchange.say(AcknowledgementMissed, "machine", letter=letter)


def opened(court: Court, letter: LetterId, officer: str = "secretary") -> Said:
    """Return the statement that an officer opened a letter."""
    return of(court, ConsignmentOpened, letter, "post", officer=OfficerId(officer))


def sent_with_a_term(court: Court) -> LetterId:
    """Send a letter that is to be acknowledged within the hour."""
    return court.sent(acknowledge_by=court.clock() + HOUR_MS)


def replacement(court: Court, letter: LetterId) -> LetterId:
    """Send a letter that replaces another."""
    return court.sent(**refers(replaces=letter))


def superseding(court: Court, letter: LetterId, by: LetterId) -> Said:
    """Return the declaration that a later letter takes an earlier one's place."""
    return court.exchange.say(LetterSuperseded, "deputy", letter=letter, by=by, cover=None)


@provokes(Reason.NOT_IN_THESE_RULES)
def a_letter_that_is_not_open(court: Court) -> Record:
    return court.exchange.letter("deputy", access=Access(level="restricted", basis=None, until=None))


@provokes(Reason.NOT_IN_THESE_RULES)
def an_encrypted_document(court: Court) -> Record:
    encryption = Encryption(scheme="hpke", sha256=sha256(b"ciphertext"), size_bytes=10)
    return court.exchange.letter("deputy", documents=(document("text", encryption=encryption),))


@provokes(Reason.CODE_UNKNOWN)
def a_kind_of_letter_that_nobody_knows(court: Court) -> Record:
    return court.exchange.letter("deputy", kind="poem")


@provokes(Reason.DOCUMENTS_WRONG)
def a_letter_with_two_main_documents(court: Court) -> Record:
    return court.exchange.letter("deputy", documents=(document("one"), document("two")))


@provokes(Reason.DOCUMENTS_WRONG)
def a_document_named_twice(court: Court) -> Record:
    return court.exchange.letter("deputy", documents=(document("one"), document("one", "attachment")))


@provokes(Reason.DOCUMENTS_WRONG)
def a_cover_that_is_an_attachment(court: Court) -> Record:
    return court.exchange.letter("deputy", cover=document("cover", "attachment"))


@provokes(Reason.ADDRESSEE_UNKNOWN)
def to_nobody(court: Court) -> Record:
    return court.exchange.letter("deputy", to=("mfy-001", "nowhere"))


@provokes(Reason.ADDRESSEE_CLOSED)
def to_a_closed_organisation(court: Court) -> Record:
    court.accept(closing(court, "mfy-004"))
    return court.exchange.letter("deputy", to=("mfy-004",))


@provokes(Reason.ADDRESSEE_IS_UNIT)
def to_a_unit(court: Court) -> Record:
    return court.exchange.letter("deputy", to=("office",))


@provokes(Reason.ADDRESSEE_REPEATED)
def to_one_committee_twice(court: Court) -> Record:
    twice = (addressee("mfy-001"), addressee("mfy-001", "information"))
    return court.exchange.letter("deputy", addressees=twice)


@provokes(Reason.TOO_MANY_NAMED)
def to_501_committees_by_name(court: Court) -> Record:
    names = tuple(f"many-{number:03}" for number in range(501))
    for name in names:
        court.append(court.exchange.record(court.exchange.registration(name)))
    court.follow()
    return court.exchange.letter("deputy", to=names)


@provokes(Reason.GROUP_UNKNOWN)
def to_a_group_that_nobody_defined(court: Court) -> Record:
    return court.exchange.letter("deputy", **to_group())


@provokes(Reason.GROUP_UNKNOWN)
def to_an_unfinished_group(court: Court) -> Record:
    court.accept(first_part(court, "mfy-001"))
    return court.exchange.letter("deputy", **to_group())


@provokes(Reason.GROUP_UNKNOWN)
def to_a_group_with_another_count(court: Court) -> Record:
    court.accept(group(court, "mfy-001"))
    return court.exchange.letter("deputy", **to_group(count=2))


@provokes(Reason.GROUP_UNKNOWN)
def to_a_group_of_somebody_else(court: Court) -> Record:
    court.accept(group(court, "mfy-001"))
    return court.exchange.letter("chair", **to_group())


@provokes(Reason.NO_RECIPIENTS)
def to_oneself(court: Court) -> Record:
    return court.exchange.letter("deputy", to=("ministry",))


@provokes(Reason.NO_RECIPIENTS)
def to_a_group_of_which_all_are_closed(court: Court) -> Record:
    court.accept(group(court, "mfy-004"), closing(court, "mfy-004"))
    return court.exchange.letter("deputy", **to_group(root=root_of([b"mfy-004"])))


@provokes(Reason.DUE_IN_THE_PAST)
def due_at_the_moment_of_its_dispatch(court: Court) -> Record:
    return court.exchange.letter("deputy", acknowledge_by=court.clock() + 1_000)


@provokes(Reason.DUE_IN_THE_PAST)
def to_be_answered_before_it_was_sent(court: Court) -> Record:
    return court.exchange.letter("deputy", reply_by=court.clock())


@provokes(Reason.REFERENCE_UNKNOWN)
def about_a_letter_that_nobody_sent(court: Court) -> Record:
    return court.exchange.letter("deputy", **refers(relates=NOBODYS_LETTER))


@provokes(Reason.REFERENCE_UNKNOWN)
def about_a_letter_that_was_rejected(court: Court) -> Record:
    rejected = court.exchange.letter("deputy", to=("nowhere",))
    court.judge(court.exchange.record(rejected))
    return court.exchange.letter("deputy", **refers(relates=LetterId(court.exchange.identity_of(rejected))))


@provokes(Reason.REFERENCE_NOT_OWN)
def follows_a_letter_of_somebody_else(court: Court) -> Record:
    return court.exchange.letter("chair", to=("ministry",), **refers(follows=court.sent()))


@provokes(Reason.ANSWER_UNFIT)
def answers_a_letter_that_went_to_others(court: Court) -> Record:
    return court.exchange.letter("chair", to=("ministry",), **refers(answers=court.sent("mfy-002")))


@provokes(Reason.ANSWER_UNFIT)
def answers_past_the_sender(court: Court) -> Record:
    return court.exchange.letter("chair", to=("mfy-002",), **refers(answers=court.sent()))


@provokes(Reason.LETTER_UNKNOWN)
def a_receipt_of_a_letter_that_nobody_sent(court: Court) -> Record:
    return of(court, ReceiptAcknowledged, NOBODYS_LETTER)


@provokes(Reason.LETTER_UNKNOWN)
def a_recall_of_a_letter_that_was_rejected(court: Court) -> Record:
    rejected = court.exchange.letter("deputy", to=("nowhere",))
    court.judge(court.exchange.record(rejected))
    return recall(court, LetterId(court.exchange.identity_of(rejected)))


@provokes(Reason.NOT_THE_SENDER)
def a_recall_by_a_recipient(court: Court) -> Record:
    return recall(court, court.sent(), "chair")


@provokes(Reason.NOT_A_RECIPIENT)
def a_receipt_of_a_letter_to_others(court: Court) -> Record:
    return of(court, ReceiptAcknowledged, court.sent("mfy-002"))


@provokes(Reason.NOT_A_RECIPIENT)
def a_receipt_in_the_place_of_another(court: Court) -> Record:
    return of(court, ReceiptAcknowledged, court.sent("mfy-001"), "secretary-2")


@provokes(Reason.ALREADY_DECIDED)
def acknowledged_twice(court: Court) -> Record:
    letter = court.sent()
    court.accept(of(court, ReceiptAcknowledged, letter))
    return of(court, ReceiptAcknowledged, letter)


@provokes(Reason.ALREADY_DECIDED)
def refused_after_it_was_acknowledged(court: Court) -> Record:
    letter = court.sent()
    court.accept(of(court, ReceiptAcknowledged, letter))
    return of(court, ReceiptRefused, letter)


@provokes(Reason.ALREADY_DECIDED)
def acknowledged_after_it_was_refused(court: Court) -> Record:
    letter = court.sent()
    court.accept(of(court, ReceiptRefused, letter))
    return of(court, ReceiptAcknowledged, letter)


@provokes(Reason.ALREADY_RECALLED)
def acknowledged_after_it_was_recalled(court: Court) -> Record:
    letter = court.sent()
    court.accept(recall(court, letter))
    return of(court, ReceiptAcknowledged, letter)


@provokes(Reason.NO_RECALL_PENDING)
def a_recall_accepted_that_nobody_asked_for(court: Court) -> Record:
    return of(court, RecallAccepted, court.sent())


@provokes(Reason.NO_RECALL_PENDING)
def a_recall_declined_after_it_was_accepted(court: Court) -> Record:
    letter = court.sent()
    court.accept(of(court, ReceiptAcknowledged, letter), recall(court, letter), of(court, RecallAccepted, letter))
    return of(court, RecallDeclined, letter)


@provokes(Reason.RECALL_CHANGES_NOTHING)
def a_letter_recalled_twice(court: Court) -> Record:
    letter = court.sent()
    court.accept(recall(court, letter))
    return recall(court, letter)


@provokes(Reason.RECALL_CHANGES_NOTHING)
def a_recall_after_everybody_refused(court: Court) -> Record:
    letter = court.sent()
    court.accept(of(court, ReceiptRefused, letter))
    return recall(court, letter)


@provokes(Reason.ALREADY_OPENED)
def opened_twice(court: Court) -> Record:
    letter = court.sent()
    court.accept(opened(court, letter))
    return opened(court, letter)


@provokes(Reason.OFFICER_NOT_FOUND)
def opened_by_an_officer_of_another_organisation(court: Court) -> Record:
    return opened(court, court.sent(), "deputy")


@provokes(Reason.NO_TERM)
def missed_a_term_that_was_never_set(court: Court) -> Record:
    return missed(court, court.sent())


@provokes(Reason.NOT_YET_DUE)
def missed_a_term_at_its_last_moment(court: Court) -> Record:
    letter = sent_with_a_term(court)
    court.clock.at_ms += HOUR_MS - 2_000
    return missed(court, letter)


@provokes(Reason.ALREADY_MISSED)
def missed_twice(court: Court) -> Record:
    letter = sent_with_a_term(court)
    court.clock.at_ms += HOUR_MS
    court.accept(missed(court, letter))
    return missed(court, letter)


@provokes(Reason.NOBODY_SILENT)
def missed_though_everybody_acknowledged(court: Court) -> Record:
    letter = sent_with_a_term(court)
    court.accept(of(court, ReceiptAcknowledged, letter))
    court.clock.at_ms += HOUR_MS
    return missed(court, letter)


@provokes(Reason.ALREADY_SUPERSEDED)
def superseded_twice(court: Court) -> Record:
    letter = court.sent()
    court.accept(superseding(court, letter, replacement(court, letter)))
    return superseding(court, letter, replacement(court, letter))


@provokes(Reason.SUPERSEDES_RECALLED)
def superseded_after_it_was_recalled(court: Court) -> Record:
    letter = court.sent()
    later = replacement(court, letter)
    court.accept(recall(court, letter))
    return superseding(court, letter, later)


@provokes(Reason.NOT_REPLACED_BY_IT)
def superseded_by_a_letter_that_does_not_say_so(court: Court) -> Record:
    return superseding(court, court.sent(), court.sent())


@provokes(Reason.OTHER_LETTER_NEEDED)
def a_duplicate_of_nothing(court: Court) -> Record:
    return of(court, ReceiptRefused, court.sent(), reason="DUPLICATE")


@provokes(Reason.OTHER_LETTER_NEEDED)
def a_duplicate_of_itself(court: Court) -> Record:
    letter = court.sent()
    return of(court, ReceiptRefused, letter, reason="DUPLICATE", duplicate_of=Ref(ledger=None, identity=Digest(letter)))


@provokes(Reason.TEXT_NEEDED)
def refused_for_another_reason_without_a_text(court: Court) -> Record:
    return of(court, ReceiptRefused, court.sent(), reason="OTHER")


@provokes(Reason.CODE_UNKNOWN)
def refused_for_a_reason_that_nobody_knows(court: Court) -> Record:
    return of(court, ReceiptRefused, court.sent(), reason="TIRED")
