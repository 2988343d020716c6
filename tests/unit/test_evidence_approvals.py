"""The bundle of a letter that names an approval proves the approval's whole route, and without any part of it proves nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.approvals import decided, delegated, reassigned
from adapters.evidence_export import write_bundle
from adapters.evidence_report import EvidenceReport, VerdictCode
from adapters.mandates import MandateTerms, mandate_granted
from adapters.station import Utterance
from cli.evidence_selection import letter_positions
from cli.languages import Language
from cli.verify_shown import report_data, report_lines
from domain.approval_routes import Answer
from domain.events import LetterDispatched
from domain.events_approvals import ApprovalRequested, Approver, Stage
from domain.header import Ref
from domain.ids import Digest, LetterId, OfficerId, OrgId
from tests.bundled_evidence import Evidence, evidence_exchange
from tests.exchanges import MINISTRY, tell
from tests.fixed_exchange import DAY_MS

FIRST, SECOND, THIRD = (OrgId(f"mfy-00{number}") for number in (1, 2, 3))


@dataclass(frozen=True, kw_only=True, slots=True)
class Approved:
    """A letter that names an approval, where everything of its bundle stands, and a decision on another request."""

    evidence: Evidence
    positions: tuple[int, ...]
    stray: int

    def verified(self, positions: Sequence[int]) -> EvidenceReport:
        """Return what a bundle of these events comes to."""
        target = io.BytesIO()
        write_bundle(target, self.evidence.sources(), sorted(positions), single=False)
        return self.evidence.verify(target.getvalue())


def office(organisation: OrgId) -> Approver:
    """Return an organisation as an approver."""
    return Approver(organisation=organisation, officer=None)


def person(officer: str) -> Approver:
    """Return an officer as an approver."""
    return Approver(organisation=None, officer=OfficerId(officer))


ROUTE: Final = (
    Stage(rule="quorum", quorum=2, due_at=None, approvers=(office(FIRST), office(SECOND), office(MINISTRY))),
    Stage(rule="all", quorum=None, due_at=None, approvers=(person("deputy"),)),
)


def requested(evidence: Evidence, letter: Utterance, *route: Stage) -> Digest:
    """Have the approval of a letter's documents requested: by two of three, then by the deputy; or on another route."""
    eventful = evidence.audited.eventful
    signer, said = eventful.exchange.signer("ministry-clerk"), letter.body
    assert isinstance(said, LetterDispatched)
    body = ApprovalRequested(
        header=eventful.station.header(MINISTRY, (signer,)),
        cover=said.cover,
        documents=said.documents,
        letter=None,
        follows=None,
        route=route or ROUTE,
    )
    utterance = Utterance(body=body, signers=(signer,), intention=body.header.event_id.hex(), documents=letter.documents)
    return tell(eventful.station, [utterance])[0].identity


def by_the_first(evidence: Evidence, request: Digest, place: tuple[int, int]) -> Utterance:
    """Return the approval of a request by the first committee's signatory, who speaks for it."""
    eventful = evidence.audited.eventful
    signer = eventful.exchange.signer("clerk-mfy-001")
    return decided(eventful.station, signer, FIRST, request, place, Answer.GIVEN)


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approved]:
    with evidence_exchange(tmp_path_factory.mktemp("evidence")) as evidence:
        eventful = evidence.audited.eventful
        station, exchange = eventful.station, eventful.exchange
        letter = exchange.letter(station, "deputy", "mfy-001", subject="Agreed")
        assert isinstance(letter.body, LetterDispatched)
        request, other = requested(evidence, letter), requested(evidence, letter)
        lent: dict[str, Any] = {"to": OfficerId("clerk-mfy-003"), "from_at": 0, "until_at": station.rehearsal_time + DAY_MS}
        lending = delegated(station, exchange.signer("clerk-mfy-002"), SECOND, request, (1, 2), **lent)
        second = decided(station, exchange.signer("clerk-mfy-003"), THIRD, request, (1, 2), Answer.GIVEN)
        another = reassigned(station, exchange.signer("ministry-clerk"), MINISTRY, request, (2, 1), to=office(FIRST))
        tell(
            station, [by_the_first(evidence, request, (1, 1)), another, lending, second, by_the_first(evidence, request, (2, 1))]
        )
        (stray,) = tell(station, [by_the_first(evidence, other, (1, 1))])
        named = replace(letter.body, approvals=(Ref(ledger=None, identity=request),))
        (sent,) = tell(station, [replace(letter, body=named)])
        evidence.projector.catch_up()
        with evidence.projector.database.reading() as connection:
            positions = letter_positions(station, connection, LetterId(sent.identity), FIRST)
        yield Approved(evidence=evidence, positions=positions, stray=stray.verdict.position)


def test_the_bundle_of_a_letter_holds_the_whole_route_of_its_approval(approved: Approved) -> None:
    report = approved.verified(approved.positions)
    assert (report.verdict.code, report.findings) == (VerdictCode.VALID, ())
    given = "approval.given"
    told = ["approval.requested", given, "approval.reassigned", "approval.delegated", given, given, "letter.dispatched"]
    assert [one.facts.type for one in report.events] == told


def test_a_bundle_says_in_whose_place_a_delegate_decided(approved: Approved) -> None:
    report = approved.verified(approved.positions)
    trust = approved.evidence.trust
    assert [one.facts.for_officer for one in report.events] == [None, None, None, None, "clerk-mfy-002", None, None]
    assert report_data(Path("bundle"), trust, report)["events"][4]["for_officer"] == "clerk-mfy-002"
    lines = report_lines(Path("bundle"), trust, report, Language.ENGLISH)
    assert sum("clerk-mfy-003, in the place of clerk-mfy-002 (mfy-003)" in line for line in lines) == 1
    # Without the delegation it is not told, and whoever left out the way to it proves no more than before.
    kept = [one for i, one in enumerate(approved.positions) if i != 3]
    assert {one.facts.for_officer for one in approved.verified(kept).events} == {None}


@pytest.mark.parametrize("left_out", [1, 4, 5])
def test_without_a_decision_that_counts_a_bundle_proves_nothing(approved: Approved, left_out: int) -> None:
    kept = [one for i, one in enumerate(approved.positions) if i != left_out]
    report = approved.verified(kept)
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert "decisions that complete the approval" in report.verdict.detail


def test_without_the_reassignment_it_is_not_shown_why_another_decided(approved: Approved) -> None:
    report = approved.verified([one for i, one in enumerate(approved.positions) if i != 2])
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert "by what deputy let another decide in his place" in report.verdict.detail


def test_without_the_request_a_bundle_proves_nothing(approved: Approved) -> None:
    report = approved.verified(approved.positions[-1:])
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert "the request for approval" in report.verdict.detail


def test_a_decision_on_another_request_does_not_belong_to_the_bundle(approved: Approved) -> None:
    report = approved.verified((*approved.positions, approved.stray))
    assert report.verdict.code is VerdictCode.INVALID
    assert "not about the bundle's letter" in report.verdict.detail


def test_a_deputy_decides_in_the_place_of_a_named_officer_by_the_mandate_alone(approved: Approved) -> None:
    eventful = approved.evidence.audited.eventful
    station, exchange = eventful.station, eventful.exchange
    letter = exchange.letter(station, "deputy", "mfy-001", subject="Agreed by the clerk's deputy")
    assert isinstance(letter.body, LetterDispatched)
    clerk, helper = exchange.signer("clerk-mfy-001"), exchange.signer("clerk-mfy-002")
    request = requested(
        approved.evidence, letter, Stage(rule="all", quorum=None, due_at=None, approvers=(person("clerk-mfy-001"),))
    )
    now = station.rehearsal_time
    terms = MandateTerms(
        organisation=FIRST,
        officer=OfficerId("clerk-mfy-001"),
        deputy=OfficerId("clerk-mfy-002"),
        deputy_organisation=SECOND,
        event_types=("approval.given",),
        from_at=now,
        until_at=now + DAY_MS,
        basis_number="12-k",
        basis_at=now,
    )
    (grant,) = tell(station, [mandate_granted(station, clerk, FIRST, terms)])
    acting = replace(helper, mandate=grant.identity)
    tell(station, [decided(station, acting, FIRST, request, (1, 1), Answer.GIVEN)])
    (sent,) = tell(station, [replace(letter, body=replace(letter.body, approvals=(Ref(ledger=None, identity=request),)))])
    approved.evidence.projector.catch_up()
    with approved.evidence.projector.database.reading() as connection:
        report = approved.verified(letter_positions(station, connection, LetterId(sent.identity), None))
    assert (report.verdict.code, report.findings) == (VerdictCode.VALID, ())
    given = report.events[1].facts
    assert (given.officer, given.acting_for, given.for_officer) == ("clerk-mfy-002", "clerk-mfy-001", None)
