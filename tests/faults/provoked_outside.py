"""What fails step 9 for the world outside: letters that came on paper, and deliveries to bodies that are not connected."""

from __future__ import annotations

from typing import Any, Final

from domain.events import OrganisationChanged
from domain.events_office import ConsignmentDeliveredOutside, LetterReceivedOutside
from domain.header import Encryption, Ref
from domain.ids import Digest, LetterId, OrgId, sha256
from domain.reasons import Reason
from tests.court import STEP_MS, Court
from tests.faults.provocation import Record, provokes
from tests.faults.provoked_records import NOBODYS_LETTER
from tests.fixed_exchange import HOUR_MS, REGISTRAR, Said, document, entry

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
def a_letter_on_paper_with_an_encrypted_scan(court: Court) -> Record:
    encryption = Encryption(scheme="hpke", sha256=sha256(b"ciphertext"), size_bytes=10)
    return received(court, documents=(document("scan", encryption=encryption),))


@provokes(Reason.CODE_UNKNOWN)
def a_letter_by_pigeon(court: Court) -> Record:
    return received(court, channel="pigeon")


@provokes(Reason.CODE_UNKNOWN)
def a_letter_on_paper_of_an_unknown_kind(court: Court) -> Record:
    return received(court, kind="poem")


@provokes(Reason.DOCUMENTS_WRONG)
def a_letter_on_paper_with_two_main_documents(court: Court) -> Record:
    return received(court, documents=(document("one"), document("two")))


@provokes(Reason.UNIT_HAS_NONE)
def a_unit_enters_a_letter_on_paper(court: Court) -> Record:
    return received(court, "office-clerk")


@provokes(Reason.ARRIVED_LATER)
def a_letter_on_paper_that_arrives_tomorrow(court: Court) -> Record:
    return received(court, arrived_at=court.clock() + STEP_MS + 1)


@provokes(Reason.WRITTEN_AFTER_ARRIVAL)
def a_letter_on_paper_written_after_it_arrived(court: Court) -> Record:
    return received(court, written_at=court.clock(), arrived_at=court.clock() - 1)


@provokes(Reason.REFERENCE_UNKNOWN)
def a_letter_on_paper_that_answers_a_letter_nobody_sent(court: Court) -> Record:
    return received(court, references=(Ref(ledger=None, identity=Digest(NOBODYS_LETTER)),))


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
def a_delivery_on_paper_to_a_connected_recipient(court: Court) -> Record:
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
