"""What fails step 9 for the world outside: letters that came on paper, and deliveries to bodies that are not connected."""

from __future__ import annotations

from typing import Any, Final

from domain.events import OrganisationChanged
from domain.events_office import ConsignmentClosed, ConsignmentDeliveredOutside, LetterReceivedOutside
from domain.header import Encryption, Ref
from domain.ids import Digest, LetterId, OrgId, sha256
from domain.reasons import Reason
from tests.court import STEP_MS, Court
from tests.faults.provocation import Record, provokes
from tests.faults.provoked_letters import refers
from tests.faults.provoked_records import NOBODYS_LETTER
from tests.fixed_exchange import HOUR_MS, MINISTRY, REGISTRAR, Said, document, entry

AWAY: Final = "mfy-004"
"""The committee that is not connected in these cases."""


def received(court: Court, by: str = "clerk", **changes: Any) -> Said:
    """Return the entry of a letter that came by post two hours ago."""
    fields: dict[str, Any] = {
        "kind": "letter",
        "language": "uz",
        "channel": "post",
        "written_at": court.clock() - 30 * HOUR_MS,
        "arrived_at": court.clock() - 2 * HOUR_MS,
        "cover": document(f"cover of a scan {court.exchange.count}", "cover"),
        "documents": (document(f"scan {court.exchange.count}"),),
        "references": (),
        "case_index": None,
    }
    return court.exchange.say(LetterReceivedOutside, by, **{**fields, **changes})


def delivered(court: Court, letter: LetterId, by: str = "clerk", **changes: Any) -> Said:
    """Return the statement that the committee outside got a letter just now."""
    fields: dict[str, Any] = {
        "letter": letter,
        "recipient": OrgId(AWAY),
        "channel": "by_hand",
        "delivered_at": court.clock(),
        "cover": None,
    }
    return court.exchange.say(ConsignmentDeliveredOutside, by, **{**fields, **changes})


def sent_outside(court: Court) -> LetterId:
    """Put a committee outside the exchange, and send a letter to it and to another."""
    court.accept(court.exchange.say(OrganisationChanged, REGISTRAR, entry=entry(AWAY, connection="outside")))
    return court.sent(AWAY, "mfy-001")


@provokes(Reason.NOT_IN_THESE_RULES)
def a_letter_from_outside_with_an_encrypted_scan(court: Court) -> Record:
    encryption = Encryption(scheme="hpke", sha256=sha256(b"ciphertext"), size_bytes=10)
    return received(court, documents=(document("scan", encryption=encryption),))


@provokes(Reason.CODE_UNKNOWN)
def a_letter_by_pigeon(court: Court) -> Record:
    return received(court, channel="pigeon")


@provokes(Reason.CODE_UNKNOWN)
def a_letter_from_outside_of_an_unknown_kind(court: Court) -> Record:
    return received(court, kind="poem")


@provokes(Reason.DOCUMENTS_WRONG)
def a_letter_from_outside_with_two_main_documents(court: Court) -> Record:
    return received(court, documents=(document("one"), document("two")))


@provokes(Reason.UNIT_HAS_NONE)
def a_unit_enters_a_letter_from_outside(court: Court) -> Record:
    return received(court, "office-clerk")


@provokes(Reason.ARRIVED_LATER)
def a_letter_from_outside_that_arrives_tomorrow(court: Court) -> Record:
    return received(court, arrived_at=court.clock() + STEP_MS + 1)


@provokes(Reason.WRITTEN_AFTER_ARRIVAL)
def a_letter_from_outside_written_after_it_arrived(court: Court) -> Record:
    return received(court, written_at=court.clock(), arrived_at=court.clock() - 1)


@provokes(Reason.REFERENCE_UNKNOWN)
def a_letter_from_outside_that_answers_a_letter_nobody_sent(court: Court) -> Record:
    return received(court, references=(Ref(ledger=None, identity=Digest(NOBODYS_LETTER)),))


def answering(court: Court, entered: Digest, by: str = "deputy") -> Said:
    """Return a letter to the first committee, or to the ministry by another, that answers a letter from outside."""
    return court.exchange.letter(by, to=("mfy-001" if by == "deputy" else "ministry",), **refers(answers=LetterId(entered)))


def closing(court: Court, entered: Digest, who: str = "clerk", **changes: Any) -> Said:
    """Return the closing of a letter from outside by the ministry, which entered it, or by another."""
    fields: dict[str, Any] = {"recipient": MINISTRY, "how": "noted", "by": None, "case_index": None, "cover": None, **changes}
    return court.exchange.say(ConsignmentClosed, who, letter=LetterId(entered), **fields)


@provokes(Reason.ANSWER_UNFIT)
def an_answer_to_what_another_entered(court: Court) -> Record:
    return answering(court, court.accept(received(court)), "chair")


@provokes(Reason.REFERENCE_UNKNOWN)
def a_letter_from_outside_followed_like_an_own(court: Court) -> Record:
    return court.exchange.letter("deputy", **refers(follows=LetterId(court.accept(received(court)))))


@provokes(Reason.NOT_A_RECIPIENT)
def a_letter_from_outside_closed_by_another(court: Court) -> Record:
    return closing(court, court.accept(received(court)), "secretary", recipient=OrgId("mfy-001"))


@provokes(Reason.CLOSING_LETTER_WRONG)
def a_letter_from_outside_superseded(court: Court) -> Record:
    by = Ref(ledger=None, identity=Digest(court.sent()))
    return closing(court, court.accept(received(court)), how="superseded", by=by)


@provokes(Reason.ALREADY_CLOSED)
def a_letter_from_outside_closed_twice(court: Court) -> Record:
    entered = court.accept(received(court))
    court.accept(closing(court, entered))
    return closing(court, entered)


@provokes(Reason.CODE_UNKNOWN)
def a_delivery_by_pigeon(court: Court) -> Record:
    return delivered(court, sent_outside(court), channel="pigeon")


@provokes(Reason.DOCUMENTS_WRONG)
def a_delivery_with_a_main_document_for_a_cover(court: Court) -> Record:
    return delivered(court, sent_outside(court), cover=document("no cover"))


@provokes(Reason.LETTER_UNKNOWN)
def a_delivery_of_a_letter_that_nobody_sent(court: Court) -> Record:
    return delivered(court, NOBODYS_LETTER)


@provokes(Reason.NOT_THE_SENDER)
def another_than_the_sender_tells_of_a_delivery(court: Court) -> Record:
    return delivered(court, sent_outside(court), "secretary")


@provokes(Reason.NOT_A_RECIPIENT)
def a_delivery_to_somebody_who_was_not_addressed(court: Court) -> Record:
    return delivered(court, sent_outside(court), recipient=OrgId("mfy-002"))


@provokes(Reason.NOT_OUTSIDE)
def a_delivery_outside_to_a_connected_recipient(court: Court) -> Record:
    return delivered(court, sent_outside(court), recipient=OrgId("mfy-001"))


@provokes(Reason.DELIVERY_TIME_WRONG)
def a_delivery_before_the_dispatch(court: Court) -> Record:
    letter = sent_outside(court)
    return delivered(court, letter, delivered_at=court.clock() - 1)


@provokes(Reason.DELIVERY_TIME_WRONG)
def a_delivery_that_is_yet_to_come(court: Court) -> Record:
    return delivered(court, sent_outside(court), delivered_at=court.clock() + STEP_MS + 1)


@provokes(Reason.DELIVERY_ALREADY_RECORDED)
def the_same_delivery_told_twice(court: Court) -> Record:
    letter = sent_outside(court)
    first = delivered(court, letter)
    court.accept(first)
    return delivered(court, letter, delivered_at=first.body.delivered_at)  # type: ignore[attr-defined]
