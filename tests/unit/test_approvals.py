"""Approvals: how routes are counted, and that every race has one outcome, in both orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from domain.approval_routes import Answer, Decision, Outcome, route_state
from domain.approvals import Request, request
from domain.events import OrganisationClosed
from domain.events_approvals import ApprovalRefused, ApprovalReturned, Stage
from domain.events_office import LetterReceivedOutside
from domain.header import Ref
from domain.ids import Digest, OfficerId, OrgId
from domain.reasons import Reason
from tests.court import Court
from tests.faults.provoked_approvals import (
    approved,
    asked,
    asking,
    deciding,
    delegating,
    giving,
    missing,
    naming,
    office,
    person,
    reassigning,
    relieving,
    stage,
    withdrawing,
)
from tests.fixed_exchange import HOUR_MS, REGISTRAR, Said, document

THREE: Final = tuple(office(f"mfy-00{i}") for i in (1, 2, 3))
G, R, B = Answer.GIVEN, Answer.REFUSED, Answer.RETURNED


def decided(*answers: Answer, number: int = 1) -> tuple[Decision, ...]:
    """Return decisions in the first places of a stage."""
    return tuple(
        Decision(
            stage=number,
            place=place,
            answer=answer,
            officer=OfficerId("chair"),
            organisation=OrgId("mfy-001"),
            for_officer=None,
            position=100 * number + place,
            at=0,
        )
        for place, answer in enumerate(answers, 1)
    )


@pytest.mark.parametrize(
    ("rule", "quorum", "answers", "outcome"),
    [
        ("all", None, (), Outcome.PENDING),
        ("all", None, (G, G), Outcome.PENDING),
        ("all", None, (G, G, G), Outcome.APPROVED),
        ("all", None, (G, R), Outcome.REFUSED),
        ("any", None, (R, R), Outcome.PENDING),
        ("any", None, (R, R, R), Outcome.REFUSED),
        ("any", None, (G,), Outcome.APPROVED),
        ("quorum", 2, (G, R), Outcome.PENDING),
        ("quorum", 2, (G, R, G), Outcome.APPROVED),
        ("quorum", 2, (R, R), Outcome.REFUSED),
        ("quorum", 2, (G, B), Outcome.RETURNED),
        ("any", None, (B,), Outcome.RETURNED),
    ],
)
def test_a_stage_ends_as_soon_as_its_rule_is_met_or_cannot_be(
    rule: str, quorum: int | None, answers: tuple[Answer, ...], outcome: Outcome
) -> None:
    one = stage(*THREE, rule=rule, quorum=quorum)
    state = route_state((one,), decided(*answers))
    assert state.outcome is outcome
    assert state.current_stage == (1 if outcome is Outcome.PENDING else None)
    assert state.ended_position == (None if outcome is Outcome.PENDING else 100 + len(answers))
    assert state.stages[0].undecided == 3 - len(answers)
    # The next stage begins only behind an approved one.
    followed = route_state((one, stage(*THREE)), decided(*answers))
    assert followed.outcome is (Outcome.PENDING if outcome is Outcome.APPROVED else outcome)
    assert followed.current_stage == {Outcome.APPROVED: 2, Outcome.PENDING: 1}.get(outcome)


def test_a_withdrawn_request_stays_withdrawn() -> None:
    state = route_state((stage(*THREE),), decided(G), withdrawn_position=7)
    assert (state.outcome, state.current_stage, state.ended_position) == (Outcome.WITHDRAWN, None, 7)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Court:
    court = Court.founded(tmp_path_factory.mktemp("court"))
    court.employ("vice", "mfy-001", "signatory")
    court.employ("chair-2", "mfy-002", "signatory")
    court.employ("chair-3", "mfy-003", "signatory")
    court.close()
    return court


@pytest.fixture
def court(founded: Court, tmp_path: Path) -> Iterator[Court]:
    made = founded.copied(tmp_path)
    yield made
    made.close()


def kept(court: Court, identity: Digest) -> Request:
    """Return a request as the station keeps it."""
    found = request(court.station.view, identity)
    assert found is not None
    return found


def the_chair_is_relieved(court: Court, _made: Digest) -> Said:
    """Return the relief of the first committee's chair."""
    return relieving(court, "chair", "mfy-001")


Race = tuple[Callable[[Court], Digest], Callable[[Court, Digest], Said], Callable[[Court, Digest], Said]]
BOTH: Final = stage(*THREE, rule="quorum", quorum=2)


def with_one_given(court: Court) -> Digest:
    """Request a quorum of two, of which one has approved."""
    made = asked(court, BOTH)
    court.accept(giving(court, made, "chair-3", place=3))
    return made


def asked_of_the_chairs(court: Court) -> Digest:
    """Request approval by the first committee."""
    return asked(court, stage(office("mfy-001")))


def delegated_to_the_secretary(court: Court) -> Digest:
    """Request approval by the first committee, whose chair has delegated it."""
    made = asked_of_the_chairs(court)
    court.accept(delegating(court, made, "secretary"))
    return made


def refusing(court: Court, made: Digest, by: str, place: int = 1) -> Said:
    """Return a refusal."""
    return deciding(court, ApprovalRefused, made, by, place=place)


RACES: Final[dict[str, tuple[Race, Reason, Outcome, Reason | None, Outcome]]] = {
    # name: (set-up, one, other), the other after the one, outcome, the one after the other, outcome
    "the last needed approval and a withdrawal": (
        (with_one_given, lambda c, r: giving(c, r, "chair"), withdrawing),
        Reason.REQUEST_ENDED,
        Outcome.APPROVED,
        Reason.REQUEST_ENDED,
        Outcome.WITHDRAWN,
    ),
    "two members of a quorum": (
        (with_one_given, lambda c, r: giving(c, r, "chair"), lambda c, r: giving(c, r, "chair-2", place=2)),
        Reason.REQUEST_ENDED,
        Outcome.APPROVED,
        Reason.REQUEST_ENDED,
        Outcome.APPROVED,
    ),
    "two signatories of one organisation": (
        (asked_of_the_chairs, lambda c, r: giving(c, r, "chair"), lambda c, r: refusing(c, r, "vice")),
        Reason.PLACE_ALREADY_DECIDED,
        Outcome.APPROVED,
        Reason.PLACE_ALREADY_DECIDED,
        Outcome.REFUSED,
    ),
    "a delegate's decision and his delegator's": (
        (delegated_to_the_secretary, lambda c, r: giving(c, r, "secretary"), lambda c, r: refusing(c, r, "chair")),
        Reason.PLACE_ALREADY_DECIDED,
        Outcome.APPROVED,
        Reason.PLACE_ALREADY_DECIDED,
        Outcome.REFUSED,
    ),
    "a delegator's decision and his delegation": (
        (asked_of_the_chairs, lambda c, r: giving(c, r, "chair"), lambda c, r: delegating(c, r, "secretary")),
        Reason.PLACE_ALREADY_DECIDED,
        Outcome.APPROVED,
        None,
        Outcome.APPROVED,
    ),
    "a decision and its approver's relief": (
        (asked_of_the_chairs, lambda c, r: giving(c, r, "chair"), the_chair_is_relieved),
        Reason.ACCEPTED,
        Outcome.APPROVED,
        Reason.NOT_APPOINTED,
        Outcome.PENDING,
    ),
    "a decision and a reassignment": (
        (asked_of_the_chairs, lambda c, r: giving(c, r, "chair"), lambda c, r: reassigning(c, r, office("mfy-002"))),
        Reason.PLACE_ALREADY_DECIDED,
        Outcome.APPROVED,
        Reason.NOT_THE_APPROVER,
        Outcome.PENDING,
    ),
    "the last needed approval and a return": (
        (
            with_one_given,
            lambda c, r: giving(c, r, "chair"),
            lambda c, r: deciding(c, ApprovalReturned, r, "chair-2", place=2),
        ),
        Reason.REQUEST_ENDED,
        Outcome.APPROVED,
        Reason.REQUEST_ENDED,
        Outcome.RETURNED,
    ),
}


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned round"])
@pytest.mark.parametrize("name", RACES)
def test_a_race_has_one_outcome(court: Court, name: str, *, turned: bool, record_property: Callable[[str, object], None]) -> None:
    (begin, one, other), late, outcome, turned_late, turned_outcome = RACES[name]
    made = begin(court)
    # Both are signed before either is written: nobody has seen the other's.
    records = [court.exchange.record(said(court, made)) for said in (one, other)]
    first, second = (court.judge(record) for record in (records[::-1] if turned else records))
    assert first.reason is Reason.ACCEPTED
    assert second.reason is ((turned_late or Reason.ACCEPTED) if turned else late)
    assert kept(court, made).state.outcome is (turned_outcome if turned else outcome)
    if second.reason in {Reason.REQUEST_ENDED, Reason.PLACE_ALREADY_DECIDED}:
        assert second.because == first.position, "the late one is told what came before it"
    record_property(f"races: {name}", f"{'turned round' if turned else 'in order'}: {second.reason.name}")


def test_whoever_decides_for_another_is_kept_with_both(court: Court) -> None:
    made = delegated_to_the_secretary(court)
    court.accept(giving(court, made, "secretary"))
    (decision,) = kept(court, made).decisions
    assert (decision.officer, decision.for_officer, decision.organisation) == ("secretary", "chair", "mfy-001")


def test_a_place_whose_approver_was_relieved_is_stuck_until_it_is_reassigned(court: Court) -> None:
    made = asked(court, stage(person("head"), office("mfy-001")))
    court.accept(giving(court, made, place=2), relieving(court, "head", "ministry"), reassigning(court, made, person("deputy")))
    assert kept(court, made).state.stages[0].places == 2
    court.accept(giving(court, made, "deputy"))
    assert kept(court, made).state.outcome is Outcome.APPROVED


def test_the_successor_of_a_closed_organisation_decides_in_its_place(court: Court) -> None:
    made = asked(court, stage(office("mfy-001"), office("mfy-002")))
    court.accept(delegating(court, made, "secretary"))
    closing = court.exchange.say(OrganisationClosed, REGISTRAR, organisation=OrgId("mfy-001"), successor=OrgId("mfy-002"))
    court.accept(closing)
    late = [court.judge(court.exchange.record(giving(court, made, who))) for who in ("chair", "secretary")]
    assert {one.reason for one in late} == {Reason.ORGANISATION_CLOSED}, "what the closed one's chair had lent ended with it"
    court.accept(giving(court, made, "chair-2"), giving(court, made, "chair-2", place=2))
    assert kept(court, made).state.outcome is Outcome.APPROVED


def test_a_later_delegation_takes_the_place_of_the_delegators_earlier_one(court: Court) -> None:
    made = asked_of_the_chairs(court)
    court.accept(delegating(court, made, "secretary"), delegating(court, made, "secretary-2"))
    assert court.judge(court.exchange.record(giving(court, made, "secretary"))).reason is Reason.NOT_THE_APPROVER
    court.accept(giving(court, made, "secretary-2"))


def test_silence_is_recorded_and_approves_nothing(court: Court) -> None:
    made = asked(court, stage(office("mfy-001"), due_at=court.clock() + HOUR_MS))
    court.clock.at_ms += 2 * HOUR_MS
    court.accept(missing(court, made))
    assert kept(court, made).state.outcome is Outcome.PENDING
    assert kept(court, made).missed_position(1) is not None
    court.accept(giving(court, made))
    assert kept(court, made).state.outcome is Outcome.APPROVED


def test_a_letter_names_an_approval_of_exactly_its_documents_and_another_letter_may_name_it_again(court: Court) -> None:
    made = approved(court)
    court.accept(naming(court, made), naming(court, made, to=("mfy-002",)))


def test_a_returned_request_is_followed_by_another(court: Court) -> None:
    made = asked(court)
    court.accept(deciding(court, ApprovalReturned, made, "chair"))
    again = court.accept(asking(court, follows=made))
    assert kept(court, again).follows == made
    court.accept(giving(court, again), naming(court, again))


def test_a_request_may_be_about_a_letter_sent_or_one_that_came_on_paper(court: Court) -> None:
    paper = court.exchange.say(
        LetterReceivedOutside,
        "clerk",
        kind="letter",
        language="uz",
        channel="post",
        written_at=None,
        arrived_at=court.clock() - HOUR_MS,
        cover=document("cover of a scan", "cover"),
        documents=(document("scan"),),
        references=(),
        case_index=None,
    )
    for letter in (Digest(court.sent()), court.accept(paper)):
        made = asked(court, letter=Ref(ledger=None, identity=letter))
        assert kept(court, made).letter == Ref(ledger=None, identity=letter)


@pytest.mark.parametrize("rules", [1, 2])
def test_earlier_rules_know_no_approvals(tmp_path: Path, rules: int) -> None:
    court = Court.founded(tmp_path / "court", rules=rules)
    assert court.judge(
        court.exchange.record(asking(court, Stage(rule="all", quorum=None, due_at=None, approvers=THREE)))
    ).reason is (Reason.TYPE_UNKNOWN)
    named = court.exchange.record(naming(court, Digest(bytes(32))))
    assert court.judge(named).reason is Reason.NOT_IN_THESE_RULES
    court.close()
