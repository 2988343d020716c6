"""Attacks on bundles of letters under an approval: who forges verdicts, or leaves events out, shows none that there was not."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import pytest

from adapters.approvals import decided, delegated, requested
from adapters.evidence_export import write_bundle
from adapters.evidence_report import EvidenceReport, VerdictCode
from adapters.submitting import Deposited
from domain.approval_routes import Answer
from domain.events import LetterDispatched
from domain.events_approvals import Stage
from domain.header import Ref
from domain.ids import OfficerId
from domain.reasons import Reason
from tests.bundled_evidence import Evidence, Forger, evidence_exchange, files_in
from tests.eventful_exchange import Eventful
from tests.eventful_office import HOUR_MS, THIRD, eventful_office, paper, person
from tests.exchanges import MINISTRY, tell

ROUTES: Final = {
    "returned": ("first round", "To be approved"),
    "refused": ("second round", "Once more"),
    "withdrawn": ("third round", "For the last time"),
    "other": ("request", "Another text"),
}
"""Requests of the office by how they ended (the last is approved, over another text), and the text of a letter under each."""
ASKED: Final = "asked of the head"
LENT: Final = "lent by the head"
GIVEN: Final = "given for the head"
AGREED: Final = "agreed by the head's delegate"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """The exchange of an office, then letters that name approvals which are none, or not theirs, and one that is approved."""
    with evidence_exchange(tmp_path_factory.mktemp("evidence"), eventful_office) as made:
        eventful = made.audited.eventful
        for ended, (request, text) in ROUTES.items():
            send_under(eventful, f"letter {ended}", request, text, Reason.APPROVAL_NOT_COMPLETE)
        decide_for_the_head(eventful)
        send_under(eventful, AGREED, ASKED, ASKED, Reason.ACCEPTED)
        made.projector.catch_up()
        yield made


def send_under(eventful: Eventful, name: str, request: str, text: str, reason: Reason) -> None:
    """Have a letter with this text dispatched that names an approval."""
    letter = eventful.exchange.letter(eventful.station, "deputy", "mfy-001", subject=name, text=text.encode())
    assert isinstance(letter.body, LetterDispatched)
    named = replace(letter.body, approvals=(Ref(ledger=None, identity=eventful.outcomes[request].identity),))
    (outcome,) = eventful.station.submit([replace(letter, body=named)])
    assert isinstance(outcome, Deposited)
    assert outcome.verdict.reason is reason, outcome
    eventful.outcomes[name] = outcome


def decide_for_the_head(eventful: Eventful) -> None:
    """Ask the head to approve a paper, who lets the helper of a committee decide."""
    exchange, station = eventful.exchange, eventful.station
    route = (Stage(rule="all", quorum=None, due_at=None, approvers=(person("head"),)),)
    clerk = exchange.signer("ministry-clerk")
    asked = requested(station, clerk, MINISTRY, paper(station, ASKED), route, letter=None, follows=None)
    (eventful.outcomes[ASKED],) = tell(station, [asked])
    request = eventful.outcomes[ASKED].identity
    times = {"from_at": eventful.clock(), "until_at": eventful.clock() + HOUR_MS}
    lent = delegated(station, exchange.signer("head"), MINISTRY, request, (1, 1), to=OfficerId("helper"), **times)
    (eventful.outcomes[LENT],) = tell(station, [lent])
    given = decided(station, exchange.signer("helper"), THIRD, request, (1, 1), Answer.GIVEN)
    (eventful.outcomes[GIVEN],) = tell(station, [given])


def bundle_of_events(evidence: Evidence, names: Sequence[str]) -> bytes:
    """Return a letter's bundle of these events."""
    target = io.BytesIO()
    positions = sorted(evidence.audited.eventful.position(name) for name in names)
    write_bundle(target, evidence.sources(), positions, single=False)
    return target.getvalue()


def forged(evidence: Evidence, letter: str, *before: str) -> EvidenceReport:
    """Return what becomes of a rejected letter whose verdict operator and witnesses turned into an accepted one together."""
    position = evidence.audited.eventful.position(letter)
    bundle = bundle_of_events(evidence, (*before, letter))
    leaf = files_in(bundle)[f"events/{position}/verdict.bin"]
    accepted = {position: leaf[:81] + bytes(2) + leaf[83:]}
    return evidence.verify(Forger(evidence, accepted).forged(bundle))


def test_an_approval_of_other_documents_is_none_of_the_letters(evidence: Evidence) -> None:
    decisions = ("given", "delegated", "given by a delegate", "given first", "reassigned", "given last")
    report = forged(evidence, "letter other", "request", *decisions)
    assert report.verdict.code is VerdictCode.INVALID
    (found,) = report.findings
    assert "is over other documents than the letter's" in found.what


@pytest.mark.parametrize(("ended", "how"), [("returned", "returned"), ("refused", "refused"), ("withdrawn", "request withdrawn")])
def test_a_route_that_ended_otherwise_approves_no_letter(evidence: Evidence, ended: str, how: str) -> None:
    report = forged(evidence, f"letter {ended}", ROUTES[ended][0], how)
    assert report.verdict.code is VerdictCode.INVALID
    assert f"which the letter names, was {ended}" in report.verdict.detail
    # Whoever leaves out how it ended shows a route that is not complete.
    report = forged(evidence, f"letter {ended}", ROUTES[ended][0])
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert "decisions that complete the approval" in report.verdict.detail


def test_a_decision_in_the_place_of_an_officer_needs_his_delegation(evidence: Evidence) -> None:
    report = evidence.verify(bundle_of_events(evidence, (ASKED, LENT, GIVEN, AGREED)))
    assert report.verdict.code is VerdictCode.VALID, report.findings
    assert [one.facts.for_officer for one in report.events] == [None, None, "head", None]
    report = evidence.verify(bundle_of_events(evidence, (ASKED, GIVEN, AGREED)))
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert "by what head let another decide in his place" in report.verdict.detail
