"""An exchange in which everything happens once that rules 3 brought: approvals, mandates, the rest of a letter's life, outside.

Its ledger is one of its own: what is made on that of `tests.eventful_exchange` is counted there.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.approvals import decided, delegated, reassigned, requested, stage_missed, withdrawn
from adapters.calendar_files import CalendarFile, calendar_adopted, outage_declared
from adapters.correspondence import acknowledged, explanation, fetched
from adapters.frozen_letters import FrozenDocument, FrozenLetter, store_frozen
from adapters.handling import closed, passed_on, receipt_withdrawn, registration_corrected, registration_voided, reminded
from adapters.keyring import OfficerSigner
from adapters.mandates import MandateTerms, mandate_granted, mandate_revoked
from adapters.outside import LetterFromOutside, delivered_outside, received_outside
from adapters.registration import registered
from adapters.signers import signer_of
from adapters.station import Station, Utterance
from domain.approval_routes import Answer
from domain.calendars import first_day
from domain.documents import MAIN
from domain.events import LetterDispatched
from domain.events_approvals import Approver, Stage
from domain.header import Document, Ref
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.reasons import Reason
from tests.eventful_exchange import START_MS, TERM_S, Eventful, Story, told_in
from tests.exchanges import MINISTRY, REGISTRAR, entry_of, tell

FIRST, SECOND, THIRD = (OrgId(f"mfy-{number:03}") for number in range(1, 4))
PAPER_OFFICE: Final = OrgId("paper-office")
HOUR_MS: Final = 3_600_000
YEAR: Final = 2025


def eventful_office(folder: Path) -> contextlib.AbstractContextManager[Eventful]:
    """Give an exchange in whose ledger everything that rules 3 brought has happened once."""
    return told_in(folder, _Office)


def office(organisation: OrgId) -> Approver:
    """Return an organisation as an approver."""
    return Approver(organisation=organisation, officer=None)


def person(officer: str) -> Approver:
    """Return an officer as an approver."""
    return Approver(organisation=None, officer=OfficerId(officer))


def paper(station: Station, text: str) -> FrozenLetter:
    """Return a paper with this text and a cover, both in a station's own store."""
    raw, (entry, about) = text.encode(), explanation(f"About: {text}", salt=sha256(text.encode())[:16])
    main = Document(sha256=sha256(raw), size_bytes=len(raw), media_type="text/plain", role=MAIN, encryption=None)
    frozen = FrozenLetter(
        cover=FrozenDocument(entry=entry, name="cover", content=about),
        documents=(FrozenDocument(entry=main, name="paper.txt", content=raw),),
    )
    store_frozen(station.parts.documents.own, frozen)
    return frozen


class _Office(Story):
    def tell_all(self) -> None:
        self.directory()
        self.a_calendar_and_an_outage()
        self.an_approval_and_its_letter()
        self.approvals_that_come_to_nothing()
        self.a_deputy_of_a_clerk()
        self.a_letter_that_is_passed_on_and_closed()
        self.numbers_that_are_mended()
        self.letters_from_outside()
        self.what_is_not_accepted()

    def signer(self, name: str) -> OfficerSigner:
        return self.exchange.signer(name)

    def directory(self) -> None:
        exchange, station = self.exchange, self.station
        entries = [entry_of(one, region="north") for one in (FIRST, SECOND, THIRD)]
        entries.append(replace(entry_of(PAPER_OFFICE), connection="outside"))
        tell(station, [registered(station, self.signer(REGISTRAR), MINISTRY, entry) for entry in entries])
        for officer in ("deputy", "head"):
            exchange.add_officer(station, officer, MINISTRY, "signatory")
        exchange.add_officer(station, "ministry-clerk", MINISTRY, "clerk")
        exchange.add_officer(station, "ministry-station", MINISTRY, "station")
        for one in (FIRST, SECOND, THIRD):
            exchange.add_officer(station, f"clerk-{one}", one, "clerk", "signatory")
        exchange.add_officer(station, "helper", THIRD, "archivist")
        exchange.add_officer(station, "station-mfy-001", FIRST, "station")
        # One of them signs with a key of the other kind.
        key = signer_of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
        enrolment, signer = exchange.enrolment(station, "clerk-mfy-002", SECOND, key=key)
        tell(station, [enrolment])
        exchange.officers["clerk-mfy-002"] = signer

    def a_calendar_and_an_outage(self) -> None:
        new_year = (first_day(YEAR),)
        days = CalendarFile(country="UZ", year=YEAR, rest_weekdays=(6, 7), holidays=new_year, working_days=())
        for name in ("calendar", "calendar again"):
            self.say(name, calendar_adopted(self.station, self.signer(REGISTRAR), MINISTRY, days))
            days = replace(days, holidays=())
        self.send("delayed", FIRST, SECOND, acknowledge_by=f"+{TERM_S}s")
        said: dict[str, Any] = {"from_at": START_MS, "until_at": self.clock() - 1, "regions": (), "reason": "POWER"}
        declared = outage_declared(self.station, self.signer(REGISTRAR), MINISTRY, organisations=(SECOND,), **said)
        self.say("outage", declared)

    def request(self, name: str, frozen: FrozenLetter, *route: Stage, follows: Digest | None = None) -> Digest:
        clerk = self.signer("ministry-clerk")
        said = requested(self.station, clerk, MINISTRY, frozen, route, letter=None, follows=follows)
        self.say(name, said)
        return self.outcomes[name].identity

    def decide(self, name: str, officer: str, request: Digest, place: tuple[int, int], answer: Answer, **more: Any) -> None:
        speaker = OrgId(officer.removeprefix("clerk-")) if officer.startswith("clerk-") else MINISTRY
        self.say(name, decided(self.station, self.signer(officer), speaker, request, place, answer, **more))

    def frozen(self, letter: Utterance) -> FrozenLetter:
        """Return a letter as it was frozen, from this station's own documents."""
        own, body = self.station.parts.documents.own, letter.body
        assert isinstance(body, LetterDispatched)
        entries = (body.cover, *body.documents)
        cover, *documents = (FrozenDocument(entry=one, name="it", content=own.path_of(one.sha256)) for one in entries)
        return FrozenLetter(cover=cover, documents=tuple(documents))

    def an_approval_and_its_letter(self) -> None:
        letter = self.exchange.letter(self.station, "deputy", FIRST, SECOND, subject="Agreed")
        quorum = (office(FIRST), office(SECOND), office(MINISTRY))
        route = (
            Stage(rule="quorum", quorum=2, due_at=None, approvers=quorum),
            Stage(rule="all", quorum=None, due_at=None, approvers=(person("deputy"), person("head"))),
        )
        request = self.request("request", self.frozen(letter), *route)
        self.decide("given", "clerk-mfy-001", request, (1, 1), Answer.GIVEN, cover=self.note("With a remark."))
        times = {"from_at": self.clock(), "until_at": self.clock() + HOUR_MS}
        clerk = self.signer("clerk-mfy-002")
        said = delegated(self.station, clerk, SECOND, request, (1, 2), to=OfficerId("helper"), **times)
        self.say("delegated", said)
        given = decided(self.station, self.signer("helper"), THIRD, request, (1, 2), Answer.GIVEN)
        self.say("given by a delegate", given)
        self.decide("given first", "deputy", request, (2, 1), Answer.GIVEN)
        clerk = self.signer("ministry-clerk")
        self.say("reassigned", reassigned(self.station, clerk, MINISTRY, request, (2, 2), to=office(THIRD)))
        self.decide("given last", "clerk-mfy-003", request, (2, 2), Answer.GIVEN)
        assert isinstance(letter.body, LetterDispatched)
        named = replace(letter.body, approvals=(Ref(ledger=None, identity=request),))
        self.say("agreed", replace(letter, body=named))
        self.letters["agreed"] = LetterId(self.outcomes["agreed"].identity)

    def approvals_that_come_to_nothing(self) -> None:
        first, due = paper(self.station, "To be approved"), self.clock() + 1_000 * TERM_S
        route = Stage(rule="any", quorum=None, due_at=due, approvers=(office(FIRST),))
        returned = self.request("first round", first, route)
        self.decide("returned", "clerk-mfy-001", returned, (1, 1), Answer.RETURNED, reason="TEXT_TO_REVISE")
        again = self.request("second round", paper(self.station, "Once more"), route, follows=returned)
        self.clock.advance(TERM_S + 1)
        self.say("stage missed", stage_missed(self.station, self.signer("ministry-station"), MINISTRY, again, 1))
        self.decide("refused", "clerk-mfy-001", again, (1, 1), Answer.REFUSED, reason="FACTS_WRONG")
        third = self.request("third round", paper(self.station, "For the last time"), replace(route, due_at=None))
        clerk, why = self.signer("ministry-clerk"), self.note("Let it be.")
        said = withdrawn(self.station, clerk, MINISTRY, third, reason="OTHER", cover=why)
        self.say("request withdrawn", said)

    def a_deputy_of_a_clerk(self) -> None:
        clerk, helper = self.signer("clerk-mfy-003"), self.signer("helper")
        now = self.station.rehearsal_time
        terms = MandateTerms(
            organisation=THIRD,
            officer=OfficerId("clerk-mfy-003"),
            deputy=OfficerId("helper"),
            deputy_organisation=THIRD,
            event_types=("receipt.acknowledged",),
            from_at=now,
            until_at=now + HOUR_MS,
            basis_number="12-k",
            basis_at=now,
        )
        self.say("grant", mandate_granted(self.station, clerk, THIRD, terms))
        mandate = self.outcomes["grant"].identity
        letter = self.send("to a deputy", THIRD, subject="For the deputy")
        self.exchange.officers["helper"] = replace(helper, mandate=mandate)
        self.acknowledge("under a mandate", letter, THIRD, by="helper")
        self.say("mandate revoked", mandate_revoked(self.station, clerk, THIRD, mandate=mandate, reason="RETURNED"))
        self.exchange.officers["helper"] = helper

    def a_letter_that_is_passed_on_and_closed(self) -> None:
        letter = self.send("handled", FIRST, SECOND, subject="For somebody else", acknowledge_by=f"+{TERM_S}s")
        first, second, third = (self.signer(f"clerk-{one}") for one in (FIRST, SECOND, THIRD))
        self.say("fetched", fetched(self.station, self.signer("station-mfy-001"), FIRST, letter, FIRST))
        said: dict[str, Any] = {"to": THIRD, "reason": "NOT_IN_COMPETENCE", "cover": self.note("Not ours.")}
        self.say("passed on", passed_on(self.station, second, SECOND, letter, SECOND, **said))
        clerk = self.signer("ministry-clerk")
        self.say("reminded", reminded(self.station, clerk, MINISTRY, letter, whom="silent", regions=("north",)))
        self.acknowledge("received there", letter, THIRD)
        self.say("closed as noted", closed(self.station, third, THIRD, letter, THIRD, how="noted", case_index="01-02"))
        self.acknowledge("received here", letter, FIRST)
        reply = self.send("reply", MINISTRY, by="clerk-mfy-001", sender=FIRST, kind="reply", answers=(letter.hex(),))
        self.say("closed by a reply", closed(self.station, first, FIRST, letter, FIRST, how="answered", by=reply))

    def numbers_that_are_mended(self) -> None:
        letter, clerk = self.send("entered in error", FIRST, case_index="01-07"), self.signer("clerk-mfy-001")
        self.acknowledge("wrong receipt", letter, FIRST)
        entry = self.outcomes["wrong receipt"].identity
        corrected: dict[str, Any] = {"entry": entry, "case_index": "01-08", "reason": "WRONG_CASE"}
        self.say("corrected", registration_corrected(self.station, clerk, FIRST, letter, **corrected))
        voiding = registration_voided(self.station, clerk, FIRST, letter, entry=entry, reason="ENTERED_IN_ERROR")
        self.say("voided", voiding)
        said = receipt_withdrawn(self.station, clerk, FIRST, letter, FIRST, reason="ENTERED_IN_ERROR")
        self.say("receipt withdrawn", said)
        self.acknowledge("received anew", letter, FIRST)

    def letters_from_outside(self) -> None:
        letter, clerk = self.send("on paper", PAPER_OFFICE, FIRST), self.signer("ministry-clerk")
        delivery: dict[str, Any] = {"channel": "by_hand", "delivered_at": self.clock()}
        self.say("delivered", delivered_outside(self.station, clerk, MINISTRY, letter, PAPER_OFFICE, **delivery))
        arrived = LetterFromOutside(
            kind="letter",
            language="uz",
            channel="post",
            written_at=START_MS - HOUR_MS,
            arrived_at=self.clock() - 1_000,
            answers=letter,
            case_index="02-01",
        )
        self.say("from outside", received_outside(self.station, clerk, MINISTRY, arrived, paper(self.station, "A scan")))
        entered = LetterId(self.outcomes["from outside"].identity)
        answer = self.send("answer outside", PAPER_OFFICE, answers=(entered.hex(),))
        self.say("outside closed", closed(self.station, clerk, MINISTRY, entered, MINISTRY, how="answered", by=answer))

    def what_is_not_accepted(self) -> None:
        letter, request = self.letters["handled"], self.outcomes["request"].identity
        first, second = self.signer("clerk-mfy-001"), self.signer("clerk-mfy-002")
        late = decided(self.station, first, FIRST, request, (1, 1), Answer.REFUSED, reason="FACTS_WRONG")
        self.reject("decided twice", late, Reason.PLACE_ALREADY_DECIDED)
        again = closed(self.station, first, FIRST, letter, FIRST, how="noted")
        self.reject("closed twice", replace(again, intention="closed twice"), Reason.ALREADY_CLOSED)
        further = passed_on(self.station, second, SECOND, letter, SECOND, to=FIRST, reason="OTHER", cover=self.note("Why."))
        self.reject("passed on twice", replace(further, intention="passed on twice"), Reason.ALREADY_TRANSFERRED)
        helper = replace(self.signer("helper"), mandate=self.outcomes["grant"].identity)
        sent = self.send("without the deputy", THIRD)
        self.reject("under no mandate", acknowledged(self.station, helper, THIRD, sent, THIRD), Reason.MANDATE_REVOKED)
        self.litter()
