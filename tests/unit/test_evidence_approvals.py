"""The bundle of a letter that names an approval proves the approval's whole route, and without any part of it proves nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from adapters.approvals import decided, reassigned
from adapters.evidence_export import write_bundle
from adapters.evidence_report import EvidenceReport, VerdictCode
from adapters.station import Utterance
from cli.evidence_selection import letter_positions
from domain.approval_routes import Answer
from domain.events import LetterDispatched
from domain.events_approvals import ApprovalRequested, Approver, Stage
from domain.header import Ref
from domain.ids import Digest, LetterId, OfficerId, OrgId
from tests.bundled_evidence import Evidence, evidence_exchange
from tests.exchanges import MINISTRY, tell

FIRST, SECOND = OrgId("mfy-001"), OrgId("mfy-002")


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


def requested(evidence: Evidence, letter: Utterance) -> Digest:
    """Have the approval of a letter's documents requested: by two of three, then by the deputy, whose place another takes."""
    eventful = evidence.audited.eventful
    signer, said = eventful.exchange.signer("ministry-clerk"), letter.body
    assert isinstance(said, LetterDispatched)
    deputy = Approver(organisation=None, officer=OfficerId("deputy"))
    body = ApprovalRequested(
        header=eventful.station.header(MINISTRY, (signer,)),
        cover=said.cover,
        documents=said.documents,
        letter=None,
        follows=None,
        route=(
            Stage(rule="quorum", quorum=2, due_at=None, approvers=(office(FIRST), office(SECOND), office(MINISTRY))),
            Stage(rule="all", quorum=None, due_at=None, approvers=(deputy,)),
        ),
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
        second = decided(station, exchange.signer("clerk-mfy-002"), SECOND, request, (1, 2), Answer.GIVEN)
        another = reassigned(station, exchange.signer("ministry-clerk"), MINISTRY, request, (2, 1), to=office(FIRST))
        tell(station, [by_the_first(evidence, request, (1, 1)), another, second, by_the_first(evidence, request, (2, 1))])
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
    told = ["approval.requested", given, "approval.reassigned", given, given, "letter.dispatched"]
    assert [one.facts.type for one in report.events] == told


@pytest.mark.parametrize("left_out", [1, 3, 4])
def test_without_a_decision_that_counts_a_bundle_proves_nothing(approved: Approved, left_out: int) -> None:
    kept = [one for i, one in enumerate(approved.positions) if i != left_out]
    report = approved.verified(kept)
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert "decisions that complete the approval" in report.verdict.detail


def test_without_the_request_a_bundle_proves_nothing(approved: Approved) -> None:
    report = approved.verified(approved.positions[-1:])
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert "the request for approval" in report.verdict.detail


def test_a_decision_on_another_request_does_not_belong_to_the_bundle(approved: Approved) -> None:
    report = approved.verified((*approved.positions, approved.stray))
    assert report.verdict.code is VerdictCode.INVALID
    assert "not about the bundle's letter" in report.verdict.detail
