"""The ledger of evidence under rules 3, and its bundles: an approval, a mandate, a transfer, what came from and went outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapters.evidence_bundle import DOCUMENTS, event_folder
from domain.events import ReceiptAcknowledged
from domain.events_approvals import ApprovalReassigned
from domain.header import Ref
from domain.ids import Digest, OrgId
from domain.reasons import Reason
from tests.bundled_evidence import bundle_of, changed, files_in, without_enrolment
from tests.court import Court
from tests.faults.provoked_approvals import asking, delegating, giving, naming, office, person, stage
from tests.faults.provoked_consignments import passed_on
from tests.faults.provoked_mandates import granting, standing_in
from tests.faults.provoked_outside import answering, closing, delivered, received, sent_outside
from tests.vectors.ledgers.corpus_evidence import Binder, Places, letter_texts

NAME_3: Final = "evidence-3"
ROUTE: Final = ("request", "lent by the chair", "given for the chair", "lent by the head", "given for the head")
"""What is said of the first stage, of which two of three must approve."""
APPROVED: Final = (*ROUTE, "reassigned", "given by the chair", "approved")
THERE: Final = "mfy-002"
"""To which committee a letter is passed on."""


def evidencing_3(court: Court) -> None:
    """Tell what bundles under rules 3 are made of."""
    placed_3(court)


def placed_3(court: Court) -> dict[str, int]:
    """Tell what bundles under rules 3 are made of, and return where each thing stands."""
    places = Places(court)
    _approve(court, places)
    grant = places.say("grant", granting(court))
    places.say("under a mandate", standing_in(court, Digest(grant)))
    letter = places.say("passed on", court.exchange.letter("deputy"))
    places.say("transfer", passed_on(court, letter, THERE))
    receipt = court.exchange.say(ReceiptAcknowledged, "secretary-2", letter=letter, recipient=OrgId(THERE))
    places.say("receipt there", receipt)
    entered = Digest(places.say("from outside", received(court)))
    answer = Ref(ledger=None, identity=Digest(places.say("answer", answering(court, entered))))
    places.say("closing", closing(court, entered, how="answered", by=answer))
    sent = sent_outside(court)
    places.positions["to the outside"] = court.ledger.end() - 1
    places.say("delivery", delivered(court, sent))
    return places.positions


def _approve(court: Court, places: Places) -> None:
    """Have a paper approved by two delegates and one who took another's place, and a letter sent that names the approval."""
    first = stage(office("mfy-001"), person("head"), office("ministry"), rule="quorum", quorum=2)
    request = Digest(places.say("request", asking(court, first, stage(office("ministry")))))
    other = Digest(places.say("other request", asking(court)))
    places.say("not approved", naming(court, other), Reason.APPROVAL_NOT_COMPLETE)
    places.say("lent by the chair", delegating(court, request, "secretary"))
    places.say("given for the chair", giving(court, request, "secretary"))
    places.say("lent by the head", delegating(court, request, "secretary-2", "head", place=2))
    places.say("given for the head", giving(court, request, "secretary-2", place=2))
    fields: dict[str, Any] = {"request": request, "stage": 2, "place": 1, "to": office("mfy-001")}
    places.say("reassigned", court.exchange.say(ApprovalReassigned, "clerk", **fields))
    places.say("given by the chair", giving(court, request, number=2))
    places.say("approved", naming(court, request))
    places.say("of the other request", giving(court, other))


def texts_3(court: Court) -> Iterator[str]:
    """Yield the texts of everything that is named, and of its covers."""
    yield "paper"
    yield from letter_texts(court)
    for number in range(court.exchange.count + 1):
        yield from (f"request {number}", f"scan {number}", f"cover of a scan {number}")


def bundles_3(binder: Binder) -> Iterator[tuple[str, bytes]]:
    """Yield the bundles of all this, and what somebody made of them."""
    made = binder.made
    yield "approved", made(*APPROVED)
    yield "approved-without-a-decision", made(*(one for one in APPROVED if one != "given by the chair"))
    yield "approved-without-the-heads-delegation", made(*(one for one in APPROVED if one != "lent by the head"))
    yield "approved-with-a-foreign-decision", made(*APPROVED, "of the other request")
    yield "not-approved", made("other request", "not approved")
    mandate = made("under a mandate")
    yield "under-a-mandate", mandate
    yield "under-a-mandate-without-its-grant", without_enrolment(mandate, binder.places["grant"])
    yield "passed-on", made("passed on", "transfer", "receipt there")
    yield "passed-on-without-the-transfer", made("passed on", "receipt there")
    outside = made("from outside", "answer", "closing")
    yield "from-outside", outside
    yield "from-outside-with-another-scan", bundle_of(_with_another_scan(files_in(outside)))
    yield "closed-without-the-entry", made("answer", "closing")
    yield "entry-from-outside", made("from outside")
    yield "delivered-outside", made("to the outside", "delivery")
    leaf = f"{event_folder(binder.places['delivery'])}verdict.bin"
    yield "delivery-of-another-time", changed(made("to the outside", "delivery"), leaf, lambda raw: raw[:23] + b"\0" + raw[24:])


def _with_another_scan(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return a bundle's files with another scan under the name of the one that the entry names."""
    scan = next(name for name, content in files.items() if name.startswith(DOCUMENTS) and content.startswith(b"scan "))
    return {**files, scan: b"Scan" + files[scan][4:]}
