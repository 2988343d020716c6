"""Letters from outside under rules 3: answered, related to and closed by who entered them; nothing else becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.consignments import handling
from domain.events import OrganisationClosed, ReceiptAcknowledged, ReceiptRefused
from domain.events_office import ConsignmentFetched, ConsignmentTransferred, ReceiptWithdrawn
from domain.header import Ref
from domain.ids import Digest, LetterId, OrgId
from domain.reasons import Reason
from tests.court import Court
from tests.faults.provoked_outside import answering, closing, received
from tests.fixed_exchange import MINISTRY, NO_REFERENCES, REGISTRAR, Said


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    court = Court.founded(tmp_path / "court")
    yield court
    court.close()


def ref(letter: Digest) -> Ref:
    return Ref(ledger=None, identity=letter)


def reason_of(court: Court, said: Said) -> Reason:
    return court.judge(court.exchange.record(said)).reason


def test_who_entered_a_letter_from_outside_answers_it_and_closes_it_with_the_answer(court: Court) -> None:
    entered = court.accept(received(court))
    answer = court.accept(answering(court, entered))
    said = closing(court, entered, how="answered", by=ref(answer))
    court.accept(said)
    found = handling(court.station.view, LetterId(entered), MINISTRY)
    assert found is not None
    assert found.closed is not None
    assert reason_of(court, closing(court, entered)) is Reason.ALREADY_CLOSED


def test_another_organisation_neither_answers_nor_closes_it_but_may_relate_to_it(court: Court) -> None:
    entered = court.accept(received(court))
    assert reason_of(court, answering(court, entered, "chair")) is Reason.ANSWER_UNFIT
    assert reason_of(court, closing(court, entered, "secretary", recipient=OrgId("mfy-001"))) is Reason.NOT_A_RECIPIENT
    assert reason_of(court, closing(court, entered, "secretary")) is Reason.NOT_A_RECIPIENT
    relating = replace(NO_REFERENCES, relates=(ref(entered),))
    court.accept(court.exchange.letter("chair", to=(MINISTRY,), references=relating))


def test_a_successor_answers_and_closes_what_its_predecessor_entered(court: Court) -> None:
    court.employ("chair-2", "mfy-002", "signatory")
    entered = court.accept(received(court, "secretary"))
    court.accept(court.exchange.say(OrganisationClosed, REGISTRAR, organisation="mfy-001", successor="mfy-002"))
    answer = court.accept(answering(court, entered, "chair-2"))
    court.accept(closing(court, entered, "secretary-2", recipient=OrgId("mfy-001"), how="answered", by=ref(answer)))


@pytest.mark.parametrize("relation", ["follows", "replaces"])
def test_a_letter_from_outside_is_nobodys_own_to_follow_or_replace(court: Court, relation: str) -> None:
    entered = court.accept(received(court))
    references = replace(NO_REFERENCES, **{relation: (ref(entered),)})
    assert reason_of(court, court.exchange.letter("deputy", references=references)) is Reason.REFERENCE_UNKNOWN


def test_it_is_not_answered_by_a_letter_that_does_not_name_it_nor_superseded(court: Court) -> None:
    entered, other = court.accept(received(court)), court.sent()
    for how, by in (("answered", other), ("answered", entered), ("superseded", other)):
        assert reason_of(court, closing(court, entered, how=how, by=ref(Digest(by)))) is Reason.CLOSING_LETTER_WRONG
    assert reason_of(court, closing(court, entered, how="answered")) is Reason.CLOSING_LETTER_WRONG
    court.accept(closing(court, entered, how="executed"))


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        (ReceiptAcknowledged, {}),
        (ReceiptRefused, {"reason": "WRONG_ADDRESSEE", "duplicate_of": None, "cover": None}),
        (ReceiptWithdrawn, {"reason": "ENTERED_IN_ERROR", "cover": None}),
        (ConsignmentTransferred, {"to": "mfy-001", "reason": "NOT_IN_COMPETENCE", "cover": None}),
        (ConsignmentFetched, {}),
    ],
    ids=lambda value: getattr(value, "TYPE", ""),
)
def test_nothing_else_that_a_recipient_says_can_be_said_of_it(court: Court, act: type[Any], fields: dict[str, Any]) -> None:
    entered = court.accept(received(court))
    who = "machine" if act is ConsignmentFetched else "clerk"
    said = court.exchange.say(act, who, letter=LetterId(entered), recipient=MINISTRY, **fields)
    assert reason_of(court, said) is Reason.LETTER_UNKNOWN


@pytest.mark.parametrize("rules", [1, 2])
def test_earlier_rules_know_no_letters_from_outside(tmp_path: Path, rules: int) -> None:
    court = Court.founded(tmp_path / "court", rules=rules)
    assert reason_of(court, received(court)) is Reason.TYPE_UNKNOWN
    assert reason_of(court, answering(court, Digest(bytes(32)))) is Reason.REFERENCE_UNKNOWN
    court.close()
