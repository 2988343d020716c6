"""The rest of a letter's life: every reason, every state, and how one act meets another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.evidence_bundle import Proven
from adapters.evidence_letters import NAMED, PASSED_ON, addressed_in
from cli.evidence_selection import letter_positions
from domain.consignments import COUNTED_STATES, TRANSITIONS, ConsignmentAct, ConsignmentState, effective
from domain.events import (
    LetterRecalled,
    LetterSuperseded,
    OrganisationClosed,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
    References,
)
from domain.events_office import (
    ConsignmentClosed,
    ConsignmentFetched,
    ConsignmentTransferred,
    ReceiptWithdrawn,
    RegistrationCorrected,
    RegistrationVoided,
    ReminderSent,
)
from domain.header import Ref
from domain.ids import Digest, LetterId, OrgId, sha256
from domain.letters import all_recipients, letter, tally
from domain.log_proofs import LogProof
from domain.notes import Note
from domain.reading import read_record
from domain.reasons import Reason
from domain.verdicts import parse_leaf
from tests.court import Court
from tests.fixed_exchange import Said

ONE, TWO, THREE = OrgId("mfy-001"), OrgId("mfy-002"), OrgId("mfy-003")
CLERKS = {ONE: "secretary", TWO: "secretary-2", THREE: "secretary-3"}


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    court = Court.founded(tmp_path_factory.mktemp("founded"))
    court.close()
    _exchange.append(court)
    return court.folder


_exchange: list[Court] = []


@pytest.fixture
def court(founded: Path, tmp_path: Path) -> Iterator[Court]:
    court = _exchange[0].copied(tmp_path / "court")
    assert founded.exists()
    yield court
    court.close()


def said_of(court: Court, act: type[Any], sent: LetterId, at: OrgId = ONE, who: str | None = None, **fields: Any) -> Said:
    """Return what a recipient says of a letter, with whatever its event needs."""
    needed: dict[type[Any], dict[str, Any]] = {
        ReceiptAcknowledged: {},
        ReceiptRefused: {"reason": "WRONG_ADDRESSEE", "duplicate_of": None, "cover": None},
        RecallAccepted: {},
        RecallDeclined: {"reason": None, "cover": None},
        ReceiptWithdrawn: {"reason": "ENTERED_IN_ERROR", "cover": None},
        ConsignmentTransferred: {"to": TWO, "reason": "NOT_IN_COMPETENCE", "cover": None},
        ConsignmentClosed: {"how": "noted", "by": None, "case_index": "01-02", "cover": None},
        ConsignmentFetched: {},
    }
    return court.exchange.say(act, who or CLERKS[at], letter=sent, recipient=at, **{**needed[act], **fields})


def recall(court: Court, sent: LetterId) -> Said:
    return court.exchange.say(LetterRecalled, "deputy", letter=sent, reason="WRONG_TEXT", cover=None)


def reason_of(court: Court, said: Said) -> Reason:
    return court.judge(court.exchange.record(said)).reason


def state(court: Court, sent: LetterId, at: OrgId = ONE) -> ConsignmentState:
    return effective(court.station.view, sent, at)


def require_counts(court: Court, sent: LetterId) -> None:
    """The tally counts exactly what each recipient's state says, and the sender's view counts the same."""
    view = court.station.view
    found, counts = letter(view, sent), tally(view, sent)
    assert found is not None
    states = [effective(view, sent, one.organisation) for one in all_recipients(view, found)]
    assert {one: getattr(counts, one.value) for one in COUNTED_STATES} == {one: states.count(one) for one in COUNTED_STATES}
    with court.projector.database.reading() as connection:
        sent_row = connection.exec_driver_sql("SELECT * FROM outbox_letters WHERE letter = ?", (bytes(sent),)).mappings().one()
        shown = (
            connection.exec_driver_sql("SELECT state FROM inbox_consignments WHERE letter = ?", (bytes(sent),)).scalars().all()
        )
    assert sorted(shown) == sorted(states)
    assert {one: sent_row[f"action_{one.value}"] for one in COUNTED_STATES} == {one: states.count(one) for one in COUNTED_STATES}
    assert counts.open_action == states.count(ConsignmentState.OPEN)


WAYS: dict[ConsignmentState, tuple[Any, ...]] = {
    ConsignmentState.OPEN: (),
    ConsignmentState.ACKNOWLEDGED: (ReceiptAcknowledged,),
    ConsignmentState.REFUSED: (ReceiptRefused,),
    ConsignmentState.RECALL_ASKED: (ReceiptAcknowledged, LetterRecalled),
    ConsignmentState.RECALLED: (LetterRecalled,),
    ConsignmentState.TRANSFERRED: (ConsignmentTransferred,),
}
ACTS = {
    ConsignmentAct.ACKNOWLEDGE: ReceiptAcknowledged,
    ConsignmentAct.REFUSE: ReceiptRefused,
    ConsignmentAct.ACCEPT_RECALL: RecallAccepted,
    ConsignmentAct.DECLINE_RECALL: RecallDeclined,
    ConsignmentAct.WITHDRAW: ReceiptWithdrawn,
    ConsignmentAct.TRANSFER: ConsignmentTransferred,
    ConsignmentAct.CLOSE: ConsignmentClosed,
}


@pytest.mark.parametrize("before", ConsignmentState)
def test_the_table_of_consignments_holds_in_every_state(court: Court, before: ConsignmentState) -> None:
    for act, event in ACTS.items():
        sent = court.sent(ONE)
        for step in WAYS[before]:
            court.accept(recall(court, sent) if step is LetterRecalled else said_of(court, step, sent))
        assert state(court, sent) is before
        outcome = TRANSITIONS[before, act]
        got = reason_of(court, said_of(court, event, sent))
        assert got is (outcome if isinstance(outcome, Reason) else Reason.ACCEPTED)
        assert state(court, sent) is (before if isinstance(outcome, Reason) else outcome)
        require_counts(court, sent)


def test_a_transferred_letter_is_open_where_it_went_and_answerable_there_only(court: Court) -> None:
    sent = court.sent(ONE)
    court.accept(said_of(court, ReceiptAcknowledged, sent), said_of(court, ConsignmentTransferred, sent))
    assert (state(court, sent, ONE), state(court, sent, TWO)) == (ConsignmentState.TRANSFERRED, ConsignmentState.OPEN)
    verdict = court.judge(court.exchange.record(said_of(court, ReceiptAcknowledged, sent, TWO)))
    assert verdict.number is not None
    assert verdict.number.organisation == TWO
    require_counts(court, sent)


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("nobody", Reason.TRANSFER_UNFIT),
        ("office", Reason.TRANSFER_UNFIT),
        ("ministry", Reason.TRANSFER_UNFIT),
        (ONE, Reason.ALREADY_RECIPIENT),
        (THREE, Reason.ALREADY_RECIPIENT),
    ],
)
def test_a_letter_is_not_passed_on_to_whom_it_cannot_go(court: Court, to: str, reason: Reason) -> None:
    sent = court.sent(ONE, THREE)
    assert reason_of(court, said_of(court, ConsignmentTransferred, sent, to=OrgId(to))) is reason


def test_a_letter_never_goes_round_in_a_circle(court: Court) -> None:
    sent = court.sent(ONE)
    court.accept(said_of(court, ConsignmentTransferred, sent), said_of(court, ConsignmentTransferred, sent, TWO, to=THREE))
    assert reason_of(court, said_of(court, ConsignmentTransferred, sent, THREE, to=ONE)) is Reason.ALREADY_RECIPIENT
    require_counts(court, sent)


def test_a_recall_after_a_transfer_takes_the_letter_from_where_it_is(court: Court) -> None:
    sent = court.sent(ONE)
    court.accept(said_of(court, ConsignmentTransferred, sent), recall(court, sent))
    assert (state(court, sent, ONE), state(court, sent, TWO)) == (ConsignmentState.TRANSFERRED, ConsignmentState.RECALLED)
    require_counts(court, sent)


def test_a_transfer_after_a_declined_recall_begins_anew(court: Court) -> None:
    sent = court.sent(ONE)
    court.accept(said_of(court, ReceiptAcknowledged, sent), recall(court, sent), said_of(court, RecallDeclined, sent))
    court.accept(said_of(court, ConsignmentTransferred, sent))
    assert state(court, sent, TWO) is ConsignmentState.OPEN
    require_counts(court, sent)


def test_a_withdrawn_receipt_leaves_its_number_and_the_next_gets_another(court: Court) -> None:
    sent = court.sent(ONE)
    numbers = []
    for _ in range(2):
        receipt = said_of(court, ReceiptAcknowledged, sent)
        verdict = court.judge(court.exchange.record(receipt))
        assert verdict.number is not None
        numbers.append(verdict.number.serial)
        court.accept(said_of(court, ReceiptWithdrawn, sent))
        require_counts(court, sent)
    assert numbers[1] == numbers[0] + 1
    assert reason_of(court, void(court, court.exchange.identity_of(receipt))) is Reason.ALREADY_VOIDED


def test_a_withdrawn_receipt_is_gone_at_once_if_the_letter_is_recalled_then(court: Court) -> None:
    sent = court.sent(ONE)
    court.accept(said_of(court, ReceiptAcknowledged, sent), said_of(court, ReceiptWithdrawn, sent), recall(court, sent))
    assert state(court, sent) is ConsignmentState.RECALLED
    require_counts(court, sent)


def test_what_is_closed_is_neither_closed_again_nor_passed_on_nor_withdrawn(court: Court) -> None:
    sent = court.sent(ONE)
    court.accept(said_of(court, ReceiptAcknowledged, sent), said_of(court, ConsignmentClosed, sent))
    for act in (ConsignmentClosed, ConsignmentTransferred, ReceiptWithdrawn):
        assert reason_of(court, said_of(court, act, sent)) is Reason.ALREADY_CLOSED


def test_a_closing_names_the_letter_that_it_needs_and_no_other(court: Court) -> None:
    sent, other = court.sent(ONE), court.sent(ONE)
    court.accept(said_of(court, ReceiptAcknowledged, sent))
    here = Ref(ledger=None, identity=Digest(sent))
    wrong: tuple[dict[str, Any], ...] = (
        {"how": "noted", "by": here},
        {"how": "answered", "by": None},
        {"how": "answered", "by": Ref(ledger=None, identity=Digest(other))},
        {"how": "answered", "by": Ref(ledger=None, identity=sha256(b"nothing"))},
        {"how": "superseded", "by": Ref(ledger=None, identity=Digest(other))},
        {"how": "answered", "by": Ref(ledger=sha256(b"elsewhere"), identity=Digest(other))},
    )
    for fields in wrong:
        assert reason_of(court, said_of(court, ConsignmentClosed, sent, **fields)) is Reason.CLOSING_LETTER_WRONG
    answers = References(answers=(here,), follows=(), replaces=(), relates=())
    reply = court.sent("ministry", by="chair", references=answers)
    closing = said_of(court, ConsignmentClosed, sent, how="answered", by=Ref(ledger=None, identity=Digest(reply)))
    court.accept(closing)


def test_a_letter_is_closed_as_superseded_by_what_replaces_it(court: Court) -> None:
    sent = court.sent(ONE)
    here = Ref(ledger=None, identity=Digest(sent))
    later = court.sent(ONE, references=References(answers=(), follows=(), replaces=(here,), relates=()))
    court.accept(court.exchange.say(LetterSuperseded, "deputy", letter=sent, by=later, cover=None))
    court.accept(said_of(court, ReceiptAcknowledged, sent))
    court.accept(said_of(court, ConsignmentClosed, sent, how="superseded", by=Ref(ledger=None, identity=Digest(later))))


def test_a_station_says_once_that_it_holds_everything(court: Court) -> None:
    sent = court.sent(ONE)
    court.accept(said_of(court, ConsignmentFetched, sent, who="post"))
    assert reason_of(court, said_of(court, ConsignmentFetched, sent, who="post")) is Reason.ALREADY_FETCHED


def test_only_a_recipient_says_what_a_recipient_says(court: Court) -> None:
    sent = court.sent(ONE)
    for act in (ReceiptWithdrawn, ConsignmentTransferred, ConsignmentClosed):
        assert reason_of(court, said_of(court, act, sent, who="secretary-2")) is Reason.NOT_A_RECIPIENT


def remind(court: Court, sent: LetterId, whom: str = "silent", regions: tuple[str, ...] = ()) -> Said:
    return court.exchange.say(ReminderSent, "clerk", letter=sent, whom=whom, regions=regions, cover=None)


def test_a_reminder_needs_somebody_who_owes_something(court: Court) -> None:
    sent = court.sent(ONE)
    before = tally(court.station.view, sent)
    court.accept(remind(court, sent), remind(court, sent, "unanswered"))
    assert tally(court.station.view, sent) == before
    court.accept(said_of(court, ReceiptAcknowledged, sent))
    assert reason_of(court, remind(court, sent)) is Reason.NOBODY_TO_REMIND
    court.accept(remind(court, sent, "unanswered"))
    court.accept(said_of(court, ConsignmentClosed, sent))
    assert reason_of(court, remind(court, sent, "unanswered")) is Reason.NOBODY_TO_REMIND


def test_a_reminder_names_known_things_in_order(court: Court) -> None:
    sent = court.sent(ONE)
    assert reason_of(court, remind(court, sent, "everybody")) is Reason.CODE_UNKNOWN
    assert reason_of(court, remind(court, sent, "silent", ("b", "a"))) is Reason.REGIONS_NOT_SORTED
    assert reason_of(court, remind(court, sent, "silent", ("nowhere",))) is Reason.NOBODY_TO_REMIND


def void(court: Court, entry: Digest, by: str = "secretary") -> Said:
    return court.exchange.say(RegistrationVoided, by, entry=entry, reason="ENTERED_IN_ERROR", cover=None)


def correct(court: Court, entry: Digest, case_index: str | None = "01-05", by: str = "secretary") -> Said:
    return court.exchange.say(RegistrationCorrected, by, entry=entry, case_index=case_index, reason="WRONG_CASE", cover=None)


def test_a_number_is_corrected_and_voided_once_by_whose_register_it_is(court: Court) -> None:
    sent = court.sent(ONE)
    entry = court.accept(said_of(court, ReceiptAcknowledged, sent))
    assert reason_of(court, correct(court, sha256(b"nothing"))) is Reason.ENTRY_UNKNOWN
    assert reason_of(court, correct(court, Digest(sent))) is Reason.NOT_OWN_REGISTER
    assert reason_of(court, correct(court, entry, None)) is Reason.CORRECTION_CHANGES_NOTHING
    court.accept(correct(court, entry))
    assert reason_of(court, correct(court, entry)) is Reason.CORRECTION_CHANGES_NOTHING
    court.accept(correct(court, Digest(sent), by="clerk"), void(court, entry))
    assert reason_of(court, void(court, entry)) is Reason.ALREADY_VOIDED
    assert reason_of(court, correct(court, entry, "02")) is Reason.ALREADY_VOIDED


def test_a_number_after_a_voided_one_leaves_no_gap(court: Court) -> None:
    first, second = court.sent(ONE), court.sent(ONE)
    receipt = said_of(court, ReceiptAcknowledged, first)
    number = court.judge(court.exchange.record(receipt)).number
    court.accept(void(court, court.exchange.identity_of(receipt)))
    following = court.judge(court.exchange.record(said_of(court, ReceiptAcknowledged, second))).number
    assert number is not None
    assert following is not None
    assert following.serial == number.serial + 1


def test_who_passed_a_letter_on_can_be_closed_and_who_got_it_needs_a_successor(court: Court) -> None:
    sent = court.sent(ONE)
    court.accept(said_of(court, ConsignmentTransferred, sent))
    court.accept(closed(court, ONE))
    assert reason_of(court, closed(court, TWO)) is Reason.SUCCESSOR_NEEDED
    court.accept(closed(court, TWO, THREE))
    court.accept(said_of(court, ReceiptAcknowledged, sent, TWO, who="secretary-3"))
    require_counts(court, sent)


def closed(court: Court, organisation: OrgId, successor: OrgId | None = None) -> Said:
    return court.exchange.say(OrganisationClosed, "registrar", organisation=organisation, successor=successor)


def proven(court: Court) -> list[Proven]:
    """Return every authentic event as a bundle would hold it; of proofs only their form, which nothing here looks at."""
    proof = LogProof(index=0, path=(), note=Note(text="", lines=()))
    found = []
    for entry in court.station.parts.store.each_entry():
        opened = read_record(entry.record, court.station.parts.codec).opened
        if opened is not None and entry.record is not None:
            leaf = entry.verdict.leaf()
            found.append(
                Proven(
                    folder="",
                    position=entry.verdict.position,
                    record=entry.record,
                    opened=opened,
                    leaf=parse_leaf(leaf),
                    verdict=leaf,
                    record_proof=proof,
                    verdict_proof=proof,
                )
            )
    return found


def test_a_bundle_shows_the_way_of_a_letter_that_was_passed_on(court: Court) -> None:
    other, sent = court.sent(THREE), court.sent(ONE)
    court.accept(said_of(court, ConsignmentTransferred, sent), said_of(court, ConsignmentTransferred, sent, TWO, to=THREE))
    assert reason_of(court, said_of(court, ConsignmentTransferred, other, TWO, to=OrgId("mfy-004"))) is Reason.NOT_A_RECIPIENT
    events = proven(court)
    letters = {one.opened.identity: one for one in events}
    shown = addressed_in(events, letters[Digest(sent)])
    assert shown == {ONE: NAMED, TWO: PASSED_ON, THREE: PASSED_ON}
    assert addressed_in(events, letters[Digest(other)]) == {THREE: NAMED}
    without = [one for one in events if one.opened.body.TYPE != "consignment.transferred"]
    assert addressed_in(without, letters[Digest(sent)]) == {ONE: NAMED}
    with court.projector.database.reading() as connection:
        way = letter_positions(court.station, connection, sent, THREE)
    types = [one.opened.body.TYPE for one in events if one.position in way]
    assert types == ["letter.dispatched", "consignment.transferred", "consignment.transferred"]
